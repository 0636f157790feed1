/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <urcu.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>

#include "context.h"
#include "denial.h"
#include "denials.h"
#include "qtype.h"
#include "verdict.h"
#include "warn.h"

/*! \brief Tells if the zone is served with records of a type that it does not store. */
static bool serves(uint16_t type, bool sign, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                   knotd_mod_t *mod)
{
	mxp_verdict_t verdict;
	mxp_verdict_decide(type, pkt, qdata, mod, &verdict);
	if (sign) {
		mxp_verdict_sign(pkt, qdata, mod, &verdict);
	}
	return verdict.is_signed && verdict.stored.count == 0 &&
	       verdict.decision.serve != MXP_SERVE_STORED &&
	       verdict.decision.serve != MXP_SERVE_UNSIGNED;
}

/*! \brief Tells if there are TXT records in the answer: what is denied is another name, then. */
static bool answers_txt(const knot_pkt_t *pkt)
{
	const knot_pktsection_t *answer = knot_pkt_section(pkt, KNOT_ANSWER);
	for (uint16_t i = 0; i < answer->count; i++) {
		if (knot_pkt_rr(answer, i)->type == KNOT_RRTYPE_TXT) {
			return true;
		}
	}
	return false;
}

/*!
 * \brief Tells if a response denies the apex TXT, a type of ours, for which it was asked.
 *
 * Then TXT could not be signed: MX would be a failure.
 */
static bool denies_txt(mxp_types_t ours, const knot_pkt_t *pkt, knotd_qdata_t *qdata)
{
	return (ours & MXP_TYPE_TXT) && mxp_qtype(pkt) == KNOT_RRTYPE_TXT &&
	       knot_dname_is_case_equal(qdata->name, knotd_qdata_zone_name(qdata)) &&
	       !answers_txt(pkt);
}

/*!
 * \brief Types that the zone is served with and does not store, so that no denial may deny them.
 *
 * \param sign  Sign the answers in order to know if there are keys.
 */
static mxp_types_t served_types(bool sign, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	mxp_types_t types = serves(KNOT_RRTYPE_MX, sign, pkt, qdata, mod) ? MXP_TYPE_MX : 0;
	// A query that gets no TXT may have been answered by the map before.
	if (mxp_context_settings(mod)->rules.spf && !denies_txt(MXP_TYPE_TXT, pkt, qdata) &&
	    serves(KNOT_RRTYPE_TXT, sign, pkt, qdata, mod)) {
		types |= MXP_TYPE_TXT;
	}
	return types;
}

/*!
 * \brief Fails with a response whose denial of MX cannot be corrected, unless that is for want of a
 *        key in a zone that has not to be signed.
 *
 * A cache would take it for the truth, and answer MX queries with it.
 */
static bool fail(const mxp_keys_t *keys, mxp_cause_t cause, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                 knotd_mod_t *mod)
{
	if (cause == MXP_KEY_AWAY && !mxp_verdict_has_to_sign(keys, mod)) {
		return false;
	}
	const mxp_fault_t fault = { .cause = cause };
	mxp_warn(mod, knotd_qdata_zone_name(qdata), &fault);
	(void)mxp_verdict_fail(&fault, pkt, qdata);
	return true;
}

/*! \brief Number of the snapshot that the zone is served from. */
static uint64_t present_generation(knotd_mod_t *mod)
{
	return rcu_dereference(mxp_context(mod)->connection.instance->snapshot)->generation;
}

static knot_rdataset_t apex_rrsigs(knotd_qdata_t *qdata)
{
	return knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG).rrs;
}

/*! \brief Tells if it is known that the zone is served with types, and has not changed since. */
static bool is_known(mxp_types_t types, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const knot_rdataset_t rrsigs = apex_rrsigs(qdata);
	return mxp_known_is(*mxp_context(mod)->memo, present_generation(mod), types, &rrsigs);
}

/*! \brief Notes that the zone is served with types. */
static void note_known(mxp_types_t types, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	if (!is_known(types, qdata, mod)) {
		const knot_rdataset_t rrsigs = apex_rrsigs(qdata);
		mxp_known_note(*mxp_context(mod)->memo, present_generation(mod), types, &rrsigs);
	}
}

/*!
 * \brief Makes denials list all of our types with remembered signatures, from one of them on.
 *
 * The map before may have had more types than this one: to list them denies nothing that is served.
 *
 * \return False if it cannot be done.
 */
static bool list_all(const mxp_keys_t *keys, mxp_types_t ours, mxp_denial_t *denial,
                     knot_pkt_t *pkt, knotd_qdata_t *qdata)
{
	bool done = !denies_txt(ours, pkt, qdata);
	bool found = mxp_denial_find(ours, false, pkt, denial->i, denial);
	while (found && done) {
		done = mxp_denial_patch(keys, MXP_KEYS_AWAY, ours, 0, pkt, denial) == KNOT_EOK;
		found = mxp_denial_find(ours, false, pkt, denial->i + 1, denial);
	}
	return done;
}

/*!
 * \brief Makes denials at the apex agree with what queries for our types get, from one of them on
 *        that lacks one of our types.
 *
 * That there are keys is known from the answer, or else from the denial: one that is patched was
 * signed. The denial is cheaper, so the answer is signed only where the denial cannot tell: where
 * it comes without signatures, which nobody asked for or which did not fit, and to a query for one
 * of our types, which gets a denial because its answer could not be signed.
 *
 * A missing SPF record harms nobody: only MX that would be denied make the response a failure.
 *
 * While keys are away, types may go on that the map has no longer: these are not noted as its own.
 *
 * \return False if the response must not be sent.
 */
