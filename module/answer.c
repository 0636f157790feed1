/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>

#include "answer.h"
#include "pkt.h"

/*! Octets before the answer when the question is of the longest kind. */
#define BASE_MAX (MXP_PKT_BASE - 1 + KNOT_DNAME_MAXLEN)
/*! Octets of a record before the exchange: pointer to the owner, fixed part, preference. */
#define RR_HEAD (2 + 10 + 2)

/*!
 * Octets of an exchange that are compared with the end of the question. A common ending of 18
 * octets with the root label costs 16 more than a pointer to it, which is what is allowed.
 */
#define TAIL 19

/*! \brief End of an exchange. */
typedef struct {
	uint8_t len;
	uint8_t data[TAIL];
} tail_t;

struct mxp_answer {
	mxp_pkt_block_t block; /*!< Records. */
	uint16_t tail_count;   /*!< Number of different ends. */
	tail_t *tails;         /*!< Ends of exchanges. */
};

static void add_tail(mxp_answer_t *answer, const uint8_t *exchange, size_t size)
{
	tail_t tail = { .len = (uint8_t)(size < TAIL ? size : TAIL) };
	memcpy(tail.data, exchange + size - tail.len, tail.len);
	for (size_t i = 0; i < answer->tail_count; i++) {
		if (memcmp(&answer->tails[i], &tail, sizeof(tail)) == 0) {
			return;
		}
	}
	answer->tails[answer->tail_count++] = tail;
}

/*! \brief Notes the pointer at the end of a compressed exchange, if there is one. */
static void add_pointer(mxp_answer_t *answer, const uint8_t *wire, size_t pos)
{
	while (wire[pos] != 0 && !knot_wire_is_pointer(wire + pos)) {
		pos += 1u + wire[pos];
	}
	if (wire[pos] != 0) {
		answer->block.pointers[answer->block.pointer_count++] = (uint16_t)pos;
	}
}

/*! \brief Allocates an answer with all its parts in one piece. */
static mxp_answer_t *answer_alloc(size_t records, size_t size)
{
	mxp_answer_t *answer = malloc(sizeof(*answer) + records * sizeof(*answer->block.pointers) +
	                              records * sizeof(*answer->tails) + size);
	if (answer != NULL) {
		uint16_t *pointers = (uint16_t *)(answer + 1);
		tail_t *tails = (tail_t *)(pointers + records);
		*answer = (mxp_answer_t){
			.block = {
				.wire = (uint8_t *)(tails + records),
				.size = (uint16_t)size,
				.records = (uint16_t)records,
				.pointers = pointers,
			},
			.tails = tails,
		};
	}
	return answer;
}

/*! \brief Notes the names in MX records. */
static void add_exchanges(mxp_answer_t *answer, const knot_rdataset_t *rrs)
{
	const uint8_t *wire = answer->block.wire;
	const size_t size = answer->block.size;
	for (size_t pos = 0; pos < size;) {
		add_pointer(answer, wire, pos + RR_HEAD);
		pos += RR_HEAD - 2 + knot_wire_read_u16(wire + pos + RR_HEAD - 4);
	}
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		add_tail(answer, rdata->data + 2, rdata->len - 2);
	}
}

/*! \brief Makes an answer of a packet in which it follows a question for the root. */
static mxp_answer_t *answer_of(const knot_rrset_t *rrset, const knot_pkt_t *pkt)
{
	const size_t size = pkt->size - MXP_PKT_BASE;
	mxp_answer_t *answer = answer_alloc(rrset->rrs.count, size);
	if (answer != NULL) {
		memcpy(answer->block.wire, pkt->wire + MXP_PKT_BASE, size);
		if (rrset->type == KNOT_RRTYPE_MX) {
			add_exchanges(answer, &rrset->rrs);
		}
	}
	return answer;
}

bool mxp_answer_new(uint16_t type, const knot_rdataset_t *rrs, uint32_t ttl, mxp_answer_t **answer)
{
	*answer = NULL;
	knot_pkt_t *pkt = knot_pkt_new(NULL, KNOT_WIRE_MAX_PKTSIZE, NULL);
	if (pkt == NULL) {
		return false;
	}

	// The owner is not written: the hint makes a pointer to the question of it.
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)"\x01x", type, KNOT_CLASS_IN, ttl);
	rrset.rrs = *rrs;
	const knot_dname_t *root = (const knot_dname_t *)"";

	bool good = true;
	if (knot_pkt_put_question(pkt, root, KNOT_CLASS_IN, type) == KNOT_EOK &&
	    knot_pkt_put(pkt, KNOT_COMPR_HINT_QNAME, &rrset, KNOT_PF_NOTRUNC) == KNOT_EOK &&
	    pkt->size - MXP_PKT_BASE + BASE_MAX < KNOT_WIRE_PTR_MAX) {
		*answer = answer_of(&rrset, pkt);
		good = (*answer != NULL);
	}
	knot_pkt_free(pkt);

	return good;
}

/*! \brief Tells if libknot could save more than 16 octets by pointers to the question. */
static bool shares_ending(const mxp_answer_t *answer, const knot_pkt_t *pkt)
{
	const uint8_t *end = pkt->lower_qname + pkt->qname_size;
	for (size_t i = 0; i < answer->tail_count; i++) {
		const tail_t *tail = &answer->tails[i];
		if (pkt->qname_size >= tail->len &&
		    memcmp(end - tail->len, tail->data, tail->len) == 0) {
			return true;
		}
	}
	return false;
}

bool mxp_answer_put(const mxp_answer_t *answer, const knot_rrset_t *rrset, uint16_t flags,
                    knot_pkt_t *pkt)
{
	// libknot never writes a pointer to the root.
	return answer != NULL && pkt->qname_size > 1 && !shares_ending(answer, pkt) &&
	       mxp_pkt_append(pkt, &answer->block, rrset, flags);
}

void mxp_answer_free(mxp_answer_t *answer)
{
	free(answer);
}
