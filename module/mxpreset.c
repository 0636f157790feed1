/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * mod-mxpreset: a zone without MX records of its own is served with those of a preset.
 *
 * The life of a query, `MX example.com`, in an unsigned zone without MX:
 *
 * - The server finds the zone, holds liburcu's read-side section, and runs the PREANSWER hooks.
 *   preanswer() lets all other types pass after one comparison, all other names after a second one
 *   (query.c). With `spf: on`, TXT is one of our types, too, and goes the same way.
 * - mxp_verdict_decide() takes the instance's snapshot of the map, one pointer, and the RRsets of
 *   the apex; mxp_decide() applies the rules to them: here the built-in is due (core/decision.c).
 * - A signed zone's answer is signed with the zone's keys, or with what is remembered of that
 *   (verdict.c, rrsig.c, signer.c).
 * - The answer is counted, for the zone and in the totals; what went wrong on the way is warned
 *   about (counters.c, totals.c, warn.c).
 * - The preset's answer, compressed when the map was loaded, is copied behind the question; where
 *   that does not fit, libknot puts the records (answer.c, pkt.c). The hook returns HIT: the server
 *   looks nothing up, and goes on with the sections that follow.
 * - A CNAME that leads to the apex is found out by the server; the ANSWER hook then adds the MX, or
 *   removes those that shall not be served (query.c).
 * - In a signed zone, whatever was asked, an NSEC or NSEC3 record of the apex in the response is
 *   made to list what is served, in the hooks of the stages that put such records (denials.c,
 * denial.c).
 *
 * No hook takes a lock, and none allocates memory for a preset without parameters. How the map got
 * there is the life of another thread: see registry.c.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <knot/module.h>

#include "context.h"
#include "counters.h"
#include "denials.h"
#include "dnssec.h"
#include "libknots.h"
#include "name.h"
#include "query.h"
#include "recall.h"
#include "refresh.h"
#include "span.h"
#include "totals.h"
#include "warn.h"

#define MOD_MAP_FILE   "\010map-file"
#define MOD_BUILTIN    "\007builtin"
#define MOD_PRESET     "\006preset"
#define MOD_PARAM      "\005param"
#define MOD_MARKER     "\006marker"
#define MOD_FILTER     "\006filter"
#define MOD_DNSSEC     "\006dnssec"
#define MOD_SPF        "\003spf"
#define MOD_EDE        "\003ede"
#define MOD_STATISTICS "\012statistics"

#define C_DATABASE     "\010database"
#define C_STORAGE      "\007storage"
#define C_SERVER       "\006server"
#define C_ROTATION     "\017answer-rotation"

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
	{ MOD_MAP_FILE, YP_TSTR, YP_VSTR = { CONFIG_DIR "/mx-presets.zone" } },
	{ MOD_BUILTIN, YP_TSTR, YP_VNONE },
	{ MOD_PRESET, YP_TSTR, YP_VNONE },
	{ MOD_PARAM, YP_TSTR, YP_VNONE, YP_FMULTI },
	{ MOD_MARKER, YP_TBOOL, YP_VBOOL = { true } },
	{ MOD_FILTER, YP_TBOOL, YP_VBOOL = { true } },
	{ MOD_DNSSEC, YP_TOPT, YP_VOPT = { dnssec_modes, DNSSEC_AUTO } },
	{ MOD_SPF, YP_TBOOL, YP_VNONE },
	{ MOD_EDE, YP_TBOOL, YP_VNONE },
	{ MOD_STATISTICS, YP_TBOOL, YP_VNONE },
	{ .name = NULL },
};

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
		const mxp_param_t param = mxp_span_split(mxp_span(item));
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
			const mxp_param_t other = mxp_span_split(mxp_span(conf->multi[j].string));
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
	mxp_recall_checked();

	knotd_conf_t conf = knotd_conf_check_item(args, MOD_BUILTIN);
	if (conf.count == 0) {
		return refuse(args, "builtin", NULL, "is not set");
	}
	int ret = check_name(args, "builtin", conf.single.string);

	conf = knotd_conf_check_item(args, MOD_PRESET);
	if (ret == KNOT_EOK && conf.count > 0) {
		ret = check_name(args, "preset", conf.single.string);
	}

	conf = knotd_conf_check_item(args, MOD_MAP_FILE);
	if (ret == KNOT_EOK && conf.single.string[0] == '\0') {
		ret = refuse(args, "map-file", "", "is no path of a file");
	}

	conf = knotd_conf_check_item(args, MOD_PARAM);
	if (ret == KNOT_EOK) {
		ret = check_params(args, &conf);
	}
	knotd_conf_free(&conf);

	return ret;
}

static void check_max_ttl(knotd_mod_t *mod, const mxp_context_t *ctx, int64_t max_ttl)
{
	char name[MXP_FAULT_STR_LEN];
	if (mxp_longest_ttl(&ctx->connection, name, sizeof(name)) > max_ttl) {
		const mxp_span_t text = mxp_span(name);
		const mxp_fault_t fault = mxp_fault(MXP_MAX_TTL, text.data, text.len);
		mxp_warn(mod, knotd_mod_zone(mod), &fault);
	}
}

