/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include "marker.h"
#include "scan.h"

/*! Markers that are kept: with two of them, the zone has too many. */
#define MARKERS_MAX 2

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

/*! \brief First record of an RRset, as an RRset. */
static knot_rdataset_t first_of(const knot_rdataset_t *rrs)
{
	return (knot_rdataset_t){
		.rdata = rrs->rdata,
		.count = rrs->count > 0,
		.size = rrs->count > 0 ? knot_rdata_size(rrs->rdata->len) : 0,
	};
}

/*! \brief Copies the markers of a zone to a place that has room for all of its TXT records. */
static knot_rdataset_t copy_markers(const knot_rdataset_t *txt, uint8_t *place)
{
	knot_rdataset_t copy = { .rdata = (knot_rdata_t *)place };
	knot_rdata_t *rdata = txt->rdata;
	for (size_t i = 0; i < txt->count && copy.count < MARKERS_MAX;
	     i++, rdata = knot_rdataset_next(rdata)) {
		if (mxp_marker_is(rdata)) {
			memcpy(place + copy.size, rdata, knot_rdata_size(rdata->len));
			copy.size += knot_rdata_size(rdata->len);
			copy.count++;
		}
	}
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
	mxp_scan_t *scan =
		malloc(sizeof(*scan) + apex->mx.size + 2 * apex->txt.size + decision->rrs.size);
	if (scan == NULL) {
		return;
	}
	uint8_t *bytes = scan->bytes;
	scan->generation = generation;
	scan->apex = *apex;
	scan->apex.mx = copy_rrs(&apex->mx, &bytes);
	scan->apex.txt = copy_rrs(&apex->txt, &bytes);
	scan->is_stored =
		decision->serve == MXP_SERVE_STORED || decision->serve == MXP_SERVE_FILTERED;
	if (scan->is_stored) {
		scan->decision = *decision;
		scan->decision.rrs = copy_rrs(&decision->rrs, &bytes);
		scan->decision.allocated = false;
		scan->decision.text = NULL;
	} else {
		// All MX records are built-in, so any of them will do.
		scan->reduced = scan->apex;
		scan->reduced.mx = first_of(&scan->apex.mx);
		scan->reduced.txt = copy_markers(&scan->apex.txt, bytes);
	}
	mxp_scan_t *before = rcu_xchg_pointer(place, scan);
	if (before != NULL) {
		mxp_retire(&before->retired, free_scan);
	}
}

void mxp_scan_decide(mxp_scan_t **place, const mxp_rules_t *rules, const mxp_snapshot_t *snapshot,
                     const mxp_apex_t *apex, knot_mm_t *mm, mxp_decision_t *out)
{
	const mxp_scan_t *scan = rcu_dereference(*place);
	if (scan == NULL || scan->generation != snapshot->generation ||
	    !same_rrs(&scan->apex.mx, &apex->mx) || !same_rrs(&scan->apex.txt, &apex->txt)) {
		mxp_decide(rules, &snapshot->view, apex, mm, out);
		if (out->fault.cause != MXP_NO_MEMORY) {
			remember(place, snapshot->generation, apex, out);
		}
	} else if (scan->is_stored) {
		*out = scan->decision;
		out->ttl = apex->mx_ttl;
	} else {
		mxp_apex_t reduced = scan->reduced;
		reduced.zone = apex->zone;
		reduced.mx_ttl = apex->mx_ttl;
		reduced.canonical = apex->canonical;
		mxp_decide(rules, &snapshot->view, &reduced, mm, out);
	}
}
