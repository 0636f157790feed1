/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lint.h"
#include "linter.h"
#include "marker.h"
#include "text.h"

/*! \brief Tells if a text begins as people write a marker who do not know how. */
static bool looks_like(const char *text)
{
	text += strspn(text, " \t\"'\\=");
	if (strncasecmp(text, "mx", 2) != 0) {
		return false;
	}
	text += 2;
	text += strspn(text, "-_ .");
	return strncasecmp(text, "preset", 6) == 0;
}

/*! \brief Tells if an owner's first label is the beginning of a marker. */
static bool is_marker_owner(const knot_dname_t *owner)
{
	char label[KNOT_DNAME_MAXLABELLEN + 1] = "";
	memcpy(label, owner + 1, *owner);
	const char *text = label + (*label == '_');
	return strncasecmp(text, "mx", 2) == 0 && looks_like(text);
}

static bool is_marker(const knot_rdata_t *rdata)
{
	const knot_rdataset_t one = { 1, knot_rdata_size(rdata->len), (knot_rdata_t *)rdata };
	const knot_rdata_t *found = NULL;
	(void)mxp_marker_find(&one, &found);
	return found != NULL;
}

static void warn_alike(linter_t *linter, const knot_dname_t *owner, const char *reason)
{
	linter_warn(linter, "marker-like", owner,
	            text_format("the TXT record looks like a marker and is none: %s; write "
	                        "\"mx-preset=NAME\" at the apex",
	                        reason));
}

/*! \brief Looks for what only looks like a marker, at one name. */
static void lint_alike(const node_t *node, void *ctx)
{
	linter_t *linter = ctx;
	const bool is_apex = (node == linter->apex);
	knot_rdata_t *rdata = node->txt.rdata;
	for (size_t i = 0; i < node->txt.count; i++, rdata = knot_rdataset_next(rdata)) {
		char *text = linter_text(rdata);
		if (is_apex && !is_marker(rdata) && looks_like(text)) {
			warn_alike(linter, node->name, "it does not begin with mx-preset=");
		} else if (!is_apex && (looks_like(text) || is_marker_owner(node->name))) {
			warn_alike(linter, node->name, "it is not at the apex");
		}
		free(text);
	}
}

/*! \brief Tells if a marker of several strings would be good with spaces between them. */
static bool meant_as_one(const knot_rdata_t *rdata)
{
	if (rdata->data[0] + 1 == rdata->len || rdata->len > MXP_MARKER_MAX) {
		return false;
	}
	uint8_t buf[sizeof(knot_rdata_t) + MXP_MARKER_MAX + 8];
	knot_rdata_t *spaced = (knot_rdata_t *)buf;
	memcpy(buf, rdata, sizeof(*rdata) + rdata->len);
	// One string: each length octet but the first becomes a space.
	size_t next = 0;
	for (size_t pos = 0; pos < rdata->len; pos = next) {
		next = pos + 1 + rdata->data[pos];
		spaced->data[pos] = ' ';
	}
	mxp_marker_t marker = { .joined = NULL };
	mxp_fault_t fault;
	if (rdata->len - 1u > UINT8_MAX) {
		return true; // Too long for one string; whatever it is, spaces are missing.
	}
	spaced->data[0] = (uint8_t)(rdata->len - 1);
	const bool good = is_marker(spaced) && mxp_marker_parse(spaced, NULL, &marker, &fault);
	free(marker.joined);
	return good;
}

/*! \brief Warns of a marker that cannot be honoured, override or not. */
static void lint_bad_marker(linter_t *linter, const mxp_decision_t *decision,
                            const knot_rdata_t *rdata)
{
	const knot_dname_t *zone = linter->zone->name;
	const mxp_apex_t apex = { .zone = zone, .txt = linter->apex->txt };
	mxp_decision_t alone;
	mxp_decide(&linter->instance->rules, &linter->view, &apex, NULL, &alone);
	if (alone.serve == MXP_SERVE_FAIL && alone.fault.cause != MXP_NO_MAP) {
		const bool overridden = (decision->source == MXP_SOURCE_OVERRIDE);
		char fault[MXP_FAULT_STR_LEN];
		linter_warn(linter, "marker", zone,
		            text_format("%s; the marker cannot be honoured%s%s",
		                        mxp_fault_str(&alone.fault, fault),
		                        overridden ? "" : ", MX queries get SERVFAIL",
		                        meant_as_one(rdata)
		                                ? " (its strings are joined without a space: "
		                                  "write them as one)"
		                                : ""));
	}
	mxp_decision_clear(&alone, NULL);
}

void lint_markers(linter_t *linter, const mxp_decision_t *decision)
{
	const knot_dname_t *zone = linter->zone->name;
	const knot_rdata_t *rdata = NULL;
	zone_walk(linter->zone, lint_alike, linter);
	(void)mxp_marker_find(&linter->apex->txt, &rdata);
	if (rdata == NULL) {
		return;
	}
	if (!linter->instance->rules.marker) {
		linter_warn(linter, "ignored-marker", zone,
		            text_format("the server obeys no markers for this zone (marker: off)"));
		return;
	}
	if (decision->source == MXP_SOURCE_OVERRIDE) {
		linter_warn(linter, "overridden-marker", zone,
		            text_format("the marker does not count, the zone's own MX records are "
		                        "served"));
	}
	lint_bad_marker(linter, decision, rdata);
}