/*! \brief Warns about settings that would make a signed zone inconsistent. */
static void check_dnssec(knotd_mod_t *mod, const mxp_context_t *ctx, const mxp_dnssec_t *dnssec)
{
	const bool signs = dnssec->online || ctx->connection.instance->settings.dnssec;
	if (signs && dnssec->max_ttl >= 0) {
		check_max_ttl(mod, ctx, dnssec->max_ttl);
	}
	if (dnssec->online_first) {
		const mxp_fault_t fault = { .cause = MXP_ONLINE_FIRST };
		mxp_warn(mod, knotd_mod_zone(mod), &fault);
	}
	const mxp_types_t types = mxp_settings_types(&ctx->connection.instance->settings);
	const mxp_types_t denied = types & dnssec->online_denies;
	if (denied & MXP_TYPE_MX) {
		const mxp_fault_t fault = { .cause = MXP_ONLINE_BITMAP };
		mxp_warn(mod, knotd_mod_zone(mod), &fault);
	}
	if (denied & MXP_TYPE_TXT) {
		const mxp_fault_t fault = { .cause = MXP_ONLINE_NO_TXT };
		mxp_warn(mod, knotd_mod_zone(mod), &fault);
	}
}

/*! \brief Reads where the server keeps its databases. */
static const char *read_storage(void *mod)
{
	return knotd_conf(mod, C_DATABASE, C_STORAGE, NULL).single.string;
}

mxp_context_t mxp_context_broken;
bool mxp_context_any_broken;

static const mxp_server_t server = {
	.log = mxp_context_log,
	.storage = read_storage,
	.published = mxp_refresh_all,
};

/*! \brief Connects the zone with the settings of its instance; NULL if memory is exhausted. */
static mxp_context_t *connect_zone(knotd_mod_t *mod, const mxp_settings_t *settings)
{
	const bool signs = (settings->keystores != NULL);
	mxp_context_t *ctx = calloc(1, sizeof(*ctx) + (signs ? sizeof(*ctx->memo) : 0));
	if (ctx == NULL || !mxp_connect(&ctx->connection, settings, &server, mod)) {
		free(ctx);
		return NULL;
	}
	if (signs) {
		*ctx->memo = mxp_memo_get(knotd_mod_zone(mod), ctx->connection.instance);
		if (*ctx->memo == NULL) {
			mxp_disconnect(&ctx->connection);
			free(ctx);
			return NULL;
		}
		mxp_refresh_join();
	}
	return ctx;
}

/*! \brief Disconnects the zone. */
static void disconnect_zone(mxp_context_t *ctx)
{
	if (ctx == NULL) {
		return;
	}
	const mxp_instance_t *instance = ctx->connection.instance;
	if (instance->settings.keystores != NULL) {
		mxp_memo_put(*ctx->memo, instance);
		mxp_refresh_leave();
	}
	mxp_disconnect(&ctx->connection);
	for (size_t i = 0; i < MXP_SCANS; i++) {
		free(ctx->scans[i]);
	}
	free(ctx);
}

/*! \brief Reads the settings of the zone's instance, to be cleared; false without memory. */
static bool read_settings(knotd_mod_t *mod, const char *builtin, mxp_settings_t *out)
{
	knotd_conf_t param = knotd_conf_mod(mod, MOD_PARAM);
	mxp_param_t *params = calloc(param.count + 1, sizeof(*params));
	for (size_t i = 0; params != NULL && i < param.count; i++) {
		params[i] = mxp_span_split(mxp_span(param.multi[i].string));
	}
	const mxp_settings_t settings = {
		.file = knotd_conf_mod(mod, MOD_MAP_FILE).single.string,
		.rules = {
			.builtin = builtin,
			.preset = knotd_conf_mod(mod, MOD_PRESET).single.string,
			.params = params,
			.param_count = params != NULL ? param.count : 0,
			.marker = knotd_conf_mod(mod, MOD_MARKER).single.boolean,
			.filter = knotd_conf_mod(mod, MOD_FILTER).single.boolean,
			.spf = knotd_conf_mod(mod, MOD_SPF).single.boolean,
		},
		.dnssec = knotd_conf_mod(mod, MOD_DNSSEC).single.option == DNSSEC_AUTO,
		.ede = knotd_conf_mod(mod, MOD_EDE).single.boolean,
		.statistics = knotd_conf_mod(mod, MOD_STATISTICS).single.boolean,
		.rotation = knotd_conf(mod, C_SERVER, C_ROTATION, NULL).single.boolean,
	};
	bool good = mxp_settings_copy(&settings, out) && errno != ENOMEM;
	good = good && settings.file != NULL && builtin != NULL;
	free(params);
	knotd_conf_free(&param);

	return good;
}

/*! \brief Recalls or reads these settings, likewise. */
static bool get_settings(knotd_mod_t *mod, mxp_settings_t *out)
{
	const char *builtin = knotd_conf_mod(mod, MOD_BUILTIN).single.string;
	if (mxp_recall_settings(mod, builtin, out)) {
		return true;
	}
	const bool good = read_settings(mod, builtin, out);
	if (good) {
		mxp_remember_settings(mod, builtin, out);
	}
	return good;
}

