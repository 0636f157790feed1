/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief RRSIG records of records that the zone does not store.
 */

#pragma once

#include <libknot/mm_ctx.h>
#include <libknot/rdataset.h>

#include "signer.h"

/*!
 * \brief Makes the RRSIGs of records at the apex, each after one of the zone's SOA: with its
 *        key and its validity.
 *
 * A signature of the SOA whose DNSKEY is not published yet is passed over, as it happens in an
 * algorithm roll-over.
 *
 * \param keys    Keys of the zone.
 * \param apex    RRSIG records of the apex.
 * \param type    Type of the records.
 * \param rrs     Records in canonical form and order (may be empty, to try if it can be done).
 * \param ttl     Their TTL in seconds.
 * \param mm      Memory context.
 * \param rrsigs  Output: RRSIG records.
 * \param made    Output: a signature was made that was not remembered before.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_ENOMEM  if memory is exhausted.
 * \retval KNOT_EACCES  if a key is not at hand.
 */
int mxp_rrsig_make(const mxp_keys_t *keys, const knot_rdataset_t *apex, uint16_t type,
                   const knot_rdataset_t *rrs, uint32_t ttl, knot_mm_t *mm, knot_rdataset_t *rrsigs,
                   bool *made);
