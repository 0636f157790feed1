/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "lint.h"
#include "mx.h"
#include "text.h"

static bool has_all(const knot_rdataset_t *rrs, const knot_rdataset_t *others)
{
	knot_rdata_t *mx = others->rdata;
	for (size_t i = 0; i < others->count; i++, mx = knot_rdataset_next(mx)) {
		if (!edit_has_exchange(rrs, mxp_mx_exchange(mx))) {
			return false;
		}
	}
	return true;
}

/*! \brief Why the stored MX are none that could be removed, to be freed (NULL if they could). */
static char *reason_to_stay(const knot_dname_t *zone, const instance_t *instance,
                            const mxp_decision_t *decision)
{
	if (!instance->active || mxp_zone_is_exempt(zone)) {
		return text_format("it does not use mod-mxpreset on this server");
	}
	if (decision->source == MXP_SOURCE_OVERRIDE) {
		return text_format("its MX records are not all the built-in's; kmxpreset reset "
		                   "removes them");
	}
	return NULL;
}

/*! \brief Why they cannot be removed, to be freed (NULL if they can). */
static char *reason_to_leave_out(const knot_rdataset_t *before, const knot_rdataset_t *after,
                                 const mxp_decision_t *decision, bool named)
{
	if (decision->serve == MXP_SERVE_FAIL) {
		char fault[MXP_FAULT_STR_LEN];
		return text_format("its MX queries would get SERVFAIL: %s",
		                   mxp_fault_str(&decision->fault, fault));
	}
	if (after->count == 0) {
		return text_format("it would have no MX records at all: what it stores is served");
	}
	if (!named && (!has_all(before, after) || !has_all(after, before))) {
		return text_format("its answer would have other exchanges, by its %s%s%s; named by "
		                   "itself it is done",
		                   mxp_source_str(decision->source),
		                   decision->preset != NULL ? " " : "",
		                   decision->preset != NULL ? decision->preset->name : "");
	}
	return NULL;
}

static fate_t judge(const knot_dname_t *zone, const node_t *apex, const instance_t *instance,
                    bool named, node_t *after, char **reason)
{
	*after = (node_t){ .has = apex->has, .txt_ttl = apex->txt_ttl };
	if (apex->mx.count == 0) {
		return FATE_STAYS;
	}
	if (knot_rdataset_copy(&after->txt, &apex->txt, NULL) != 0) {
		need(NULL);
	}
	mxp_decision_t decision;
	mxp_decision_t then;
	const knot_rdataset_t rrs = lint_decide(zone, apex, instance, &decision);
	const knot_rdataset_t rrs_then = lint_decide(zone, after, instance, &then);
	fate_t fate = FATE_LEFT_OUT;
	*reason = instance_doubt(instance);
	if (*reason == NULL) {
		*reason = reason_to_stay(zone, instance, &decision);
		fate = FATE_STAYS;
	}
	if (*reason == NULL) {
		*reason = reason_to_leave_out(&rrs, &rrs_then, &then, named);
		fate = (*reason == NULL) ? FATE_CHANGES : FATE_LEFT_OUT;
	}
	mxp_decision_clear(&decision, NULL);
	mxp_decision_clear(&then, NULL);

	return fate;
}

int command_adopt(const options_t *options, int argc, char **argv)
{
	(void)argc;
	return edit_judged(options, argv, judge);
}
