/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What mxp_answer_put() owes to knot_pkt_put(), for the unit test and the fuzzer.
 *
 * The functions return NULL, or what is wrong.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/packet/pkt.h>

#include "answer.h"

/*! Octets that an answer may be longer than that of knot_pkt_put(). */
#define LONGER 16

/*! \brief A place for an answer. */
typedef struct {
	const knot_dname_t *qname; /*!< Name of the question, in the letter case it was asked in. */
	uint16_t max_size;         /*!< Size of the packet. */
	uint16_t reserve;          /*!< Octets reserved for OPT and TSIG. */
	uint16_t flags;            /*!< Flags of knot_pkt_put(). */
} place_t;

/*! \brief Octets of a response before its answer. */
static inline size_t question_end(const knot_dname_t *qname)
{
	return KNOT_WIRE_HEADER_SIZE + knot_dname_size(qname) + 2 * sizeof(uint16_t);
}

/*! \brief Makes a response as the server does; NULL if the place is too small for it. */
static inline knot_pkt_t *make_response(const place_t *place)
{
	knot_pkt_t *query = knot_pkt_new(NULL, KNOT_WIRE_MIN_PKTSIZE, NULL);
	knot_pkt_t *pkt = knot_pkt_new(NULL, place->max_size, NULL);
	const bool good = knot_pkt_put_question(query, place->qname, KNOT_CLASS_IN,
	                                        KNOT_RRTYPE_MX) == KNOT_EOK &&
	                  knot_pkt_init_response(pkt, query) == KNOT_EOK &&
	                  knot_pkt_reserve(pkt, place->reserve) == KNOT_EOK &&
	                  knot_pkt_begin(pkt, KNOT_ANSWER) == KNOT_EOK;
	knot_pkt_free(query);
	if (!good) {
		knot_pkt_free(pkt);
		return NULL;
	}
	memset(pkt->wire + pkt->size, 0xA5, pkt->max_size - pkt->size);

	return pkt;
}

/*! \brief Makes the RRset of an answer. */
static inline knot_rrset_t answer_rrset(const knot_rdataset_t *rrs, uint32_t ttl,
                                        const knot_pkt_t *pkt)
{
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)pkt->lower_qname, KNOT_RRTYPE_MX, KNOT_CLASS_IN,
	                ttl);
	rrset.rrs = *rrs;
	return rrset;
}

/*! \brief Puts an answer as the server itself does. */
static inline int put_stored(const knot_rdataset_t *rrs, uint32_t ttl, uint16_t flags,
                             knot_pkt_t *pkt)
{
	const knot_rrset_t rrset = answer_rrset(rrs, ttl, pkt);
	return knot_pkt_put_rotate(pkt, KNOT_COMPR_HINT_QNAME, &rrset, 0, flags);
}

/*! \brief Puts an answer in wire form; on failure, checks that nothing has changed. */
static inline const char *put_wire(const mxp_answer_t *answer, const knot_rdataset_t *rrs,
                                   uint32_t ttl, uint16_t flags, knot_pkt_t *pkt, bool *put)
{
	const knot_rrset_t rrset = answer_rrset(rrs, ttl, pkt);
	knot_pkt_t before;
	memcpy(&before, pkt, sizeof(before));
	uint8_t *wire = malloc(pkt->max_size);
	memcpy(wire, pkt->wire, pkt->max_size);

	*put = mxp_answer_put(answer, &rrset, flags, pkt);

	const size_t used = offsetof(knot_pkt_t, lower_qname) + pkt->qname_size;
	const bool same =
		memcmp(&before, pkt, used) == 0 && memcmp(wire, pkt->wire, pkt->max_size) == 0;
	free(wire);
	return *put || same ? NULL : "a refused answer has changed the packet";
}

/*! \brief Checks that libknot's own list of what is in the packet is as it would be. */
static inline const char *compare_lists(const knot_pkt_t *ours, const knot_pkt_t *stored)
{
	if (memcmp(ours->wire, stored->wire, question_end(ours->lower_qname)) != 0) {
		return "header or question differ";
	}
	if (ours->rrset_count != stored->rrset_count ||
	    ours->rrset_allocd != stored->rrset_allocd || ours->reserved != stored->reserved ||
	    ours->current != stored->current || ours->flags != stored->flags) {
		return "packets differ";
	}
	for (size_t i = 0; i < KNOT_PKT_SECTIONS; i++) {
		const knot_pktsection_t *section = &ours->sections[i];
		const knot_pktsection_t *stored_section = &stored->sections[i];
		if (section->count != stored_section->count ||
		    section->pos != stored_section->pos ||
		    (section->pkt == ours) != (stored_section->pkt == stored)) {
			return "sections differ";
		}
	}
	const knot_rrset_t *rr = &ours->rr[0];
	const knot_rrset_t *stored_rr = &stored->rr[0];
	if (rr->type != stored_rr->type || rr->rclass != stored_rr->rclass ||
	    rr->ttl != stored_rr->ttl || rr->additional != stored_rr->additional ||
	    rr->rrs.rdata != stored_rr->rrs.rdata || rr->rrs.count != stored_rr->rrs.count ||
	    rr->rrs.size != stored_rr->rrs.size || rr->owner != ours->lower_qname) {
		return "RRsets differ";
	}
	const knot_rrinfo_t *info = &ours->rr_info[0];
	const knot_rrinfo_t *stored_info = &stored->rr_info[0];
	if (info->pos != stored_info->pos || info->flags != stored_info->flags ||
	    info->compress_ptr[0] != stored_info->compress_ptr[0]) {
		return "information about the RRset differs";
	}
	return NULL;
}

