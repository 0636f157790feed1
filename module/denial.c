/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/rrtype/nsec.h>
#include <libknot/rrtype/nsec3.h>

#include "canonical.h"
#include "denial.h"
#include "memory.h"
#include "pkt.h"
#include "rrsig.h"

/*! Place of MX in a bitmap (RFC 4034, section 4.1.2): type 15 of window 0. */
#define MX_OCTET (2 + KNOT_RRTYPE_MX / 8)
#define MX_BIT   (0x80 >> KNOT_RRTYPE_MX % 8)
/*! Most signatures of one denial: algorithms and keys in a roll-over. */
#define SIGNATURES_MAX 8

/*! \brief A new signature and its place in the packet. */
typedef struct {
	size_t pos; /*!< Of the RDATA. */
	uint16_t len;
	const mxp_signature_t *signature;
} patch_t;

/*! \brief Tells if a bitmap that begins with window 0 has a type of its first octets. */
static bool has_type(const uint8_t *bitmap, uint16_t type)
{
	return (bitmap[2 + type / 8] & (0x80 >> type % 8)) != 0;
}

/*! \brief Offset of the bitmap in the RDATA of a denial of MX at the apex, 0 if it is none. */
static size_t apex_bitmap(const knot_rrset_t *rrset)
{
	const knot_rdata_t *rdata = rrset->rrs.rdata;
	const uint8_t *bitmap;
	if (rrset->type == KNOT_RRTYPE_NSEC) {
		bitmap = knot_nsec_bitmap(rdata);
	} else if (rrset->type == KNOT_RRTYPE_NSEC3) {
		bitmap = knot_nsec3_bitmap(rdata);
	} else {
		return 0;
	}
	if (bitmap + MX_OCTET >= rdata->data + rdata->len || bitmap[0] != 0 ||
	    2 + bitmap[1] <= MX_OCTET || !has_type(bitmap, KNOT_RRTYPE_SOA) ||
	    has_type(bitmap, KNOT_RRTYPE_MX)) {
		return 0;
	}
	return (size_t)(bitmap - rdata->data);
}

/*! \brief Tells if an RRset is a denial of MX at the apex, in the packet, too. */
static bool denies_mx(const knot_pkt_t *pkt, uint16_t i)
{
	const size_t bitmap = apex_bitmap(&pkt->rr[i]);
	return bitmap > 0 &&
	       !has_type(pkt->wire + mxp_pkt_rdata_pos(pkt, i, 0) + bitmap, KNOT_RRTYPE_MX);
}

uint16_t mxp_denial_find(const knot_pkt_t *pkt, uint16_t i)
{
	while (i < pkt->rrset_count && !denies_mx(pkt, i)) {
		i++;
	}
	return i;
}

/*! \brief Signs a denial that lists MX after one of its RRSIGs. */
static int sign_after(const mxp_keys_t *keys, const knot_rrset_t *denial, const uint8_t *rrsig,
                      uint16_t rrsig_len, knot_mm_t *mm, const mxp_signature_t **out)
{
	const size_t header = mxp_rrsig_header_len(rrsig);
	const size_t owner = knot_dname_size(denial->owner);
	const size_t size = header + owner + MXP_RR_FIXED + denial->rrs.rdata->len;
	uint8_t *data = mxp_alloc(mm, size);
	if (data == NULL) {
		return KNOT_ENOMEM;
	}
	memcpy(data, rrsig, header);
	uint8_t *rdata = mxp_canonical_put(data + header, denial->owner, owner, denial->type,
	                                   rrsig + MXP_RRSIG_ORIGINAL_TTL, denial->rrs.rdata);
	rdata[apex_bitmap(denial) + MX_OCTET] |= MX_BIT;

	// The old signature stands for all that is signed.
	const int ret = mxp_sign(keys, rrsig, rrsig_len, data, size, rrsig_len - header, out);
	mxp_free(mm, data);

	return ret;
}

/*! \brief Finds or makes what is to be written over one RRSIG in the packet. */
static int make_patch(const mxp_keys_t *keys, const knot_rrset_t *denial, knot_pkt_t *pkt,
                      size_t pos, patch_t *out)
{
	const uint8_t *rrsig = pkt->wire + pos;
	const uint16_t len = mxp_pkt_rdata_len(pkt, pos);
	int ret = KNOT_EOK;
	out->signature = mxp_signature_find(keys, rrsig, len);
	if (out->signature == NULL) {
		ret = sign_after(keys, denial, rrsig, len, &pkt->mm, &out->signature);
	}
	if (ret == KNOT_EOK) {
		out->pos = pos;
		out->len = len;
	}
	return ret;
}

/*! \brief Writes a denial that lists MX, and its signatures, over what is in the packet. */
static void write_patches(knot_pkt_t *pkt, uint16_t i, const patch_t *patches, size_t count)
{
	const size_t pos = mxp_pkt_rdata_pos(pkt, i, 0) + apex_bitmap(&pkt->rr[i]) + MX_OCTET;
	const uint8_t octet = pkt->wire[pos] | MX_BIT;
	mxp_pkt_overwrite(pkt, pos, &octet, sizeof(octet));
	for (size_t j = 0; j < count; j++) {
		const mxp_signature_t *signature = patches[j].signature;
		uint8_t tag[sizeof(uint16_t)];
		knot_wire_write_u16(tag, signature->key_tag);
		mxp_pkt_overwrite(pkt, patches[j].pos + MXP_RRSIG_KEY_TAG, tag, sizeof(tag));
		mxp_pkt_overwrite(pkt, patches[j].pos + patches[j].len - signature->len,
		                  mxp_signature_bytes(signature), signature->len);
	}
}

bool mxp_denial_patch(const mxp_keys_t *keys, bool keys_known, knot_pkt_t *pkt, uint16_t i)
{
	const knot_rrset_t *denial = &pkt->rr[i];
	patch_t patches[SIGNATURES_MAX];
	size_t count = 0;
	bool checkable = keys_known;

	for (uint16_t j = 0; j < pkt->rrset_count; j++) {
		const uint16_t rrsigs =
			mxp_rrsig_covers(&pkt->rr[j], denial) ? pkt->rr[j].rrs.count : 0;
		for (uint16_t k = 0; k < rrsigs; k++) {
			const size_t pos = mxp_pkt_rdata_pos(pkt, j, k);
			const int ret = count < SIGNATURES_MAX ? make_patch(keys, denial, pkt, pos,
			                                                    &patches[count])
			                                       : KNOT_ERANGE;
			if (ret == KNOT_ENOENT) {
				checkable = count > 0; // As in an algorithm roll-over.
				continue;
			} else if (ret != KNOT_EOK) {
				return false;
			}
			checkable = true;
			count++;
		}
	}
	if (checkable) {
		write_patches(pkt, i, patches, count);
	}
	return checkable;
}
