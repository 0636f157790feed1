/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief RDATA of TXT records (RFC 1035, section 3.3.14), their strings joined without a space.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libknot/rdata.h>

/*!
 * \brief Tells if the text of a record begins with a prefix, in any letter case.
 *
 * \param txt     Valid RDATA.
 * \param prefix  Prefix.
 * \param len     Its length in octets.
 *
 * \return True if it does.
 */
bool mxp_txt_begins(const knot_rdata_t *txt, const char *prefix, size_t len);

/*!
 * \brief Length of the text of a record.
 *
 * \param txt  Valid RDATA.
 *
 * \return Length in octets.
 */
size_t mxp_txt_len(const knot_rdata_t *txt);
