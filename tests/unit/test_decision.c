/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "decision.h"
#include "unit.h"

/*! \brief A zone, an instance and a map, and what is to be served. */
typedef struct {
	const char *name;
	// Given:
	const char *map;     /*!< The map below if not set. */
	bool no_map;         /*!< No good map was ever loaded. */
	const char *builtin; /*!< "house" if not set. */
	const char *preset;
	const char *param; /*!< Value of the instance's parameter "id". */
	bool marker_off;
	bool filter_off;
	const char *zone; /*!< "example.com." if not set. */
	const char *mx;   /*!< With TTL 77. */
	const char *txt;
	// Expected:
	mxp_serve_t serve;
	mxp_source_t source;
	const char *served;  /*!< Name of the preset that is served. */
	const char *records; /*!< Records if not the stored ones. */
	uint32_t ttl;
	mxp_cause_t cause; /*!< Why it fails. */
} case_t;

static const char default_map[] =
	"house 600 MX 10 mx1.house.test.\n 600 MX 20 mx2.house.test.\n"
	" TXT \"retired=old.house.test\"\n"
	"ours CNAME house\n"
	"gandi 10800 MX 10 spool.gandi.test.\n 10800 MX 50 fb.gandi.test.\n"
	"outlook 300 MX 1 _id_.mail.test.\n TXT \"id=@zone-dashed\"\n"
	"plain 300 MX 1 _id_.plain.test.\n"
	"own 900 MX 5 mail._zone_.\n"
	"null 3600 MX 0 .\n";

/* Answers. */
#define STORED(why, seconds) .serve = MXP_SERVE_STORED, .source = (why), .ttl = (seconds)
#define OVERRIDE             STORED(MXP_SOURCE_OVERRIDE, 77)
#define BUILTIN_STORED       STORED(MXP_SOURCE_BUILTIN, 77)
#define FILTERED(rrs) \
	.serve = MXP_SERVE_FILTERED, .source = MXP_SOURCE_OVERRIDE, .ttl = 77, .records = (rrs)
#define FAIL(why, reason) .serve = MXP_SERVE_FAIL, .source = MXP_SOURCE_##why, .cause = (reason)
#define PRESET(why, preset_name, seconds, rrs)                                        \
	.serve = MXP_SERVE_PRESET, .source = MXP_SOURCE_##why, .served = preset_name, \
	.ttl = (seconds), .records = (rrs)
#define HOUSE_RRS  "10 mx1.house.test.\n20 mx2.house.test."
#define HOUSE      PRESET(BUILTIN, "house", 600, HOUSE_RRS)
#define GANDI(why) PRESET(why, "gandi", 10800, "10 spool.gandi.test.\n50 fb.gandi.test.")

/* Stored records. */
#define FOREIGN "5 mail.other.test."
#define MIXED   "5 mail.other.test.\n10 mx1.house.test."

