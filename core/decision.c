/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include "decision.h"
#include "expand.h"
#include "marker.h"
#include "memory.h"
#include "mx.h"
#include "name.h"

#define IN_ADDR_ARPA "\007in-addr\004arpa"
#define IP6_ARPA     "\003ip6\004arpa"

bool mxp_zone_is_reverse(const knot_dname_t *zone)
{
	return knot_dname_in_bailiwick(zone, (const knot_dname_t *)IN_ADDR_ARPA) > 0 ||
	       knot_dname_in_bailiwick(zone, (const knot_dname_t *)IP6_ARPA) > 0;
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

static void add_fault(mxp_decision_t *out, mxp_fault_t fault, mxp_source_t source)
{
	fault.of = (uint8_t)source;
	out->faults[out->fault_count++] = fault;
}

static void fail(mxp_decision_t *out, mxp_cause_t cause, const char *text)
{
	const mxp_span_t about = text != NULL ? mxp_span(text) : (mxp_span_t){ NULL, 0 };
	out->serve = MXP_SERVE_FAIL;
	add_fault(out, mxp_fault(cause, about.data, about.len), MXP_SOURCE_NONE);
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

/*! \brief Serves a preset. Returns false if it cannot be expanded, with the fault added. */
static bool serve(const mxp_preset_t *preset, mxp_source_t source, const mxp_apex_t *apex,
                  mxp_lookup_f lookup, const void *ctx, knot_mm_t *mm, mxp_decision_t *out)
{
	if (preset->param_count == 0) {
		out->rrs = preset->rrs;
	} else {
		mxp_fault_t fault;
		if (!mxp_preset_expand(preset, apex->zone, apex->canonical, lookup, ctx, mm,
		                       &out->rrs, &fault)) {
			if (fault.cause == MXP_NO_MEMORY) {
				fail(out, fault.cause, NULL);
				return true;
			}
			add_fault(out, fault, source);
			return false;
		}
		out->allocated = true;
	}
	out->serve = MXP_SERVE_PRESET;
	out->source = source;
	out->preset = preset;
	out->ttl = preset->ttl;

	return true;
}

/*! \brief The built-in's exchanges, expanded for the zone if that is needed. */
typedef struct {
	const mxp_preset_t *preset;
	knot_rdataset_t rrs; /*!< Expanded records; empty without parameters. */
} builtin_t;

static bool is_builtin(const builtin_t *builtin, const knot_rdata_t *mx)
{
	const knot_dname_t *exchange = mxp_mx_exchange(mx);
	if (mxp_mx_is_null(mx)) {
		return false;
	}
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
		fail(out, MXP_NO_MEMORY, NULL);
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
		fail(out, MXP_NO_MEMORY, NULL);
		return true;
	}
	const uint16_t count = pick_override(&builtin, &apex->mx, NULL);
	if (count > 0) {
		serve_override(&builtin, apex, count, mm, out);
	}
	mxp_free(mm, builtin.rrs.rdata);

	return count > 0;
}

/*! \brief Rule 2: the marker. Returns true if that is the decision. */
static bool decide_marker(const mxp_view_t *view, const mxp_apex_t *apex, knot_mm_t *mm,
                          mxp_decision_t *out)
{
	const knot_rdata_t *rdata = NULL;
	mxp_fault_t fault = { .cause = mxp_marker_find(&apex->txt, &rdata) };
	if (rdata == NULL) {
		return false;
	}

	mxp_marker_t marker = { .joined = NULL };
	const bool good = fault.cause == MXP_OK && mxp_marker_parse(rdata, mm, &marker, &fault);
	out->text = marker.joined;
	if (fault.cause == MXP_NO_MEMORY) {
		fail(out, fault.cause, NULL);
		return true;
	}
	if (!good) {
		out->fallback = true;
		add_fault(out, fault, MXP_SOURCE_MARKER);
		return false;
	}
	if (mxp_name_is_none(marker.name)) {
		out->source = MXP_SOURCE_MARKER;
		return true;
	}
	if (view->map == NULL) {
		fail(out, MXP_NO_MAP, NULL);
		return true;
	}
	const mxp_preset_t *preset = mxp_map_find(view->map, marker.name);
	if (preset == NULL) {
		out->fallback = true;
		fault = mxp_fault(MXP_UNKNOWN_PRESET, marker.name.data, marker.name.len);
		add_fault(out, fault, MXP_SOURCE_MARKER);
		return false;
	}
	if (!serve(preset, MXP_SOURCE_MARKER, apex, mxp_marker_value, &marker, mm, out)) {
		out->fallback = true;
		return false;
	}
	return true;
}

/*! \brief Rules 4 and 5: the instance's preset and the built-in. */
static void decide_default(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                           knot_mm_t *mm, mxp_decision_t *out)
{
	if (view->map == NULL) {
		fail(out, MXP_NO_MAP, NULL);
		return;
	}
	if (rules->preset != NULL) {
		if (view->preset == NULL) {
			const mxp_span_t name = mxp_span(rules->preset);
			const mxp_fault_t fault =
				mxp_fault(MXP_UNKNOWN_PRESET, name.data, name.len);
			add_fault(out, fault, MXP_SOURCE_PRESET);
		} else if (serve(view->preset, MXP_SOURCE_PRESET, apex, instance_value, rules, mm,
		                 out)) {
			return;
		}
		out->fallback = true;
	}
	if (view->builtin == NULL) {
		fail(out, MXP_NO_BUILTIN, rules->builtin);
		return;
	}
	(void)serve(view->builtin, MXP_SOURCE_BUILTIN, apex, instance_value, rules, mm, out);
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
	if (apex->mx.count > 0) {
		out->source = MXP_SOURCE_BUILTIN;
		out->ttl = apex->mx_ttl;
		return;
	}
	decide_default(rules, view, apex, mm, out);
}

void mxp_decision_fail(mxp_decision_t *out, mxp_cause_t cause)
{
	fail(out, cause, NULL);
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
	add_fault(out, mxp_fault(cause, NULL, 0), MXP_SOURCE_NONE);
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
