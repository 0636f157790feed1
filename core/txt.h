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
 * \brief Length of a string.
 *
 * The server takes RDATA of TXT for octets, whatever lengths are in them (from a primary, by
 * dynamic update, in hexadecimal): a string ends where the RDATA does.
 *
 * \param str  String, beginning with its length, within the RDATA.
 * \param end  End of the RDATA.
 *
 * \return Length in octets.
 */
static inline size_t mxp_txt_string_len(const uint8_t *str, const uint8_t *end)
{
	const size_t left = (size_t)(end - str) - 1;
	return *str < left ? *str : left;
}

/*!
 * \brief Tells if all strings of a record are as long as they say.
 *
 * \param txt  RDATA.
 *
 * \return True if so.
 */
bool mxp_txt_is_whole(const knot_rdata_t *txt);

/*!
 * \brief Tells if the text of a record begins with a prefix, in any letter case.
 *
 * \param txt     RDATA.
 * \param prefix  Prefix.
 * \param len     Its length in octets.
 *
 * \return True if it does.
 */
bool mxp_txt_begins(const knot_rdata_t *txt, const char *prefix, size_t len);

/*!
 * \brief Joins the strings of a record.
 *
 * \param txt  RDATA.
 * \param out  Output: text; the length of the RDATA is room enough.
 *
 * \return Its length in octets.
 */
size_t mxp_txt_join(const knot_rdata_t *txt, uint8_t *out);

/*!
 * \brief Length of the text of a record.
 *
 * \param txt  RDATA.
 *
 * \return Length in octets.
 */
size_t mxp_txt_len(const knot_rdata_t *txt);
