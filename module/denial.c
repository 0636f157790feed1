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

/*! Octets of window 0 before its bitmap (RFC 4034, section 4.1.2). */
#define WINDOW_HEAD 2
/*! Most signatures of one denial: algorithms and keys in a roll-over. */
#define SIGNATURES_MAX 8
/*! Longest RRSIG: its signature is one of RSA with 4,096 bits. */
#define RRSIG_MAX (MXP_RRSIG_SIGNER + KNOT_DNAME_MAXLEN + 512)

/*! \brief A new signature and its place in the packet. */
typedef struct {
	size_t pos; /*!< Of the RDATA. */
	uint16_t len;
	const mxp_signature_t *signature;
} patch_t;

/*! \brief Offset of the bitmap of window 0 in the RDATA of the apex's NSEC or NSEC3, else 0. */
static size_t apex_bitmap(const knot_rrset_t *rrset)
{
	const knot_rdata_t *rdata = rrset->rrs.rdata;
	const uint8_t *window;
	if (rrset->type == KNOT_RRTYPE_NSEC) {
		window = knot_nsec_bitmap(rdata);
	} else if (rrset->type == KNOT_RRTYPE_NSEC3) {
		window = knot_nsec3_bitmap(rdata);
	} else {
		return 0;
	}
	const uint8_t *bitmap = window + WINDOW_HEAD;
	if (bitmap + sizeof(mxp_types_t) > rdata->data + rdata->len || window[0] != 0 ||
	    window[1] < sizeof(mxp_types_t) ||
	    (knot_wire_read_u32(bitmap) & MXP_TYPE(KNOT_RRTYPE_SOA)) == 0) {
		return 0;
	}
	return (size_t)(bitmap - rdata->data);
}

/*! \brief Tells if an RRset is a denial of some types at the apex, in the packet, too. */
static bool denies(mxp_types_t types, const knot_pkt_t *pkt, uint16_t i)
{
	const size_t bitmap = apex_bitmap(&pkt->rr[i]);
	return bitmap > 0 &&
	       (types & ~knot_wire_read_u32(pkt->rr[i].rrs.rdata->data + bitmap)) != 0 &&
	       (types & ~knot_wire_read_u32(pkt->wire + mxp_pkt_rdata_pos(pkt, i, 0) + bitmap)) !=
	               0;
}

uint16_t mxp_denial_find(mxp_types_t types, const knot_pkt_t *pkt, uint16_t i)
{
	while (i < pkt->rrset_count && !denies(types, pkt, i)) {
		i++;
	}
	return i;
}

/*! \brief Adds types to a bitmap. */
static void list_types(mxp_types_t types, uint8_t *bitmap)
{
	knot_wire_write_u32(bitmap, knot_wire_read_u32(bitmap) | types);
}

/*! \brief What a signature is remembered by: the old one stands for all else that is signed. */
typedef struct {
	uint8_t data[RRSIG_MAX + sizeof(mxp_types_t)];
	size_t len;
} memo_key_t;

static bool write_key(mxp_types_t types, const uint8_t *rrsig, uint16_t len, memo_key_t *out)
{
	if (len > RRSIG_MAX) {
		return false;
	}
	memcpy(out->data, rrsig, len);
	memcpy(out->data + len, &types, sizeof(types));
	out->len = len + sizeof(types);
	return true;
}

/*! \brief Signs a denial that lists more types after one of its RRSIGs. */
static int sign_after(const mxp_keys_t *keys, mxp_types_t types, const knot_rrset_t *denial,
                      const memo_key_t *key, knot_mm_t *mm, const mxp_signature_t **out)
{
	const uint8_t *rrsig = key->data;
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
	list_types(types, rdata + apex_bitmap(denial));

	const size_t len = key->len - sizeof(types) - header; // As long as the old one.
	const int ret = mxp_sign(keys, key->data, key->len, data, size, len, out);
	mxp_free(mm, data);

	return ret;
}

/*! \brief Finds or makes what is to be written over one RRSIG in the packet. */
static int make_patch(const mxp_keys_t *keys, mxp_types_t types, const knot_rrset_t *denial,
                      knot_pkt_t *pkt, size_t pos, patch_t *out)
{
	const uint16_t len = mxp_pkt_rdata_len(pkt, pos);
	memo_key_t key;
	if (!write_key(types, pkt->wire + pos, len, &key)) {
		return KNOT_ERANGE;
	}
	int ret = KNOT_EOK;
	out->signature = mxp_signature_find(keys, key.data, key.len);
	if (out->signature == NULL) {
		ret = sign_after(keys, types, denial, &key, &pkt->mm, &out->signature);
	}
	if (ret == KNOT_EOK) {
		out->pos = pos;
		out->len = len;
	}
	return ret;
}

/*! \brief Writes a denial that lists more types, and its signatures, over what is in the packet. */
static void write_patches(mxp_types_t types, knot_pkt_t *pkt, uint16_t i, const patch_t *patches,
                          size_t count)
{
	const size_t pos = mxp_pkt_rdata_pos(pkt, i, 0) + apex_bitmap(&pkt->rr[i]);
	uint8_t bitmap[sizeof(types)];
	memcpy(bitmap, pkt->wire + pos, sizeof(bitmap));
	list_types(types, bitmap);
	mxp_pkt_overwrite(pkt, pos, bitmap, sizeof(bitmap));
	for (size_t j = 0; j < count; j++) {
		const mxp_signature_t *signature = patches[j].signature;
		uint8_t tag[sizeof(uint16_t)];
		knot_wire_write_u16(tag, signature->key_tag);
		mxp_pkt_overwrite(pkt, patches[j].pos + MXP_RRSIG_KEY_TAG, tag, sizeof(tag));
		mxp_pkt_overwrite(pkt, patches[j].pos + patches[j].len - signature->len,
		                  mxp_signature_bytes(signature), signature->len);
	}
}

bool mxp_denial_patch(const mxp_keys_t *keys, bool keys_known, mxp_types_t types, knot_pkt_t *pkt,
                      uint16_t i)
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
			const int ret =
				count < SIGNATURES_MAX
					? make_patch(keys, types, denial, pkt, pos, &patches[count])
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
		write_patches(types, pkt, i, patches, count);
	}
	return checkable;
}
