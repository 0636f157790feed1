/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "decision.h"
#include "expand.h"
#include "marker.h"
#include "memory.h"
#include "mx.h"
#include "name.h"
#include "spf_record.h"

bool mxp_zone_is_exempt(const knot_dname_t *zone)
{
	return *zone == '\0' ||
	       knot_dname_in_bailiwick(zone, (const knot_dname_t *)"\004arpa") >= 0;
}

mxp_view_t mxp_view(const mxp_rules_t *rules, const mxp_map_t *map)
{
	mxp_view_t view = { .map = map };
	if (map != NULL) {
		view.builtin = mxp_map_find(map, mxp_span(rules->builtin));
		if (rules->preset != NULL) {
			view.preset = mxp_map_find(map, mxp_span(rules->preset));
		}
	}
	return view;
}

const char *mxp_view_lacks(const mxp_view_t *view, const mxp_rules_t *rules)
{
	if (view->builtin == NULL) {
		return rules->builtin;
	}
	return view->preset == NULL ? rules->preset : NULL;
}

/*! \brief Of two presets, the one with the larger TTL. */
static const mxp_preset_t *longer(const mxp_preset_t *preset1, const mxp_preset_t *preset2)
{
	return preset1 == NULL || (preset2 != NULL && preset2->ttl > preset1->ttl) ? preset2
	                                                                           : preset1;
}

const mxp_preset_t *mxp_view_longest(const mxp_view_t *view, const mxp_rules_t *rules)
{
	const mxp_preset_t *found = longer(view->builtin, view->preset);
	for (size_t i = 0; rules->marker && view->map != NULL && i < view->map->count; i++) {
		const mxp_preset_t *preset = &view->map->presets[i];
		found = preset->alias == NULL ? longer(found, preset) : found;
	}
	return found;
}

/*! \brief Lets the rule that has decided fail. */
static void fail(mxp_decision_t *out, mxp_fault_t fault)
{
	fault.of = (uint8_t)out->source;
	out->serve = MXP_SERVE_FAIL;
	out->fault = fault;
}

static void fail_of_name(mxp_decision_t *out, mxp_cause_t cause, const char *name)
{
	const mxp_span_t text = mxp_span(name);
	fail(out, mxp_fault(cause, text.data, text.len));
}

/*! \brief Finds a parameter of the instance. */
static mxp_span_t instance_value(const void *ctx, const char *name)
{
	const mxp_rules_t *rules = ctx;
	for (size_t i = 0; i < rules->param_count; i++) {
		const mxp_param_t *param = &rules->params[i];
		if (mxp_span_is_case(param->name, name)) {
			return param->value;
		}
	}
	return (mxp_span_t){ NULL, 0 };
}

/*! \brief Serves a preset, or fails if it cannot be expanded. */
static void serve(const mxp_preset_t *preset, const mxp_apex_t *apex, mxp_lookup_f lookup,
                  const void *ctx, knot_mm_t *mm, mxp_decision_t *out)
{
	if (preset->param_count == 0) {
		out->rrs = preset->rrs;
	} else {
		mxp_fault_t fault;
		if (!mxp_preset_expand(preset, apex->zone, apex->canonical, lookup, ctx, mm,
		                       &out->rrs, &fault)) {
			fail(out, fault);
			return;
		}
		out->allocated = true;
	}
	out->serve = MXP_SERVE_PRESET;
	out->preset = preset;
	out->ttl = preset->ttl;
}

/*! \brief The built-in's exchanges, expanded for the zone if that is needed. */
typedef struct {
	const mxp_preset_t *preset;
	knot_rdataset_t rrs; /*!< Expanded records; empty without parameters. */
} builtin_t;

static bool is_builtin(const builtin_t *builtin, const knot_rdata_t *mx)
{
	// A server takes a record without RDATA from a primary or by dynamic update.
	if (mx->len <= sizeof(uint16_t) || mxp_mx_is_null(mx)) {
		return false;
	}
	const knot_dname_t *exchange = mxp_mx_exchange(mx);
	knot_rdata_t *rdata = builtin->rrs.rdata;
	for (size_t i = 0; i < builtin->rrs.count; i++, rdata = knot_rdataset_next(rdata)) {
		if (rdata->len == mx->len &&
		    knot_dname_is_case_equal(mxp_mx_exchange(rdata), exchange)) {
			return true;
		}
	}
	return mxp_preset_owns(builtin->preset, exchange);
}

