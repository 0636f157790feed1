/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu.h>

#include <libknot/rrtype/rrsig.h>

#include "denial.h"
#include "query.h"
#include "registry.h"
#include "rrsig.h"
#include "warning.h"

/*! Keeps the many registers of a rare case out of the usual one. */
#define NOINLINE __attribute__((noinline))
/*! Most RRsets of an answer section from MX on: a chain of CNAME is no longer. */
#define MXP_ANSWER_MAX 64

/*! \brief Counters, in the order of their registration. */
enum {
	CTR_SYNTHESIZED,
	CTR_OVERRIDDEN,
	CTR_FILTERED,
	CTR_FALLBACK,
	CTR_UNSIGNED,
	CTR_FAILED,
};

/*! \brief Sources of synthesized answers, as counted. */
enum {
	SYNTHESIZED_BUILTIN,
	SYNTHESIZED_PRESET,
	SYNTHESIZED_MARKER,
	SYNTHESIZED_SOURCES,
};

static char *source_to_str(uint32_t idx, uint32_t count)
{
	static const char *const names[SYNTHESIZED_SOURCES] = {
		[SYNTHESIZED_BUILTIN] = "builtin",
		[SYNTHESIZED_PRESET] = "preset",
		[SYNTHESIZED_MARKER] = "marker",
	};
	return idx < count ? strdup(names[idx]) : NULL;
}

int mxp_counters_add(knotd_mod_t *mod)
{
	int ret = knotd_mod_stats_add(mod, "synthesized", SYNTHESIZED_SOURCES, source_to_str);
	static const char *const names[] = { "overridden", "filtered", "fallback", "unsigned",
		                             "failed" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && ret == KNOT_EOK; i++) {
		ret = knotd_mod_stats_add(mod, names[i], 1, NULL);
	}
	return ret;
}

/*! \brief Memory of warnings of the whole server. */
static mxp_warnings_t warnings = { .lock = PTHREAD_MUTEX_INITIALIZER };

void mxp_warn(knotd_mod_t *mod, const knot_dname_t *zone, const mxp_fault_t *fault)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	const uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;

	if (mxp_warning_allowed(&warnings, zone, fault, ms)) {
		char text[MXP_FAULT_STR_LEN];
		knotd_mod_log(mod, LOG_WARNING, "MX, %s", mxp_fault_str(fault, text));
	}
}

static const mxp_user_t *user_of(knotd_mod_t *mod)
{
	return knotd_mod_ctx(mod);
}

static const mxp_settings_t *settings_of(knotd_mod_t *mod)
{
	return &user_of(mod)->instance->settings;
}

/*! \brief A decision, with what signs it. */
typedef struct {
	mxp_decision_t decision; /*!< Decision. */
	knot_rdataset_t apex;    /*!< RRSIG records of the apex. */
	bool is_signed;          /*!< The zone is signed. */
	mxp_fault_t unsigned_by; /*!< Why it cannot be signed and is not served; no text. */
	knot_rdataset_t rrsigs;  /*!< RRSIG records, none if the zone is not signed. */
} verdict_t;

/*! \brief Counts a query. */
static void count(const verdict_t *verdict, unsigned thread, knotd_mod_t *mod)
{
	const mxp_decision_t *decision = &verdict->decision;
	if (decision->source == MXP_SOURCE_OVERRIDE) {
		knotd_mod_stats_incr(mod, thread, CTR_OVERRIDDEN, 0, 1);
	}
	if (decision->fallback) {
		knotd_mod_stats_incr(mod, thread, CTR_FALLBACK, 0, 1);
	}
	if (verdict->unsigned_by.cause != MXP_OK) {
		knotd_mod_stats_incr(mod, thread, CTR_UNSIGNED, 0, 1);
	} else if (decision->serve == MXP_SERVE_FILTERED) {
		knotd_mod_stats_incr(mod, thread, CTR_FILTERED, 0, 1);
	} else if (decision->serve == MXP_SERVE_FAIL) {
		knotd_mod_stats_incr(mod, thread, CTR_FAILED, 0, 1);
	} else if (decision->serve == MXP_SERVE_PRESET) {
		const uint32_t idx = decision->source == MXP_SOURCE_MARKER   ? SYNTHESIZED_MARKER
		                     : decision->source == MXP_SOURCE_PRESET ? SYNTHESIZED_PRESET
		                                                             : SYNTHESIZED_BUILTIN;
		knotd_mod_stats_incr(mod, thread, CTR_SYNTHESIZED, idx, 1);
	}
}

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

