/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <urcu.h>

#include <knot/module.h>
#include <libknot/rrtype/rrsig.h>

#include "registry.h"
#include "warning.h"

#define MOD_PRESETS \
	"\x07"      \
	"presets"
#define MOD_BUILTIN \
	"\x07"      \
	"builtin"
#define MOD_PRESET \
	"\x06"     \
	"preset"
#define MOD_PARAM \
	"\x05"    \
	"param"
#define MOD_MARKER \
	"\x06"     \
	"marker"
#define MOD_FILTER \
	"\x06"     \
	"filter"
#define MOD_DNSSEC \
	"\x06"     \
	"dnssec"
#define MOD_EDE \
	"\x03"  \
	"ede"
#define MOD_STATISTICS \
	"\x0A"         \
	"statistics"

/*! Keeps the many registers of a rare case out of the usual one. */
#define NOINLINE __attribute__((noinline))

#define C_SERVER \
	"\x06"   \
	"server"
#define C_ROTATION \
	"\x0F"     \
	"answer-rotation"

enum {
	DNSSEC_AUTO,
	DNSSEC_OFF,
};

static const knot_lookup_t dnssec_modes[] = {
	{ DNSSEC_AUTO, "auto" },
	{ DNSSEC_OFF, "off" },
	{ 0, NULL },
};

static const yp_item_t mxpreset_conf[] = {
	{ MOD_PRESETS, YP_TSTR, YP_VSTR = { CONFIG_DIR "/mx-presets.zone" } },
	{ MOD_BUILTIN, YP_TSTR, YP_VNONE },
	{ MOD_PRESET, YP_TSTR, YP_VNONE },
	{ MOD_PARAM, YP_TSTR, YP_VNONE, YP_FMULTI },
	{ MOD_MARKER, YP_TBOOL, YP_VBOOL = { true } },
	{ MOD_FILTER, YP_TBOOL, YP_VBOOL = { true } },
	{ MOD_DNSSEC, YP_TOPT, YP_VOPT = { dnssec_modes, DNSSEC_AUTO } },
	{ MOD_EDE, YP_TBOOL, YP_VNONE },
	{ MOD_STATISTICS, YP_TBOOL, YP_VNONE },
	{ .name = NULL },
};

/*! \brief Splits a `param` item. */
static mxp_param_t split_param(const char *item)
{
	const char *equals = strchr(item, '=');
	if (equals == NULL) {
		return (mxp_param_t){ .name = mxp_span(item) };
	}
	return (mxp_param_t){
		.name = { (const uint8_t *)item, (size_t)(equals - item) },
		.value = mxp_span(equals + 1),
	};
}

static bool same_param(const mxp_param_t *param1, const mxp_param_t *param2)
{
	return param1->name.len == param2->name.len &&
	       strncasecmp((const char *)param1->name.data, (const char *)param2->name.data,
	                   param1->name.len) == 0;
}

static int refuse(knotd_conf_check_args_t *args, const char *item, const char *value,
                  const char *reason)
{
	static _Thread_local char message[512];
	char quoted[300] = "";
	if (value != NULL) {
		mxp_quote((const uint8_t *)value, strlen(value), quoted, sizeof(quoted));
	}
	snprintf(message, sizeof(message), "%s %s%s%s", item, quoted, value != NULL ? " " : "",
	         reason);
	args->err_str = message;
	return KNOT_EINVAL;
}

static int check_params(knotd_conf_check_args_t *args, const knotd_conf_t *conf)
{
	for (size_t i = 0; i < conf->count; i++) {
		const char *item = conf->multi[i].string;
		const mxp_param_t param = split_param(item);
		if (param.value.data == NULL || !mxp_param_name_valid(param.name)) {
			return refuse(args, "param", item, "is not name=value");
		}
		if (!mxp_value_valid(param.value)) {
			return refuse(args, "param", item,
			              "has a value that is not 1 to 63 letters, "
			              "digits, hyphens and underscores");
		}
		if (mxp_span_is_case(param.name, "zone")) {
			return refuse(args, "param", item, "sets the predefined parameter");
		}
		for (size_t j = 0; j < i; j++) {
			const mxp_param_t other = split_param(conf->multi[j].string);
			if (same_param(&param, &other)) {
				return refuse(args, "param", item, "is given twice");
			}
		}
	}
	return KNOT_EOK;
}

