/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <time.h>

#include "read.h"

/*! \brief A map that is taken. */
typedef struct {
	const char *name;
	const char *text;
	const char *presets; /*!< How #dump writes it. */
} accepted_t;

static const accepted_t accepted[] = {
	{ "one record", "a 300 MX 1 mx.a.example.\n", "a 300 MX 1 mx.a.example.\n" },
	{ "default TTL", "a MX 1 mx.a.example.\n", "a 3600 MX 1 mx.a.example.\n" },
	{ "directive $TTL", "$TTL 60\na MX 1 mx.a.example.\n", "a 60 MX 1 mx.a.example.\n" },
	{ "TTL with a unit", "a 3h MX 1 mx.a.example.\n", "a 10800 MX 1 mx.a.example.\n" },
	{ "TTL of the MX, not of the TXT", "a 60 TXT \"title=A\"\na 300 MX 1 mx.a.example.\n",
	  "a 300 MX 1 mx.a.example. title=A\n" },
	{ "class IN", "a 300 IN MX 1 mx.a.example.\n", "a 300 MX 1 mx.a.example.\n" },
	{ "order of the file",
	  "b MX 20 mx2.b.example.\na MX 1 mx.a.example.\nb MX 10 mx1.b.example.\n",
	  "a 3600 MX 1 mx.a.example.\nb 3600 MX 20 mx2.b.example. MX 10 mx1.b.example.\n" },
	{ "largest numbers", "a 2147483647 MX 65535 mx.a.example.\n",
	  "a 2147483647 MX 65535 mx.a.example.\n" },
	{ "CRLF and comments",
	  "; A map\r\n\r\na MX 1 mx.a.example. ; one\r\n  MX 2 mx2.a.example.\r\n",
	  "a 3600 MX 1 mx.a.example. MX 2 mx2.a.example.\n" },
	{ "parentheses", "a MX ( 1\n mx.a.example. )\n", "a 3600 MX 1 mx.a.example.\n" },
	{ "directive $ORIGIN", "$ORIGIN mail.example.\na.mx-presets. MX 1 mx\n",
	  "a 3600 MX 1 mx.mail.example.\n" },
	{ "letter case", "A MX 1 MX.A.Example.\nTXT.MX-PRESETS. MX 1 X.\nB CNAME A\n",
	  "a 3600 MX 1 mx.a.example.\nb -> a\ntxt 3600 MX 1 x.\n" },
	{ "null MX", "a MX 0 .\n", "a 3600 MX 0 .\n" },
	{ "same exchange in two presets", "a MX 1 mx.example.\nb MX 1 mx.example.\n",
	  "a 3600 MX 1 mx.example.\nb 3600 MX 1 mx.example.\n" },
	{ "hexadecimal", "a MX \\# 5 000a 016100\n", "a 3600 MX 10 a.\n" },

	{ "alias before its preset", "a CNAME b\nb MX 1 mx.b.example.\n",
	  "a -> b\nb 3600 MX 1 mx.b.example.\n" },
	{ "aliases of aliases",
	  "a CNAME b\nb CNAME d\nd CNAME c\nc MX 1 mx.c.example.\ne CNAME a\n",
	  "a -> c\nb -> c\nc 3600 MX 1 mx.c.example.\nd -> c\ne -> c\n" },

	{ "title", "a MX 1 mx.a.example.\n TXT \"title=A & B = C\"\n",
	  "a 3600 MX 1 mx.a.example. title=A & B = C\n" },
	{ "empty title", "a MX 1 mx.a.example.\n TXT \"title=\"\n",
	  "a 3600 MX 1 mx.a.example. title=\n" },
	{ "retired with and without final dot",
	  "a MX 1 mx.a.example.\n TXT \"retired=Old.A.example\" \"retired=older.a.example.\"\n"
	  " TXT \"retired=oldest.example\"\n",
	  "a 3600 MX 1 mx.a.example. retired=old.a.example. retired=older.a.example."
	  " retired=oldest.example.\n" },
	{ "parameters",
	  "a MX 1 _id_.a.example.\n MX 2 x_id__n1_.mail._zone_.\n TXT \"id=@zone-dashed\" "
	  "\"N1=b-_C\"\n",
	  "a 3600 MX 1 _id_.a.example. MX 2 x_id__n1_.mail._zone_. id=@zone-dashed n1=b-_C\n" },
	{ "exchange is the zone", "a MX 1 _zone_.\n", "a 3600 MX 1 _zone_.\n" },
	{ "default that nothing uses", "a MX 1 mx.a.example.\n TXT \"id=x\"\n",
	  "a 3600 MX 1 mx.a.example. id=x\n" },
	{ "default of 63 octets", "a MX 1 _id_.a.example.\n TXT \"id=" L63 "\"\n",
	  "a 3600 MX 1 _id_.a.example. id=" L63 "\n" },
	{ "label of 63 octets", "a MX 1 " L63 ".\n", "a 3600 MX 1 " L63 ".\n" },
	{ "preset of 63 octets", L63 " MX 1 a.\n", L63 " 3600 MX 1 a.\n" },
	{ "odd names of presets", "1\\&1 MX 1 a.\n_dmarc MX 1 b.\n",
	  "1&1 3600 MX 1 a.\n_dmarc 3600 MX 1 b.\n" },

	{ "a zone with all that a server adds",
	  "$ORIGIN maps.example.\n" SOA
	  "@ NS ns\nns A 192.0.2.1\nns AAAA 2001:db8::1\na MX 1 mx.a.test.\n"
	  "@ DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxIL"
	  "fDLUT0rAK9iUzy1L53eKGQ==\n"
	  "@ RRSIG MX 13 3 3600 20300101000000 20200101000000 1 maps.example. AAAA\n"
	  "@ NSEC a NS SOA\n"
	  "abcdefghijklmnopqrstuvabcdefghij NSEC3 1 0 0 - ABCDEFGHIJKLMNOPQRSTUVABCDEFGHIJ MX\n"
	  "@ NSEC3PARAM 1 0 0 -\n@ CDS 0 0 0 00\n@ CDNSKEY 0 3 0 AA==\n"
	  "@ ZONEMD 1 1 1 C68090D90A7AED716BC459F9340E3D7C1370D4D24B7E2FC3A1DDC0B9A87153B9A9713"
	  "B3C9AE5CC27777F98B8E730044C\n",
	  "a 3600 MX 1 mx.a.test.\n" },
	{ "a transfer, SOA first and last",
	  "maps.example. SOA ns. root. 1 3600 600 86400 300\n"
	  "a.maps.example. MX 1 mx.a.test.\n"
	  "MAPS.example. SOA ns. root. 1 3600 600 86400 300\n",
	  "a 3600 MX 1 mx.a.test.\n" },
	{ "names relative to the owner of the SOA, wherever it is",
	  "a MX 1 mx.a.test.\nMAPS.example. SOA ns. root. 1 3600 600 86400 300\nb CNAME a\n",
	  "a 3600 MX 1 mx.a.test.\nb -> a\n" },
	{ "SOA below the default origin",
	  "maps SOA ns. root. 1 3600 600 86400 300\n"
	  "a.maps MX 1 mx.a.test.\n",
	  "a 3600 MX 1 mx.a.test.\n" },
	{ "SOA behind the presets",
	  "a.maps.example. MX 1 mx.a.test.\nns.maps.example. A 192.0.2.1\n"
	  "maps.example. SOA ns. root. 1 3600 600 86400 300\n",
	  "a 3600 MX 1 mx.a.test.\n" },
	{ "glue two labels deep", SOA "a MX 1 mx.a.test.\nns.glue A 192.0.2.1\n",
	  "a 3600 MX 1 mx.a.test.\n" },
};