/*! \brief Keys of the zone; the settings have a keystore. */
static mxp_keys_t keys_of(knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	return (mxp_keys_t){
		.keystore = settings_of(mod)->keystore,
		.pkcs11 = settings_of(mod)->pkcs11,
		.zone = knotd_qdata_zone_name(qdata),
		.dnskeys = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_DNSKEY).rrs,
		.memo = ((mxp_user_t *)knotd_mod_ctx(mod))->memo,
	};
}

/*!
 * \brief Signs what was decided for a signed zone.
 *
 * A failure is signed, too, in order to know: without keys, the zone is served as it is stored.
 */
NOINLINE static void sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                          verdict_t *verdict)
{
	mxp_decision_t *decision = &verdict->decision;
	if (!settings_of(mod)->dnssec) {
		verdict->unsigned_by.cause = MXP_DNSSEC_OFF;
	} else if (settings_of(mod)->keystore == NULL) {
		verdict->unsigned_by.cause = MXP_NOT_SIGNING;
	} else {
		const mxp_keys_t keys = keys_of(qdata, mod);
		const int ret = mxp_rrsig_make(&keys, &verdict->apex, &decision->rrs, decision->ttl,
		                               &pkt->mm, &verdict->rrsigs);
		if (ret == KNOT_ENOMEM) {
			mxp_decision_fail(decision, MXP_NO_MEMORY);
		} else if (ret != KNOT_EOK) {
			verdict->unsigned_by.cause = MXP_NO_KEY;
		}
	}
}

static bool can_sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod, verdict_t *verdict)
{
	sign(pkt, qdata, mod, verdict);
	return verdict->unsigned_by.cause == MXP_OK;
}

/*! \brief Decides for the zone of a query. */
static void decide(const knot_rrset_t *mx, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                   verdict_t *verdict)
{
	const mxp_user_t *user = user_of(mod);
	const mxp_view_t *view = rcu_dereference(user->instance->view);
	verdict->apex = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG).rrs;
	verdict->is_signed = signs_soa(&verdict->apex);
	verdict->unsigned_by = (mxp_fault_t){ .cause = MXP_OK };
	verdict->rrsigs.count = 0;
	const mxp_apex_t apex = {
		.zone = knotd_qdata_zone_name(qdata),
		.mx = mx->rrs,
		.mx_ttl = mx->ttl,
		.txt = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_TXT).rrs,
		.canonical = verdict->is_signed || user->online,
	};
	mxp_decide(&user->instance->settings.rules, view, &apex, &pkt->mm, &verdict->decision);
}

/*! \brief Decides for the zone of a query, and signs what was decided if need be. */
static mxp_serve_t judge(const knot_rrset_t *mx, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                         knotd_mod_t *mod, verdict_t *verdict)
{
	decide(mx, pkt, qdata, mod, verdict);
	if (verdict->is_signed && verdict->decision.serve != MXP_SERVE_STORED) {
		sign(pkt, qdata, mod, verdict);
	}
	return verdict->unsigned_by.cause != MXP_OK ? MXP_SERVE_STORED : verdict->decision.serve;
}

/*! \brief Judges for an MX query: counts it, and warns. */
static mxp_serve_t judge_query(const knot_rrset_t *mx, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                               knotd_mod_t *mod, verdict_t *verdict)
{
	const mxp_serve_t serve = judge(mx, pkt, qdata, mod, verdict);

	for (size_t i = 0; i < verdict->decision.fault_count; i++) {
		mxp_warn(mod, knotd_qdata_zone_name(qdata), &verdict->decision.faults[i]);
	}
	if (verdict->unsigned_by.cause != MXP_OK) {
		mxp_warn(mod, knotd_qdata_zone_name(qdata), &verdict->unsigned_by);
	}
	if (settings_of(mod)->statistics) {
		count(verdict, qdata->params->thread_id, mod);
	}
	return serve;
}

