/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>

#include "cause.h"
#include "context.h"
#include "counters.h"
#include "denials.h"
#include "dnssec.h"
#include "query.h"
#include "refresh.h"
#include "setup.h"
#include "span.h"
#include "warn.h"

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

/*! \brief Connects the zone with the settings of its instance; NULL if memory is exhausted. */
static mxp_context_t *connect_zone(knotd_mod_t *mod, const mxp_settings_t *settings)
{
	const bool signs = (settings->keystores != NULL);
	mxp_context_t *ctx = calloc(1, sizeof(*ctx) + (signs ? sizeof(*ctx->memo) : 0));
	if (ctx == NULL || !mxp_connect(&ctx->connection, settings, &mxp_context_server, mod)) {
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

/*! \brief Makes the zone's context of the settings; NULL if memory is exhausted. */
static mxp_context_t *make_context(knotd_mod_t *mod, const mxp_settings_t *of_instance)
{
	mxp_settings_t settings = *of_instance;
	mxp_dnssec_t dnssec = mxp_dnssec(mod);
	// The zone's signatures outlive `dnssec-signing`: without an MX of the module beside them,
	// they would be a denial.
	const bool inherits = settings.dnssec && dnssec.keystores == NULL && !dnssec.online;
	if (inherits && !mxp_memo_keystores(knotd_mod_zone(mod), &dnssec.keystores)) {
		dnssec.failed = true;
	}
	if (settings.dnssec) {
		settings.keystores = dnssec.keystores;
	}
	mxp_context_t *ctx = !dnssec.failed ? connect_zone(mod, &settings) : NULL;
	if (ctx != NULL) {
		ctx->zone_size = (uint8_t)knot_dname_size(knotd_mod_zone(mod));
		ctx->signing = dnssec.signing;
		ctx->inherits = inherits;
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

void mxp_set_up(knotd_mod_t *mod, const mxp_settings_t *settings)
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

void mxp_tear_down(knotd_mod_t *mod)
{
	if (!mxp_context_is_broken(mod)) {
		disconnect_zone(mxp_context(mod));
	}
	knotd_mod_ctx_set(mod, NULL);
}