static int check_name(knotd_conf_check_args_t *args, const char *item, const char *name)
{
	if (mxp_name_is_none(mxp_span(name))) {
		return refuse(args, item, name, "is reserved and cannot name a preset");
	}
	if (!mxp_name_valid(mxp_span(name))) {
		return refuse(args, item, name, "is no label that can name a preset");
	}
	return KNOT_EOK;
}

// The map's content is data and is not checked here: a nameserver must come up whatever it holds.
static int mxpreset_conf_check(knotd_conf_check_args_t *args)
{
	knotd_conf_t conf = knotd_conf_check_item(args, MOD_BUILTIN);
	if (conf.count == 0) {
		return refuse(args, "builtin", NULL, "is not set");
	}
	int ret = check_name(args, "builtin", conf.single.string);

	conf = knotd_conf_check_item(args, MOD_PRESET);
	if (ret == KNOT_EOK && conf.count > 0) {
		ret = check_name(args, "preset", conf.single.string);
	}

	conf = knotd_conf_check_item(args, MOD_PRESETS);
	if (ret == KNOT_EOK && conf.single.string[0] == '\0') {
		ret = refuse(args, "presets", "", "is no path of a file");
	}

	conf = knotd_conf_check_item(args, MOD_PARAM);
	if (ret == KNOT_EOK) {
		ret = check_params(args, &conf);
	}
	knotd_conf_free(&conf);

	return ret;
}

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

static int add_counters(knotd_mod_t *mod)
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

static void warn(knotd_mod_t *mod, const knot_dname_t *zone, const mxp_fault_t *fault)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	const uint64_t ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;

	if (mxp_warning_allowed(&warnings, zone, fault->cause, ms)) {
		char text[MXP_FAULT_STR_LEN];
		knotd_mod_log(mod, LOG_WARNING, "MX, %s", mxp_fault_str(fault, text));
	}
}

/*! \brief Tells if a zone is signed: its SOA carries a RRSIG. */
static bool is_signed(knotd_qdata_t *qdata)
{
	const knot_rrset_t rrsigs = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_RRSIG);
	knot_rdata_t *rdata = rrsigs.rrs.rdata;
	for (size_t i = 0; i < rrsigs.rrs.count; i++, rdata = knot_rdataset_next(rdata)) {
		if (knot_rrsig_type_covered(rdata) == KNOT_RRTYPE_SOA) {
			return true;
		}
	}
	return false;
}

static const mxp_instance_t *instance_of(knotd_mod_t *mod)
{
	return ((const mxp_user_t *)knotd_mod_ctx(mod))->instance;
}

