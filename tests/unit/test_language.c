/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "unit.h"

/*! \brief The one error of a map. */
typedef struct {
	const char *name;
	const char *text;
	size_t line;
	const char *word; /*!< What the reason holds. */
} rejected_t;

#define SOA  "@ SOA ns root 1 3600 600 86400 300\n"
#define GOOD "good MX 1 mx.good.example.\n"

static const rejected_t rejected[] = {
	// What stands at the origin.
	{ "MX at the origin", SOA GOOD "@ MX 1 mx.b.example.\n", 3, "origin" },
	{ "CNAME at the origin", SOA GOOD "@ CNAME good\n", 3, "origin" },
	{ "MX at the origin in hexadecimal", SOA GOOD "@ TYPE15 \\# 5 0001 016100\n", 3, "origin" },
	{ "MX at the origin without SOA", GOOD "@ MX 1 mx.b.example.\n", 2, "origin" },
	{ "TXT at the origin without SOA", GOOD "@ TXT \"v=spf1 -all\"\n", 2, "origin" },
	{ "CAA at the origin without SOA", GOOD "@ CAA 0 issue \"ca.test\"\n", 2, "CAA" },
	{ "SRV below the origin", SOA GOOD "good SRV 0 0 25 mx\n", 3, "SRV" },
	{ "TXT two labels deep", SOA GOOD "a.good TXT \"title=A\"\n", 3, "more than one label" },
	{ "DS below the origin", SOA GOOD "sub DS 1 13 2 " L60 "aaaa\n", 3, "DS" },

	// Types that are not skipped, and classes.
	{ "first type after those for private use", SOA GOOD "good TYPE65535 \\# 0\n", 3, "65535" },
	{ "last type before those for private use", SOA GOOD "good TYPE65279 \\# 0\n", 3, "65279" },
	{ "type 0", GOOD "b TYPE0 \\# 0\n", 2, "TYPE0" },
	{ "A in hexadecimal without SOA", GOOD "b TYPE1 \\# 4 C0000201\n", 2, "address" },
	{ "class CH", GOOD "b CH MX 1 mx.b.example.\n", 2, "class" },
	{ "class HS", GOOD "b HS MX 1 mx.b.example.\n", 2, "class" },
	{ "class by number", GOOD "b CLASS3 MX 1 mx.b.example.\n", 2, "class" },
	{ "malformed SOA", "@ TYPE6 \\# 3 000000\n" GOOD, 1, "malformed SOA" },
	{ "SOA with octets behind",
	  "@ TYPE6 \\# 23 0000 0000000100000001000000010000000100000001 00\n" GOOD, 1,
	  "malformed SOA" },

	// TTL.
	{ "TTL above the largest", GOOD "b 2147483648 MX 1 mx.b.example.\n", 2, "TTL 2147483648" },
	{ "TTL of 32 bits", GOOD "b 4294967295 MX 1 mx.b.example.\n", 2, "TTL 4294967295" },
	{ "TTL of 33 bits", GOOD "b 4294967296 MX 1 mx.b.example.\n", 2, "" },
	{ "TTL of a title", GOOD "good 2147483648 TXT \"title=A\"\n", 2, "TTL" },
	{ "TTL of an alias", GOOD "b 2147483648 CNAME good\n", 2, "TTL" },
	{ "TTL with a unit", GOOD "b 25000d MX 1 mx.b.example.\n", 2, "TTL 2160000000" },
	{ "default TTL", "$TTL 2147483648\n" GOOD, 2, "TTL" },

	// The zone's name in an exchange.
	{ "zone with something before it", GOOD "b MX 1 x_zone_.example.\n", 2, "whole label" },
	{ "zone with something behind it", GOOD "b MX 1 _zone_x.example.\n", 2, "whole label" },
	{ "zone beside a parameter", GOOD "b MX 1 _id__zone_.example.\n", 2, "whole label" },
	{ "zone without final dot", GOOD "b MX 1 mail._zone_\n", 2, "final dot" },

	// Reserved keys.
	{ "title in an exchange", GOOD "b MX 1 _title_.example.\n", 2, "_title_" },
	{ "note in an exchange", GOOD "b MX 1 mx_note_.example.\n", 2, "_note_" },
	{ "spf in an exchange", GOOD "b MX 1 _SPF_.example.\n", 2, "_spf_" },
	{ "retired in an exchange", GOOD "b MX 1 a._retired_.example.\n", 2, "_retired_" },
	{ "second spf", GOOD " TXT \"spf=-all\" \"SPF=-all\"\n", 2, "second spf" },
	{ "second spf in another record", GOOD " TXT \"spf=-all\"\n TXT \"spf=-all\"\n", 3,
	  "second spf" },
	{ "spf with its version", GOOD " TXT \"spf=v=spf1 -all\"\n", 2, "v=spf1" },
	{ "spf with a term that is none", GOOD " TXT \"spf=mx incldue:a.test -all\"\n", 2,
	  "'incldue:a.test'" },
	{ "spf empty", GOOD " TXT \"spf=\"\n", 2, "empty" },
	{ "note with a NUL octet", GOOD " TXT \"note=a\\000b\"\n", 2, "NUL" },
	{ "retired of one label", GOOD " TXT \"retired=mail\"\n", 2, "full host name" },
	{ "retired of one label with a dot", GOOD " TXT \"retired=mail.\"\n", 2, "full host name" },
	{ "retired with an underscore", GOOD " TXT \"retired=a_b.example\"\n", 2, "hyphens" },
	{ "retired that is an address", GOOD " TXT \"retired=192.0.2.1\"\n", 2, "number" },
	{ "retired that is for verification", GOOD " TXT \"retired=a.msv1.invalid\"\n", 2,
	  "proves" },
	{ "retired of 64 octets in a label", GOOD " TXT \"retired=" L63 "a.example\"\n", 2,
	  "host name" },

	// Underscores that are left over.
	{ "no second underscore", GOOD "b MX 1 _id.mail.test.\n", 2, "underscore" },
	{ "two underscores on both sides", GOOD "b MX 1 __id__.test.\n", 2, "underscore" },
	{ "underscore inside", GOOD "b MX 1 a_b.test.\n", 2, "underscore" },
	{ "underscores without a name", GOOD "b MX 1 __.test.\n", 2, "underscore" },
	{ "hyphen in a name", GOOD "b MX 1 _a-b_.test.\n", 2, "underscore" },
	{ "shared underscore", GOOD "b MX 1 _a_b_.test.\n", 2, "underscore" },
	{ "underscore beside the zone", GOOD "b MX 1 _mail._zone_.\n", 2, "underscore" },

	// What can never be a mail server.
	{ "IPv4 address", GOOD "b MX 1 192.0.2.1.\n", 2, "number" },
	{ "last label is a number", GOOD "b MX 1 mx.0x7f.\n", 2, "number" },
	{ "number with a parameter before it", GOOD "b MX 1 _id_.1.\n", 2, "number" },
	{ "IPv6 address", GOOD "b MX 1 2001:db8::1.\n", 2, "db8" },
	{ "hyphen first", GOOD "b MX 1 -mx.test.\n", 2, "hyphens" },
	{ "hyphen before a parameter", GOOD "b MX 1 -_id_.test.\n", 2, "hyphens" },
	{ "hyphen behind a parameter", GOOD "b MX 1 _id_-.test.\n", 2, "hyphens" },
	{ "space", GOOD "b MX 1 a\\032b.test.\n", 2, "hyphens" },
	{ "dot in a label", GOOD "b MX 1 a\\.b.test.\n", 2, "hyphens" },
	{ "reserved name", GOOD "b MX 1 mail.local.\n", 2, "reserved" },
	{ "reserved name itself", GOOD "b MX 1 LOCALHOST.\n", 2, "reserved" },
	{ "reserved name with a parameter", GOOD "b MX 1 _id_.onion.\n", 2, "reserved" },
	{ "reserved name behind the zone", GOOD "b MX 1 mx._zone_.invalid.\n", 2, "reserved" },
	{ "verification", GOOD "b MX 1 ms1.msv1.invalid.\n", 2, "proves" },
	{ "verification with a parameter", GOOD "b MX 1 _id_.mx-verification.google.com.\n", 2,
	  "proves" },

	// Below the map's own origin, also with the zone in it.
	{ "zone below the origin", GOOD "b MX 1 _zone_.mx-presets.\n", 2, "final dot" },
};