static const case_t cases[] = {
	// Rule 5: the built-in.
	{ .name = "nothing stored", HOUSE },
	{ .name = "built-in by an alias", .builtin = "OURS", HOUSE },
	{ .name = "other TXT records", .txt = "\"v=spf1 -all\"\n\"x\"", HOUSE },
	{ .name = "built-in with the instance's parameter",
	  .builtin = "outlook",
	  .param = "inst",
	  PRESET(BUILTIN, "outlook", 300, "1 inst.mail.test.") },
	{ .name = "built-in with the map's default",
	  .builtin = "outlook",
	  PRESET(BUILTIN, "outlook", 300, "1 example-com.mail.test.") },
	{ .name = "built-in with the zone",
	  .builtin = "own",
	  PRESET(BUILTIN, "own", 900, "5 mail.example.com.") },
	{ .name = "built-in null", .builtin = "null", PRESET(BUILTIN, "null", 3600, "0 .") },
	{ .name = "built-in cannot be expanded",
	  .builtin = "outlook",
	  .zone = "my-zone.test.",
	  FAIL(BUILTIN, MXP_PARAM_UNSET) },
	{ .name = "built-in is missing", .builtin = "nobody", FAIL(BUILTIN, MXP_NO_BUILTIN) },
	{ .name = "no map", .no_map = true, FAIL(BUILTIN, MXP_NO_MAP) },

	// Rule 4: the instance's preset.
	{ .name = "preset", .preset = "gandi", GANDI(PRESET) },
	{ .name = "preset in capitals", .preset = "GANDI", GANDI(PRESET) },
	{ .name = "preset with the instance's parameter",
	  .preset = "plain",
	  .param = "inst",
	  PRESET(PRESET, "plain", 300, "1 inst.plain.test.") },
	{ .name = "preset is the built-in",
	  .preset = "house",
	  PRESET(PRESET, "house", 600, HOUSE_RRS) },
	{ .name = "preset cannot be expanded",
	  .preset = "outlook",
	  .zone = "my-zone.test.",
	  FAIL(PRESET, MXP_PARAM_UNSET) },
	{ .name = "preset is missing", .preset = "nobody", FAIL(PRESET, MXP_NO_PRESET) },
	{ .name = "preset, built-in is missing",
	  .preset = "gandi",
	  .builtin = "nobody",
	  GANDI(PRESET) },
	{ .name = "both are missing",
	  .preset = "nobody",
	  .builtin = "nobody",
	  FAIL(PRESET, MXP_NO_PRESET) },
	{ .name = "neither can be expanded",
	  .preset = "plain",
	  .builtin = "outlook",
	  .zone = "my-zone.test.",
	  FAIL(PRESET, MXP_PARAM_UNSET) },
	{ .name = "preset, no map", .preset = "gandi", .no_map = true, FAIL(PRESET, MXP_NO_MAP) },

	// Rule 3: only built-in records are stored.
	{ .name = "built-in stored", .mx = HOUSE_RRS, BUILTIN_STORED },
	{ .name = "a part of the built-in stored", .mx = "20 mx2.house.test.", BUILTIN_STORED },
	{ .name = "built-in stored, another priority", .mx = "99 mx2.house.test.", BUILTIN_STORED },
	{ .name = "built-in stored in capitals", .mx = "10 MX1.House.TEST.", BUILTIN_STORED },
	{ .name = "retired stored", .mx = "10 old.house.test.", BUILTIN_STORED },
	{ .name = "retired stored in capitals", .mx = "10 OLD.house.test.", BUILTIN_STORED },
	{ .name = "retired and built-in stored",
	  .mx = "5 old.house.test.\n10 mx1.house.test.",
	  BUILTIN_STORED },
	{ .name = "built-in stored, preset", .preset = "gandi", .mx = HOUSE_RRS, BUILTIN_STORED },
	{ .name = "built-in stored, preset missing",
	  .preset = "nobody",
	  .mx = HOUSE_RRS,
	  BUILTIN_STORED },
	{ .name = "expanded built-in stored",
	  .builtin = "outlook",
	  .mx = "1 example-com.mail.test.",
	  BUILTIN_STORED },
	{ .name = "expanded built-in stored in capitals",
	  .builtin = "outlook",
	  .mx = "1 EXAMPLE-com.mail.test.",
	  BUILTIN_STORED },
	{ .name = "built-in stored, expanded with the instance's parameter",
	  .builtin = "outlook",
	  .param = "Inst",
	  .mx = "1 inst.mail.test.",
	  BUILTIN_STORED },
	{ .name = "built-in with the zone stored",
	  .builtin = "own",
	  .mx = "5 mail.example.com.",
	  BUILTIN_STORED },

	// Rule 1: the override.
	{ .name = "override", .mx = FOREIGN, OVERRIDE },
	{ .name = "override, no address below the built-in",
	  .mx = "5 a.mx1.house.test.",
	  OVERRIDE },
	{ .name = "null MX", .mx = "0 .", OVERRIDE },
	{ .name = "null MX, built-in null", .builtin = "null", .mx = "0 .", OVERRIDE },
	{ .name = "another preset stored", .mx = "10 spool.gandi.test.", OVERRIDE },
	{ .name = "override and built-in", .mx = MIXED, FILTERED(FOREIGN) },
	{ .name = "override and retired", .mx = FOREIGN "\n20 Old.House.test.", FILTERED(FOREIGN) },
	{ .name = "override and built-in in capitals",
	  .mx = FOREIGN "\n1 MX2.HOUSE.TEST.",
	  FILTERED(FOREIGN) },
	{ .name = "override keeps its letter case",
	  .mx = "5 Mail.Other.test.\n10 mx1.house.test.",
	  FILTERED("5 Mail.Other.test.") },
	{ .name = "null MX and built-in", .mx = "0 .\n10 mx1.house.test.", FILTERED("0 .") },
	{ .name = "several overrides and built-ins",
	  .mx = "1 a.test.\n2 mx1.house.test.\n3 b.test.\n4 mx2.house.test.\n5 c.test.",
	  FILTERED("1 a.test.\n3 b.test.\n5 c.test.") },
	{ .name = "override and expanded built-in",
	  .builtin = "outlook",
	  .mx = FOREIGN "\n9 example-com.mail.test.",
	  FILTERED(FOREIGN) },
	{ .name = "expansion of another zone",
	  .builtin = "outlook",
	  .mx = "1 example-net.mail.test.",
	  OVERRIDE },
	{ .name = "default of a built-in whose parameter is set",
	  .builtin = "outlook",
	  .param = "inst",
	  .mx = "1 example-com.mail.test.",
	  OVERRIDE },
	{ .name = "unexpandable built-in, override",
	  .builtin = "outlook",
	  .zone = "my-zone.test.",
	  .mx = "1 my-zone.mail.test.",
	  OVERRIDE },
	{ .name = "unexpandable built-in, retired stored",
	  .map = "house MX 1 _id_.house.test.\n TXT \"retired=old.house.test\"\n",
	  .mx = "1 old.house.test.",
	  BUILTIN_STORED },
	{ .name = "unexpandable built-in, override and retired",
	  .map = "house MX 1 _id_.house.test.\n TXT \"retired=old.house.test\"\n",
	  .mx = "1 old.house.test.\n" FOREIGN,
	  FILTERED(FOREIGN) },

	// Rule 1 before all others.
	{ .name = "override, marker", .mx = FOREIGN, .txt = "\"mx-preset=gandi\"", OVERRIDE },
	{ .name = "override, marker none", .mx = FOREIGN, .txt = "\"mx-preset=none\"", OVERRIDE },
	{ .name = "override, bad marker", .mx = FOREIGN, .txt = "\"mx-preset=\"", OVERRIDE },
	{ .name = "override, preset", .preset = "gandi", .mx = FOREIGN, OVERRIDE },
	{ .name = "mixed, marker", .mx = MIXED, .txt = "\"mx-preset=gandi\"", FILTERED(FOREIGN) },
	{ .name = "mixed, marker none",
	  .mx = MIXED,
	  .txt = "\"mx-preset=none\"",
	  FILTERED(FOREIGN) },
	{ .name = "mixed, preset", .preset = "gandi", .mx = MIXED, FILTERED(FOREIGN) },
	{ .name = "override, no map", .no_map = true, .mx = FOREIGN, OVERRIDE },
	{ .name = "override, built-in is missing", .builtin = "nobody", .mx = FOREIGN, OVERRIDE },

	// Rule 2: the marker.
	{ .name = "marker", .txt = "\"mx-preset=gandi\"", GANDI(MARKER) },
	{ .name = "marker in capitals", .txt = "\"MX-PRESET=GANDI\"", GANDI(MARKER) },
	{ .name = "marker in two strings", .txt = "\"mx-preset=gan\" \"di\"", GANDI(MARKER) },
	{ .name = "marker of the built-in",
	  .txt = "\"mx-preset=house\"",
	  PRESET(MARKER, "house", 600, HOUSE_RRS) },
	{ .name = "marker of an alias",
	  .txt = "\"mx-preset=ours\"",
	  PRESET(MARKER, "house", 600, HOUSE_RRS) },
	{ .name = "marker with a value",
	  .txt = "\"mx-preset=outlook id=x\"",
	  PRESET(MARKER, "outlook", 300, "1 x.mail.test.") },
	{ .name = "marker with a value in two strings",
	  .txt = "\"mx-preset=outlook \" \"id=x\"",
	  PRESET(MARKER, "outlook", 300, "1 x.mail.test.") },
	{ .name = "marker with the map's default",
	  .txt = "\"mx-preset=outlook\"",
	  PRESET(MARKER, "outlook", 300, "1 example-com.mail.test.") },
	{ .name = "marker with a parameter of no use",
	  .txt = "\"mx-preset=gandi id=x\"",
	  GANDI(MARKER) },
	{ .name = "marker with the zone",
	  .txt = "\"mx-preset=own\"",
	  PRESET(MARKER, "own", 900, "5 mail.example.com.") },
	{ .name = "marker of null",
	  .txt = "\"mx-preset=null\"",
	  PRESET(MARKER, "null", 3600, "0 .") },
	{ .name = "marker before the preset",
	  .preset = "outlook",
	  .txt = "\"mx-preset=gandi\"",
	  GANDI(MARKER) },
	{ .name = "marker over stored built-in",
	  .mx = HOUSE_RRS,
	  .txt = "\"mx-preset=gandi\"",
	  GANDI(MARKER) },
	{ .name = "marker over stored retired",
	  .mx = "1 old.house.test.",
	  .txt = "\"mx-preset=gandi\"",
	  GANDI(MARKER) },
	{ .name = "marker, built-in is missing",
	  .builtin = "nobody",
	  .txt = "\"mx-preset=gandi\"",
	  GANDI(MARKER) },
	{ .name = "marker, preset is missing",
	  .preset = "nobody",
	  .txt = "\"mx-preset=gandi\"",
	  GANDI(MARKER) },
	{ .name = "marker takes nothing of the instance",
	  .param = "inst",
	  .txt = "\"mx-preset=outlook\"",
	  PRESET(MARKER, "outlook", 300, "1 example-com.mail.test.") },
	{ .name = "marker without a value, instance has one",
	  .param = "inst",
	  .txt = "\"mx-preset=plain\"",
	  FAIL(MARKER, MXP_PARAM_UNSET) },
	{ .name = "marker, no map",
	  .no_map = true,
	  .txt = "\"mx-preset=gandi\"",
	  FAIL(MARKER, MXP_NO_MAP) },

	// Marker none.
	{ .name = "none", .txt = "\"mx-preset=none\"", STORED(MXP_SOURCE_MARKER, 0) },
	{ .name = "none in capitals", .txt = "\"mx-preset=NONE\"", STORED(MXP_SOURCE_MARKER, 0) },
	{ .name = "none with a parameter",
	  .txt = "\"mx-preset=none id=x\"",
	  STORED(MXP_SOURCE_MARKER, 0) },
	{ .name = "none before the preset",
	  .preset = "gandi",
	  .txt = "\"mx-preset=none\"",
	  STORED(MXP_SOURCE_MARKER, 0) },
	{ .name = "none, no map",
	  .no_map = true,
	  .txt = "\"mx-preset=none\"",
	  STORED(MXP_SOURCE_MARKER, 0) },
	{ .name = "none, built-in is missing",
	  .builtin = "nobody",
	  .txt = "\"mx-preset=none\"",
	  STORED(MXP_SOURCE_MARKER, 0) },
	{ .name = "none with a bad part",
	  .txt = "\"mx-preset=none x\"",
	  FAIL(MARKER, MXP_NO_PARAM) },

	// A marker that cannot be honoured is as none at all.
	{ .name = "bad marker: unknown",
	  .txt = "\"mx-preset=nobody\"",
	  FAIL(MARKER, MXP_UNKNOWN_PRESET) },
	{ .name = "bad marker: empty", .txt = "\"mx-preset=\"", FAIL(MARKER, MXP_NO_NAME) },
	{ .name = "bad marker: part", .txt = "\"mx-preset=gandi x\"", FAIL(MARKER, MXP_NO_PARAM) },
	{ .name = "bad marker: twice",
	  .txt = "\"mx-preset=gandi a=1 A=1\"",
	  FAIL(MARKER, MXP_PARAM_TWICE) },
	{ .name = "bad marker: zone",
	  .txt = "\"mx-preset=own zone=x\"",
	  FAIL(MARKER, MXP_PARAM_ZONE) },
	{ .name = "bad marker: value",
	  .txt = "\"mx-preset=outlook id=a.b\"",
	  FAIL(MARKER, MXP_PARAM_VALUE) },
	{ .name = "bad marker: value of no use",
	  .txt = "\"mx-preset=gandi id=a.b\"",
	  FAIL(MARKER, MXP_PARAM_VALUE) },
	{ .name = "bad marker: no value",
	  .txt = "\"mx-preset=plain\"",
	  FAIL(MARKER, MXP_PARAM_UNSET) },
	{ .name = "bad marker: no default for the zone",
	  .zone = "my-zone.test.",
	  .txt = "\"mx-preset=outlook\"",
	  FAIL(MARKER, MXP_PARAM_UNSET) },
	{ .name = "bad marker: two",
	  .txt = "\"mx-preset=gandi\"\n\"mx-preset=outlook\"",
	  FAIL(MARKER, MXP_TWO_MARKERS) },
	{ .name = "bad marker: two, one none",
	  .txt = "\"mx-preset=gandi\"\n\"mx-preset=none\"",
	  FAIL(MARKER, MXP_TWO_MARKERS) },
	{ .name = "bad marker, preset",
	  .preset = "gandi",
	  .txt = "\"mx-preset=nobody\"",
	  FAIL(MARKER, MXP_UNKNOWN_PRESET) },
	{ .name = "bad marker, built-in stored",
	  .mx = HOUSE_RRS,
	  .txt = "\"mx-preset=nobody\"",
	  FAIL(MARKER, MXP_UNKNOWN_PRESET) },
	{ .name = "bad marker, bad preset",
	  .preset = "nobody",
	  .txt = "\"mx-preset=\"",
	  FAIL(MARKER, MXP_NO_NAME) },
	{ .name = "bad marker, bad preset, built-in is missing",
	  .preset = "plain",
	  .builtin = "nobody",
	  .txt = "\"mx-preset=\"",
	  FAIL(MARKER, MXP_NO_NAME) },
	{ .name = "bad marker, bad preset, built-in cannot be expanded",
	  .preset = "nobody",
	  .builtin = "plain",
	  .txt = "\"mx-preset=\"",
	  FAIL(MARKER, MXP_NO_NAME) },
	{ .name = "bad marker, no map",
	  .no_map = true,
	  .txt = "\"mx-preset=\"",
	  FAIL(MARKER, MXP_NO_NAME) },

	// Markers off.
	{ .name = "marker off", .marker_off = true, .txt = "\"mx-preset=gandi\"", HOUSE },
	{ .name = "marker off, none", .marker_off = true, .txt = "\"mx-preset=none\"", HOUSE },
	{ .name = "marker off, bad marker", .marker_off = true, .txt = "\"mx-preset=\"", HOUSE },
	{ .name = "marker off, built-in stored",
	  .marker_off = true,
	  .mx = HOUSE_RRS,
	  .txt = "\"mx-preset=gandi\"",
	  BUILTIN_STORED },
	{ .name = "marker off, preset",
	  .marker_off = true,
	  .preset = "gandi",
	  .txt = "\"mx-preset=outlook\"",
	  GANDI(PRESET) },

	// Filter off: no stored record is built-in.
	{ .name = "filter off, nothing stored", .filter_off = true, HOUSE },
	{ .name = "filter off, built-in stored", .filter_off = true, .mx = HOUSE_RRS, OVERRIDE },
	{ .name = "filter off, retired stored",
	  .filter_off = true,
	  .mx = "1 old.house.test.",
	  OVERRIDE },
	{ .name = "filter off, mixed", .filter_off = true, .mx = MIXED, OVERRIDE },
	{ .name = "filter off, built-in stored, marker",
	  .filter_off = true,
	  .mx = HOUSE_RRS,
	  .txt = "\"mx-preset=gandi\"",
	  OVERRIDE },
	{ .name = "filter off, marker",
	  .filter_off = true,
	  .txt = "\"mx-preset=gandi\"",
	  GANDI(MARKER) },
	{ .name = "filter off, no map",
	  .filter_off = true,
	  .no_map = true,
	  .mx = FOREIGN,
	  OVERRIDE },
};

