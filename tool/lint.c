/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libknot/errcode.h>

#include "lint.h"
#include "marker.h"
#include "mx.h"
#include "text.h"

/*! \brief A report in the making. */
typedef struct {
	const zone_t *zone;
	const node_t *apex;
	const instance_t *instance;
	mxp_view_t view;
	json_t *warnings;
	bool wrong;
} linter_t;

/*! \brief Adds a warning; takes the text. */
static void warn(linter_t *linter, const char *code, const knot_dname_t *owner, char *text)
{
	name_str_t owner_str = "";
	json_t *warning = need(json_pack("{s:s, s:s, s:s}", "code", code, "owner",
	                                 name_str(owner, owner_str), "text", text));
	need(json_array_append_new(linter->warnings, warning) == 0 ? warning : NULL);
	linter->wrong |= (strcmp(code, "overridden-marker") != 0);
	free(text);
}

static void lint_exchange(linter_t *linter, const node_t *node, const knot_dname_t *exchange)
{
	const knot_dname_t *zone = linter->zone->name;
	name_str_t name = "";
	name_str_t zone_str = "";
	name_str(exchange, name);
	name_str(zone, zone_str);

	if (name_is_doubled(exchange, zone)) {
		warn(linter, "doubled-root", node->name,
		     text_format("the exchange %s ends in the zone's name twice, a final dot is "
		                 "missing after the first",
		                 name));
	}
	if (name_is_address(exchange, zone)) {
		warn(linter, "address-exchange", node->name,
		     text_format("the exchange %s is an IP address, it must be the name of the "
		                 "mail server",
		                 name));
		return;
	}
	switch (zone_find(linter->zone, exchange)) {
	case FOUND_ALIAS:
		warn(linter, "alias-exchange", node->name,
		     text_format("the exchange %s is an alias (CNAME), it must be the name that "
		                 "has the address",
		                 name));
		break;
	case FOUND_NOTHING:
		warn(linter, "missing-exchange", node->name,
		     text_format("the exchange %s has no address (A or AAAA) in the zone %s", name,
		                 zone_str));
		break;
	default:
		break;
	}
}

static void lint_node(const node_t *node, void *ctx)
{
	linter_t *linter = ctx;
	if (name_is_doubled(node->name, linter->zone->name)) {
		name_str_t zone_str = "";
		warn(linter, "doubled-root", node->name,
		     text_format("the name ends in the zone's name twice, a final dot is missing "
		                 "after the first %s",
		                 name_str(linter->zone->name, zone_str)));
	}
	knot_rdata_t *mx = node->mx.rdata;
	for (size_t i = 0; i < node->mx.count; i++, mx = knot_rdataset_next(mx)) {
		if (!mxp_exchange_is_root(mxp_mx_exchange(mx))) {
			lint_exchange(linter, node, mxp_mx_exchange(mx));
		} else if (node->mx.count > 1) {
			warn(linter, "null-mx", node->name,
			     text_format("the null MX '%u .' stands beside other MX records, it "
			                 "must stand alone",
			                 mxp_mx_preference(mx)));
		}
	}
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
	warn(linter, "mixed-builtin", linter->zone->name,
	     text_format("built-in records are left out beside the override: %s", names));
	free(names);
}

/*! \brief Warns of a marker that does not count, or that cannot be honoured. */
static void lint_marker(linter_t *linter, const mxp_decision_t *decision)
{
	const mxp_rules_t *rules = &linter->instance->rules;
	const knot_rdata_t *rdata = NULL;
	const knot_dname_t *zone = linter->zone->name;
	(void)mxp_marker_find(&linter->apex->txt, &rdata);
	if (rdata == NULL) {
		return;
	}
	if (!rules->marker) {
		warn(linter, "ignored-marker", zone,
		     text_format("the server obeys no markers for this zone (marker: off)"));
		return;
	}
	if (decision->source == MXP_SOURCE_OVERRIDE) {
		warn(linter, "overridden-marker", zone,
		     text_format(
			     "the marker does not count, the zone's own MX records are served"));
	}

	// The marker as if there were no override.
	const mxp_apex_t apex = { .zone = zone, .txt = linter->apex->txt };
	mxp_decision_t alone;
	mxp_decide(rules, &linter->view, &apex, NULL, &alone);
	if (alone.serve == MXP_SERVE_FAIL && alone.fault.cause != MXP_NO_MAP) {
		char fault[MXP_FAULT_STR_LEN];
		warn(linter, "marker", zone,
		     text_format("%s; the marker cannot be honoured%s",
		                 mxp_fault_str(&alone.fault, fault),
		                 decision->source == MXP_SOURCE_OVERRIDE
		                         ? ""
		                         : ", MX queries get SERVFAIL"));
	}
	mxp_decision_clear(&alone, NULL);
}