/*! \brief Makes the zone's context of the settings; NULL if memory is exhausted. */
static mxp_context_t *make_context(knotd_mod_t *mod, const mxp_settings_t *of_instance)
{
	mxp_settings_t settings = *of_instance;
	const mxp_dnssec_t dnssec = mxp_dnssec(mod);
	if (settings.dnssec) {
		settings.keystores = dnssec.keystores;
	}
	const bool is_read = !dnssec.failed && errno != ENOMEM;
	mxp_context_t *ctx = is_read ? connect_zone(mod, &settings) : NULL;
	if (ctx != NULL) {
		ctx->zone_size = (uint8_t)knot_dname_size(knotd_mod_zone(mod));
		ctx->signing = dnssec.signing;
		ctx->online = dnssec.online;
		ctx->online_first = dnssec.online_first;
		check_dnssec(mod, ctx, &dnssec);
	}
	free(dnssec.keystores);

	return ctx;
}

/*! \brief Adds what a zone needs beside its first hook, and its counters. */
static bool add_all(knotd_mod_t *mod, const mxp_settings_t *settings)
{
	return (!settings->statistics || mxp_counters_add(mod) == KNOT_EOK) &&
	       mxp_query_hooks_add(mod, settings->rules.spf) == KNOT_EOK &&
	       (settings->keystores == NULL || mxp_denial_hooks_add(mod) == KNOT_EOK);
}

/*! \brief Sets a zone up that has its first hook; NULL if memory is exhausted. */
static mxp_context_t *set_up(knotd_mod_t *mod, const mxp_settings_t *settings)
{
	mxp_context_t *ctx = make_context(mod, settings);
	if (ctx != NULL && !add_all(mod, &ctx->connection.instance->settings)) {
		disconnect_zone(ctx);
		return NULL;
	}
	return ctx;
}

/*! \brief Gives the zone its context: the one of broken zones, if memory is exhausted. */
static void set_context(knotd_mod_t *mod, const mxp_settings_t *settings)
{
	mxp_context_t *ctx = settings != NULL ? set_up(mod, settings) : NULL;
	if (ctx == NULL) {
		ctx = &mxp_context_broken;
		__atomic_store_n(&mxp_context_any_broken, true, __ATOMIC_RELAXED);
		knotd_mod_log(mod, LOG_ERR,
		              "not enough memory for the zone, MX is SERVFAIL until "
		              "it is loaded again");
	}
	knotd_mod_ctx_set(mod, ctx);
}

// After the first hook nothing fails any more: the server would free the module and keep the hook.
static int mxpreset_load(knotd_mod_t *mod)
{
	if (knotd_mod_zone(mod) == NULL) {
		return mxp_totals_load(mod, knotd_conf_mod(mod, MOD_MAP_FILE).single.string,
		                       &server);
	}
	// Queries in a zone that is left alone shall not cost anything.
	if (mxp_zone_is_exempt(knotd_mod_zone(mod))) {
		return KNOT_EOK;
	}

	mxp_recall_join();
	// A look-up for which there is no memory gives what an item that is not set gives: this
	// alone tells them apart.
	errno = 0;
	mxp_settings_t settings;
	const bool good = get_settings(mod, &settings);
	const int ret = mxp_query_hook_add_first(mod, settings.rules.spf);
	if (ret == KNOT_EOK) {
		set_context(mod, good ? &settings : NULL);
	}
	mxp_settings_clear(&settings);
	if (ret != KNOT_EOK) {
		mxp_recall_leave();
		return ret;
	}
	mxp_totals_zone(1);

	return KNOT_EOK;
}

static void mxpreset_unload(knotd_mod_t *mod)
{
	if (knotd_mod_zone(mod) == NULL) {
		mxp_totals_unload(mod);
		return;
	}
	if (knotd_mod_ctx(mod) != NULL) {
		mxp_totals_zone(-1);
		mxp_recall_leave();
	}
	if (!mxp_context_is_broken(mod)) {
		disconnect_zone(knotd_mod_ctx(mod));
	}
	knotd_mod_ctx_set(mod, NULL);
}

// What the macro KNOTD_MOD_API defines, but for its const: the module can refuse itself.
__attribute__((visibility("default"))) knotd_mod_api_t knotd_mod_api = {
	.version = KNOTD_MOD_ABI_VERSION,
	.name = KNOTD_MOD_NAME_PREFIX "mxpreset",
	.flags = KNOTD_MOD_FLAG_SCOPE_ANY,
	.load = mxpreset_load,
	.unload = mxpreset_unload,
	.config = mxpreset_conf,
	.config_check = mxpreset_conf_check,
};

// The server reads nothing else of a module of another version: its structures may be others.
__attribute__((constructor)) static void refuse_other_series(void)
{
	if (mxp_libknots_differ()) {
		knotd_mod_api.version = 0;
		knotd_mod_api.name = KNOTD_MOD_NAME_PREFIX "mxpreset, built for another Knot DNS";
	}
}
