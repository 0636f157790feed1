/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief RDATA of RRsets that are remembered: compared, and copied.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <libknot/rdataset.h>

/*!
 * \brief Compares the RDATA of two RRsets.
 *
 * \param rrs1  First one.
 * \param rrs2  Second one.
 *
 * \return True if it is the same.
 */
static inline bool mxp_rrs_same(const knot_rdataset_t *rrs1, const knot_rdataset_t *rrs2)
{
	return rrs1->size == rrs2->size && rrs1->count == rrs2->count &&
	       (rrs1->size == 0 || memcmp(rrs1->rdata, rrs2->rdata, rrs1->size) == 0);
}

/*!
 * \brief Copies the RDATA of an RRset to a place, where the RRset has it from now on.
 *
 * \param rrs    RRset.
 * \param place  Place with room for it; moved on.
 */
static inline void mxp_rrs_copy(knot_rdataset_t *rrs, uint8_t **place)
{
	if (rrs->size > 0) {
		memcpy(*place, rrs->rdata, rrs->size);
	}
	rrs->rdata = (knot_rdata_t *)*place;
	*place += rrs->size;
}
