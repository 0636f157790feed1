/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>

#include "answer.h"
#include "memory.h"

/*! Octets before the answer when the question is the root's, and when it is the longest. */
#define BASE     (KNOT_WIRE_HEADER_SIZE + 1 + 2 * sizeof(uint16_t))
#define BASE_MAX (BASE - 1 + KNOT_DNAME_MAXLEN)
/*! Octets of a record before the exchange: pointer to the owner, fixed part, preference. */
#define RR_HEAD (2 + 10 + 2)
/*! As many RRsets as libknot itself makes room for at first. */
#define RRSETS 16

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
	uint16_t size;          /*!< Octets of all records. */
	uint16_t records;       /*!< Number of records. */
	uint16_t pointer_count; /*!< Number of pointers to be shifted. */
	uint16_t tail_count;    /*!< Number of different ends. */
	uint16_t *pointers;     /*!< Offsets of pointers. */
	tail_t *tails;          /*!< Ends of exchanges. */
	uint8_t *wire;          /*!< Records after the shortest question. */
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
		answer->pointers[answer->pointer_count++] = (uint16_t)pos;
	}
}

/*! \brief Allocates an answer with all its parts in one piece. */
static mxp_answer_t *answer_alloc(size_t records, size_t size)
{
	mxp_answer_t *answer = malloc(sizeof(*answer) + records * sizeof(*answer->pointers) +
	                              records * sizeof(*answer->tails) + size);
	if (answer != NULL) {
		uint16_t *pointers = (uint16_t *)(answer + 1);
		tail_t *tails = (tail_t *)(pointers + records);
		*answer = (mxp_answer_t){
			.size = (uint16_t)size,
			.records = (uint16_t)records,
			.pointers = pointers,
			.tails = tails,
			.wire = (uint8_t *)(tails + records),
		};
	}
	return answer;
}

/*! \brief Takes an answer from a packet in which it follows a question for the root. */
static mxp_answer_t *take_answer(const knot_rdataset_t *rrs, const knot_pkt_t *pkt)
{
	const size_t size = pkt->size - BASE;
	mxp_answer_t *answer = answer_alloc(rrs->count, size);
	if (answer == NULL) {
		return NULL;
	}
	memcpy(answer->wire, pkt->wire + BASE, size);
	for (size_t pos = 0; pos < size;) {
		add_pointer(answer, answer->wire, pos + RR_HEAD);
		pos += RR_HEAD - 2 + knot_wire_read_u16(answer->wire + pos + RR_HEAD - 4);
	}
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		add_tail(answer, rdata->data + 2, rdata->len - 2);
	}
	return answer;
}

bool mxp_answer_new(const knot_rdataset_t *rrs, uint32_t ttl, mxp_answer_t **answer)
{
	*answer = NULL;
	knot_pkt_t *pkt = knot_pkt_new(NULL, KNOT_WIRE_MAX_PKTSIZE, NULL);
	if (pkt == NULL) {
		return false;
	}

	// The owner is not written: the hint makes a pointer to the question of it.
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)"\x01x", KNOT_RRTYPE_MX, KNOT_CLASS_IN, ttl);
	rrset.rrs = *rrs;
	const knot_dname_t *root = (const knot_dname_t *)"";

	bool good = true;
	if (knot_pkt_put_question(pkt, root, KNOT_CLASS_IN, KNOT_RRTYPE_MX) == KNOT_EOK &&
	    knot_pkt_put(pkt, KNOT_COMPR_HINT_QNAME, &rrset, KNOT_PF_NOTRUNC) == KNOT_EOK &&
	    pkt->size - BASE + BASE_MAX < KNOT_WIRE_PTR_MAX) {
		*answer = take_answer(rrs, pkt);
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

bool mxp_answer_put(const mxp_answer_t *answer, const knot_rrset_t *rrset, uint16_t flags,
                    knot_pkt_t *pkt)
{
	// libknot never writes a pointer to the root.
	if (answer == NULL || pkt->qname_size <= 1 || pkt->rrset_count > 0 ||
	    pkt->current != KNOT_ANSWER || pkt->size != BASE - 1 + pkt->qname_size ||
	    pkt->size + pkt->reserved + answer->size > pkt->max_size ||
	    shares_ending(answer, pkt) || !make_room(pkt)) {
		return false;
	}

	uint8_t *wire = pkt->wire + pkt->size;
	const uint16_t shift = (uint16_t)(pkt->size - BASE);
	memcpy(wire, answer->wire, answer->size);
	for (size_t i = 0; i < answer->pointer_count; i++) {
		uint8_t *pointer = wire + answer->pointers[i];
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
	pkt->size += answer->size;
	knot_wire_set_ancount(pkt->wire, answer->records);

	return true;
}
