/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "diff_zones.h"
#include "fleet.h"
#include "lint.h"
#include "marker.h"
#include "text.h"

static void count(json_t *counts, mxp_span_t name)
{
	char *key = need(strndup((const char *)name.data, name.len));
	for (char *ch = key; *ch != '\0'; ch++) {
		*ch = (char)tolower((unsigned char)*ch);
	}
	const json_int_t number = json_integer_value(json_object_get(counts, key)) + 1;
	// What is no UTF-8 is the name of no preset.
	(void)json_object_set_new(counts, key, json_integer(number));
	free(key);
}

/*! \brief The name that has picked the preset, perhaps an alias; for a marker text is allocated. */
static mxp_span_t picked(const node_t *apex, const mxp_rules_t *rules, mxp_source_t source,
                         mxp_marker_t *marker)
{
	const knot_rdata_t *rdata = NULL;
	mxp_fault_t fault;
	switch (source) {
	case MXP_SOURCE_MARKER:
		(void)mxp_marker_find(&apex->txt, &rdata);
		(void)mxp_marker_parse(rdata, NULL, marker, &fault);
		return marker->name;
	case MXP_SOURCE_PRESET:
		return mxp_span(rules->preset);
	default:
		return mxp_span(rules->builtin);
	}
}

static bool waits(mxp_cause_t cause)
{
	return cause == MXP_UNKNOWN_PRESET || cause == MXP_NO_PRESET || cause == MXP_NO_BUILTIN;
}

static void look_at(fleet_zone_t *zone, zone_t *records, void *ctx)
{
	json_t *counts = ctx;
	const node_t *apex = zone_node(records, records->name);
	mxp_decision_t decision;
	(void)lint_decide(records->name, apex, zone->instance, &decision);
	if (decision.serve == MXP_SERVE_PRESET) {
		mxp_marker_t marker = { .joined = NULL };
		const mxp_span_t own = mxp_span(decision.preset->name);
		const mxp_span_t name =
			picked(apex, &zone->instance->rules, decision.source, &marker);
		count(counts, own);
		if (!mxp_span_is_case(name, decision.preset->name)) {
			count(counts, name);
		}
		free(marker.joined);
	} else if (decision.serve == MXP_SERVE_FAIL && waits(decision.fault.cause)) {
		count(counts, (mxp_span_t){ decision.fault.text, decision.fault.text_len });
	}
	mxp_decision_clear(&decision, NULL);
}

json_t *diff_count_zones(const options_t *options)
{
	control_t control;
	fleet_t fleet;
	if (!control_connect(&control, options->socket, options->timeout, NULL)) {
		return NULL;
	}
	json_t *counts = NULL;
	if (fleet_read(&control, &fleet)) {
		counts = need(json_object());
		(void)fleet_walk(&control, &fleet, false, look_at, counts);
		if (control.ctl == NULL) {
			json_decref(counts);
			counts = NULL;
		}
	}
	control_close(&control);
	fleet_free(&fleet);

	return counts;
}
