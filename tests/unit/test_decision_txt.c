/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "decision.h"
#include "spf_record.h"
#include "unit.h"

/*! \brief A zone and an instance, and which TXT are to be served. */
typedef struct {
	const char *name;
	// Given:
	bool spf_off;
	bool no_map;         /*!< No good map was ever loaded. */
	const char *builtin; /*!< "house" if not set. */
	const char *preset;
	const char *zone; /*!< "example.com." if not set. */
	const char *mx;
	const char *txt; /*!< With TTL 77. */
	bool marker_off;
	bool filter_off;
	// Expected:
	mxp_serve_t serve;
	mxp_source_t source;
	const char *served;  /*!< Name of the preset whose record is served. */
	const char *records; /*!< Records if not the stored ones. */
	uint32_t ttl;
} case_t;

static const char map_text[] =
	"house 600 MX 10 mx1.house.test.\n TXT \"spf=include:_spf.house.test ~all\"\n"
	" TXT \"retired=old.house.test\"\n"
	"ours CNAME house\n"
	"gandi 10800 MX 10 spool.gandi.test.\n TXT \"spf=include:_spf.gandi.test ?all\"\n"
	"mute 300 MX 10 mx.mute.test.\n"
	"outlook 300 MX 1 _id_.mail.test.\n TXT \"id=@zone-dashed\" \"spf=include:x.test -all\"\n"
	"null 3600 MX 0 .\n TXT \"spf=-all\"\n";

/* Answers. */
#define STORED .serve = MXP_SERVE_STORED, .source = MXP_SOURCE_NONE
#define MADE(why, preset_name, seconds, rrs)                                            \
	.serve = MXP_SERVE_PRESET, .source = MXP_SOURCE_##why, .served = (preset_name), \
	.ttl = (seconds), .records = (rrs)
#define ADDED(why, preset_name, rrs)                                                              \
	.serve = MXP_SERVE_ADDED, .source = MXP_SOURCE_##why, .served = (preset_name), .ttl = 77, \
	.records = (rrs)

/* Records. */
#define HOUSE   "\"v=spf1 include:_spf.house.test ~all\""
#define GANDI   "\"v=spf1 include:_spf.gandi.test ?all\""
#define OUTLOOK "\"v=spf1 include:x.test -all\""
#define MARKER  "\"mx-preset=gandi\""

