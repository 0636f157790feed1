/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libknot/descriptor.h>

#include "scan.h"

static bool same_rrs(const knot_rdataset_t *rrs1, const knot_rdataset_t *rrs2)
{
	return rrs1->size == rrs2->size && rrs1->count == rrs2->count &&
	       (rrs1->size == 0 || memcmp(rrs1->rdata, rrs2->rdata, rrs1->size) == 0);
}

/*! \brief Copies an RRset's RDATA to a place, and moves that on. */
static knot_rdataset_t copy_rrs(const knot_rdataset_t *rrs, uint8_t **place)
{
	knot_rdataset_t copy = *rrs;
	copy.rdata = (knot_rdata_t *)*place;
	if (rrs->size > 0) {
		memcpy(*place, rrs->rdata, rrs->size);
	}
	*place += rrs->size;
	return copy;
}

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
	scan->apex.mx = copy_rrs(&apex->mx, &bytes);
	scan->apex.txt = copy_rrs(&apex->txt, &bytes);
	scan->decision = *decision;
	scan->decision.rrs = copy_rrs(&decision->rrs, &bytes);
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
	       scan->apex.canonical == apex->canonical && same_rrs(&scan->apex.mx, &apex->mx) &&
	       same_rrs(&scan->apex.txt, &apex->txt);
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
	if (type == KNOT_RRTYPE_TXT) {
		mxp_decide_txt(rules, &snapshot->view, apex, mm, out);
	} else {
		mxp_decide(rules, &snapshot->view, apex, mm, out);
	}
	if (out->fault.cause != MXP_NO_MEMORY) {
		remember(place, snapshot->generation, apex, out);
	}
}
