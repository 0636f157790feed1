/* SPDX-License-Identifier: GPL-3.0-or-later */

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

/*! Octets of the shortest MX record in a packet: pointer to the owner, fixed part, preference, and
    the root. */
#define RECORD_MIN (2 + 10 + 2 + 1)
/*! Keeps the many registers of a rare case out of the usual one. */
#define NOINLINE __attribute__((noinline))

/*! \brief Decides for an MX query, and signs the answer if need be. */
static mxp_serve_t decide_and_sign(const knot_rrset_t *mx, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                   knotd_mod_t *mod, mxp_verdict_t *verdict)
{
	mxp_verdict_decide(mx, pkt, qdata, mod, verdict);
	if (verdict->is_signed) {
		mxp_verdict_sign(pkt, qdata, mod, verdict);
	}

	return verdict->decision.serve;
}

/*! \brief Tells in the response why a preset is served. */
NOINLINE static void explain_preset(const mxp_verdict_t *verdict, knot_pkt_t *pkt,
                                    knotd_qdata_t *qdata)
{
	char text[MXP_EDE_TEXT_MAX + 1];
	if (verdict->text == NULL) {
		mxp_verdict_explain(verdict, text, sizeof(text));
	}
	mxp_ede_add(pkt, qdata, KNOT_EDNS_EDE_SYNTHESIZED,
	            verdict->text != NULL ? verdict->text : text);
}

/*! \brief Ends an MX query with what became of the decision: warns, counts, and tells why. */
static knotd_in_state_t conclude(knotd_in_state_t state, const mxp_verdict_t *verdict,
                                 knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const mxp_decision_t *decision = &verdict->decision;
	if (decision->fault.cause != MXP_OK) {
		mxp_warn(mod, knotd_qdata_zone_name(qdata), &decision->fault);
	}
	if (mxp_context_settings(mod)->statistics) {
		mxp_counters_count(mod, qdata->params->thread_id, decision);
	}
	mxp_totals_count(qdata->params->thread_id, decision);
	if (decision->serve == MXP_SERVE_FAIL) {
		return mxp_verdict_fail(&decision->fault, pkt, qdata);
	}
	if (decision->serve == MXP_SERVE_PRESET && mxp_context_settings(mod)->ede) {
		explain_preset(verdict, pkt, qdata);
	}
	return state;
}

/*! \brief Answer of a preset in wire form (NULL if there is none). */
static const mxp_answer_t *answer_of(const mxp_verdict_t *verdict)
{
	const mxp_loaded_t *loaded = verdict->snapshot->loaded;
	const mxp_preset_t *preset = verdict->decision.preset;
	return preset != NULL ? loaded->answers[preset - loaded->map->presets] : NULL;
}

/*! \brief Puts records into the answer. */
static int put_records(const mxp_verdict_t *verdict, const knot_dname_t *owner, uint16_t hint,
                       uint16_t flags, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const mxp_settings_t *settings = mxp_context_settings(mod);
	const mxp_decision_t *decision = &verdict->decision;
	const bool is_preset = (decision->serve == MXP_SERVE_PRESET);

	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)owner, KNOT_RRTYPE_MX, KNOT_CLASS_IN,
	                decision->ttl);
	rrset.rrs = decision->rrs;

	if (is_preset && !settings->rotation && hint == KNOT_COMPR_HINT_QNAME &&
	    mxp_answer_put(answer_of(verdict), &rrset, flags, pkt)) {
		return KNOT_EOK;
	}
	const uint16_t rotate = settings->rotation ? knot_wire_get_id(qdata->query->wire) : 0;
	return knot_pkt_put_rotate(pkt, hint, &rrset, rotate, flags);
}

/*!
 * \brief Tells if records cannot fit into a response over UDP, however well they are compressed.
 *
 * Such a response is cut off without trying: it is the same, and costs a fraction.
 */
static bool is_cut(uint16_t count, const knot_pkt_t *pkt, const knotd_qdata_t *qdata)
{
	return qdata->params->proto == KNOTD_QUERY_PROTO_UDP &&
	       count * (size_t)RECORD_MIN > pkt->max_size - pkt->size;
}

