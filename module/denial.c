/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/rrtype/nsec.h>
#include <libknot/rrtype/nsec3.h>
#include <libknot/rrtype/rrsig.h>

#include "canonical.h"
#include "denial.h"
#include "memory.h"
#include "pace.h"
#include "pkt.h"
#include "refresh.h"

/*! Octets of window 0 before its bitmap (RFC 4034, section 4.1.2). */
#define WINDOW_HEAD 2
/*! Signatures of a denial that need no memory of their own: algorithms and keys in a roll-over. */
#define FEW 8

/*! \brief A new signature and its place in the packet. */
typedef struct {
	size_t pos; /*!< Of the RDATA. */
	uint16_t len;
	const mxp_signature_t *signature;
} patch_t;

static bool is_denial(const knot_rrset_t *rrset)
{
	return rrset->type == KNOT_RRTYPE_NSEC || rrset->type == KNOT_RRTYPE_NSEC3;
}

/*! \brief Offset of the bitmap of window 0 in the RDATA of an NSEC or NSEC3, 0 if it is not the
 *         apex's. */
static size_t apex_bitmap(const knot_rrset_t *rrset)
{
	const knot_rdata_t *rdata = rrset->rrs.rdata;
	const uint8_t *window = rrset->type == KNOT_RRTYPE_NSEC ? knot_nsec_bitmap(rdata)
	                                                        : knot_nsec3_bitmap(rdata);
	const uint8_t *bitmap = window + WINDOW_HEAD;
	if (bitmap + sizeof(mxp_types_t) > rdata->data + rdata->len || window[0] != 0 ||
	    window[1] < sizeof(mxp_types_t) ||
	    (knot_wire_read_u32(bitmap) & MXP_TYPE(KNOT_RRTYPE_SOA)) == 0) {
		return 0;
	}
	return (size_t)(bitmap - rdata->data);
}

/*! \brief Tells if an RRset is a denial of some types at the apex, in the packet, too. */
static bool denies(mxp_types_t types, bool fresh, const knot_pkt_t *pkt, uint16_t i,
                   mxp_denial_t *out)
{
	const size_t bitmap = apex_bitmap(&pkt->rr[i]);
	if (bitmap == 0) {
		return false;
	}
	const mxp_types_t listed = knot_wire_read_u32(pkt->rr[i].rrs.rdata->data + bitmap);
	*out = (mxp_denial_t){ i, bitmap, (listed & MXP_TYPE_TXT) != 0 };
	return (types & ~listed) != 0 &&
	       (fresh || (types & ~knot_wire_read_u32(pkt->wire + mxp_pkt_rdata_pos(pkt, i, 0) +
	                                              bitmap)) != 0);
}

bool mxp_denial_find(mxp_types_t types, bool fresh, const knot_pkt_t *pkt, uint16_t i,
                     mxp_denial_t *out)
{
	for (; i < pkt->rrset_count; i++) {
		if (is_denial(&pkt->rr[i]) && denies(types, fresh, pkt, i, out)) {
			return true;
		}
	}
	return false;
}

/*! \brief Adds types to a bitmap. */
static void list_types(mxp_types_t types, uint8_t *bitmap)
{
	knot_wire_write_u32(bitmap, knot_wire_read_u32(bitmap) | types);
}

/*! \brief Leaves a signature that takes too long to those beside the queries. */
static bool leave(const mxp_keys_t *keys, const mxp_unsigned_t *denial)
{
	return mxp_pace_is_over(denial->keystores, denial->rrsig_len) &&
	       !mxp_signer_is_paused(keys) && mxp_refresh_runs() &&
	       mxp_unsigned_put(keys->memo, denial) && mxp_refresh_soon(keys->memo);
}

/*! \brief Signs a denial, unless that is left to others: what is known will do until then. */
static int sign(const mxp_keys_t *keys, const mxp_unsigned_t *denial, const mxp_signature_t **out)
{
	if (!leave(keys, denial)) {
		return mxp_signature_make(keys, denial, out);
	}
	*out = mxp_signature_find_any(keys, denial->types, denial->rrsig, denial->rrsig_len);
	return *out != NULL ? KNOT_EOK : KNOT_EAGAIN;
}

/*!
 * \brief Signs a denial that lists more types after one of its RRSIGs.
 *
 * \param listed  Types that are listed already by another instance of the module.
 */
static int sign_after(const mxp_keys_t *keys, mxp_types_t types, mxp_types_t listed,
                      const knot_rrset_t *denial, const uint8_t *rrsig, uint16_t len, knot_mm_t *mm,
                      const mxp_signature_t **out)
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
	list_types(types | listed, rdata + apex_bitmap(denial));

	const mxp_unsigned_t made = {
		.types = types,
		.dnskey = keys->dnskeys,
		.keystores = keys->keystores,
		.rrsig = rrsig,
		.rrsig_len = len,
		.data = data,
		.data_len = size,
	};
	const int ret = sign(keys, &made, out);
	mxp_free(mm, data);

	return ret;
}

/*! \brief Finds or makes what is to be written over one RRSIG in the packet. */
static int make_patch(const mxp_keys_t *keys, mxp_at_hand_t at_hand, mxp_types_t types,
                      knot_pkt_t *pkt, const mxp_denial_t *denial, size_t pos, patch_t *out)
{
	const uint8_t *rrsig = pkt->wire + pos;
	const uint16_t len = mxp_pkt_rdata_len(pkt, pos);
	const bool away = (at_hand == MXP_KEYS_AWAY);
	out->signature = away ? mxp_signature_find_any(keys, types, rrsig, len)
	                      : mxp_signature_find(keys, types, rrsig, len);
	int ret = out->signature != NULL ? KNOT_EOK : KNOT_EACCES;
	if (ret != KNOT_EOK && !away) {
		const size_t bitmap = mxp_pkt_rdata_pos(pkt, denial->i, 0) + denial->bitmap;
		ret = sign_after(keys, types, knot_wire_read_u32(pkt->wire + bitmap),
		                 &pkt->rr[denial->i], rrsig, len, &pkt->mm, &out->signature);
	}
	if (ret == KNOT_EOK) {
		out->pos = pos;
		out->len = len;
	}
	return ret;
}