/*! \brief Puts records into the answer. */
static int put_records(const mxp_decision_t *decision, const knot_dname_t *owner, uint16_t hint,
                       uint16_t flags, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const mxp_settings_t *settings = settings_of(mod);
	const bool is_preset = (decision->serve == MXP_SERVE_PRESET);

	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)owner, KNOT_RRTYPE_MX, KNOT_CLASS_IN,
	                decision->ttl);
	rrset.rrs = decision->rrs;

	if (is_preset && settings->ede) {
		qdata->rcode_ede = KNOT_EDNS_EDE_SYNTHESIZED;
	}
	if (is_preset && !settings->rotation && hint == KNOT_COMPR_HINT_QNAME &&
	    mxp_answer_put(decision->preset->answer, &rrset, flags, pkt)) {
		return KNOT_EOK;
	}
	const uint16_t rotate = settings->rotation ? knot_wire_get_id(qdata->query->wire) : 0;
	return knot_pkt_put_rotate(pkt, hint, &rrset, rotate, flags);
}

/*! \brief Fails with an answer that was decided. */
static knotd_in_state_t fail(knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	if (settings_of(mod)->statistics) {
		knotd_mod_stats_incr(mod, qdata->params->thread_id, CTR_FAILED, 0, 1);
	}
	return KNOTD_IN_STATE_ERROR;
}

/*! \brief Puts the answer into the packet, as the server does with that of a zone. */
static knotd_in_state_t put_answer(const verdict_t *verdict, const knot_dname_t *owner,
                                   uint16_t hint, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                   knotd_mod_t *mod)
{
	const bool udp = (qdata->params->proto == KNOTD_QUERY_PROTO_UDP);
	const uint16_t flags = udp ? KNOT_PF_NULL : KNOT_PF_NOTRUNC;

	int ret = put_records(&verdict->decision, owner, hint, flags, pkt, qdata, mod);
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
	return fail(qdata, mod);
}

/*!
 * \brief Tells if a query is for MX; other types shall hardly notice that the module is there.
 *
 * Unlike knot_pkt_qtype(), it relies on the server that there is a question.
 */
static inline bool is_mx(const knot_pkt_t *pkt)
{
	const uint8_t *qtype = pkt->wire + KNOT_WIRE_HEADER_SIZE + pkt->qname_size;
	return qtype[0] == 0 && qtype[1] == KNOT_RRTYPE_MX;
}

// A query at the apex is answered before the server looks it up.
NOINLINE static knotd_in_state_t preanswer_mx(knotd_in_state_t state, knot_pkt_t *pkt,
                                              knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	// HIT: a module before this one has answered. The zone's name ends the name of the
	// question, so it is the same if it is as long.
	if (state == KNOTD_IN_STATE_HIT || pkt->qname_size != user_of(mod)->zone_size) {
		return state;
	}

	const knot_rrset_t mx = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_MX);
	verdict_t verdict;
	switch (judge_query(&mx, pkt, qdata, mod, &verdict)) {
	case MXP_SERVE_STORED:
		return state;
	case MXP_SERVE_FAIL:
		return KNOTD_IN_STATE_ERROR;
	default:
		knot_wire_set_aa(pkt->wire);
		return put_answer(&verdict, qdata->name, KNOT_COMPR_HINT_QNAME, pkt, qdata, mod);
	}
}