static bool correct_denials(mxp_denial_t *denial, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                            knotd_mod_t *mod)
{
	const mxp_types_t ours = mxp_settings_types(mxp_context_settings(mod));
	const bool sign = mxp_qtype_is_in(pkt, ours) || !knot_pkt_has_dnssec(qdata->query);
	mxp_at_hand_t at_hand = sign ? MXP_KEYS_AT_HAND : MXP_KEYS_UNKNOWN;
	mxp_types_t types = served_types(sign, pkt, qdata, mod);
	const bool serves_mx = (types & MXP_TYPE_MX) != 0;
	const mxp_keys_t keys = mxp_verdict_keys(qdata, mod);

	bool found = types == ours || mxp_denial_find(types, false, pkt, denial->i, denial);
	while (found) {
		const bool is_all = (types == ours && !mxp_signer_has_failed(&keys));
		const uint64_t generation = is_all ? present_generation(mod) : 0;
		const int ret = mxp_denial_patch(&keys, at_hand, types, generation, pkt, denial);
		if (ret == KNOT_EOK) {
			found = mxp_denial_find(types, false, pkt, denial->i + 1, denial);
			continue;
		}
		const mxp_cause_t cause = ret == KNOT_EAGAIN   ? MXP_SIGNING
		                          : ret == KNOT_ENOMEM ? MXP_NO_MEMORY
		                                               : MXP_KEY_AWAY;
		types = at_hand == MXP_KEYS_AT_HAND || cause != MXP_KEY_AWAY
		                ? 0
		                : served_types(true, pkt, qdata, mod);
		if (types == 0) {
			return !serves_mx || list_all(&keys, ours, denial, pkt, qdata) ||
			       !fail(&keys, cause, pkt, qdata, mod);
		}
		at_hand = MXP_KEYS_AT_HAND;
		found = mxp_denial_find(types, false, pkt, denial->i, denial);
	}
	if (!mxp_signer_has_failed(&keys)) {
		note_known(types, qdata, mod);
	}
	mxp_verdict_log_back(&keys, mod);
	return true;
}

/*! \brief Corrects a denial as it was corrected before, if neither the map nor the zone have
 *         changed since. */
static bool correct_known(mxp_types_t ours, const mxp_denial_t *denial, knot_pkt_t *pkt,
                          knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	// What a denial does not tell of is a marker: without TXT there is none.
	return !denies_txt(ours, pkt, qdata) && (!denial->has_txt || is_known(ours, qdata, mod)) &&
	       mxp_denial_patch_known(*mxp_context(mod)->memo, ours, present_generation(mod), pkt,
	                              denial);
}

/*! \brief Corrects the denials of a response from an RRset on. Returns false if it is a failure. */
static bool find_and_correct(uint16_t from, bool fresh, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                             knotd_mod_t *mod)
{
	if (mxp_context_is_broken(mod)) {
		return true;
	}
	const mxp_types_t ours = mxp_settings_types(mxp_context_settings(mod));
	mxp_denial_t denial;
	bool found = mxp_denial_find(ours, fresh, pkt, from, &denial);
	while (found && correct_known(ours, &denial, pkt, qdata, mod)) {
		found = mxp_denial_find(ours, fresh, pkt, denial.i + 1, &denial);
	}
	return !found || correct_denials(&denial, pkt, qdata, mod);
}

static knotd_in_state_t authority_denial(knotd_in_state_t state, knot_pkt_t *pkt,
                                         knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	return find_and_correct(0, true, pkt, qdata, mod) ? state : KNOTD_IN_STATE_ERROR;
}

static knotd_in_state_t additional_denial(knotd_in_state_t state, knot_pkt_t *pkt,
                                          knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const uint16_t from = knot_pkt_section(pkt, KNOT_ADDITIONAL)->pos;
	// Mostly there is none.
	return from == pkt->rrset_count || find_and_correct(from, false, pkt, qdata, mod)
	               ? state
	               : KNOTD_IN_STATE_ERROR;
}

/*! \brief Tells if a response may have been cut off: TC is set, or there are additional records. */
static bool may_be_cut(const knot_pkt_t *pkt)
{
	// OPT alone is none of these.
	return knot_wire_get_tc(pkt->wire) || knot_wire_get_arcount(pkt->wire) > 1;
}

// A response that was cut off has skipped the stages from that section on; without TC, it is the
// additional one. A response with TSIG is signed by now: with TC, whoever gets it asks again, and
// without, nothing but an additional denial is left as the zone has it.
static knotd_state_t cut_denial(knotd_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                knotd_mod_t *mod)
{
	if (qdata->type == KNOTD_QUERY_TYPE_NORMAL && may_be_cut(pkt) &&
	    !knot_pkt_has_tsig(qdata->query) && !find_and_correct(0, false, pkt, qdata, mod)) {
		return KNOTD_STATE_FAIL;
	}
	return state;
}

int mxp_denial_hooks_add(knotd_mod_t *mod)
{
	// Additional records that do not fit make the server skip the last stage.
	int ret = knotd_mod_in_hook(mod, KNOTD_STAGE_AUTHORITY, authority_denial);
	if (ret == KNOT_EOK) {
		ret = knotd_mod_in_hook(mod, KNOTD_STAGE_ADDITIONAL, additional_denial);
	}
	if (ret == KNOT_EOK) {
		ret = knotd_mod_hook(mod, KNOTD_STAGE_END, cut_denial);
	}
	return ret;
}
