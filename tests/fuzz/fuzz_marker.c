/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief TXT records made of text: a line is a record, a tab ends a string of it.
 *
 * What the module makes of them is compared with a reader that cares for nothing but the rules.
 */

#include <string.h>
#include <strings.h>

#include "decision.h"
#include "fuzz.h"
#include "marker.h"
#include "name.h"
#include "reader.h"

#define PREFIX "mx-preset="

static const char map_text[] = "house MX 10 mx.house.test.\n TXT \"spf=mx ~all\"\n"
			       "outlook MX 1 _id_.mail.test.\n TXT \"id=@zone-dashed\"\n"
			       "both MX 1 _a_._b_.test.\n TXT \"b=x\"\n"
			       "ours CNAME house\n";

/*! \brief Adds the strings of a line as a TXT record. Joins them as well. */
static size_t add_line(const uint8_t *line, size_t len, knot_rdataset_t *txt, char *joined)
{
	uint8_t *rdata = malloc(2 * len + 2);
	size_t size = 1;
	size_t start = 0; // Where the length of the current string is.
	size_t joined_len = 0;
	rdata[0] = 0;
	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\t' || rdata[start] == UINT8_MAX) {
			start = size++;
			rdata[start] = 0;
		}
		if (line[i] != '\t') {
			rdata[size++] = line[i];
			rdata[start]++;
			joined[joined_len++] = (char)line[i];
		}
	}
	joined[joined_len] = '\0';
	add_rdata(txt, rdata, (uint16_t)size);
	free(rdata);

	return joined_len;
}

