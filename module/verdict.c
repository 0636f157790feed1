/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/rrtype/rrsig.h>

#include "context.h"
#include "denial.h"
#include "ede.h"
#include "pace.h"
#include "refresh.h"
#include "rrs.h"
#include "rrsig.h"
#include "verdict.h"

/*! \brief Tells if one of the apex's RRSIGs is that of the SOA: if so, the zone is signed. */
static bool signs_soa(const knot_rdataset_t *rrsigs)
{
	knot_rdata_t *rdata = rrsigs->rdata;
	for (size_t i = 0; i < rrsigs->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (knot_rrsig_type_covered(rdata) == KNOT_RRTYPE_SOA) {
			return true;
		}
	}
	return false;
}

static mxp_answer_type_t answer_type(uint16_t type)
{
	return type == KNOT_RRTYPE_TXT ? MXP_ANSWER_TXT : MXP_ANSWER_MX;
}

bool mxp_verdict_is_signed(knotd_qdata_t *qdata)
{
	const knot_rrset_t rrsigs = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG);
	return signs_soa(&rrsigs.rrs);
}

void mxp_verdict_decide(uint16_t type, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                        mxp_verdict_t *out)
{
	const mxp_context_t *ctx = mxp_context(mod);
	const mxp_instance_t *instance = ctx->connection.instance;
	const knot_rrset_t mx = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_MX);
	const knot_rrset_t txt = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_TXT);
	out->type = type;
	out->snapshot = rcu_dereference(instance->snapshot);
	out->apex_rrsigs = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG).rrs;
	// Signatures can be left in a zone that mod-onlinesign signs: denials are its own.
	out->is_signed = !ctx->online && signs_soa(&out->apex_rrsigs);
	out->rrsigs.count = 0;
	out->text = NULL;
	out->apex = (mxp_apex_t){
		.zone = knotd_qdata_zone_name(qdata),
		.mx = mx.rrs,
		.mx_ttl = mx.ttl,
		.txt = txt.rrs,
		.txt_ttl = txt.ttl,
		.canonical = out->is_signed || ctx->online,
	};
	out->stored = type == KNOT_RRTYPE_MX ? mx.rrs : txt.rrs;
	const mxp_rules_t *rules = &instance->settings.rules;
	if (out->apex.mx.size + out->apex.txt.size >= MXP_SCAN_LARGE) {
		mxp_scan_decide(mxp_context(mod)->scans, type, rules, out->snapshot, &out->apex,
		                &pkt->mm, &out->decision);
	} else {
		mxp_decide_type(type, rules, &out->snapshot->view, &out->apex, &pkt->mm,
		                &out->decision);
	}
}

void mxp_verdict_give_up(knot_pkt_t *pkt, mxp_cause_t cause, mxp_verdict_t *verdict)
{
	if (verdict->type == KNOT_RRTYPE_MX) {
		mxp_decision_fail(&verdict->decision, cause);
	} else {
		mxp_decision_unsign(&verdict->decision, &verdict->apex, cause, &pkt->mm);
	}
	verdict->decision.fault.of = MXP_SOURCE_NONE; // The same for denials, and for all presets.
}

knotd_in_state_t mxp_verdict_fail(const mxp_fault_t *fault, knot_pkt_t *pkt, knotd_qdata_t *qdata)
{
	char text[sizeof("mx-preset: ") + MXP_FAULT_STR_LEN];
	char reason[MXP_FAULT_STR_LEN];
	snprintf(text, sizeof(text), "mx-preset: %s", mxp_fault_str(fault, reason));
	mxp_ede_add_failure(pkt, qdata, KNOT_EDNS_EDE_INV_DATA, text);
	// What the server has found so far, such as NXDOMAIN, does not count any more.
	qdata->rcode = KNOT_RCODE_SERVFAIL;
	return KNOTD_IN_STATE_ERROR;
}

mxp_keys_t mxp_verdict_keys(knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const mxp_settings_t *settings = mxp_context_settings(mod);
	return (mxp_keys_t){
		.keystores = settings->keystores,
		.zone = knotd_qdata_zone_name(qdata),
		.dnskeys = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_DNSKEY).rrs,
		.memo = *mxp_context(mod)->memo,
	};
}

bool mxp_verdict_has_to_sign(const mxp_keys_t *keys, knotd_mod_t *mod)
{
	const mxp_context_t *ctx = mxp_context(mod);
	return ctx->signing || (!ctx->inherits && mxp_signer_has_signed(keys)) ||
	       mxp_signer_is_busy(keys);
}

void mxp_verdict_log_back(const mxp_keys_t *keys, knotd_mod_t *mod)
{
	if (mxp_signer_is_back(keys)) {
		knotd_mod_log(mod, LOG_INFO, "MX, signing works again");
	}
}

/*! \brief Remembered answer of a zone, if that has not been signed anew since. */
static mxp_signed_t *recall(const mxp_keys_t *keys, const mxp_verdict_t *verdict)
{
	mxp_signed_t *answer = rcu_dereference(keys->memo->answers[answer_type(verdict->type)]);
	// With each change of the zone, its SOA has another signature.
	return answer != NULL && mxp_rrs_same(&answer->soa, &verdict->apex_rrsigs) ? answer : NULL;
}

