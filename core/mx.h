/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief RDATA of MX records (RFC 1035, section 3.3.9).
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/dname.h>
#include <libknot/packet/wire.h>
#include <libknot/rdata.h>

/*!
 * \brief Preference of a record.
 *
 * \param mx  Valid RDATA.
 *
 * \return Preference.
 */
static inline uint16_t mxp_mx_preference(const knot_rdata_t *mx)
{
	return knot_wire_read_u16(mx->data);
}

/*!
 * \brief Exchange of a record.
 *
 * \param mx  Valid RDATA.
 *
 * \return Name.
 */
static inline const knot_dname_t *mxp_mx_exchange(const knot_rdata_t *mx)
{
	return mx->data + sizeof(uint16_t);
}

/*!
 * \brief Tells if an exchange is the root, which accepts no mail whatever its preference.
 *
 * \param exchange  Exchange.
 *
 * \return True if it is.
 */
static inline bool mxp_exchange_is_root(const knot_dname_t *exchange)
{
	return *exchange == '\0';
}

/*!
 * \brief Tells if a record is the null MX: preference 0, and the root (RFC 7505, section 3).
 *
 * \param mx  Valid RDATA.
 *
 * \return True if it is.
 */
static inline bool mxp_mx_is_null(const knot_rdata_t *mx)
{
	return mxp_mx_preference(mx) == 0 && mxp_exchange_is_root(mxp_mx_exchange(mx));
}