static void check_decision(void **state)
{
	const case_t *row = *state;
	const char *map_text = row->map != NULL ? row->map : default_map;
	mxp_map_t *map = row->no_map ? NULL : make_map(map_text);
	const mxp_param_t param = { .name = mxp_span("ID"),
		                    .value = mxp_span(row->param != NULL ? row->param : "") };
	const mxp_rules_t rules = {
		.builtin = row->builtin != NULL ? row->builtin : "house",
		.preset = row->preset,
		.params = &param,
		.param_count = row->param != NULL,
		.marker = !row->marker_off,
		.filter = !row->filter_off,
	};
	const mxp_view_t view = mxp_view(&rules, map);
	knot_dname_storage_t zone;
	mxp_apex_t apex = {
		.zone = make_name(row->zone != NULL ? row->zone : "example.com.", zone),
		.mx = make_rrs("MX", row->mx),
		.mx_ttl = 77,
		.txt = make_rrs("TXT", row->txt),
	};

	mxp_decision_t decision;
	mxp_decide(&rules, &view, &apex, NULL, &decision);
	assert_int_equal(decision.serve, row->serve);
	assert_int_equal(decision.fault.cause, row->cause);
	assert_int_equal(decision.source, row->source);
	if (row->serve != MXP_SERVE_FAIL) {
		assert_int_equal(decision.ttl, row->ttl);
	}
	if (row->records != NULL) {
		knot_rdataset_t expected = make_rrs("MX", row->records);
		assert_int_equal(decision.rrs.count, expected.count);
		assert_int_equal(decision.rrs.size, expected.size);
		assert_memory_equal(decision.rrs.rdata, expected.rdata, expected.size);
		knot_rdataset_clear(&expected, NULL);
	}
	if (row->served != NULL) {
		assert_string_equal(decision.preset->name, row->served);
	}

	mxp_decision_clear(&decision, NULL);
	knot_rdataset_clear(&apex.mx, NULL);
	knot_rdataset_clear(&apex.txt, NULL);
	mxp_map_free(map);
}

