/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>

#include <libknot/descriptor.h>

#include "context.h"
#include "counters.h"
#include "ede.h"
#include "pkt.h"
#include "qtype.h"
#include "query.h"
#include "totals.h"
#include "verdict.h"
#include "warn.h"

/*! Octets of the shortest record in a packet: pointer to the owner, fixed part, one octet. */
#define RECORD_MIN (2 + 10 + 1)
/*! Keeps the many registers of a rare case out of the usual one. */
#define NOINLINE __attribute__((noinline))

/*! \brief Decides for a query for one of our types, and signs the answer if need be. */
static void decide_and_sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                            mxp_verdict_t *verdict)
{
	mxp_verdict_decide(mxp_qtype(pkt), pkt, qdata, mod, verdict);
	if (verdict->is_signed) {
		mxp_verdict_sign(pkt, qdata, mod, verdict);
	}
}

/*! \brief Tells if an answer is made of a preset. */
static bool is_synthesized(const mxp_verdict_t *verdict)
{
	const mxp_serve_t serve = verdict->decision.serve;
	return serve == MXP_SERVE_PRESET || serve == MXP_SERVE_ADDED;
}

/*! \brief Tells in the response why a preset is served. */
NOINLINE static void explain_preset(const mxp_verdict_t *verdict, knot_pkt_t *pkt,
                                    knotd_qdata_t *qdata)
{
	char text[MXP_EDE_TEXT_MAX + 1] = "";
	if (verdict->text == NULL) {
		mxp_ede_explain(&verdict->decision, verdict->snapshot, text, sizeof(text));
	}
	mxp_ede_add(pkt, qdata, KNOT_EDNS_EDE_SYNTHESIZED,
	            verdict->text != NULL ? verdict->text : text);
}

/*! \brief Counts an MX query, for the zone and in the totals. */
static void count_query(const mxp_decision_t *decision, const knotd_qdata_t *qdata,
                        knotd_mod_t *mod)
{
	const unsigned thread = qdata->params->thread_id;
	if (mxp_context_settings(mod)->statistics) {
		mxp_counters_count(mod, thread, decision);
	}
	mxp_totals_count(thread, decision);
}

/*! \brief Ends a query with what became of the decision: warns, counts, and tells why. */
static knotd_in_state_t conclude(knotd_in_state_t state, const mxp_verdict_t *verdict,
                                 knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const mxp_decision_t *decision = &verdict->decision;
	if (decision->fault.cause != MXP_OK) {
		mxp_warn(mod, knotd_qdata_zone_name(qdata), &decision->fault);
	}
	if (verdict->type == KNOT_RRTYPE_MX) {
		count_query(decision, qdata, mod);
	}
	if (decision->serve == MXP_SERVE_FAIL) {
		return mxp_verdict_fail(&decision->fault, pkt, qdata);
	}
	if (is_synthesized(verdict) && mxp_context_settings(mod)->ede) {
		explain_preset(verdict, pkt, qdata);
	}
	return state;
}

/*! \brief Answer of a preset in wire form (NULL if there is none). */
static const mxp_answer_t *answer_of(const mxp_verdict_t *verdict)
{
	const mxp_loaded_t *loaded = verdict->snapshot->loaded;
	const mxp_preset_t *preset = verdict->decision.preset;
	if (preset == NULL || verdict->decision.serve != MXP_SERVE_PRESET) {
		return NULL;
	}
	const mxp_answers_t *answers = &loaded->answers[preset - loaded->map->presets];
	return verdict->type == KNOT_RRTYPE_MX ? answers->mx : answers->txt;
}

/*! \brief Puts records into the answer. */
static int put_records(const mxp_verdict_t *verdict, const knot_dname_t *owner, uint16_t hint,
                       uint16_t flags, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const mxp_settings_t *settings = mxp_context_settings(mod);
	const mxp_decision_t *decision = &verdict->decision;

	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)owner, verdict->type, KNOT_CLASS_IN, decision->ttl);
	rrset.rrs = decision->rrs;

	if (!settings->rotation && hint == KNOT_COMPR_HINT_QNAME &&
	    mxp_answer_put(answer_of(verdict), &rrset, flags, pkt)) {
		return KNOT_EOK;
	}
	const uint16_t rotate = settings->rotation ? knot_wire_get_id(qdata->query->wire) : 0;
	return knot_pkt_put_rotate(pkt, hint, &rrset, rotate, flags);
}