/*! \brief Reports why no MX record can be served. */
static void report_failure(linter_t *linter, const mxp_decision_t *decision)
{
	if (decision->serve != MXP_SERVE_FAIL) {
		return;
	}
	char text[MXP_FAULT_STR_LEN];
	name_str_t zone = "";
	text_error("no MX record can be served for %s: %s; queries get SERVFAIL, or what the "
	           "last good map says if the server has one",
	           name_str(linter->zone->name, zone), mxp_fault_str(&decision->fault, text));
	linter->wrong = true;
}

/*! \brief Warns of a signed zone that is served as it is stored. */
static void lint_unsigned(linter_t *linter)
{
	warn(linter, "unsigned", linter->zone->name,
	     text_format(linter->instance->follows
	                         ? "the zone is signed by its primary: it is served as it is "
	                           "stored, unless this server holds its keys as well"
	                         : "the zone is signed and the server does not sign it: it is "
	                           "served as it is stored"));
}

static void decide(linter_t *linter, mxp_decision_t *decision)
{
	const instance_t *instance = linter->instance;
	const mxp_apex_t apex = {
		.zone = linter->zone->name,
		.mx = linter->apex->mx,
		.mx_ttl = linter->apex->mx_ttl,
		.txt = linter->apex->txt,
	};
	name_str_t zone = "";
	name_str(linter->zone->name, zone);

	if (!instance->active || mxp_zone_is_exempt(linter->zone->name)) {
		text_warning("the module leaves %s alone: %s", zone,
		             instance->active ? "it is the root zone, or arpa. or below it"
		                              : "its configuration does not name mod-mxpreset");
		*decision = (mxp_decision_t){
			.serve = MXP_SERVE_STORED,
			.source = apex.mx.count > 0 ? MXP_SOURCE_OVERRIDE : MXP_SOURCE_NONE,
			.ttl = apex.mx_ttl,
		};
		return;
	}
	mxp_decide(&instance->rules, &linter->view, &apex, NULL, decision);
	if (decision->serve != MXP_SERVE_STORED && (linter->apex->has & NODE_SIGNED) &&
	    instance->leaves_signed) {
		mxp_decision_unsign(decision, &apex, MXP_NOT_SIGNING, NULL);
		lint_unsigned(linter);
	}
	lint_marker(linter, decision);
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

/*! \brief Text of a TXT record, its strings joined, to be freed; cut at a NUL. */
static char *txt_joined(const knot_rdata_t *rdata)
{
	char *text = need(calloc(1, rdata->len + 1u));
	size_t len = 0;
	const uint8_t *end = rdata->data + rdata->len;
	for (const uint8_t *str = rdata->data; str < end; str += 1 + *str) {
		memcpy(text + len, str + 1, *str);
		len += *str;
	}
	return text;
}

/*! \brief The SPF record that is stored at the apex (RFC 7208, section 4.5), NULL if none is. */
static json_t *spf_json(const knot_rdataset_t *txt)
{
	static const char version[] = "v=spf1";
	const size_t len = sizeof(version) - 1;
	json_t *found = NULL;
	knot_rdata_t *rdata = txt->rdata;
	for (size_t i = 0; i < txt->count && found == NULL;
	     i++, rdata = knot_rdataset_next(rdata)) {
		char *text = txt_joined(rdata);
		if (strncasecmp(text, version, len) == 0 &&
		    (text[len] == '\0' || text[len] == ' ')) {
			char *clean = text_clean(text, strlen(text));
			found = need(json_string(clean));
			free(clean);
		}
		free(text);
	}
	return found != NULL ? found : need(json_null());
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
	decide(&linter, &decision);
	zone_walk(zone, lint_node, &linter);

	static const knot_rdataset_t nothing = { 0 };
	const bool failed = (decision.serve == MXP_SERVE_FAIL);
	const bool stored =
		decision.serve == MXP_SERVE_STORED || decision.serve == MXP_SERVE_UNSIGNED;
	const knot_rdataset_t *rrs = stored ? &linter.apex->mx : failed ? &nothing : &decision.rrs;
	const uint32_t ttl = stored ? linter.apex->mx_ttl : decision.ttl;
	name_str_t name = "";
	json_t *report = need(
		json_pack("{s:s, s:s, s:s?, s:s, s:o, s:o, s:o, s:s?, s:o}", "zone",
	                  name_str(zone->name, name), "source", mxp_source_str(decision.source),
	                  "preset", decision.preset != NULL ? decision.preset->name : NULL, "rcode",
	                  failed ? "SERVFAIL" : "NOERROR", "ttl",
	                  need(rrs->count > 0 ? json_integer(ttl) : json_null()), "mx",
	                  mx_json(rrs), "spf", spf_json(&linter.apex->txt), "map",
	                  instance->map != NULL ? instance->map->version : NULL, "warnings",
	                  linter.warnings));
	mxp_decision_clear(&decision, NULL);
	*wrong = linter.wrong;

	return report;
}