/*!
 * \brief Compares all records of two parsed packets.
 *
 * Where names point to the question, they take over its letter case: only that may differ.
 */
static inline const char *compare_records(const knot_pkt_t *ours, const knot_pkt_t *stored)
{
	if (ours->rrset_count != stored->rrset_count) {
		return "numbers of records differ";
	}
	for (size_t i = 0; i < ours->rrset_count; i++) {
		const knot_rrset_t *rr = &ours->rr[i];
		const knot_rrset_t *stored_rr = &stored->rr[i];
		if (rr->type != stored_rr->type || rr->rclass != stored_rr->rclass ||
		    rr->ttl != stored_rr->ttl ||
		    !knot_dname_is_case_equal(rr->owner, stored_rr->owner) ||
		    !knot_rdataset_eq(&rr->rrs, &stored_rr->rrs)) {
			return "records differ";
		}
	}
	return NULL;
}

/*! \brief Compares what a client reads in two packets. */
static inline const char *compare_read(const knot_pkt_t *ours, const knot_pkt_t *stored)
{
	knot_pkt_t *read1 = knot_pkt_new(ours->wire, (uint16_t)ours->size, NULL);
	knot_pkt_t *read2 = knot_pkt_new(stored->wire, (uint16_t)stored->size, NULL);
	const char *wrong = "packet cannot be read";
	if (knot_pkt_parse(read1, KNOT_PF_NULL) == KNOT_EOK &&
	    knot_pkt_parse(read2, KNOT_PF_NULL) == KNOT_EOK) {
		wrong = compare_records(read1, read2);
	}
	knot_pkt_free(read1);
	knot_pkt_free(read2);

	return wrong;
}

/*! \brief Checks that the answer's owner is spelled as asked. */
static inline const char *check_owner(const knot_pkt_t *pkt)
{
	knot_pkt_t *read = knot_pkt_new(pkt->wire, (uint16_t)pkt->size, NULL);
	bool same = knot_pkt_parse(read, KNOT_PF_NOCANON) == KNOT_EOK;
	const knot_pktsection_t *answer = knot_pkt_section(read, KNOT_ANSWER);
	for (uint16_t i = 0; i < answer->count && same; i++) {
		same = knot_dname_is_equal(knot_pkt_rr(answer, i)->owner, knot_pkt_wire_qname(pkt));
	}
	knot_pkt_free(read);

	return same ? NULL : "the owner is not spelled as asked";
}

/*! \brief Puts address records of the exchanges, more than the packet's first room is for. */
static inline void put_more(const knot_rdataset_t *rrs, knot_pkt_t *pkt)
{
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, NULL, KNOT_RRTYPE_A, KNOT_CLASS_IN, 300);
	static const uint8_t data[] = { 192, 0, 2, 1 };
	(void)knot_rrset_add_rdata(&rrset, data, sizeof(data), NULL);

	(void)knot_pkt_begin(pkt, KNOT_ADDITIONAL);
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < 20; i++) {
		rrset.owner = (i % 5 == 4) ? (knot_dname_t *)pkt->lower_qname : rdata->data + 2;
		(void)knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &rrset, KNOT_PF_NOTRUNC);
		rdata = (i + 1) % rrs->count == 0 ? rrs->rdata : knot_rdataset_next(rdata);
	}
	knot_rdataset_clear(&rrset.rrs, NULL);
}

/*!
 * \brief Puts an answer in both ways, and compares.
 *
 * \param answer  Answer in wire form.
 * \param rrs     Its records.
 * \param ttl     Its TTL.
 * \param place   Where to put it; if there is no room at all, nothing is done.
 * \param size    Output: size of the packet with the answer in wire form, 0 if it was refused.
 */
static inline const char *check_put(const mxp_answer_t *answer, const knot_rdataset_t *rrs,
                                    uint32_t ttl, const place_t *place, size_t *size)
{
	*size = 0;
	const place_t ample_place = { place->qname, KNOT_WIRE_MAX_PKTSIZE, place->reserve,
		                      place->flags };
	knot_pkt_t *ours = make_response(place);
	knot_pkt_t *stored = make_response(place);
	knot_pkt_t *ample = make_response(&ample_place);
	const char *wrong = NULL;
	if (ours == NULL) {
		goto end;
	}

	bool put = false;
	wrong = put_wire(answer, rrs, ttl, place->flags, ours, &put);
	const int stored_ret = put_stored(rrs, ttl, place->flags, stored);
	(void)put_stored(rrs, ttl, place->flags, ample);
	if (wrong == NULL && !put && put_stored(rrs, ttl, place->flags, ours) != stored_ret) {
		wrong = "after a refusal, knot_pkt_put() does not do as alone";
	}
	if (wrong != NULL || !put) {
		goto end;
	}
	*size = ours->size;
	if (ours->size + place->reserve > place->max_size) {
		wrong = "there is no room for the answer";
	} else if (ours->size > ample->size + LONGER) {
		wrong = "the answer is too long";
	}
	wrong = wrong != NULL ? wrong : compare_lists(ours, ample);
	wrong = wrong != NULL ? wrong : compare_read(ours, ample);
	wrong = wrong != NULL ? wrong : check_owner(ours);
	if (wrong == NULL && place->max_size == KNOT_WIRE_MAX_PKTSIZE) {
		put_more(rrs, ours);
		put_more(rrs, ample);
		wrong = compare_read(ours, ample);
	}
end:
	knot_pkt_free(ours);
	knot_pkt_free(stored);
	knot_pkt_free(ample);
	return wrong;
}
