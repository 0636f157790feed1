/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What a signature covers: fields of an RRSIG, and records in canonical form.
 *
 * \see RFC 4034, sections 3.1 and 6.2.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/dname.h>
#include <libknot/packet/wire.h>
#include <libknot/rrset.h>
#include <libknot/rrtype/rrsig.h>

/*! Offsets of fields in the RDATA of an RRSIG. */
#define MXP_RRSIG_TYPE_COVERED 0
#define MXP_RRSIG_ALGORITHM    2
#define MXP_RRSIG_ORIGINAL_TTL 4
#define MXP_RRSIG_KEY_TAG      16
#define MXP_RRSIG_SIGNER       18

/*! Octets of a record between owner and RDATA: type, class, TTL, length. */
#define MXP_RR_FIXED 10

/*!
 * \brief Length of an RRSIG's fields before the signature.
 *
 * \param rrsig  RDATA of an RRSIG.
 *
 * \return Length in octets.
 */
static inline size_t mxp_rrsig_header_len(const uint8_t *rrsig)
{
	return MXP_RRSIG_SIGNER + knot_dname_size(rrsig + MXP_RRSIG_SIGNER);
}

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
 * \brief Writes a record in canonical form.
 *
 * \param pos    Room for it.
 * \param owner  Owner in lower case.
 * \param size   Size of the owner in octets.
 * \param type   Type.
 * \param ttl    Original TTL, as four octets.
 * \param rdata  RDATA in canonical form.
 *
 * \return RDATA in what was written.
 */
static inline uint8_t *mxp_canonical_put(uint8_t *pos, const knot_dname_t *owner, size_t size,
                                         uint16_t type, const uint8_t *ttl,
                                         const knot_rdata_t *rdata)
{
	memcpy(pos, owner, size);
	pos += size;
	knot_wire_write_u16(pos, type);
	knot_wire_write_u16(pos + 2, KNOT_CLASS_IN);
	memcpy(pos + 4, ttl, sizeof(uint32_t));
	knot_wire_write_u16(pos + 8, rdata->len);
	return memcpy(pos + MXP_RR_FIXED, rdata->data, rdata->len);
}