/*! \brief Counts the records that are not built-in; copies them if there is room. */
static uint16_t pick_override(const builtin_t *builtin, const knot_rdataset_t *mx,
                              knot_rdataset_t *out)
{
	uint16_t count = 0;
	knot_rdata_t *rdata = mx->rdata;
	for (size_t i = 0; i < mx->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (is_builtin(builtin, rdata)) {
			continue;
		}
		count++;
		if (out != NULL) {
			const size_t size = knot_rdata_size(rdata->len);
			memcpy((uint8_t *)out->rdata + out->size, rdata, size);
			out->size += size;
			out->count++;
		}
	}
	return count;
}

static void serve_override(const builtin_t *builtin, const mxp_apex_t *apex, uint16_t count,
                           knot_mm_t *mm, mxp_decision_t *out)
{
	out->source = MXP_SOURCE_OVERRIDE;
	out->ttl = apex->mx_ttl;
	if (count == apex->mx.count) {
		return;
	}
	out->rrs.rdata = mxp_alloc(mm, apex->mx.size);
	if (out->rrs.rdata == NULL) {
		mxp_decision_fail(out, MXP_NO_MEMORY);
		return;
	}
	(void)pick_override(builtin, &apex->mx, &out->rrs);
	out->serve = MXP_SERVE_FILTERED;
	out->allocated = true;
}

/*! \brief Rule 1: the override. Returns true if that is the decision. */
static bool decide_override(const mxp_rules_t *rules, const mxp_view_t *view,
                            const mxp_apex_t *apex, knot_mm_t *mm, mxp_decision_t *out)
{
	if (!rules->filter || view->builtin == NULL) {
		serve_override(NULL, apex, apex->mx.count, mm, out);
		return true;
	}

	builtin_t builtin = { .preset = view->builtin };
	mxp_fault_t fault;
	if (view->builtin->param_count > 0 &&
	    !mxp_preset_expand(view->builtin, apex->zone, false, instance_value, rules, mm,
	                       &builtin.rrs, &fault) &&
	    fault.cause == MXP_NO_MEMORY) {
		out->source = MXP_SOURCE_OVERRIDE;
		mxp_decision_fail(out, MXP_NO_MEMORY);
		return true;
	}
	const uint16_t count = pick_override(&builtin, &apex->mx, NULL);
	if (count > 0) {
		serve_override(&builtin, apex, count, mm, out);
	}
	mxp_free(mm, builtin.rrs.rdata);

	return count > 0;
}

/*! \brief Rule 2: the marker. Returns false if there is none. */
static bool decide_marker(const mxp_view_t *view, const mxp_apex_t *apex, knot_mm_t *mm,
                          mxp_decision_t *out)
{
	const knot_rdata_t *rdata = NULL;
	mxp_fault_t fault = { .cause = mxp_marker_find(&apex->txt, &rdata) };
	if (rdata == NULL) {
		return false;
	}
	out->source = MXP_SOURCE_MARKER;

	mxp_marker_t marker = { .joined = NULL };
	const bool good = fault.cause == MXP_OK && mxp_marker_parse(rdata, mm, &marker, &fault);
	out->text = marker.joined;
	if (!good) {
		fail(out, fault);
		return true;
	}
	if (mxp_name_is_none(marker.name)) {
		return true;
	}
	const mxp_preset_t *preset =
		view->map != NULL ? mxp_map_find(view->map, marker.name) : NULL;
	if (view->map == NULL) {
		mxp_decision_fail(out, MXP_NO_MAP);
	} else if (preset == NULL) {
		fail(out, mxp_fault(MXP_UNKNOWN_PRESET, marker.name.data, marker.name.len));
	} else {
		serve(preset, apex, mxp_marker_value, &marker, mm, out);
	}
	return true;
}

/*! \brief Rules 4 and 5: the instance's preset if it is set, or else the built-in. */
static void decide_default(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                           knot_mm_t *mm, mxp_decision_t *out)
{
	const bool is_set = (rules->preset != NULL);
	const mxp_preset_t *preset = is_set ? view->preset : view->builtin;
	out->source = is_set ? MXP_SOURCE_PRESET : MXP_SOURCE_BUILTIN;
	if (view->map == NULL) {
		mxp_decision_fail(out, MXP_NO_MAP);
	} else if (preset == NULL) {
		fail_of_name(out, is_set ? MXP_NO_PRESET : MXP_NO_BUILTIN,
		             is_set ? rules->preset : rules->builtin);
	} else {
		serve(preset, apex, instance_value, rules, mm, out);
	}
}