static void dump_name(FILE *out, const knot_dname_t *name)
{
	knot_dname_txt_storage_t text;
	assert_non_null(knot_dname_to_str(text, name, sizeof(text)));
	fputs(text, out);
}

/*! \brief Writes a map as text, a line for each preset. */
static char *dump(const mxp_map_t *map)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		fputs(preset->name, out);
		if (preset->alias != NULL) {
			fprintf(out, " -> %s\n", preset->alias->name);
			continue;
		}
		fprintf(out, " %u", preset->ttl);
		for (size_t j = 0; j < preset->mx_count; j++) {
			fprintf(out, " MX %u ", preset->mx[j].preference);
			dump_name(out, preset->mx[j].exchange);
		}
		if (preset->title != NULL) {
			fprintf(out, " title=%s", preset->title);
		}
		for (size_t j = 0; j < preset->retired_count; j++) {
			fputs(" retired=", out);
			dump_name(out, preset->retired[j]);
		}
		for (size_t j = 0; j < preset->default_count; j++) {
			const mxp_default_t *dflt = &preset->defaults[j];
			fprintf(out, " %s=%s", dflt->name,
			        dflt->zone_dashed ? "@zone-dashed" : dflt->value);
		}
		fputc('\n', out);
	}
	fclose(out);

	return text;
}