static void check_rejected(void **state)
{
	const rejected_t *row = *state;
	errors_t errors = { 0 };
	mxp_map_t *map = NULL;
	char *text = strdup(row->text);
	const int ret = mxp_map_read(&map, text, strlen(text), take_error, &errors);
	free(text);
	print_errors(&errors);
	assert_int_equal(ret, KNOT_EMALF);
	assert_null(map);
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.list[0].line, row->line);
	assert_non_null(strstr(errors.list[0].reason, row->word));
}

/*! \brief A map that is taken, with one preset "p". */
typedef struct {
	const char *name;
	const char *text;
	const char *exchange; /*!< The first one. */
	const char *spf;
	const char *notes; /*!< All notes, each with a line feed. */
} accepted_t;

#define P       "p MX 1 mx.test.\n"
#define NOTHING NULL, ""

static const accepted_t accepted[] = {
	// Real zones.
	{ "types of signing",
	  SOA P "@ TYPE65534 \\# 5 0DAF610001\n@ TYPE65280 \\# 0\nx.y KEY 256 3 13 AA==\n"
	        "p TYPE65300 \\# 0\n@ DNSKEY 256 3 13 AA==\nsub NS ns\n"
	        "p RRSIG MX 13 1 3600 20300101000000 20200101000000 1 mx-presets. AAAA\n",
	  "mx.test.", NOTHING },
	{ "types of signing in hexadecimal",
	  SOA P
	  "@ TYPE48 \\# 5 0100030DAA\n@ TYPE51 \\# 5 0100000000\n@ TYPE63 \\# 7 00000001010100\n"
	  "a.b TYPE47 \\# 1 00\n@ TYPE25 \\# 5 0100030DAA\nsub TYPE2 \\# 1 00\n",
	  "mx.test.", NOTHING },
	{ "types of signing without SOA", P "@ TYPE65534 \\# 0\n@ KEY 256 3 13 AA==\n@ NS ns\n",
	  "mx.test.", NOTHING },
	{ "all kinds of things at the origin",
	  SOA P
	  "@ TXT \"v=spf1 -all\" \"?\"\n@ CAA 0 issue \";\"\n@ SRV 0 0 1 x\n@ A 192.0.2.1\n"
	  "@ AAAA 2001:db8::1\n@ HINFO a b\n@ TYPE64 \\# 3 000100\n@ LOC 0 N 0 E 0m\n@ PTR x\n"
	  "@ DNAME x.test.\n@ TYPE999 \\# 0\n@ 4294967295 TXT \"x\"\n",
	  "mx.test.", NOTHING },
	{ "malformed TXT at the origin", SOA P "@ TXT \\# 1 05\n", "mx.test.", NOTHING },
	{ "things at the origin before the SOA",
	  "@ TXT \"x\"\n@ SPF \"x\"\n" P "ns TYPE1 \\# 4 C0000201\n" SOA, "mx.test.", NOTHING },
	{ "SOA in hexadecimal",
	  "@ TYPE6 \\# 22 00 00 0000000100000001000000010000000100000001\n" P "@ TXT \"x\"\n",
	  "mx.test.", NOTHING },
	{ "MX in hexadecimal", "p TYPE15 \\# 5 0001 016100\n", "a.", NOTHING },
	{ "the root as origin", ". SOA ns. root. 1 1 1 1 1\np. MX 1 mx.test.\n. TXT \"x\"\n",
	  "mx.test.", NOTHING },
	{ "class IN", "p IN MX 1 mx.test.\np 60 IN TXT \"title=A\"\n", "mx.test.", NOTHING },

	// The zone's name, and parameters.
	{ "zone between other labels", "p MX 1 mx._zone_.cust.test.\n", "mx._zone_.cust.test.",
	  NOTHING },
	{ "zone first", "p MX 1 _ZONE_.test.\n", "_zone_.test.", NOTHING },
	{ "zone twice", "p MX 1 _zone_._zone_.\n", "_zone_._zone_.", NOTHING },
	{ "hyphen between parameters", "p MX 1 _a_-_b_.test.\n", "_a_-_b_.test.", NOTHING },
	{ "parameter as the last label", "p MX 1 mx._a_.\n", "mx._a_.", NOTHING },
	{ "digits beside a parameter at the end", "p MX 1 mx.0x_a_1.\n", "mx.0x_a_1.", NOTHING },
	{ "parameters like reserved ones", "p MX 1 _titles_._notes_._zone1_.test.\n",
	  "_titles_._notes_._zone1_.test.", NOTHING },
	{ "number before the zone", "p MX 1 1._zone_.\n", "1._zone_.", NOTHING },
	{ "part of a reserved name", "p MX 1 mx.loc_a_al.\n", "mx.loc_a_al.", NOTHING },

	// Reserved keys.
	{ "notes", P " TXT \"note=One, two\" \"title=A\"\n TXT \"NOTE=\" \"note=a=b\"\n",
	  "mx.test.", NULL, "One, two\n\na=b\n" },
	{ "spf", P " TXT \"spf=include:_spf.test.example ~all\"\n", "mx.test.",
	  "include:_spf.test.example ~all", "" },
	{ "spf of a null MX", "p MX 0 .\np TXT \"Spf=-all\"\n", ".", "-all", "" },
	{ "retired with and without final dot", P " TXT \"retired=a.b\" \"retired=c.d.\"\n",
	  "mx.test.", NOTHING },
};

