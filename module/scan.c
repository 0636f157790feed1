/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libknot/descriptor.h>

#include "rrs.h"
#include "scan.h"

static void free_scan(mxp_retired_t *retired)
{
	free(retired);
}

/*! \brief Remembers what was decided; if memory is exhausted, there is just nothing. */
static void remember(mxp_scan_t **place, uint64_t generation, const mxp_apex_t *apex,
                     const mxp_decision_t *decision)
{
	const mxp_fault_t *fault = &decision->fault;
	mxp_scan_t *scan = malloc(sizeof(*scan) + apex->mx.size + apex->txt.size +
	                          decision->rrs.size + fault->text_len);
	if (scan == NULL) {
		return;
	}
	uint8_t *bytes = scan->bytes;
	scan->generation = generation;
	scan->apex = *apex;
	mxp_rrs_copy(&scan->apex.mx, &bytes);
	mxp_rrs_copy(&scan->apex.txt, &bytes);
	scan->decision = *decision;
	mxp_rrs_copy(&scan->decision.rrs, &bytes);
	scan->decision.allocated = false;
	scan->decision.text = NULL;
	if (fault->text_len > 0) {
		scan->decision.fault.text = memcpy(bytes, fault->text, fault->text_len);
	}
	mxp_scan_t *before = rcu_xchg_pointer(place, scan);
	if (before != NULL) {
		mxp_retire(&before->retired, free_scan);
	}
}

/*! \brief Tells if what is remembered is what would be decided. */
static bool is_present(const mxp_scan_t *scan, uint64_t generation, const mxp_apex_t *apex)
{
	return scan != NULL && scan->generation == generation &&
	       scan->apex.mx_ttl == apex->mx_ttl && scan->apex.txt_ttl == apex->txt_ttl &&
	       scan->apex.canonical == apex->canonical && mxp_rrs_same(&scan->apex.mx, &apex->mx) &&
	       mxp_rrs_same(&scan->apex.txt, &apex->txt);
}

void mxp_decide_type(uint16_t type, const mxp_rules_t *rules, const mxp_view_t *view,
                     const mxp_apex_t *apex, knot_mm_t *mm, mxp_decision_t *out)
{
	if (type == KNOT_RRTYPE_TXT) {
		mxp_decide_txt(rules, view, apex, mm, out);
	} else {
		mxp_decide(rules, view, apex, mm, out);
	}
}

void mxp_scan_decide(mxp_scan_t **scans, uint16_t type, const mxp_rules_t *rules,
                     const mxp_snapshot_t *snapshot, const mxp_apex_t *apex, knot_mm_t *mm,
                     mxp_decision_t *out)
{
	mxp_scan_t **place = &scans[type == KNOT_RRTYPE_TXT];
	const mxp_scan_t *scan = rcu_dereference(*place);
	if (is_present(scan, snapshot->generation, apex)) {
		*out = scan->decision;
		return;
	}
	mxp_decide_type(type, rules, &snapshot->view, apex, mm, out);
	if (out->fault.cause != MXP_NO_MEMORY) {
		remember(place, snapshot->generation, apex, out);
	}
}