void mxp_decide(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                knot_mm_t *mm, mxp_decision_t *out)
{
	*out = (mxp_decision_t){ .serve = MXP_SERVE_STORED, .source = MXP_SOURCE_NONE };

	if (apex->mx.count > 0 && decide_override(rules, view, apex, mm, out)) {
		return;
	}
	if (rules->marker && decide_marker(view, apex, mm, out)) {
		return;
	}
	if (apex->mx.count > 0) { // Rule 3.
		out->source = MXP_SOURCE_BUILTIN;
		out->ttl = apex->mx_ttl;
		return;
	}
	decide_default(rules, view, apex, mm, out);
}

/*! \brief The preset whose MX are served; built-in records that the zone stores are the built-in's.
 */
static const mxp_preset_t *preset_of(const mxp_view_t *view, const mxp_decision_t *mx)
{
	const bool rule3 = (mx->serve == MXP_SERVE_STORED && mx->source == MXP_SOURCE_BUILTIN);
	return rule3 ? view->builtin : mx->preset;
}

/*! \brief Serves a preset's SPF record, with what the zone stores. */
static void serve_spf(const mxp_preset_t *preset, const mxp_apex_t *apex, knot_mm_t *mm,
                      mxp_decision_t *out)
{
	if (apex->txt.count == 0) {
		out->serve = MXP_SERVE_PRESET;
		out->rrs = preset->spf_rrs;
		out->ttl = preset->ttl;
	} else if (mxp_spf_add(&apex->txt, &preset->spf_rrs, mm, &out->rrs)) {
		out->serve = MXP_SERVE_ADDED;
		out->allocated = true;
		out->ttl = apex->txt_ttl;
	} else {
		out->fault = (mxp_fault_t){ .cause = MXP_NO_MEMORY };
		return;
	}
	out->preset = preset;
}

void mxp_decide_txt(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                    knot_mm_t *mm, mxp_decision_t *out)
{
	*out = (mxp_decision_t){ .serve = MXP_SERVE_STORED, .source = MXP_SOURCE_NONE };
	if (!rules->spf || mxp_spf_is_stored(&apex->txt)) {
		return;
	}
	mxp_decision_t mx;
	mxp_decide(rules, view, apex, mm, &mx);
	const mxp_preset_t *preset = preset_of(view, &mx);
	if (preset != NULL && preset->spf != NULL) {
		out->source = mx.source;
		serve_spf(preset, apex, mm, out);
	} else if (mx.fault.cause == MXP_NO_MEMORY) {
		out->fault = mx.fault;
	}
	mxp_decision_clear(&mx, mm);
}

void mxp_decision_fail(mxp_decision_t *out, mxp_cause_t cause)
{
	fail(out, (mxp_fault_t){ .cause = cause });
}

void mxp_decision_unsign(mxp_decision_t *out, const mxp_apex_t *apex, mxp_cause_t cause,
                         knot_mm_t *mm)
{
	if (out->allocated) {
		mxp_free(mm, out->rrs.rdata);
		out->allocated = false;
	}
	if (apex->mx.count == 0) {
		out->source = MXP_SOURCE_NONE;
	} else if (out->source != MXP_SOURCE_OVERRIDE) {
		out->source = MXP_SOURCE_BUILTIN;
	}
	out->serve = MXP_SERVE_UNSIGNED;
	out->preset = NULL;
	out->rrs = (knot_rdataset_t){ 0 };
	out->ttl = apex->mx_ttl;
	out->fault = (mxp_fault_t){ .cause = cause };
}

const char *mxp_source_str(mxp_source_t source)
{
	static const char *const names[] = {
		[MXP_SOURCE_NONE] = "none",        [MXP_SOURCE_OVERRIDE] = "override",
		[MXP_SOURCE_MARKER] = "marker",    [MXP_SOURCE_PRESET] = "preset",
		[MXP_SOURCE_BUILTIN] = "built-in",
	};
	return names[source];
}

void mxp_decision_clear(mxp_decision_t *out, knot_mm_t *mm)
{
	if (out->allocated) {
		mxp_free(mm, out->rrs.rdata);
	}
	mxp_free(mm, out->text);
	*out = (mxp_decision_t){ .serve = MXP_SERVE_STORED };
}
