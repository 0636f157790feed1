/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/errcode.h>

#include "lint.h"
#include "linter.h"
#include "mx.h"
#include "text.h"
#include "txt.h"

void linter_warn(linter_t *linter, const char *code, const knot_dname_t *owner, char *text)
{
	static const char *const harmless[] = { "overridden-marker", "mta-sts", "spf" };
	name_str_t owner_str = "";
	char *clean = text_clean(text, strlen(text));
	json_t *warning = need(json_pack("{s:s, s:s, s:s}", "code", code, "owner",
	                                 name_str(owner, owner_str), "text", clean));
	need(json_array_append_new(linter->warnings, warning) == 0 ? warning : NULL);
	bool wrong = true;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++) {
		wrong = wrong && strcmp(code, harmless[i]) != 0;
	}
	linter->wrong |= wrong;
	free(clean);
	free(text);
}

char *linter_text(const knot_rdata_t *rdata)
{
	char *text = need(calloc(1, rdata->len + 1u));
	(void)mxp_txt_join(rdata, (uint8_t *)text);
	return text;
}

/*! \brief Warns of built-in records that an override leaves out. */
static void lint_mixed(linter_t *linter, const mxp_decision_t *decision)
{
	if (decision->serve != MXP_SERVE_FILTERED) {
		return;
	}
	char *names = need(strdup(""));
	knot_rdata_t *mx = linter->apex->mx.rdata;
	for (size_t i = 0; i < linter->apex->mx.count; i++, mx = knot_rdataset_next(mx)) {
		if (!knot_rdataset_member(&decision->rrs, mx)) {
			name_str_t name = "";
			char *more = text_format("%s%s%s", names, *names != '\0' ? ", " : "",
			                         name_str(mx->data + 2, name));
			free(names);
			names = more;
		}
	}
	linter_warn(linter, "mixed-builtin", linter->zone->name,
	            text_format("built-in records are left out beside the override: %s", names));
	free(names);
}

/*! \brief Reports why no MX record can be served. */
static void report_failure(linter_t *linter, const mxp_decision_t *decision)
{
	if (decision->serve != MXP_SERVE_FAIL) {
		return;
	}
	linter->wrong = true;
	if (decision->source == MXP_SOURCE_MARKER && decision->fault.cause != MXP_NO_MAP) {
		return; // That is a mistake in the zone, and a warning.
	}
	char text[MXP_FAULT_STR_LEN];
	name_str_t zone = "";
	text_error("no MX record can be served for %s: %s; queries get SERVFAIL, or what the "
	           "last good map says if the server has one",
	           name_str(linter->zone->name, zone), mxp_fault_str(&decision->fault, text));
}

/*! \brief Warns of a signed zone that is served as it is stored. */
static void lint_unsigned(linter_t *linter)
{
	linter_warn(
		linter, "unsigned", linter->zone->name,
		text_format(linter->instance->follows
	                            ? "the zone is signed by its primary: it is served as it is "
	                              "stored, unless this server holds its keys as well"
	                            : "the zone is signed and the server does not sign it: it is "
	                              "served as it is stored"));
}

/*! \brief Tells if the module leaves a zone alone. */
static bool is_left_alone(const knot_dname_t *zone, const instance_t *instance)
{
	return !instance->active || mxp_zone_is_exempt(zone);
}

typedef void (*decide_f)(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                         knot_mm_t *mm, mxp_decision_t *out);

/*! \brief Decides as the server does, which can leave signed zones as they are. */
static void decide(decide_f call, const knot_dname_t *zone, const node_t *node,
                   const instance_t *instance, mxp_decision_t *decision)
{
	const mxp_view_t view = mxp_view(&instance->rules, instance->map);
	const mxp_apex_t apex = {
		.zone = zone,
		.mx = node->mx,
		.mx_ttl = node->mx_ttl,
		.txt = node->txt,
		.txt_ttl = node->txt_ttl,
	};
	if (is_left_alone(zone, instance)) {
		*decision = (mxp_decision_t){
			.serve = MXP_SERVE_STORED,
			.source = apex.mx.count > 0 ? MXP_SOURCE_OVERRIDE : MXP_SOURCE_NONE,
		};
		return;
	}
	call(&instance->rules, &view, &apex, NULL, decision);
	if (decision->serve != MXP_SERVE_STORED && (node->has & NODE_SIGNED) &&
	    instance->leaves_signed) {
		mxp_decision_unsign(decision, &apex, MXP_NOT_SIGNING, NULL);
	}
}