/*! \brief What cannot be signed is served as it is stored, and that is the decision. */
static void unsigns_a_decision(void **state)
{
	(void)state;
	static const struct {
		mxp_serve_t serve;
		mxp_source_t source;
		bool stored;
		mxp_source_t then;
	} rows[] = {
		{ MXP_SERVE_PRESET, MXP_SOURCE_MARKER, false, MXP_SOURCE_NONE },
		{ MXP_SERVE_PRESET, MXP_SOURCE_MARKER, true, MXP_SOURCE_BUILTIN },
		{ MXP_SERVE_FILTERED, MXP_SOURCE_OVERRIDE, true, MXP_SOURCE_OVERRIDE },
		{ MXP_SERVE_FAIL, MXP_SOURCE_BUILTIN, false, MXP_SOURCE_NONE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		mxp_apex_t apex = { .mx = make_rrs("MX", rows[i].stored ? FOREIGN : NULL),
			            .mx_ttl = 77 };
		mxp_decision_t decision = {
			.serve = rows[i].serve,
			.source = rows[i].source,
			.rrs = make_rrs("MX", HOUSE_RRS),
			.allocated = true,
		};
		mxp_decision_unsign(&decision, &apex, MXP_NO_KEY, NULL);
		assert_int_equal(decision.serve, MXP_SERVE_UNSIGNED);
		assert_int_equal(decision.source, rows[i].then);
		assert_int_equal(decision.fault.cause, MXP_NO_KEY);
		assert_int_equal(decision.rrs.count, 0);
		assert_int_equal(decision.ttl, 77);
		mxp_decision_clear(&decision, NULL);
		knot_rdataset_clear(&apex.mx, NULL);
	}
}

static void exempts_zones(void **state)
{
	(void)state;
	static const char *const exempt[] = {
		".", "arpa.", "in-addr.arpa.", "2.0.192.in-addr.arpa.", "ip6.arpa.", "home.arpa."
	};
	static const char *const others[] = { "com.", "example.com.", "arpa.com.", "xarpa.",
		                              "in-addr.arpa.example." };
	knot_dname_storage_t name;
	for (size_t i = 0; i < COUNT(exempt); i++) {
		assert_true(mxp_zone_is_exempt(make_name(exempt[i], name)));
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		assert_false(mxp_zone_is_exempt(make_name(others[i], name)));
	}
}

/*! \brief A record without RDATA, which a server takes from a primary, is an override. */
static void takes_a_record_without_rdata(void **state)
{
	(void)state;
	mxp_map_t *map = make_map("house MX 10 mx.house.test.\n");
	const mxp_rules_t rules = { .builtin = "house", .filter = true };
	const mxp_view_t view = mxp_view(&rules, map);
	knot_dname_storage_t zone;
	mxp_apex_t apex = { .zone = make_name("example.com.", zone), .mx_ttl = 60 };
	// Just as large, so that memory checkers see all else.
	apex.mx = (knot_rdataset_t){ .count = 1, .size = sizeof(uint16_t) };
	apex.mx.rdata = calloc(1, sizeof(uint16_t));

	mxp_decision_t decision;
	mxp_decide(&rules, &view, &apex, NULL, &decision);
	assert_int_equal(decision.serve, MXP_SERVE_STORED);
	assert_int_equal(decision.source, MXP_SOURCE_OVERRIDE);
	mxp_decision_clear(&decision, NULL);
	free(apex.mx.rdata);
	mxp_map_free(map);
}

static void tells_what_a_view_lacks(void **state)
{
	(void)state;
	static const struct {
		const char *builtin;
		const char *preset;
		const char *lacks;
	} rows[] = {
		{ "house", NULL, NULL },  { "house", "other", NULL },  { "house", "gone", "gone" },
		{ "lost", NULL, "lost" }, { "lost", "other", "lost" }, { "lost", "gone", "lost" },
	};
	mxp_map_t *map = make_map("house MX 10 mx.house.test.\nother MX 10 mx.other.test.\n");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const mxp_rules_t rules = { .builtin = rows[i].builtin, .preset = rows[i].preset };
		mxp_view_t view = mxp_view(&rules, map);
		const char *lacks = mxp_view_lacks(&view, &rules);
		assert_string_equal(lacks != NULL ? lacks : "",
		                    rows[i].lacks != NULL ? rows[i].lacks : "");
		view = mxp_view(&rules, NULL);
		assert_string_equal(mxp_view_lacks(&view, &rules), rows[i].builtin);
	}
	mxp_map_free(map);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(takes_a_record_without_rdata),
	cmocka_unit_test(unsigns_a_decision),
	cmocka_unit_test(exempts_zones),
	cmocka_unit_test(tells_what_a_view_lacks),
};

static struct CMUnitTest tests[COUNT(cases) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_decision, cases), others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