static void check_accepted(void **state)
{
	const accepted_t *row = *state;
	mxp_map_t *map = make_map(row->text);
	const mxp_preset_t *preset = mxp_map_find(map, mxp_span("p"));
	assert_int_equal(map->count, 1);
	assert_non_null(preset);
	assert_int_equal(preset->mx_count, 1);

	knot_dname_storage_t name;
	assert_true(knot_dname_is_equal(preset->mx[0].exchange, make_name(row->exchange, name)));
	if (row->spf == NULL) {
		assert_null(preset->spf);
	} else {
		assert_string_equal(preset->spf, row->spf);
	}
	const char *notes = row->notes;
	for (size_t i = 0; i < preset->note_count; i++) {
		const size_t len = strlen(preset->notes[i]);
		assert_memory_equal(preset->notes[i], notes, len);
		assert_int_equal(notes[len], '\n');
		notes += len + 1;
	}
	assert_string_equal(notes, "");
	mxp_map_free(map);
}

/*! \brief A map and its version. */
typedef struct {
	const char *name;
	const char *text;
	const char *version;
} version_t;

static const version_t versions[] = {
	{ "version: serial", SOA P, "1" },
	{ "version: serial 0", "@ SOA ns root 0 1 1 1 1\n" P, "0" },
	{ "version: largest serial", "@ SOA ns root 4294967295 1 1 1 1\n" P, "4294967295" },
	{ "version: serial behind names", P "@ SOA ns.a.test. root.b.test. 2024010203 1 1 1 1\n",
	  "2024010203" },
	{ "version: serial in hexadecimal",
	  "@ TYPE6 \\# 22 00 00 0000002A00000001000000010000000100000001\n" P, "42" },
	// As sha256sum has it.
	{ "version: hash", "p MX 1 mx.test.\n", "fafa8c17" },
	{ "version: hash with CRLF", "p MX 1 mx.test.\r\n", "70df89c3" },
	{ "version: hash with a comment", "; x\np MX 1 mx.test.\n", "6b1729d6" },
};

static void check_version(void **state)
{
	const version_t *row = *state;
	mxp_map_t *map = make_map(row->text);
	assert_string_equal(map->version, row->version);
	mxp_map_free(map);
}

static struct CMUnitTest tests[COUNT(rejected) + COUNT(accepted) + COUNT(versions)];

int main(void)
{
	struct CMUnitTest *next = tests;
	next = ADD_ROWS(next, check_rejected, rejected);
	next = ADD_ROWS(next, check_accepted, accepted);
	(void)ADD_ROWS(next, check_version, versions);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