/*! \brief Writes a denial that lists more types, and its signatures, over what is in the packet. */
static void write_patches(mxp_types_t types, knot_pkt_t *pkt, const mxp_denial_t *denial,
                          const patch_t *patches, size_t count)
{
	const size_t pos = mxp_pkt_rdata_pos(pkt, denial->i, 0) + denial->bitmap;
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

/*! \brief Finds the RRSIGs of a denial in a response, one RRset; the number of RRsets if none. */
static uint16_t find_rrsigs(const knot_pkt_t *pkt, uint16_t i)
{
	// The server puts them behind it.
	for (uint16_t j = i + 1; j < pkt->rrset_count; j++) {
		if (mxp_pkt_rrsig_covers(pkt, j, i)) {
			return j;
		}
	}
	uint16_t j = 0;
	while (j < pkt->rrset_count && !mxp_pkt_rrsig_covers(pkt, j, i)) {
		j++;
	}
	return j;
}

/*! \brief Finds or makes what is to be written over all RRSIGs of a denial; counts them. */
static int make_patches(const mxp_keys_t *keys, mxp_at_hand_t at_hand, mxp_types_t types,
                        knot_pkt_t *pkt, const mxp_denial_t *denial, uint16_t rrsigs,
                        patch_t *patches, size_t *count, bool *checkable)
{
	for (uint16_t k = 0; k < pkt->rr[rrsigs].rrs.count; k++) {
		const size_t pos = mxp_pkt_rdata_pos(pkt, rrsigs, k);
		const int ret =
			make_patch(keys, at_hand, types, pkt, denial, pos, &patches[*count]);
		if (ret == KNOT_ENOENT) {
			*checkable = *count > 0; // As in an algorithm roll-over.
			continue;
		} else if (ret != KNOT_EOK) {
			return ret;
		}
		*checkable = true;
		++*count;
	}
	return KNOT_EOK;
}

int mxp_denial_patch(const mxp_keys_t *keys, mxp_at_hand_t at_hand, mxp_types_t types,
                     uint64_t generation, knot_pkt_t *pkt, const mxp_denial_t *denial)
{
	const uint16_t rrsigs = find_rrsigs(pkt, denial->i);
	const size_t number = rrsigs < pkt->rrset_count ? pkt->rr[rrsigs].rrs.count : 0;
	patch_t few[FEW];
	patch_t *patches = number > FEW ? mxp_alloc(&pkt->mm, number * sizeof(*patches)) : few;
	size_t count = 0;
	bool checkable = (at_hand == MXP_KEYS_AT_HAND);
	int ret = KNOT_ENOMEM;
	if (patches != NULL && mxp_memo_reserve(keys->memo, 2 * number)) {
		ret = number == 0 ? KNOT_EOK
		                  : make_patches(keys, at_hand, types, pkt, denial, rrsigs, patches,
		                                 &count, &checkable);
	}
	if (ret == KNOT_EOK && !checkable) {
		ret = KNOT_EACCES;
	}
	if (ret == KNOT_EOK) {
		write_patches(types, pkt, denial, patches, count);
		for (size_t i = 0; i < count; i++) {
			mxp_signature_note(patches[i].signature, generation);
		}
	}
	if (patches != few) {
		mxp_free(&pkt->mm, patches);
	}
	return ret;
}

bool mxp_denial_patch_known(mxp_memo_t *memo, mxp_types_t types, uint64_t generation,
                            knot_pkt_t *pkt, const mxp_denial_t *denial)
{
	const uint16_t rrsigs = find_rrsigs(pkt, denial->i);
	if (rrsigs == pkt->rrset_count || pkt->rr[rrsigs].rrs.count != 1) {
		return false;
	}
	const size_t pos = mxp_pkt_rdata_pos(pkt, rrsigs, 0);
	const uint16_t len = mxp_pkt_rdata_len(pkt, pos);
	const mxp_signature_t *signature = mxp_signature_look_up(memo, types, pkt->wire + pos, len);
	if (signature == NULL || !mxp_signature_is_known(signature, generation)) {
		return false;
	}
	const patch_t patch = { .pos = pos, .len = len, .signature = signature };
	write_patches(types, pkt, denial, &patch, 1);
	return true;
}

void mxp_denial_prepare(const mxp_keys_t *keys, mxp_types_t types, const knot_rrset_t *nsec,
                        const knot_rdataset_t *rrsigs, knot_mm_t *mm)
{
	if (nsec->rrs.count != 1 || apex_bitmap(nsec) == 0) {
		return;
	}
	knot_rdata_t *rdata = rrsigs->rdata;
	for (size_t i = 0; i < rrsigs->count; i++, rdata = knot_rdataset_next(rdata)) {
		const mxp_signature_t *signature;
		if (knot_rrsig_type_covered(rdata) == KNOT_RRTYPE_NSEC &&
		    mxp_signature_find(keys, types, rdata->data, rdata->len) == NULL) {
			(void)sign_after(keys, types, 0, nsec, rdata->data, rdata->len, mm,
			                 &signature);
		}
	}
}
