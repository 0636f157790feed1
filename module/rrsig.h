/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief RRSIG records of MX records that the zone does not store.
 */

#pragma once

#include <libknot/mm_ctx.h>
#include <libknot/rrset.h>
#include <libknot/rrtype/rrsig.h>

#include "signer.h"

/*!
 * \brief Tells if an RRset holds the RRSIG records of another one.
 *
 * \param rrsig  RRset of any type.
 * \param rrset  RRset that may be signed.
 *
 * \return True if so.
 */
static inline bool mxp_rrsig_covers(const knot_rrset_t *rrsig, const knot_rrset_t *rrset)
{
	return rrsig->type == KNOT_RRTYPE_RRSIG &&
	       knot_rrsig_type_covered(rrsig->rrs.rdata) == rrset->type &&
	       knot_dname_is_equal(rrsig->owner, rrset->owner);
}

/*!
 * \brief Makes the RRSIGs of MX records at the apex, each after one of the zone's SOA: with its
 *        key and its validity.
 *
 * A signature of the SOA whose DNSKEY is not published yet is passed over, as it happens in an
 * algorithm roll-over.
 *
 * \param keys    Keys of the zone.
 * \param apex    RRSIG records of the apex.
 * \param mx      MX records in canonical form and order (may be empty, to try if it can be done).
 * \param ttl     Their TTL in seconds.
 * \param mm      Memory context.
 * \param rrsigs  Output: RRSIG records.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_ENOMEM  if memory is exhausted.
 * \retval KNOT_EACCES  if a key is not at hand.
 */
int mxp_rrsig_make(const mxp_keys_t *keys, const knot_rdataset_t *apex, const knot_rdataset_t *mx,
                   uint32_t ttl, knot_mm_t *mm, knot_rdataset_t *rrsigs);