static void check_accepted(void **state)
{
	const accepted_t *row = *state;
	errors_t errors;
	mxp_map_t *map = NULL;

	const int ret = read_text(row->text, strlen(row->text), &map, &errors);
	print_errors(&errors);
	assert_int_equal(ret, KNOT_EOK);
	assert_int_equal(errors.count, 0);

	char *text = dump(map);
	assert_string_equal(text, row->presets);
	check_found(map);
	free(text);
	mxp_map_free(map);
}

static void finds_in_any_case(void **state)
{
	(void)state;
	mxp_map_t *map = make_map("Gandi MX 1 mx.a.example.\nalias CNAME gandi\n");
	const mxp_preset_t *preset = mxp_map_find(map, mxp_span("gandi"));
	assert_non_null(preset);
	assert_ptr_equal(mxp_map_find(map, mxp_span("GANDI")), preset);
	assert_ptr_equal(mxp_map_find(map, mxp_span("ALIAS")), preset);
	assert_null(mxp_map_find(map, mxp_span("")));
	assert_null(mxp_map_find(map, mxp_span("gand")));
	assert_null(mxp_map_find(map, mxp_span("gandi.")));
	assert_null(mxp_map_find(map, mxp_span("gandi2")));
	mxp_map_free(map);
}

/*! \brief A preset with many records, written by a format of the record's number. */
typedef struct {
	const char *name;
	const char *record;
	unsigned count;
	size_t line; /*!< Line of the only error, 0 if there is none. */
	const char *word;
} many_t;

#define FAR  "." L60 "." L60 "." L60 "." L20 L20 L10
#define NEAR "." L60 "." L60

static const many_t many[] = {
	{ "255 records", "a MX 1 mx%u.example.\n", 255, 0, NULL },
	{ "256 records", "a MX 1 mx%u.example.\n", 256, 256, "255" },
	{ "300 records, one error", "a MX 1 mx%u.example.\n", 300, 256, "255" },
	{ "255 records with a parameter", "a MX 1 mx%u._id_.example.\n", 255, 0, NULL },
	{ "256 records with a parameter", "a MX 1 mx%u._id_.example.\n", 256, 256, "255" },
	{ "255 long names that compress", "a MX 1 mx%u" FAR ".\n", 255, 0, NULL },
	{ "255 long names that do not compress", "a MX 1 " L10 FAR ".x%03u.\n", 255, 1, "message" },
	{ "255 names that just fit", "a MX 1 " L10 NEAR ".x%03u.\n", 255, 0, NULL },
};

static void check_many(void **state)
{
	const many_t *row = *state;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	for (unsigned i = 0; i < row->count; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		fprintf(out, row->record, i);
#pragma GCC diagnostic pop
	}
	fclose(out);

	errors_t errors;
	mxp_map_t *map = NULL;
	const int ret = read_text(text, size, &map, &errors);
	free(text);
	print_errors(&errors);
	mxp_map_free(map);
	if (row->word == NULL) {
		assert_int_equal(ret, KNOT_EOK);
		return;
	}
	assert_int_equal(ret, KNOT_EMALF);
	assert_int_equal(errors.count, 1);
	assert_int_equal(errors.list[0].line, row->line);
	assert_non_null(strstr(errors.list[0].reason, row->word));
}

static void reads_100000_presets(void **state)
{
	(void)state;
	const size_t count = 100000;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "p%zu MX 1 mx%zu.example.\n", i, i);
	}
	fclose(out);

	errors_t errors = { 0 };
	mxp_map_t *map = NULL;
	const clock_t start = clock();
	assert_int_equal(mxp_map_read(&map, text, size, take_error, &errors), KNOT_EOK);
	print_message("# %zu presets read in %.3f s\n", count,
	              (double)(clock() - start) / CLOCKS_PER_SEC);
	free(text);
	assert_int_equal(map->count, count);
	check_found(map);
	for (size_t i = 0; i < count; i++) {
		char name[32];
		snprintf(name, sizeof(name), "P%zu", i);
		const mxp_preset_t *preset = mxp_map_find(map, mxp_span(name));
		assert_non_null(preset);
		assert_string_equal(preset->name + 1, name + 1);
	}
	mxp_map_free(map);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(finds_in_any_case),
	cmocka_unit_test(reads_100000_presets),
};

static struct CMUnitTest tests[COUNT(accepted) + COUNT(many) + COUNT(others)];

int main(void)
{
	struct CMUnitTest *next = tests;
	next = ADD_ROWS(next, check_accepted, accepted);
	next = ADD_ROWS(next, check_many, many);
	memcpy(next, others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
