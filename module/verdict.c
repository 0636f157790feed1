/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
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

void mxp_verdict_decide(const knot_rrset_t *mx, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                        knotd_mod_t *mod, mxp_verdict_t *out)
{
	const mxp_instance_t *instance = mxp_context(mod)->connection.instance;
	out->snapshot = rcu_dereference(instance->snapshot);
	out->apex_rrsigs = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG).rrs;
	out->is_signed = signs_soa(&out->apex_rrsigs);
	out->rrsigs.count = 0;
	out->apex = (mxp_apex_t){
		.zone = knotd_qdata_zone_name(qdata),
		.mx = mx->rrs,
		.mx_ttl = mx->ttl,
		.txt = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_TXT).rrs,
		.canonical = out->is_signed || mxp_context(mod)->online,
	};
	mxp_decide(&instance->settings.rules, &out->snapshot->view, &out->apex, &pkt->mm,
	           &out->decision);
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
		.keystore = settings->keystore,
		.pkcs11 = settings->pkcs11,
		.zone = knotd_qdata_zone_name(qdata),
		.dnskeys = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_DNSKEY).rrs,
		.memo = mxp_context(mod)->memo,
	};
}

void mxp_verdict_sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                      mxp_verdict_t *verdict)
{
	mxp_decision_t *decision = &verdict->decision;
	if (!verdict->is_signed || decision->serve == MXP_SERVE_STORED) {
		return;
	}
	mxp_cause_t cause = MXP_OK;
	if (!mxp_context_settings(mod)->dnssec) {
		cause = MXP_DNSSEC_OFF;
	} else if (mxp_context_settings(mod)->keystore == NULL) {
		cause = MXP_NOT_SIGNING;
	} else {
		const mxp_keys_t keys = mxp_verdict_keys(qdata, mod);
		const int ret = mxp_rrsig_make(&keys, &verdict->apex_rrsigs, &decision->rrs,
		                               decision->ttl, &pkt->mm, &verdict->rrsigs);
		if (ret == KNOT_ENOMEM) {
			mxp_decision_fail(decision, MXP_NO_MEMORY);
		} else if (ret != KNOT_EOK) {
			cause = MXP_NO_KEY;
		}
	}
	if (cause != MXP_OK) {
		mxp_decision_unsign(decision, &verdict->apex, cause, &pkt->mm);
	}
}
