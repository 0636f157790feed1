/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/rrtype/rrsig.h>

#include "context.h"
#include "ede.h"
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

bool mxp_verdict_is_signed(knotd_qdata_t *qdata)
{
	const knot_rrset_t rrsigs = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG);
	return signs_soa(&rrsigs.rrs);
}

void mxp_verdict_decide(uint16_t type, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                        mxp_verdict_t *out)
{
	const mxp_instance_t *instance = mxp_context(mod)->connection.instance;
	const knot_rrset_t mx = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_MX);
	const knot_rrset_t txt = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_TXT);
	out->type = type;
	out->snapshot = rcu_dereference(instance->snapshot);
	out->apex_rrsigs = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG).rrs;
	out->is_signed = signs_soa(&out->apex_rrsigs);
	out->rrsigs.count = 0;
	out->text = NULL;
	out->apex = (mxp_apex_t){
		.zone = knotd_qdata_zone_name(qdata),
		.mx = mx.rrs,
		.mx_ttl = mx.ttl,
		.txt = txt.rrs,
		.txt_ttl = txt.ttl,
		.canonical = out->is_signed || mxp_context(mod)->online,
	};
	out->stored = type == KNOT_RRTYPE_MX ? mx.rrs : txt.rrs;
	const mxp_rules_t *rules = &instance->settings.rules;
	const mxp_view_t *view = &out->snapshot->view;
	if (out->apex.mx.size + out->apex.txt.size >= MXP_SCAN_LARGE) {
		mxp_scan_decide(mxp_context(mod)->scans, type, rules, out->snapshot, &out->apex,
		                &pkt->mm, &out->decision);
	} else if (type == KNOT_RRTYPE_MX) {
		mxp_decide(rules, view, &out->apex, &pkt->mm, &out->decision);
	} else {
		mxp_decide_txt(rules, view, &out->apex, &pkt->mm, &out->decision);
	}
}

void mxp_verdict_give_up(knot_pkt_t *pkt, mxp_cause_t cause, mxp_verdict_t *verdict)
{
	if (verdict->type == KNOT_RRTYPE_MX) {
		mxp_decision_fail(&verdict->decision, cause);
	} else {
		mxp_decision_unsign(&verdict->decision, &verdict->apex, cause, &pkt->mm);
	}
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
		.memo = mxp_context(mod)->memo,
	};
}

bool mxp_verdict_has_to_sign(const mxp_keys_t *keys, knotd_mod_t *mod)
{
	return mxp_context(mod)->signing || mxp_signer_has_signed(keys) || mxp_signer_is_busy(keys);
}

void mxp_verdict_explain(const mxp_verdict_t *verdict, char *out, size_t out_len)
{
	const mxp_decision_t *decision = &verdict->decision;
	snprintf(out, out_len, "preset %s by %s, map %s", decision->preset->name,
	         mxp_source_str(decision->source), verdict->snapshot->view.map->version);
}

void mxp_verdict_log_back(const mxp_keys_t *keys, knotd_mod_t *mod)
{
	if (mxp_signer_is_back(keys)) {
		knotd_mod_log(mod, LOG_INFO, "MX, signing works again");
	}
}

/*! \brief Copies an RRset's RDATA to a place, and moves that on. */
static knot_rdataset_t copy_rrs(const knot_rdataset_t *rrs, uint8_t **place)
{
	knot_rdataset_t copy = *rrs;
	copy.rdata = (knot_rdata_t *)*place;
	memcpy(*place, rrs->rdata, rrs->size);
	*place += rrs->size;
	return copy;
}