/*! \brief Tells if a remembered answer is what was decided. */
static bool is_present(const mxp_signed_t *answer, const mxp_decision_t *decision)
{
	return answer->ttl == decision->ttl && mxp_rrs_same(&answer->rrs, &decision->rrs);
}

/*!
 * \brief Notes that an answer is what the zone's instance serves: it may have been remembered for
 *        one with other settings.
 */
static void note_instance(const mxp_keys_t *keys, mxp_signed_t *answer, knotd_mod_t *mod)
{
	const uint64_t id = mxp_context(mod)->connection.instance->id;
	if (__atomic_load_n(&answer->instance, __ATOMIC_RELAXED) != id &&
	    strcmp(answer->keystores, keys->keystores) == 0) {
		__atomic_store_n(&answer->instance, id, __ATOMIC_RELAXED);
	}
}

/*!
 * \brief Tells if nothing but the map has changed since an answer was remembered, so that it can be
 *        made anew beside the queries.
 */
static bool is_of_zone(const mxp_keys_t *keys, const mxp_signed_t *answer,
                       const mxp_verdict_t *verdict, knotd_mod_t *mod)
{
	const mxp_instance_t *instance = mxp_context(mod)->connection.instance;
	return __atomic_load_n(&answer->instance, __ATOMIC_RELAXED) == instance->id &&
	       rcu_dereference(keys->memo->instance) == instance &&
	       mxp_rrs_same(&answer->apex.mx, &verdict->apex.mx) &&
	       mxp_rrs_same(&answer->apex.txt, &verdict->apex.txt);
}

/*! \brief Serves what was signed before, though it is not what was decided. */
static void serve_before(const mxp_keys_t *keys, const mxp_signed_t *answer, mxp_verdict_t *verdict)
{
	mxp_decision_t *decision = &verdict->decision;
	decision->serve = answer->serve;
	decision->source = answer->source;
	decision->preset = NULL; // It may be one of a map that is gone.
	decision->rrs = answer->rrs;
	decision->allocated = false;
	decision->ttl = answer->ttl;
	if (mxp_signer_has_failed(keys)) {
		decision->fault = (mxp_fault_t){ .cause = MXP_KEY_AWAY_ANSWER };
	}
	verdict->rrsigs = answer->rrsigs;
	verdict->text = answer->text;
}

/*! \brief Decides what becomes of an answer that cannot be signed for want of a key. */
static void do_without_key(const mxp_keys_t *keys, knot_pkt_t *pkt, knotd_mod_t *mod,
                           mxp_verdict_t *verdict)
{
	mxp_decision_t *decision = &verdict->decision;
	const mxp_signed_t *answer = recall(keys, verdict);
	if (decision->serve != MXP_SERVE_FAIL && answer != NULL) {
		serve_before(keys, answer, verdict);
	} else if (!mxp_verdict_has_to_sign(keys, mod)) {
		mxp_decision_unsign(decision, &verdict->apex, MXP_NO_KEY, &pkt->mm);
	} else if (decision->serve != MXP_SERVE_FAIL) {
		mxp_verdict_give_up(pkt, MXP_KEY_AWAY, verdict);
	}
}

/*! \brief Makes the draft of an answer; NULL if memory is exhausted. */
static mxp_signed_t *draft(const mxp_keys_t *keys, const mxp_verdict_t *verdict, knotd_mod_t *mod)
{
	mxp_signed_t from = {
		.instance = mxp_context(mod)->connection.instance->id,
		.generation = verdict->snapshot->generation,
		.apex = verdict->apex,
		.soa = verdict->apex_rrsigs,
		.dnskey = keys->dnskeys,
		.serve = verdict->decision.serve,
		.source = verdict->decision.source,
		.rrs = verdict->decision.rrs,
		.ttl = verdict->decision.ttl,
		.keystores = keys->keystores,
	};
	from.apex.zone = keys->memo->name;
	mxp_ede_explain(&verdict->decision, verdict->snapshot, from.text, sizeof(from.text));
	return mxp_signed_new(&from);
}

/*! \brief Leaves a signature that takes too long to those beside the queries. */
static bool leave(const mxp_keys_t *keys, mxp_signed_t *made, knot_pkt_t *pkt,
                  mxp_verdict_t *verdict)
{
	if (!mxp_pace_is_over(keys->keystores, made->soa.rdata->len) ||
	    mxp_signer_is_paused(keys) || !mxp_refresh_runs()) {
		return false;
	}
	mxp_signed_put(&keys->memo->drafts[answer_type(verdict->type)], made);
	(void)mxp_refresh_soon(keys->memo);
	mxp_verdict_give_up(pkt, MXP_SIGNING, verdict);
	return true;
}