/*! \brief Size of records on the wire, their owners being pointers. */
static size_t wire_size(const knot_rdataset_t *rrs)
{
	size_t size = 0;
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		size += 12u + rdata->len;
	}
	return size;
}

/*!
 * \brief Tells if records cannot fit into a response over UDP, however well they are compressed.
 *
 * Such a response is cut off without trying: it is the same, and costs a fraction.
 */
static bool is_cut(const mxp_verdict_t *verdict, const knot_pkt_t *pkt, const knotd_qdata_t *qdata)
{
	const mxp_serve_t serve = verdict->decision.serve;
	const bool is_stored = (serve == MXP_SERVE_STORED || serve == MXP_SERVE_UNSIGNED);
	const uint16_t count = is_stored ? verdict->stored.count : verdict->decision.rrs.count;
	return serve != MXP_SERVE_FAIL && qdata->params->proto == KNOTD_QUERY_PROTO_UDP &&
	       count * (size_t)RECORD_MIN > pkt->max_size - pkt->size;
}

/*!
 * \brief Tells if an answer is one that the module puts, behind what stays of the packet.
 *
 * TXT that do not fit over TCP are left as the zone stores them.
 */
static bool is_to_be_put(mxp_verdict_t *verdict, size_t stays, const knot_pkt_t *pkt,
                         const knotd_qdata_t *qdata)
{
	if (!is_synthesized(verdict) && verdict->decision.serve != MXP_SERVE_FILTERED) {
		return false;
	}
	if (verdict->type == KNOT_RRTYPE_TXT && qdata->params->proto != KNOTD_QUERY_PROTO_UDP &&
	    stays + wire_size(&verdict->decision.rrs) + wire_size(&verdict->rrsigs) +
	                    pkt->reserved >
	            pkt->max_size) {
		verdict->decision.serve = MXP_SERVE_STORED;
		return false;
	}
	return true;
}

/*! \brief Puts the answer into the packet, as the server does with that of a zone. */
static knotd_in_state_t put_answer(mxp_verdict_t *verdict, const knot_dname_t *owner, uint16_t hint,
                                   knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const bool udp = (qdata->params->proto == KNOTD_QUERY_PROTO_UDP);
	const uint16_t flags = udp ? KNOT_PF_NULL : KNOT_PF_NOTRUNC;

	int ret = put_records(verdict, owner, hint, flags, pkt, qdata, mod);
	if (ret == KNOT_EOK && verdict->rrsigs.count > 0 && knot_pkt_has_dnssec(qdata->query)) {
		knot_rrset_t rrset;
		knot_rrset_init(&rrset, (knot_dname_t *)owner, KNOT_RRTYPE_RRSIG, KNOT_CLASS_IN,
		                verdict->decision.ttl);
		rrset.rrs = verdict->rrsigs;
		ret = knot_pkt_put(pkt, hint, &rrset, flags);
	}
	if (ret == KNOT_EOK) {
		return KNOTD_IN_STATE_HIT;
	} else if (ret == KNOT_ESPACE && udp) {
		return KNOTD_IN_STATE_TRUNC;
	}
	mxp_decision_fail(&verdict->decision,
	                  ret == KNOT_ESPACE ? MXP_MESSAGE_LENGTH : MXP_NO_MEMORY);
	return KNOTD_IN_STATE_ERROR;
}

/*!
 * \brief Tells if the TXT that the zone stores are so many that they do not fit, whatever is added.
 *
 * Then they are left to the server, so that thousands of them cost no more than without the module.
 * A record has at least nine octets more on the wire than in a set.
 */
