/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "edit.h"
#include "lint.h"
#include "text.h"

/*! \brief Copies all TXT records but markers. */
static void copy_without_markers(knot_rdataset_t *out, const knot_rdataset_t *txt)
{
	knot_rdata_t *rdata = txt->rdata;
	for (size_t i = 0; i < txt->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (!edit_is_marker(rdata) && knot_rdataset_add(out, rdata, NULL) != 0) {
			need(NULL);
		}
	}
}

/*! \brief Adds an MX record in lower case: that is how a server has it that loads a zone. */
static void add_lower(knot_rdataset_t *out, const knot_rdata_t *mx)
{
	uint8_t buf[sizeof(*mx) + 2 + KNOT_DNAME_MAXLEN + 1];
	knot_rdata_t *lower = (knot_rdata_t *)buf;
	knot_rdata_init(lower, mx->len, mx->data);
	knot_dname_to_lower(lower->data + 2);
	if (knot_rdataset_add(out, lower, NULL) != 0) {
		need(NULL);
	}
}

/*! \brief Puts together what has to be stored to be served. Returns false if it is stored. */
static bool set_mx(const mxp_decision_t *decision, const knot_rdataset_t *rrs, node_t *after)
{
	after->mx_ttl = decision->ttl;
	knot_rdata_t *mx = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, mx = knot_rdataset_next(mx)) {
		add_lower(&after->mx, mx);
	}
	return decision->serve == MXP_SERVE_PRESET || decision->serve == MXP_SERVE_FILTERED;
}

/*! \brief The same for TXT: an SPF record, and no marker if the MX no longer need it. */
static bool set_txt(const knot_dname_t *zone, const node_t *apex, const instance_t *instance,
                    bool keep_markers, node_t *after)
{
	mxp_decision_t decision;
	const knot_rdataset_t rrs = lint_decide_txt(zone, apex, instance, &decision);
	const bool adds = decision.serve == MXP_SERVE_PRESET || decision.serve == MXP_SERVE_ADDED;
	after->txt_ttl = decision.ttl;
	if (!keep_markers) {
		copy_without_markers(&after->txt, &rrs);
	} else if (knot_rdataset_copy(&after->txt, &rrs, NULL) != 0) {
		need(NULL);
	}
	mxp_decision_clear(&decision, NULL);
	return adds;
}

/*! \brief Tells if what is to be stored is served then, with the module and without. */
static bool serves_same(const knot_dname_t *zone, const instance_t *instance, const node_t *after)
{
	mxp_decision_t mx;
	mxp_decision_t txt;
	const knot_rdataset_t mx_rrs = lint_decide(zone, after, instance, &mx);
	const knot_rdataset_t txt_rrs = lint_decide_txt(zone, after, instance, &txt);
	const bool same = mx.serve != MXP_SERVE_FAIL && mx.ttl == after->mx_ttl &&
	                  knot_rdataset_eq(&mx_rrs, &after->mx) &&
	                  knot_rdataset_eq(&txt_rrs, &after->txt);
	mxp_decision_clear(&mx, NULL);
	mxp_decision_clear(&txt, NULL);

	return same;
}

/*! \brief Why it cannot be stored what is served, to be freed (NULL if it can). */
static char *reason_to_leave_out(const knot_dname_t *zone, const node_t *apex,
                                 const instance_t *instance, const mxp_decision_t *decision)
{
	if (decision->serve == MXP_SERVE_FAIL) {
		char fault[MXP_FAULT_STR_LEN];
		return text_format("its MX queries get SERVFAIL: %s",
		                   mxp_fault_str(&decision->fault, fault));
	}
	const bool empty = apex->mx.count == 0 && decision->serve == MXP_SERVE_STORED;
	return empty || mxp_zone_is_exempt(zone) ? NULL : instance_doubt(instance);
}

static fate_t judge(const knot_dname_t *zone, const node_t *apex, const instance_t *instance,
                    bool named, node_t *after, char **reason)
{
	(void)named;
	mxp_decision_t decision;
	const knot_rdataset_t rrs = lint_decide(zone, apex, instance, &decision);
	*after = (node_t){ .has = apex->has };
	fate_t fate = FATE_LEFT_OUT;
	*reason = reason_to_leave_out(zone, apex, instance, &decision);
	if (*reason == NULL) {
		const bool mx = set_mx(&decision, &rrs, after);
		const bool txt = set_txt(zone, apex, instance, !mx, after);
		fate = mx || txt ? FATE_CHANGES : FATE_STAYS;
	}
	if (fate == FATE_CHANGES && !serves_same(zone, instance, after)) {
		*reason = text_format("the module would not serve all of what it would store: some "
		                      "of it is the built-in's");
		fate = FATE_LEFT_OUT;
	}
	mxp_decision_clear(&decision, NULL);

	return fate;
}

int command_freeze(const options_t *options, int argc, char **argv)
{
	(void)argc;
	return edit_judged(options, argv, judge);
}