/*! \brief Signs the zone's denial with its first answer, if that is all that it has to list. */
static void prepare_denial(const mxp_keys_t *keys, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                           knotd_mod_t *mod, const mxp_verdict_t *verdict)
{
	const mxp_types_t types = mxp_settings_types(mxp_context_settings(mod));
	if (types == MXP_TYPE(verdict->type) && verdict->stored.count == 0) {
		const knot_rrset_t nsec = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_NSEC);
		mxp_denial_prepare(keys, types, &nsec, &verdict->apex_rrsigs, &pkt->mm);
	}
}

/*! \brief Signs what was decided, and remembers it. */
static void sign_now(const mxp_keys_t *keys, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                     knotd_mod_t *mod, mxp_verdict_t *verdict)
{
	if (mxp_signer_is_paused(keys)) {
		do_without_key(keys, pkt, mod, verdict);
		return;
	}
	const bool is_due = (verdict->decision.serve != MXP_SERVE_FAIL);
	const mxp_answer_type_t type = answer_type(verdict->type);
	mxp_signed_t *made = draft(keys, verdict, mod);
	if (made != NULL && is_due && leave(keys, made, pkt, verdict)) {
		return;
	}
	const int ret = made != NULL ? mxp_rrsig_make(keys->memo, type, made) : KNOT_ENOMEM;
	if (ret == KNOT_EOK && is_due) {
		verdict->rrsigs = made->rrsigs;
		mxp_signed_put(&keys->memo->answers[type], made);
		prepare_denial(keys, pkt, qdata, mod, verdict);
		return;
	} else if (made != NULL) {
		mxp_signed_free(&made->retired);
	}
	if (ret == KNOT_ENOMEM) {
		mxp_verdict_give_up(pkt, MXP_NO_MEMORY, verdict);
	} else if (ret != KNOT_EOK) {
		do_without_key(keys, pkt, mod, verdict);
	}
}

static void sign_with_keys(const mxp_keys_t *keys, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                           knotd_mod_t *mod, mxp_verdict_t *verdict)
{
	const mxp_decision_t *decision = &verdict->decision;
	const bool fails = (decision->serve == MXP_SERVE_FAIL);
	if (fails && mxp_verdict_has_to_sign(keys, mod)) {
		return;
	}
	mxp_signed_t *answer = fails ? NULL : recall(keys, verdict);
	if (answer != NULL && is_present(answer, decision)) {
		verdict->rrsigs = answer->rrsigs;
		note_instance(keys, answer, mod);
		if (mxp_signed_is_due(answer)) {
			(void)mxp_refresh_soon(keys->memo);
		}
	} else if (answer != NULL && is_of_zone(keys, answer, verdict, mod) &&
	           (mxp_signer_is_paused(keys) || mxp_refresh_soon(keys->memo))) {
		serve_before(keys, answer, verdict);
	} else {
		sign_now(keys, pkt, qdata, mod, verdict);
	}
	mxp_verdict_log_back(keys, mod);
}

/*! \brief Tells if the zone's answers can be signed. */
static bool can_sign(const mxp_keys_t *keys, const mxp_verdict_t *verdict, knotd_mod_t *mod)
{
	mxp_signed_t *nothing = mxp_signer_is_paused(keys) ? NULL : draft(keys, verdict, mod);
	const bool can = nothing != NULL && mxp_rrsig_make(keys->memo, answer_type(verdict->type),
	                                                   nothing) == KNOT_EOK;
	if (nothing != NULL) {
		mxp_signed_free(&nothing->retired);
	}
	return can;
}

/*!
 * \brief Goes on with an answer that the new map has no longer, while no key is at hand.
 *
 * What is remembered of denials lists its type, and none without it can be signed.
 */
static void go_on_with_remembered(const mxp_keys_t *keys, mxp_verdict_t *verdict, knotd_mod_t *mod)
{
	const mxp_signed_t *answer = recall(keys, verdict);
	if (answer == NULL || !is_of_zone(keys, answer, verdict, mod)) {
		return;
	}
	if (can_sign(keys, verdict, mod)) {
		mxp_signed_put(&keys->memo->answers[answer_type(verdict->type)], NULL);
	} else {
		serve_before(keys, answer, verdict);
	}
}

void mxp_verdict_sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                      mxp_verdict_t *verdict)
{
	const mxp_settings_t *settings = mxp_context_settings(mod);
	mxp_decision_t *decision = &verdict->decision;
	if (!verdict->is_signed) {
		return;
	}
	if (decision->serve == MXP_SERVE_STORED) {
		if (verdict->stored.count == 0 && settings->keystores != NULL) {
			const mxp_keys_t keys = mxp_verdict_keys(qdata, mod);
			go_on_with_remembered(&keys, verdict, mod);
		}
		return;
	}
	if (!settings->dnssec || settings->keystores == NULL) {
		const mxp_cause_t cause = settings->dnssec ? MXP_NOT_SIGNING : MXP_DNSSEC_OFF;
		mxp_decision_unsign(decision, &verdict->apex, cause, &pkt->mm);
		return;
	}
	const mxp_keys_t keys = mxp_verdict_keys(qdata, mod);
	sign_with_keys(&keys, pkt, qdata, mod, verdict);
}
