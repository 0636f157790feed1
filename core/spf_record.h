/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief SPF records (RFC 7208) among the TXT records of a name.
 */

#pragma once

#include <stdbool.h>

#include <libknot/mm_ctx.h>
#include <libknot/rdataset.h>

/*!
 * \brief Tells if a TXT record is an SPF record (RFC 7208, section 4.5).
 *
 * \param txt  Valid RDATA.
 *
 * \return True if it is.
 */
bool mxp_spf_is_record(const knot_rdata_t *txt);

/*!
 * \brief Tells if an SPF record is among TXT records.
 *
 * \param txt  TXT records (may be empty).
 *
 * \return True if so.
 */
bool mxp_spf_is_stored(const knot_rdataset_t *txt);

/*!
 * \brief Makes an SPF record.
 *
 * \param terms  Terms that have been checked.
 * \param spf    Output: TXT record of one string, allocated.
 *
 * \return False if memory is exhausted.
 */
bool mxp_spf_make(const char *terms, knot_rdataset_t *spf);

/*!
 * \brief Puts an SPF record in its place among TXT records.
 *
 * \param txt  TXT records without an SPF record.
 * \param spf  SPF record.
 * \param mm   Memory context for the records (NULL for malloc).
 * \param out  Output: all records.
 *
 * \return False if memory is exhausted, or if the set cannot take another record.
 */
bool mxp_spf_add(const knot_rdataset_t *txt, const knot_rdataset_t *spf, knot_mm_t *mm,
                 knot_rdataset_t *out);