static bool is_stored_too_large(const knot_pkt_t *pkt, knotd_qdata_t *qdata)
{
	if (mxp_qtype(pkt) != KNOT_RRTYPE_TXT) {
		return false;
	}
	const knot_rdataset_t txt = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_TXT).rrs;
	return pkt->size + txt.size + (size_t)9 * txt.count > pkt->max_size;
}

// A query at the apex is answered before the server looks it up.
NOINLINE static knotd_in_state_t preanswer_apex(knotd_in_state_t state, knot_pkt_t *pkt,
                                                knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	// HIT: a module before this one has answered. The zone's name ends the name of the
	// question, so it is the same if it is as long.
	if (state == KNOTD_IN_STATE_HIT || pkt->qname_size != mxp_context(mod)->zone_size ||
	    is_stored_too_large(pkt, qdata)) {
		return state;
	}

	mxp_verdict_t verdict;
	decide_and_sign(pkt, qdata, mod, &verdict);
	if (is_cut(&verdict, pkt, qdata)) {
		knot_wire_set_aa(pkt->wire);
		knot_wire_set_tc(pkt->wire);
		state = KNOTD_IN_STATE_TRUNC;
	} else if (is_to_be_put(&verdict, pkt->size, pkt, qdata)) {
		knot_wire_set_aa(pkt->wire);
		state = put_answer(&verdict, qdata->name, KNOT_COMPR_HINT_QNAME, pkt, qdata, mod);
	}
	return conclude(state, &verdict, pkt, qdata, mod);
}

/*!
 * \brief Answers in a zone that could not be set up: what may tell of its MX is a failure.
 *
 * So is whatever a signed zone may deny its MX with.
 */
static knotd_in_state_t preanswer_broken(knotd_in_state_t state, knot_pkt_t *pkt,
                                         knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const mxp_fault_t fault = { .cause = MXP_NO_MEMORY };
	if (!mxp_qtype_is_in(pkt, MXP_TYPE_MX) &&
	    !(knot_pkt_has_dnssec(qdata->query) && mxp_verdict_is_signed(qdata))) {
		return state;
	}
	mxp_warn(mod, knotd_qdata_zone_name(qdata), &fault);
	if (mxp_qtype_is_in(pkt, MXP_TYPE_MX) &&
	    pkt->qname_size == knot_dname_size(knotd_qdata_zone_name(qdata))) {
		const mxp_decision_t decision = { .serve = MXP_SERVE_FAIL };
		mxp_totals_count(qdata->params->thread_id, &decision);
	}
	return mxp_verdict_fail(&fault, pkt, qdata);
}

/*!
 * \brief Does what is seldom to be done before the query goes on: logs the messages that wait,
 *        and fails in a zone that could not be set up.
 *
 * As the last call of the hook it costs other queries nothing.
 */
NOINLINE static knotd_in_state_t preanswer_slowly(knotd_in_state_t state, knot_pkt_t *pkt,
                                                  knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	mxp_messages_log(mxp_context_log, mod);
	if (mxp_context_is_broken(mod)) {
		return preanswer_broken(state, pkt, qdata, mod);
	}
	const mxp_types_t types = mxp_settings_types(mxp_context_settings(mod));
	return mxp_qtype_is_in(pkt, types) ? preanswer_apex(state, pkt, qdata, mod) : state;
}

/*! \brief The hook for a set of types, which the compiler knows. */
static inline knotd_in_state_t preanswer_types(mxp_types_t types, knotd_in_state_t state,
                                               knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                               knotd_mod_t *mod)
{
	if (mxp_messages_waiting() || __atomic_load_n(&mxp_context_any_broken, __ATOMIC_RELAXED)) {
		return preanswer_slowly(state, pkt, qdata, mod);
	}
	return mxp_qtype_is_in(pkt, types) ? preanswer_apex(state, pkt, qdata, mod) : state;
}

static knotd_in_state_t preanswer(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                  knotd_mod_t *mod)
{
	return preanswer_types(MXP_TYPE_MX, state, pkt, qdata, mod);
}