static bool serves_stored(const mxp_decision_t *decision)
{
	return decision->serve == MXP_SERVE_STORED || decision->serve == MXP_SERVE_UNSIGNED;
}

knot_rdataset_t lint_decide(const knot_dname_t *zone, const node_t *apex,
                            const instance_t *instance, mxp_decision_t *decision)
{
	decide(mxp_decide, zone, apex, instance, decision);
	if (serves_stored(decision)) {
		decision->ttl = apex->mx_ttl;
		return apex->mx;
	}
	return decision->rrs;
}

knot_rdataset_t lint_decide_txt(const knot_dname_t *zone, const node_t *apex,
                                const instance_t *instance, mxp_decision_t *decision)
{
	decide(mxp_decide_txt, zone, apex, instance, decision);
	if (serves_stored(decision)) {
		decision->ttl = apex->txt_ttl;
		return apex->txt;
	}
	return decision->rrs;
}

/*! \brief Looks for mistakes in what has led to a decision. */
static void lint_decision(linter_t *linter, const mxp_decision_t *decision)
{
	if (is_left_alone(linter->zone->name, linter->instance)) {
		name_str_t zone = "";
		text_warning("the module leaves %s alone: %s", name_str(linter->zone->name, zone),
		             linter->instance->is_catalog ? "it is a catalog of zones"
		             : linter->instance->active
		                     ? "it is the root zone, or arpa. or below it"
		                     : "its configuration does not name mod-mxpreset");
		return;
	}
	if (decision->serve == MXP_SERVE_UNSIGNED) {
		lint_unsigned(linter);
	}
	lint_markers(linter, decision);
	report_failure(linter, decision);
	lint_mixed(linter, decision);
}

static json_t *mx_json(const knot_rdataset_t *rrs)
{
	json_t *list = need(json_array());
	knot_rdata_t *mx = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, mx = knot_rdataset_next(mx)) {
		name_str_t name = "";
		json_t *record =
			need(json_pack("{s:i, s:s}", "priority", (int)mxp_mx_preference(mx),
		                       "value", name_str(mx->data + 2, name)));
		need(json_array_append_new(list, record) == 0 ? list : NULL);
	}
	return list;
}

/*! \brief The SPF record that is served. */
static json_t *spf_json(const linter_t *linter)
{
	mxp_decision_t decision;
	const knot_rdataset_t txt =
		lint_decide_txt(linter->zone->name, linter->apex, linter->instance, &decision);
	size_t count;
	char *text = lint_find_spf(&txt, &count);
	char *clean = text != NULL ? text_clean(text, strlen(text)) : NULL;
	json_t *spf = need(clean != NULL ? json_string(clean) : json_null());
	free(clean);
	free(text);
	mxp_decision_clear(&decision, NULL);
	return spf;
}

json_t *lint_report(const zone_t *zone, const instance_t *instance, bool *wrong)
{
	linter_t linter = {
		.zone = zone,
		.apex = zone_node(zone, zone->name),
		.instance = instance,
		.view = mxp_view(&instance->rules, instance->map),
		.warnings = need(json_array()),
		.wrong = instance->map_wrong,
	};
	mxp_decision_t decision;
	const knot_rdataset_t rrs = lint_decide(zone->name, linter.apex, instance, &decision);
	lint_decision(&linter, &decision);
	lint_names(&linter, &decision);
	lint_policies(&linter, &decision);

	const bool failed = (decision.serve == MXP_SERVE_FAIL);
	name_str_t name = "";
	json_t *report = need(
		json_pack("{s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:s?, s:o}", "zone",
	                  name_str(zone->name, name), "source", mxp_source_str(decision.source),
	                  "preset", decision.preset != NULL ? decision.preset->name : NULL, "rcode",
	                  failed ? "SERVFAIL" : "NOERROR", "ttl",
	                  need(rrs.count > 0 ? json_integer(decision.ttl) : json_null()), "mx",
	                  mx_json(&rrs), "spf", spf_json(&linter), "map",
	                  instance->map != NULL ? instance->map->version : NULL, "warnings",
	                  linter.warnings));
	mxp_decision_clear(&decision, NULL);
	*wrong = linter.wrong;

	return report;
}
