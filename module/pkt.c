/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include <libknot/errcode.h>
#include <libknot/packet/wire.h>

#include "canonical.h"
#include "memory.h"
#include "pkt.h"

/*! As many RRsets as libknot itself makes room for at first. */
#define RRSETS 16
/*! Most RRsets of an answer section from one on: a chain of CNAME is no longer. */
#define ANSWER_MAX 64

/*! \brief Makes the packet's first room for RRsets. */
static bool make_room(knot_pkt_t *pkt)
{
	if (pkt->rrset_allocd > 0) {
		return true;
	}
	pkt->rr_info = mxp_alloc(&pkt->mm, RRSETS * sizeof(*pkt->rr_info));
	pkt->rr = mxp_alloc(&pkt->mm, RRSETS * sizeof(*pkt->rr));
	if (pkt->rr_info == NULL || pkt->rr == NULL) {
		mxp_free(&pkt->mm, pkt->rr_info);
		mxp_free(&pkt->mm, pkt->rr);
		pkt->rr_info = NULL;
		pkt->rr = NULL;
		return false;
	}
	pkt->rrset_allocd = RRSETS;

	return true;
}

bool mxp_pkt_append(knot_pkt_t *pkt, const mxp_pkt_block_t *block, const knot_rrset_t *rrset,
                    uint16_t flags)
{
	if (pkt->rrset_count > 0 || pkt->current != KNOT_ANSWER ||
	    pkt->size != MXP_PKT_BASE - 1 + pkt->qname_size ||
	    pkt->size + pkt->reserved + block->size > pkt->max_size || !make_room(pkt)) {
		return false;
	}

	uint8_t *wire = pkt->wire + pkt->size;
	const uint16_t shift = (uint16_t)(pkt->size - MXP_PKT_BASE);
	memcpy(wire, block->wire, block->size);
	for (size_t i = 0; i < block->pointer_count; i++) {
		uint8_t *pointer = wire + block->pointers[i];
		knot_wire_write_u16(pointer, knot_wire_read_u16(pointer) + shift);
	}

	pkt->rr[0] = *rrset;
	pkt->rr_info[0] = (knot_rrinfo_t){
		.pos = (uint16_t)pkt->size,
		.flags = flags,
		.compress_ptr = { KNOT_COMPR_HINT_QNAME },
	};
	pkt->rrset_count = 1;
	pkt->sections[KNOT_ANSWER].count++;
	pkt->size += block->size;
	knot_wire_set_ancount(pkt->wire, block->records);

	return true;
}

int mxp_pkt_remove(knot_pkt_t *pkt, uint16_t first)
{
	knot_rrset_t rrsets[ANSWER_MAX];
	knot_rrinfo_t infos[ANSWER_MAX];
	const uint16_t count = pkt->rrset_count - first;
	if (count == 0 || count > ANSWER_MAX) {
		return KNOT_ERANGE;
	}
	for (uint16_t i = 0; i < count; i++) {
		rrsets[i] = pkt->rr[first + i];
		infos[i] = pkt->rr_info[first + i];
		knot_wire_add_ancount(pkt->wire, (int16_t)-rrsets[i].rrs.count);
	}
	pkt->size = pkt->rr_info[first].pos;
	pkt->rrset_count = first;
	pkt->sections[pkt->current].count -= count;
	// It may point at a name that is gone now; zero lets libknot start again.
	pkt->compr.suffix.pos = 0;

	int ret = KNOT_EOK;
	for (uint16_t i = 1; i < count && ret == KNOT_EOK; i++) {
		if (!mxp_rrsig_covers(&rrsets[i], &rrsets[0])) {
			// The place of the owner says how a wildcard was expanded.
			const uint16_t owner = infos[i].compress_ptr[KNOT_COMPR_HINT_OWNER];
			const uint16_t hint = owner < infos[0].pos ? owner : KNOT_COMPR_HINT_NONE;
			ret = knot_pkt_put(pkt, hint, &rrsets[i], infos[i].flags);
		}
	}
	return ret;
}

size_t mxp_pkt_rdata_pos(const knot_pkt_t *pkt, uint16_t i, uint16_t k)
{
	size_t pos = pkt->rr_info[i].pos;
	while (true) {
		while (pkt->wire[pos] != 0 && !knot_wire_is_pointer(pkt->wire + pos)) {
			pos += 1u + pkt->wire[pos];
		}
		pos += (pkt->wire[pos] != 0 ? 2u : 1u) + MXP_RR_FIXED;
		if (k-- == 0) {
			return pos;
		}
		pos += mxp_pkt_rdata_len(pkt, pos);
	}
}