static knotd_in_state_t preanswer_spf(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                      knotd_mod_t *mod)
{
	return preanswer_types(MXP_TYPE_MX | MXP_TYPE_TXT, state, pkt, qdata, mod);
}

/*! \brief Finds stored records in the packet; returns the number of RRsets if not there. */
static uint16_t find_stored(const knot_pkt_t *pkt, const mxp_verdict_t *verdict)
{
	uint16_t i = 0;
	while (i < pkt->rrset_count && (pkt->rr[i].type != verdict->type ||
	                                pkt->rr[i].rrs.rdata != verdict->stored.rdata)) {
		i++;
	}
	return i;
}

/*! \brief Size of the packet with another RRset for one of its own, if that is there. */
static size_t size_without(const knot_pkt_t *pkt, uint16_t i)
{
	const size_t end = i + 1 < pkt->rrset_count ? pkt->rr_info[i + 1].pos : pkt->size;
	const size_t size = i < pkt->rrset_count ? end - pkt->rr_info[i].pos : 0;
	return pkt->size - size + KNOT_DNAME_MAXLEN; // The owner may not be a pointer at first.
}

// A CNAME (or DNAME) of the zone has led to the apex: complete or correct what the server found.
NOINLINE static knotd_in_state_t answer_apex(knotd_in_state_t state, knot_pkt_t *pkt,
                                             knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	if ((state != KNOTD_IN_STATE_NODATA && state != KNOTD_IN_STATE_HIT) ||
	    !knot_dname_is_case_equal(qdata->name, knotd_qdata_zone_name(qdata)) ||
	    mxp_context_is_broken(mod)) {
		return state;
	}

	mxp_verdict_t verdict;
	decide_and_sign(pkt, qdata, mod, &verdict);
	const uint16_t stored = find_stored(pkt, &verdict);
	if (state == KNOTD_IN_STATE_HIT && stored == pkt->rrset_count) {
		return state;
	}
	if (is_to_be_put(&verdict, size_without(pkt, stored), pkt, qdata)) {
		if (mxp_context(mod)->online_first && knot_pkt_has_dnssec(qdata->query)) {
			// It is too late for a signature.
			mxp_verdict_give_up(pkt, MXP_ONLINE_FIRST, &verdict);
		} else if (stored < pkt->rrset_count && mxp_pkt_remove(pkt, stored) != KNOT_EOK) {
			mxp_decision_fail(&verdict.decision, MXP_NO_MEMORY);
		} else {
			state = put_answer(&verdict, qdata->name, KNOT_COMPR_HINT_NONE, pkt, qdata,
			                   mod);
		}
	}
	return conclude(state, &verdict, pkt, qdata, mod);
}

/*! \brief The hook for a set of types, which the compiler knows. */
static inline knotd_in_state_t answer_types(mxp_types_t types, knotd_in_state_t state,
                                            knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	return (mxp_qtype_is_in(pkt, types) && qdata->name != knot_pkt_qname(qdata->query))
	               ? answer_apex(state, pkt, qdata, mod)
	               : state;
}

static knotd_in_state_t answer(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                               knotd_mod_t *mod)
{
	return answer_types(MXP_TYPE_MX, state, pkt, qdata, mod);
}

static knotd_in_state_t answer_spf(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                   knotd_mod_t *mod)
{
	return answer_types(MXP_TYPE_MX | MXP_TYPE_TXT, state, pkt, qdata, mod);
}

int mxp_query_hook_add_first(knotd_mod_t *mod, bool spf)
{
	knotd_mod_in_hook_f hook = spf ? preanswer_spf : preanswer;
	// Without it some servers serve the zone as if there were no module, so one more try.
	const int ret = knotd_mod_in_hook(mod, KNOTD_STAGE_PREANSWER, hook);
	return ret == KNOT_EOK ? ret : knotd_mod_in_hook(mod, KNOTD_STAGE_PREANSWER, hook);
}

int mxp_query_hooks_add(knotd_mod_t *mod, bool spf)
{
	return knotd_mod_in_hook(mod, KNOTD_STAGE_ANSWER, spf ? answer_spf : answer);
}