/*! \brief Cuts the answer off. */
static knotd_in_state_t cut_answer(knot_pkt_t *pkt)
{
	knot_wire_set_tc(pkt->wire);
	return KNOTD_IN_STATE_TRUNC;
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

// A query at the apex is answered before the server looks it up.
NOINLINE static knotd_in_state_t preanswer_mx(knotd_in_state_t state, knot_pkt_t *pkt,
                                              knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	// HIT: a module before this one has answered. The zone's name ends the name of the
	// question, so it is the same if it is as long.
	if (state == KNOTD_IN_STATE_HIT || pkt->qname_size != mxp_context(mod)->zone_size) {
		return state;
	}

	const knot_rrset_t mx = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_MX);
	mxp_verdict_t verdict;
	const mxp_serve_t serve = decide_and_sign(&mx, pkt, qdata, mod, &verdict);
	const bool is_stored = (serve == MXP_SERVE_STORED || serve == MXP_SERVE_UNSIGNED);
	if (serve != MXP_SERVE_FAIL &&
	    is_cut(is_stored ? mx.rrs.count : verdict.decision.rrs.count, pkt, qdata)) {
		knot_wire_set_aa(pkt->wire);
		state = cut_answer(pkt);
	} else if (!is_stored && serve != MXP_SERVE_FAIL) {
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
	if (!mxp_qtype_is_mx(pkt) &&
	    !(knot_pkt_has_dnssec(qdata->query) && mxp_verdict_is_signed(qdata))) {
		return state;
	}
	mxp_warn(mod, knotd_qdata_zone_name(qdata), &fault);
	if (mxp_qtype_is_mx(pkt) &&
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
	return mxp_qtype_is_mx(pkt) ? preanswer_mx(state, pkt, qdata, mod) : state;
}

static knotd_in_state_t preanswer(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                  knotd_mod_t *mod)
{
	if (mxp_messages_waiting() || __atomic_load_n(&mxp_context_any_broken, __ATOMIC_RELAXED)) {
		return preanswer_slowly(state, pkt, qdata, mod);
	}
	return mxp_qtype_is_mx(pkt) ? preanswer_mx(state, pkt, qdata, mod) : state;
}

/*! \brief Finds an RRset of the zone in the packet; returns the number of RRsets if not there. */
static uint16_t find_stored(const knot_pkt_t *pkt, const knot_rrset_t *stored)
{
	uint16_t i = 0;
	while (i < pkt->rrset_count &&
	       (pkt->rr[i].type != stored->type || pkt->rr[i].rrs.rdata != stored->rrs.rdata)) {
		i++;
	}
	return i;
}

// A CNAME (or DNAME) of the zone has led to the apex: complete or correct what the server found.
NOINLINE static knotd_in_state_t answer_mx(knotd_in_state_t state, knot_pkt_t *pkt,
                                           knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	if ((state != KNOTD_IN_STATE_NODATA && state != KNOTD_IN_STATE_HIT) ||
	    !knot_dname_is_case_equal(qdata->name, knotd_qdata_zone_name(qdata))) {
		return state;
	}

	const knot_rrset_t mx = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_MX);
	const uint16_t stored = find_stored(pkt, &mx);
	if (state == KNOTD_IN_STATE_HIT && stored == pkt->rrset_count) {
		return state;
	}
	mxp_verdict_t verdict;
	const mxp_serve_t serve = decide_and_sign(&mx, pkt, qdata, mod, &verdict);
	if (serve == MXP_SERVE_PRESET || serve == MXP_SERVE_FILTERED) {
		if (mxp_context(mod)->online_first && knot_pkt_has_dnssec(qdata->query)) {
			// It is too late for a signature.
			mxp_decision_fail(&verdict.decision, MXP_ONLINE_FIRST);
		} else if (stored < pkt->rrset_count && mxp_pkt_remove(pkt, stored) != KNOT_EOK) {
			mxp_decision_fail(&verdict.decision, MXP_NO_MEMORY);
		} else {
			state = put_answer(&verdict, qdata->name, KNOT_COMPR_HINT_NONE, pkt, qdata,
			                   mod);
		}
	}
	return conclude(state, &verdict, pkt, qdata, mod);
}

static knotd_in_state_t answer(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                               knotd_mod_t *mod)
{
	return (mxp_qtype_is_mx(pkt) && qdata->name != knot_pkt_qname(qdata->query))
	               ? answer_mx(state, pkt, qdata, mod)
	               : state;
}

int mxp_query_hook_add_first(knotd_mod_t *mod)
{
	// Without it some servers serve the zone as if there were no module, so one more try.
	const int ret = knotd_mod_in_hook(mod, KNOTD_STAGE_PREANSWER, preanswer);
	return ret == KNOT_EOK ? ret : knotd_mod_in_hook(mod, KNOTD_STAGE_PREANSWER, preanswer);
}

int mxp_query_hooks_add(knotd_mod_t *mod)
{
	return knotd_mod_in_hook(mod, KNOTD_STAGE_ANSWER, answer);
}