static const case_t cases[] = {
	// Rule 2, nothing stored: the preset of each rule.
	{ .name = "built-in", MADE(BUILTIN, "house", 600, HOUSE) },
	{ .name = "built-in by an alias", .builtin = "ours", MADE(BUILTIN, "house", 600, HOUSE) },
	{ .name = "preset", .preset = "gandi", MADE(PRESET, "gandi", 10800, GANDI) },
	{ .name = "preset with a parameter",
	  .preset = "outlook",
	  MADE(PRESET, "outlook", 300, OUTLOOK) },
	{ .name = "built-in that takes no mail",
	  .builtin = "null",
	  MADE(BUILTIN, "null", 3600, "\"v=spf1 -all\"") },
	{ .name = "built-in stored",
	  .mx = "10 MX1.house.test.",
	  MADE(BUILTIN, "house", 600, HOUSE) },
	{ .name = "retired stored",
	  .mx = "10 old.house.test.",
	  MADE(BUILTIN, "house", 600, HOUSE) },
	{ .name = "built-in stored, preset",
	  .mx = "10 mx1.house.test.",
	  .preset = "gandi",
	  MADE(BUILTIN, "house", 600, HOUSE) },

	// Rule 2, TXT stored: one record more, in its place, with their TTL.
	{ .name = "marker", .txt = MARKER, ADDED(MARKER, "gandi", MARKER "\n" GANDI) },
	{ .name = "marker, built-in stored",
	  .mx = "10 mx1.house.test.",
	  .txt = MARKER,
	  ADDED(MARKER, "gandi", MARKER "\n" GANDI) },
	{ .name = "marker, markers off",
	  .txt = MARKER,
	  .marker_off = true,
	  ADDED(BUILTIN, "house", MARKER "\n" HOUSE) },
	{ .name = "marker in several strings",
	  .txt = "\"mx-pre\" \"set=gandi\"",
	  ADDED(MARKER, "gandi", "\"mx-pre\" \"set=gandi\"\n" GANDI) },
	{ .name = "records before and after",
	  .txt = "\"a\"\n\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"",
	  ADDED(BUILTIN, "house",
	        "\"a\"\n\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"\n" HOUSE) },
	{ .name = "nearly SPF records",
	  .txt = "\"v=spf10\"\n\"v=spf1-all\"\n\" v=spf1\"\n\"spf2.0/pra\"",
	  ADDED(BUILTIN, "house",
	        "\"v=spf10\"\n\"v=spf1-all\"\n\" v=spf1\"\n\"spf2.0/pra\"\n" HOUSE) },

	// Rule 1: the customer's own.
	{ .name = "own", .txt = "\"v=spf1 -all\"", STORED },
	{ .name = "own without terms", .txt = "\"v=spf1\"", STORED },
	{ .name = "own in capitals", .txt = "\"V=SPF1 -ALL\"", STORED },
	{ .name = "own in several strings", .txt = "\"v=\" \"spf\" \"\" \"1\" \"\"", STORED },
	{ .name = "own and marker", .txt = "\"x\"\n\"v=spf1 mx\"\n" MARKER, STORED },

	// Rule 3.
	{ .name = "override", .mx = "10 mail.other.test.", STORED },
	{ .name = "null MX", .mx = "0 .", STORED },
	{ .name = "mixed", .mx = "10 mail.other.test.\n20 mx1.house.test.", STORED },
	{ .name = "filter off", .mx = "10 mx1.house.test.", .filter_off = true, STORED },
	{ .name = "none", .txt = "\"mx-preset=none\"", STORED },
	{ .name = "none, built-in stored",
	  .mx = "10 mx1.house.test.",
	  .txt = "\"mx-preset=none\"",
	  STORED },
	{ .name = "preset without SPF", .preset = "mute", STORED },
	{ .name = "marker of a preset without SPF", .txt = "\"mx-preset=mute\"", STORED },
	{ .name = "unknown preset", .txt = "\"mx-preset=gone\"", STORED },
	{ .name = "two markers", .txt = MARKER "\n\"mx-preset=house\"", STORED },
	{ .name = "cannot be expanded", .preset = "outlook", .zone = "my-zone.test.", STORED },
	{ .name = "preset is missing", .preset = "gone", STORED },
	{ .name = "built-in is missing", .builtin = "gone", STORED },
	{ .name = "no map", .no_map = true, STORED },
	{ .name = "off", .spf_off = true, STORED },
	{ .name = "off, marker", .spf_off = true, .txt = MARKER, STORED },
};

static void check_decision(void **state)
{
	const case_t *row = *state;
	mxp_map_t *map = row->no_map ? NULL : make_map(map_text);
	const mxp_rules_t rules = {
		.builtin = row->builtin != NULL ? row->builtin : "house",
		.preset = row->preset,
		.marker = !row->marker_off,
		.filter = !row->filter_off,
		.spf = !row->spf_off,
	};
	const mxp_view_t view = mxp_view(&rules, map);
	knot_dname_storage_t zone;
	mxp_apex_t apex = {
		.zone = make_name(row->zone != NULL ? row->zone : "example.com.", zone),
		.mx = make_rrs("MX", row->mx),
		.mx_ttl = 55,
		.txt = make_rrs("TXT", row->txt),
		.txt_ttl = 77,
	};

	mxp_decision_t decision;
	mxp_decide_txt(&rules, &view, &apex, NULL, &decision);
	assert_int_equal(decision.serve, row->serve);
	assert_int_equal(decision.source, row->source);
	assert_int_equal(decision.fault.cause, MXP_OK);
	assert_int_equal(decision.ttl, row->ttl);
	if (row->served != NULL) {
		knot_rdataset_t expected = make_rrs("TXT", row->records);
		assert_string_equal(decision.preset->name, row->served);
		assert_true(knot_rdataset_eq(&decision.rrs, &expected));
		knot_rdataset_clear(&expected, NULL);
	}

	mxp_decision_clear(&decision, NULL);
	knot_rdataset_clear(&apex.mx, NULL);
	knot_rdataset_clear(&apex.txt, NULL);
	mxp_map_free(map);
}

/*! \brief The longest terms that a map may have make one string. */
static void makes_the_longest_record(void **state)
{
	(void)state;
	char terms[240 + 1];
	memset(terms, 'x', sizeof(terms) - 1);
	terms[sizeof(terms) - 1] = '\0';
	knot_rdataset_t spf;
	assert_true(mxp_spf_make(terms, &spf));
	assert_int_equal(spf.count, 1);
	assert_int_equal(spf.rdata->len, 1 + 7 + 240);
	assert_int_equal(spf.rdata->data[0], 7 + 240);
	assert_memory_equal(spf.rdata->data + 1, "v=spf1 xxx", 10);
	assert_true(mxp_spf_is_record(spf.rdata));
	knot_rdataset_clear(&spf, NULL);
}

static const struct CMUnitTest others[] = { cmocka_unit_test(makes_the_longest_record) };

static struct CMUnitTest tests[COUNT(cases) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_decision, cases), others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