/*! \brief Counts and warns. */
static void account(const mxp_decision_t *decision, const knot_dname_t *zone, bool is_unsigned,
                    knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	static const mxp_fault_t unsigned_fault = { .cause = MXP_UNSIGNED };
	for (size_t i = 0; i < decision->fault_count; i++) {
		warn(mod, zone, &decision->faults[i]);
	}
	if (is_unsigned) {
		warn(mod, zone, &unsigned_fault);
	}

	const mxp_instance_t *instance = instance_of(mod);
	if (!instance->settings.statistics) {
		return;
	}
	const unsigned thread = qdata->params->thread_id;
	if (decision->source == MXP_SOURCE_OVERRIDE) {
		knotd_mod_stats_incr(mod, thread, CTR_OVERRIDDEN, 0, 1);
	}
	if (decision->fallback) {
		knotd_mod_stats_incr(mod, thread, CTR_FALLBACK, 0, 1);
	}
	if (is_unsigned) {
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

/*!
 * \brief Decides for the zone of a query.
 *
 * \return What to serve.
 */
static mxp_serve_t decide(const knot_rrset_t *mx, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                          knotd_mod_t *mod, mxp_decision_t *decision)
{
	const mxp_instance_t *instance = instance_of(mod);
	const mxp_view_t *view = rcu_dereference(instance->view);
	const mxp_apex_t apex = {
		.zone = knotd_qdata_zone_name(qdata),
		.mx = mx->rrs,
		.mx_ttl = mx->ttl,
		.txt = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_TXT).rrs,
	};
	mxp_decide(&instance->settings.rules, view, &apex, &pkt->mm, decision);

	const bool is_unsigned = decision->serve != MXP_SERVE_STORED && is_signed(qdata);
	if (decision->fault_count > 0 || is_unsigned || instance->settings.statistics) {
		account(decision, apex.zone, is_unsigned, qdata, mod);
	}
	return is_unsigned ? MXP_SERVE_STORED : decision->serve;
}

/*! \brief Puts the decided records into the answer, as the server does with those of a zone. */
static knotd_in_state_t put_answer(const mxp_decision_t *decision, const knot_dname_t *owner,
                                   uint16_t hint, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                                   knotd_mod_t *mod)
{
	const mxp_settings_t *settings = &instance_of(mod)->settings;
	const bool udp = (qdata->params->proto == KNOTD_QUERY_PROTO_UDP);
	const bool is_preset = (decision->serve == MXP_SERVE_PRESET);
	const uint16_t flags = udp ? KNOT_PF_NULL : KNOT_PF_NOTRUNC;

	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)owner, KNOT_RRTYPE_MX, KNOT_CLASS_IN,
	                decision->ttl);
	rrset.rrs = decision->rrs;

	if (is_preset && settings->ede) {
		qdata->rcode_ede = KNOT_EDNS_EDE_SYNTHESIZED;
	}
	if (is_preset && !settings->rotation && hint == KNOT_COMPR_HINT_QNAME &&
	    mxp_answer_put(decision->preset->answer, &rrset, flags, pkt)) {
		return KNOTD_IN_STATE_HIT;
	}

	const uint16_t rotate = settings->rotation ? knot_wire_get_id(qdata->query->wire) : 0;
	const int ret = knot_pkt_put_rotate(pkt, hint, &rrset, rotate, flags);
	if (ret == KNOT_EOK) {
		return KNOTD_IN_STATE_HIT;
	} else if (ret == KNOT_ESPACE && udp) {
		return KNOTD_IN_STATE_TRUNC;
	}
	if (settings->statistics) {
		knotd_mod_stats_incr(mod, qdata->params->thread_id, CTR_FAILED, 0, 1);
	}
	return KNOTD_IN_STATE_ERROR;
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
	const mxp_user_t *user = knotd_mod_ctx(mod);
	if (state == KNOTD_IN_STATE_HIT || pkt->qname_size != user->zone_size) {
		return state;
	}

	const knot_rrset_t mx = knotd_qdata_zone_apex_rrset(qdata, KNOT_RRTYPE_MX);
	mxp_decision_t decision;
	switch (decide(&mx, pkt, qdata, mod, &decision)) {
	case MXP_SERVE_STORED:
		return state;
	case MXP_SERVE_FAIL:
		return KNOTD_IN_STATE_ERROR;
	default:
		knot_wire_set_aa(pkt->wire);
		return put_answer(&decision, qdata->name, KNOT_COMPR_HINT_QNAME, pkt, qdata, mod);
	}
}

static knotd_in_state_t mxpreset_preanswer(knotd_in_state_t state, knot_pkt_t *pkt,
                                           knotd_qdata_t *qdata, knotd_mod_t *mod)
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