/*! \brief Remembers an answer that was signed; if memory is exhausted, there is just none. */
static void remember(const mxp_keys_t *keys, const mxp_verdict_t *verdict)
{
	const mxp_decision_t *decision = &verdict->decision;
	mxp_signed_answer_t *answer = malloc(sizeof(*answer) + verdict->apex_rrsigs.size +
	                                     decision->rrs.size + verdict->rrsigs.size);
	if (answer == NULL) {
		return;
	}
	uint8_t *place = answer->bytes;
	answer->apex = copy_rrs(&verdict->apex_rrsigs, &place);
	answer->rrs = copy_rrs(&decision->rrs, &place);
	answer->rrsigs = copy_rrs(&verdict->rrsigs, &place);
	answer->ttl = decision->ttl;
	*answer->text = '\0';
	if (decision->preset != NULL) {
		mxp_verdict_explain(verdict, answer->text, sizeof(answer->text));
	}
	mxp_answer_remember(keys, verdict->type, answer);
}

/*! \brief Serves what was signed before, if the zone has not changed since. */
static bool recall(const mxp_keys_t *keys, mxp_verdict_t *verdict)
{
	const mxp_signed_answer_t *answer = mxp_answer_recall(keys, verdict->type);
	mxp_decision_t *decision = &verdict->decision;
	// With each change of the zone, its SOA has another signature.
	if (answer == NULL || decision->serve == MXP_SERVE_FAIL ||
	    answer->apex.size != verdict->apex_rrsigs.size ||
	    memcmp(answer->apex.rdata, verdict->apex_rrsigs.rdata, answer->apex.size) != 0) {
		return false;
	}
	decision->preset = NULL; // It may be one of a map that is gone.
	decision->rrs = answer->rrs;
	decision->allocated = false;
	decision->ttl = answer->ttl;
	decision->fault = (mxp_fault_t){ .cause = MXP_KEY_AWAY_ANSWER };
	verdict->rrsigs = answer->rrsigs;
	verdict->text = answer->text;

	return true;
}

/*! \brief Decides what becomes of an answer that cannot be signed for want of a key. */
static void do_without_key(const mxp_keys_t *keys, knot_pkt_t *pkt, knotd_mod_t *mod,
                           mxp_verdict_t *verdict)
{
	mxp_decision_t *decision = &verdict->decision;
	if (!mxp_verdict_has_to_sign(keys, mod)) {
		mxp_decision_unsign(decision, &verdict->apex, MXP_NO_KEY, &pkt->mm);
	} else if (decision->serve != MXP_SERVE_FAIL && !recall(keys, verdict)) {
		mxp_verdict_give_up(pkt, MXP_KEY_AWAY, verdict);
		decision->fault.of = MXP_SOURCE_NONE; // The same for denials, and for all presets.
	}
}

static void sign_with_keys(const mxp_keys_t *keys, knot_pkt_t *pkt, knotd_mod_t *mod,
                           mxp_verdict_t *verdict)
{
	mxp_decision_t *decision = &verdict->decision;
	if (decision->serve == MXP_SERVE_FAIL && mxp_verdict_has_to_sign(keys, mod)) {
		return;
	}
	bool made;
	const int ret = mxp_rrsig_make(keys, &verdict->apex_rrsigs, verdict->type, &decision->rrs,
	                               decision->ttl, &pkt->mm, &verdict->rrsigs, &made);
	if (ret == KNOT_ENOMEM) {
		mxp_verdict_give_up(pkt, MXP_NO_MEMORY, verdict);
	} else if (ret != KNOT_EOK) {
		do_without_key(keys, pkt, mod, verdict);
	} else if (made && decision->serve != MXP_SERVE_FAIL) {
		remember(keys, verdict);
	}
	mxp_verdict_log_back(keys, mod);
}

void mxp_verdict_sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                      mxp_verdict_t *verdict)
{
	const mxp_settings_t *settings = mxp_context_settings(mod);
	mxp_decision_t *decision = &verdict->decision;
	if (!verdict->is_signed || decision->serve == MXP_SERVE_STORED) {
		return;
	}
	if (!settings->dnssec || settings->keystores == NULL) {
		const mxp_cause_t cause = settings->dnssec ? MXP_NOT_SIGNING : MXP_DNSSEC_OFF;
		mxp_decision_unsign(decision, &verdict->apex, cause, &pkt->mm);
		return;
	}
	const mxp_keys_t keys = mxp_verdict_keys(qdata, mod);
	sign_with_keys(&keys, pkt, mod, verdict);
}