static knotd_in_state_t preanswer(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                  knotd_mod_t *mod)
{
	return is_mx(pkt) ? preanswer_mx(state, pkt, qdata, mod) : state;
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

/*!
 * \brief Takes an RRset and its RRSIGs out of the answer section that is being written.
 *
 * What comes after it is written again; the room for it is there.
 */
static int take_out(knot_pkt_t *pkt, uint16_t first)
{
	knot_rrset_t rrsets[MXP_ANSWER_MAX];
	knot_rrinfo_t infos[MXP_ANSWER_MAX];
	const uint16_t total = pkt->rrset_count;
	if (total - first > MXP_ANSWER_MAX) {
		return KNOT_ERANGE;
	}
	for (uint16_t i = first; i < total; i++) {
		rrsets[i - first] = pkt->rr[i];
		infos[i - first] = pkt->rr_info[i];
		knot_wire_add_ancount(pkt->wire, (int16_t)-pkt->rr[i].rrs.count);
	}
	pkt->size = pkt->rr_info[first].pos;
	pkt->rrset_count = first;
	pkt->sections[pkt->current].count -= total - first;
	// It may point at a name that is gone now; zero lets libknot start again.
	pkt->compr.suffix.pos = 0;

	int ret = KNOT_EOK;
	for (uint16_t i = 1; i < total - first && ret == KNOT_EOK; i++) {
		if (!mxp_rrsig_covers(&rrsets[i], &rrsets[0])) {
			// The place of the owner says how a wildcard was expanded.
			const uint16_t owner = infos[i].compress_ptr[KNOT_COMPR_HINT_OWNER];
			const uint16_t hint = owner < infos[0].pos ? owner : KNOT_COMPR_HINT_NONE;
			ret = knot_pkt_put(pkt, hint, &rrsets[i], infos[i].flags);
		}
	}
	return ret;
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
	verdict_t verdict;
	switch (judge_query(&mx, pkt, qdata, mod, &verdict)) {
	case MXP_SERVE_STORED:
		return state;
	case MXP_SERVE_FAIL:
		return KNOTD_IN_STATE_ERROR;
	default:
		if (user_of(mod)->online_first && knot_pkt_has_dnssec(qdata->query)) {
			return fail(qdata, mod); // It is too late for a signature.
		}
		if (stored < pkt->rrset_count && take_out(pkt, stored) != KNOT_EOK) {
			return fail(qdata, mod);
		}
		return put_answer(&verdict, qdata->name, KNOT_COMPR_HINT_NONE, pkt, qdata, mod);
	}
}

static knotd_in_state_t answer(knotd_in_state_t state, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                               knotd_mod_t *mod)
{
	return (is_mx(pkt) && qdata->name != knot_pkt_qname(qdata->query))
	               ? answer_mx(state, pkt, qdata, mod)
	               : state;
}

/*!
 * \brief Makes denials at the apex agree with what MX queries get, from one of them on.
 *
 * An MX query has got none unless its answer cannot be signed; that is asked for again. For all
 * others, the denial itself shows if there are keys, unless it comes without signatures: nobody
 * asked for them, or they did not fit.
 */
NOINLINE static void correct_denials(uint16_t i, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                     knotd_mod_t *mod)
{
	const knot_rrset_t mx = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_MX);
	verdict_t verdict;
	bool keys_known = is_mx(pkt) || !knot_pkt_has_dnssec(qdata->query);
	if (keys_known) {
		(void)judge(&mx, pkt, qdata, mod, &verdict);
	} else {
		decide(&mx, pkt, qdata, mod, &verdict);
	}
	if (!verdict.is_signed || verdict.unsigned_by.cause != MXP_OK ||
	    verdict.decision.serve == MXP_SERVE_STORED) {
		return;
	}
	const mxp_keys_t keys = keys_of(qdata, mod);
	while (i < pkt->rrset_count) {
		if (mxp_denial_patch(&keys, keys_known, pkt, i)) {
			i = mxp_denial_find(pkt, i + 1);
		} else if (!keys_known && can_sign(pkt, qdata, mod, &verdict)) {
			keys_known = true;
		} else {
			return;
		}
	}
}

/*! \brief Corrects the denials of a response from an RRset on. */
static void look_for_denials(uint16_t from, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	const uint16_t first = mxp_denial_find(pkt, from);
	if (first < pkt->rrset_count) {
		correct_denials(first, pkt, qdata, mod);
	}
}

static knotd_in_state_t authority_denial(knotd_in_state_t state, knot_pkt_t *pkt,
                                         knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	look_for_denials(0, pkt, qdata, mod);
	return state;
}

static knotd_in_state_t additional_denial(knotd_in_state_t state, knot_pkt_t *pkt,
                                          knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	look_for_denials(knot_pkt_section(pkt, KNOT_ADDITIONAL)->pos, pkt, qdata, mod);
	return state;
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
	    !knot_pkt_has_tsig(qdata->query)) {
		look_for_denials(0, pkt, qdata, mod);
	}
	return state;
}

int mxp_hooks_add(knotd_mod_t *mod, bool signs)
{
	int ret = knotd_mod_in_hook(mod, KNOTD_STAGE_PREANSWER, preanswer);
	if (ret == KNOT_EOK) {
		ret = knotd_mod_in_hook(mod, KNOTD_STAGE_ANSWER, answer);
	}
	if (!signs) {
		return ret;
	}
	// Additional records that do not fit make the server skip the last stage.
	if (ret == KNOT_EOK) {
		ret = knotd_mod_in_hook(mod, KNOTD_STAGE_AUTHORITY, authority_denial);
	}
	if (ret == KNOT_EOK) {
		ret = knotd_mod_in_hook(mod, KNOTD_STAGE_ADDITIONAL, additional_denial);
	}
	if (ret == KNOT_EOK) {
		ret = knotd_mod_hook(mod, KNOTD_STAGE_END, cut_denial);
	}
	return ret;
}