/*! \brief Takes the RRset that was put last out of the packet. */
static void remove_last(knot_pkt_t *pkt)
{
	const knot_rrset_t *last = &pkt->rr[--pkt->rrset_count];
	pkt->size = pkt->rr_info[pkt->rrset_count].pos;
	pkt->sections[pkt->current].count--;
	knot_wire_add_ancount(pkt->wire, (int16_t)-last->rrs.count);
	// It may point at a name that is gone now; zero lets libknot start again.
	pkt->compr.suffix.pos = 0;
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
	mxp_decision_t decision;
	switch (decide(&mx, pkt, qdata, mod, &decision)) {
	case MXP_SERVE_STORED:
		return state;
	case MXP_SERVE_FAIL:
		return KNOTD_IN_STATE_ERROR;
	default:
		// Another module may have put more; what is answered then is what the zone stores.
		if (stored + 1 < pkt->rrset_count) {
			return state;
		} else if (stored + 1 == pkt->rrset_count) {
			remove_last(pkt);
		}
		return put_answer(&decision, qdata->name, KNOT_COMPR_HINT_NONE, pkt, qdata, mod);
	}
}

static knotd_in_state_t mxpreset_answer(knotd_in_state_t state, knot_pkt_t *pkt,
                                        knotd_qdata_t *qdata, knotd_mod_t *mod)
{
	return (is_mx(pkt) && qdata->name != knot_pkt_qname(qdata->query))
	               ? answer_mx(state, pkt, qdata, mod)
	               : state;
}

static void log_map(void *ctx, int priority, const char *message)
{
	knotd_mod_log(ctx, priority, "%s", message);
}

static mxp_user_t *join(knotd_mod_t *mod)
{
	knotd_conf_t param = knotd_conf_mod(mod, MOD_PARAM);
	mxp_param_t *params = calloc(param.count + 1, sizeof(*params));
	if (params == NULL) {
		knotd_conf_free(&param);
		return NULL;
	}
	for (size_t i = 0; i < param.count; i++) {
		params[i] = split_param(param.multi[i].string);
	}

	const mxp_settings_t settings = {
		.file = knotd_conf_mod(mod, MOD_PRESETS).single.string,
		.rules = {
			.builtin = knotd_conf_mod(mod, MOD_BUILTIN).single.string,
			.preset = knotd_conf_mod(mod, MOD_PRESET).single.string,
			.params = params,
			.param_count = param.count,
			.marker = knotd_conf_mod(mod, MOD_MARKER).single.boolean,
			.filter = knotd_conf_mod(mod, MOD_FILTER).single.boolean,
		},
		.ede = knotd_conf_mod(mod, MOD_EDE).single.boolean,
		.statistics = knotd_conf_mod(mod, MOD_STATISTICS).single.boolean,
		.rotation = knotd_conf(mod, C_SERVER, C_ROTATION, NULL).single.boolean,
	};
	mxp_user_t *user = mxp_join(&settings, log_map, mod);
	if (user != NULL) {
		user->zone_size = (uint8_t)knot_dname_size(knotd_mod_zone(mod));
	}
	free(params);
	knotd_conf_free(&param);

	return user;
}

static int mxpreset_load(knotd_mod_t *mod)
{
	// Queries in a reverse zone shall not cost anything.
	if (mxp_zone_is_reverse(knotd_mod_zone(mod))) {
		return KNOT_EOK;
	}

	mxp_user_t *user = join(mod);
	if (user == NULL) {
		return KNOT_ENOMEM;
	}
	int ret = user->instance->settings.statistics ? add_counters(mod) : KNOT_EOK;
	if (ret == KNOT_EOK) {
		ret = knotd_mod_in_hook(mod, KNOTD_STAGE_PREANSWER, mxpreset_preanswer);
	}
	if (ret == KNOT_EOK) {
		ret = knotd_mod_in_hook(mod, KNOTD_STAGE_ANSWER, mxpreset_answer);
	}
	if (ret != KNOT_EOK) {
		mxp_leave(user);
		return ret;
	}
	knotd_mod_ctx_set(mod, user);

	return KNOT_EOK;
}

static void mxpreset_unload(knotd_mod_t *mod)
{
	mxp_leave(knotd_mod_ctx(mod));
	knotd_mod_ctx_set(mod, NULL);
}

KNOTD_MOD_API(mxpreset, KNOTD_MOD_FLAG_SCOPE_ZONE, mxpreset_load, mxpreset_unload, mxpreset_conf,
              mxpreset_conf_check);