static bool is_of(const char *text, size_t len, const char *more)
{
	for (size_t i = 0; i < len; i++) {
		const char ch = text[i];
		if (ch == '\0' || !((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		                    (ch >= '0' && ch <= '9') || strchr(more, ch) != NULL)) {
			return false;
		}
	}
	return len > 0;
}

/*! \brief Takes the next part of a text, up to a space or the end. */
static size_t part_len(const char *text, size_t len)
{
	const char *space = memchr(text, ' ', len);
	return space != NULL ? (size_t)(space - text) : len;
}

/*! \brief Tells if a name stands among the parameters before it. */
static bool is_repeated(const char *params, const char *name, size_t len)
{
	for (const char *pos = params; pos < name;) {
		if (strncasecmp(pos, name, len) == 0 && pos[len] == '=') {
			return true;
		}
		while (pos < name && *pos != ' ') {
			pos++;
		}
		while (pos < name && *pos == ' ') {
			pos++;
		}
	}
	return false;
}

/*! \brief Tells if what follows the prefix is well formed. */
static bool is_good(const char *text, size_t len)
{
	const size_t name_len = part_len(text, len);
	size_t pos = name_len;
	while (pos < len && text[pos] == ' ') {
		pos++;
	}
	const char *params = text + pos;
	bool good = name_len > 0 && strlen(MXP_MARKER_PREFIX) + len <= MXP_MARKER_MAX;
	while (pos < len && good) {
		const char *part = text + pos;
		const size_t size = part_len(part, len - pos);
		const char *equals = memchr(part, '=', size);
		const size_t param = equals != NULL ? (size_t)(equals - part) : 0;
		good = equals != NULL && is_of(part, param, "") &&
		       is_of(equals + 1, size - param - 1, "-_") &&
		       size - param - 1 <= KNOT_DNAME_MAXLABELLEN &&
		       !(param == 4 && strncasecmp(part, "zone", 4) == 0) &&
		       !is_repeated(params, part, param);
		pos += size;
		while (pos < len && text[pos] == ' ') {
			pos++;
		}
	}
	return good;
}

/*! \brief Checks that each parameter's value is found, and no other. */
static void check_values(const mxp_marker_t *marker)
{
	const char *params = (const char *)marker->params.data;
	for (size_t pos = 0; pos < marker->params.len;) {
		const size_t size = part_len(params + pos, marker->params.len - pos);
		const size_t param =
			(size_t)((const char *)memchr(params + pos, '=', size) - (params + pos));
		char name[UINT16_MAX] = "";
		for (size_t i = 0; i < param; i++) {
			const char ch = params[pos + i];
			name[i] = (ch >= 'A' && ch <= 'Z') ? ch + 0x20 : ch;
		}
		const mxp_span_t value = mxp_marker_value(marker, name);
		require((const char *)value.data == params + pos + param + 1);
		require(value.len == size - param - 1 && mxp_value_valid(value));
		pos += size;
		while (pos < marker->params.len && params[pos] == ' ') {
			pos++;
		}
	}
	require(mxp_marker_value(marker, "zone").data == NULL);
}

static void check_fault(const mxp_fault_t *fault)
{
	char text[MXP_FAULT_STR_LEN];
	require(fault->cause > MXP_OK && fault->cause < MXP_CAUSES);
	check_text(mxp_fault_str(fault, text));
}

/*! \brief Compares what the module reads in a marker with the rules. */
static void check_marker(const knot_rdata_t *rdata, const char *text, size_t len)
{
	mxp_marker_t marker;
	mxp_fault_t fault = { .cause = MXP_OK };
	const bool good = mxp_marker_parse(rdata, NULL, &marker, &fault);
	require(good == is_good(text, len));
	if (good) {
		const size_t name_len = part_len(text, len);
		require(marker.name.len == name_len);
		require(memcmp(marker.name.data, text, name_len) == 0);
		check_values(&marker);
	} else {
		check_fault(&fault);
	}
	free(marker.joined);
}

/*! \brief Checks which TXT go with the MX: what is stored, and at most one SPF record more. */
static void check_txt(const mxp_view_t *view, const mxp_apex_t *apex, const mxp_decision_t *mx,
                      size_t spf)
{
	const mxp_rules_t rules = {
		.builtin = "house", .marker = true, .filter = true, .spf = true
	};
	mxp_decision_t txt;
	mxp_decide_txt(&rules, view, apex, NULL, &txt);
	require(txt.fault.cause == MXP_OK);
	const bool due = spf == 0 && mx->preset != NULL && mx->preset->spf != NULL;
	require(due == (txt.serve != MXP_SERVE_STORED));
	if (due) {
		require(txt.serve == (apex->txt.count > 0 ? MXP_SERVE_ADDED : MXP_SERVE_PRESET));
		require(txt.rrs.count == apex->txt.count + 1);
		require(knot_rdataset_subset(&apex->txt, &txt.rrs));
		require(knot_rdataset_subset(&mx->preset->spf_rrs, &txt.rrs));
	}
	mxp_decision_clear(&txt, NULL);
}

/*! \brief Decides for a zone with these records, some of them markers and some SPF records. */
static void check_decision(const knot_rdataset_t *txt, size_t markers, bool good, size_t spf)
{
	static mxp_map_t *map;
	if (map == NULL) {
		char text[sizeof(map_text)];
		memcpy(text, map_text, sizeof(text));
		require(mxp_map_read(&map, text, sizeof(text) - 1, NULL, NULL) == 0);
	}
	const mxp_rules_t rules = { .builtin = "house", .marker = true, .filter = true };
	const mxp_view_t view = mxp_view(&rules, map);
	const mxp_apex_t apex = { .zone = (const knot_dname_t *)"\7example\3com", .txt = *txt };
	mxp_decision_t decision;
	mxp_decide(&rules, &view, &apex, NULL, &decision);

	const bool failed = (decision.serve == MXP_SERVE_FAIL);
	require(failed == (decision.fault.cause != MXP_OK));
	require((decision.source == MXP_SOURCE_MARKER) == (markers > 0));
	require(failed || markers == 0 || (markers == 1 && good));
	if (failed) {
		check_fault(&decision.fault);
	}
	if (decision.serve == MXP_SERVE_PRESET) {
		require(decision.rrs.count == decision.preset->mx_count);
		check_mx(&decision.rrs);
	}
	check_txt(&view, &apex, &decision, spf);
	mxp_decision_clear(&decision, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > UINT16_MAX / 2) {
		return -1;
	}
	knot_rdataset_t txt = { 0 };
	char *joined = malloc(size + 1);
	char *marker = NULL; // What follows the prefix of the last one.
	size_t marker_len = 0;
	size_t markers = 0;
	size_t spf = 0;
	for (size_t pos = 0; pos <= size;) {
		const uint8_t *end = memchr(data + pos, '\n', size - pos);
		const size_t len = (end != NULL) ? (size_t)(end - data) - pos : size - pos;
		const size_t before = txt.count;
		const size_t joined_len = add_line(data + pos, len, &txt, joined);
		if (txt.count > before && strncasecmp(joined, PREFIX, strlen(PREFIX)) == 0) {
			markers++;
			marker_len = joined_len - strlen(PREFIX);
			free(marker);
			marker = malloc(marker_len + 1);
			memcpy(marker, joined + strlen(PREFIX), marker_len + 1);
		}
		spf += txt.count > before && strncasecmp(joined, "v=spf1", 6) == 0 &&
		       (joined_len == 6 || joined[6] == ' ');
		pos += len + 1;
	}
	free(joined);

	const knot_rdata_t *rdata = NULL;
	const mxp_cause_t cause = mxp_marker_find(&txt, &rdata);
	require(cause == (markers > 1 ? MXP_TWO_MARKERS : MXP_OK));
	require((rdata != NULL) == (markers > 0));
	if (markers == 1) {
		check_marker(rdata, marker, marker_len);
	}
	check_decision(&txt, markers, markers == 1 && is_good(marker, marker_len), spf);
	free(marker);
	knot_rdataset_clear(&txt, NULL);

	return 0;
}
