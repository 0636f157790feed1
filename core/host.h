/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The one rule that says what can be a mail server.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/dname.h>

/*! \brief What a name is as an exchange. */
typedef enum {
	MXP_HOST_FINE,         /*!< It can be a mail server. */
	MXP_HOST_NULL,         /*!< The root: no mail is accepted (RFC 7505). */
	MXP_HOST_NUMBER,       /*!< Its last label is a number, as that of an IP address is. */
	MXP_HOST_CHARSET,      /*!< It is no host name of the mail (RFC 5321, section 2.3.5). */
	MXP_HOST_RESERVED,     /*!< No mail can ever go there (RFC 6761, 6762, 7686). */
	MXP_HOST_VERIFICATION, /*!< It proves who owns a domain, and takes no mail. */
} mxp_host_t;

/*!
 * \brief Tells what a name is as an exchange.
 *
 * Of several things that are wrong it tells one: verification before all others, because such
 * names are told apart whatever their labels look like; then the number, which is nothing else.
 *
 * \param name  Name in any letter case, without parameters.
 *
 * \return What it is.
 */
mxp_host_t mxp_host_check(const knot_dname_t *name);

/*!
 * \brief Tells if an octet can be in a label of a mail server's name: letter, digit or hyphen.
 *
 * \param ch  Octet.
 *
 * \return True if it can.
 */
bool mxp_host_octet(uint8_t ch);

/*!
 * \brief Says what is wrong with a name as the exchange of a preset or a zone.
 *
 * \param host  What it is.
 *
 * \return Static string that goes on after the name: `has ...`, `is ...`.
 */
const char *mxp_host_str(mxp_host_t host);
