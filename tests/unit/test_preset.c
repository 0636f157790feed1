/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "expand.h"
#include "marker.h"
#include "name.h"
#include "unit.h"

/*! \brief A preset, and what it expands to for a zone. */
typedef struct {
	const char *name;
	const char *map;    /*!< Its preset is "p". */
	const char *params; /*!< As a marker gives them. */
	const char *zone;   /*!< "example.com." if not set. */
	const char *mx;     /*!< Records (NULL if it cannot be expanded). */
	mxp_cause_t cause;
	const char *text; /*!< Text of the fault. */
} case_t;

#define OUTLOOK "p MX 1 _id_.mail.test.\np TXT \"id=@zone-dashed\"\n"

/* Zones whose names have so many octets on the wire. */
#define ZONE_250 L63 "." L63 "." L63 "." L20 L20 L10 "aaaaaa."
#define ZONE_251 L63 "." L63 "." L63 "." L20 L20 L10 "aaaaaaa."

static const case_t cases[] = {
	// Values and defaults.
	{ "value", "p MX 1 _id_.test.\n", "id=x", NULL, "1 x.test.", MXP_OK, NULL },
	{ "value before the default", "p MX 1 _id_.test.\np TXT \"id=d\"\n", "id=x", NULL,
	  "1 x.test.", MXP_OK, NULL },
	{ "default", "p MX 1 _id_.test.\np TXT \"id=d\"\n", "", NULL, "1 d.test.", MXP_OK, NULL },
	{ "neither", "p MX 1 _id_.test.\n", "", NULL, NULL, MXP_PARAM_UNSET, "id" },
	{ "one of two", "p MX 1 _a_._b_.test.\np TXT \"a=1\"\n", "", NULL, NULL, MXP_PARAM_UNSET,
	  "b" },
	{ "value of no use", "p MX 1 _id_.test.\n", "other=y id=x", NULL, "1 x.test.", MXP_OK,
	  NULL },
	{ "default with capitals in its name", "p MX 1 _id_.test.\np TXT \"ID=d\"\n", "", NULL,
	  "1 d.test.", MXP_OK, NULL },
	{ "parameter with capitals in its name", "p MX 1 _ID_.test.\n", "id=x", NULL, "1 x.test.",
	  MXP_OK, NULL },
	{ "value in capitals", "p MX 1 _id_.test.\n", "id=X", NULL, "1 X.test.", MXP_OK, NULL },
	{ "all kinds of octets", "p MX 1 _id_.test.\n", "id=aZ0-_", NULL, "1 aZ0-_.test.", MXP_OK,
	  NULL },

	// Places.
	{ "several in a label", "p MX 1 x_a_y_b_z.test.\n", "a=1 b=2", NULL, "1 x1y2z.test.",
	  MXP_OK, NULL },
	{ "side by side", "p MX 1 _a__b_.test.\n", "a=1 b=2", NULL, "1 12.test.", MXP_OK, NULL },
	{ "the same twice", "p MX 1 _a_-_a_._a_.test.\n", "a=1", NULL, "1 1-1.1.test.", MXP_OK,
	  NULL },
	{ "value that looks like a parameter", "p MX 1 _a_.test.\n", "a=_b_ b=2", NULL,
	  "1 _b_.test.", MXP_OK, NULL },
	{ "value that looks like the zone", "p MX 1 a._a_.\n", "a=_zone_", NULL, "1 a._zone_.",
	  MXP_OK, NULL },
	{ "last label", "p MX 1 mx._a_.\n", "a=1", NULL, "1 mx.1.", MXP_OK, NULL },
	{ "some of the records", "p MX 1 mx.test.\np MX 2 _a_.test.\n", "a=1", NULL,
	  "1 mx.test.\n2 1.test.", MXP_OK, NULL },

	// The zone.
	{ "zone", "p MX 1 mail._zone_.\n", "", NULL, "1 mail.example.com.", MXP_OK, NULL },
	{ "zone alone", "p MX 1 _zone_.\n", "", NULL, "1 example.com.", MXP_OK, NULL },
	{ "zone in capitals in the map", "p MX 1 mail._ZONE_.\n", "", NULL, "1 mail.example.com.",
	  MXP_OK, NULL },
	{ "zone and a parameter", "p MX 1 mx_n_._zone_.\n", "n=1", NULL, "1 mx1.example.com.",
	  MXP_OK, NULL },
	{ "root zone", "p MX 1 mail._zone_.\n", "", ".", "1 mail.", MXP_OK, NULL },
	{ "zone between other labels", "p MX 1 mx._zone_.cust.test.\n", "", NULL,
	  "1 mx.example.com.cust.test.", MXP_OK, NULL },
	{ "zone first", "p MX 1 _zone_.cust.test.\n", "", NULL, "1 example.com.cust.test.", MXP_OK,
	  NULL },
	{ "zone twice, and parameters around it", "p MX 1 _a_._zone_._b_._zone_.\n", "a=1 b=2",
	  "example.", "1 1.example.2.example.", MXP_OK, NULL },
	{ "root zone between other labels", "p MX 1 mx._zone_.cust.test.\n", "", ".",
	  "1 mx.cust.test.", MXP_OK, NULL },
	{ "root zone alone", "p MX 1 _zone_.\n", "", ".", "1 .", MXP_OK, NULL },
	{ "zone with a hyphen", "p MX 1 mail._zone_.\n", "", "my-zone.test.",
	  "1 mail.my-zone.test.", MXP_OK, NULL },

	// The zone with hyphens.
	{ "dashed", OUTLOOK, "", NULL, "1 example-com.mail.test.", MXP_OK, NULL },
	{ "dashed, one label", OUTLOOK, "", "example.", "1 example.mail.test.", MXP_OK, NULL },
	{ "dashed, three labels", OUTLOOK, "", "a.b.example.", "1 a-b-example.mail.test.", MXP_OK,
	  NULL },
	{ "dashed, underscore and digits", OUTLOOK, "", "_1.example.", "1 _1-example.mail.test.",
	  MXP_OK, NULL },
	{ "dashed, zone with a hyphen", OUTLOOK, "", "my-zone.example.", NULL, MXP_PARAM_UNSET,
	  "id" },
	{ "dashed, hyphen in the last label", OUTLOOK, "", "a.xn--p1ai.", NULL, MXP_PARAM_UNSET,
	  "id" },
	{ "dashed, zone with a hyphen and a value", OUTLOOK, "id=my-zone0c", "my-zone.example.",
	  "1 my-zone0c.mail.test.", MXP_OK, NULL },
	{ "dashed, 63 octets", OUTLOOK, "", L60 ".aa.", "1 " L60 "-aa.mail.test.", MXP_OK, NULL },
	{ "dashed, 64 octets", OUTLOOK, "", L60 ".aaa.", NULL, MXP_PARAM_UNSET, "id" },
	{ "dashed, 65 octets", OUTLOOK, "", L60 ".aaaa.", NULL, MXP_PARAM_UNSET, "id" },
	{ "dashed, one label of 63 octets", OUTLOOK, "", L63 ".", "1 " L63 ".mail.test.", MXP_OK,
	  NULL },
	{ "dashed, longest zone", OUTLOOK, "", ZONE_250, NULL, MXP_PARAM_UNSET, "id" },
	{ "dashed, space", OUTLOOK, "", "a\\032b.example.", NULL, MXP_PARAM_UNSET, "id" },
	{ "dashed, dot in a label", OUTLOOK, "", "a\\.b.example.", NULL, MXP_PARAM_UNSET, "id" },
	{ "dashed, slash", OUTLOOK, "", "0/25.example.", NULL, MXP_PARAM_UNSET, "id" },
	{ "dashed, other octets", OUTLOOK, "", "\\195\\164.example.", NULL, MXP_PARAM_UNSET, "id" },
	{ "dashed, root zone", OUTLOOK, "", ".", NULL, MXP_PARAM_UNSET, "id" },

	// Lengths.
	{ "label of 63 octets", "p MX 1 aaa_a_.test.\n", "a=" L60, NULL, "1 aaa" L60 ".test.",
	  MXP_OK, NULL },
	{ "label of 64 octets", "p MX 1 aaaa_a_.test.\n", "a=" L60, NULL, NULL, MXP_LABEL_LENGTH,
	  "p" },
	{ "label of 64 octets behind the parameter", "p MX 1 _a_aaaa.test.\n", "a=" L60, NULL, NULL,
	  MXP_LABEL_LENGTH, "p" },
	{ "label of 126 octets", "p MX 1 _a__a_.test.\n", "a=" L63, NULL, NULL, MXP_LABEL_LENGTH,
	  "p" },
	{ "dashed makes a label of 63 octets", "p MX 1 a_id_.test.\np TXT \"id=@zone-dashed\"\n",
	  "", L60 ".a.", "1 a" L60 "-a.test.", MXP_OK, NULL },
	{ "dashed makes a label of 64 octets", "p MX 1 a_id_.test.\np TXT \"id=@zone-dashed\"\n",
	  "", L60 ".aa.", NULL, MXP_LABEL_LENGTH, "p" },
	{ "name of 255 octets", "p MX 1 _a_._a_._a_.b_b_.\n", "a=" L63 " b=" L60, NULL,
	  "1 " L63 "." L63 "." L63 ".b" L60 ".", MXP_OK, NULL },
	{ "name of 256 octets", "p MX 1 _a_._a_._a_.bb_b_.\n", "a=" L63 " b=" L60, NULL, NULL,
	  MXP_NAME_LENGTH, "p" },
	{ "name of 256 octets, last label is short", "p MX 1 _a_._a_._a_._b_.a.\n",
	  "a=" L63 " b=" L60, NULL, NULL, MXP_NAME_LENGTH, "p" },
	{ "name too long, many labels behind",
	  "p MX 1 _a_._a_._a_._a_"
	  ".a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
	  ".a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
	  ".a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.\n",
	  "a=" L63, NULL, NULL, MXP_NAME_LENGTH, "p" },
	{ "zone makes a name of 255 octets", "p MX 1 aaaa._zone_.\n", "", ZONE_250,
	  "1 aaaa." ZONE_250, MXP_OK, NULL },
	{ "zone makes a name of 256 octets", "p MX 1 aaaa._zone_.\n", "", ZONE_251, NULL,
	  MXP_NAME_LENGTH, "p" },

	{ "zone between makes a name of 255 octets", "p MX 1 _zone_.aaaa.\n", "", ZONE_250,
	  "1 " ZONE_250 "aaaa.", MXP_OK, NULL },
	{ "zone between makes a name of 256 octets", "p MX 1 _zone_.aaaa.\n", "", ZONE_251, NULL,
	  MXP_NAME_LENGTH, "p" },
	{ "zone twice makes too long a name", "p MX 1 _zone_._zone_.\n", "", ZONE_250, NULL,
	  MXP_NAME_LENGTH, "p" },

	// A value may have what no host name has: providers have such ids.
	{ "values with hyphens at the ends", "p MX 1 _a_._b_.test.\n", "a=-x b=y-", NULL,
	  "1 -x.y-.test.", MXP_OK, NULL },

	// The same exchange twice.
	{ "same value twice", "p MX 1 _a_.test.\np MX 2 _b_.test.\n", "a=x b=x", NULL, NULL,
	  MXP_EXCHANGE_TWICE, "p" },
	{ "same value in another letter case", "p MX 1 _a_.test.\np MX 2 _b_.test.\n", "a=x b=X",
	  NULL, NULL, MXP_EXCHANGE_TWICE, "p" },
	{ "value makes a name that stands there", "p MX 1 mx.test.\np MX 2 _a_.test.\n", "a=MX",
	  NULL, NULL, MXP_EXCHANGE_TWICE, "p" },
	{ "zone makes a name that stands there", "p MX 1 mail._zone_.\np MX 2 mail.example.com.\n",
	  "", NULL, NULL, MXP_EXCHANGE_TWICE, "p" },
	{ "zone makes another name", "p MX 1 mail._zone_.\np MX 2 mail.example.com.\n", "",
	  "example.net.", "1 mail.example.net.\n2 mail.example.com.", MXP_OK, NULL },

	// Order.
	{ "order of the priorities", "p MX 20 a_a_.test.\np MX 10 b_a_.test.\np MX 256 c.test.\n",
	  "a=1", NULL, "20 a1.test.\n10 b1.test.\n256 c.test.", MXP_OK, NULL },
	{ "order of equal priorities",
	  "p MX 5 zz_a_.test.\np MX 5 b_a_.test.\np MX 5 c.test.\np MX 5 a.a.test.\n", "a=1", NULL,
	  "5 zz1.test.\n5 b1.test.\n5 c.test.\n5 a.a.test.", MXP_OK, NULL },
	{ "order without parameters",
	  "p MX 5 zz.test.\np MX 5 b.test.\np MX 1 c.test.\np MX 5 a.a.test.\n", "", NULL,
	  "5 zz.test.\n5 b.test.\n1 c.test.\n5 a.a.test.", MXP_OK, NULL },
};

static void assert_same_rrs(const knot_rdataset_t *rrs, const char *lines)
{
	knot_rdataset_t expected = make_rrs("MX", lines);
	assert_int_equal(rrs->count, expected.count);
	assert_int_equal(rrs->size, expected.size);
	assert_memory_equal(rrs->rdata, expected.rdata, expected.size);
	knot_rdataset_clear(&expected, NULL);
}

static void check_expansion(void **state)
{
	const case_t *row = *state;
	mxp_map_t *map = make_map(row->map);
	const mxp_preset_t *preset = mxp_map_find(map, mxp_span("p"));
	assert_non_null(preset);
	const mxp_marker_t marker = { .params = mxp_span(row->params) };
	knot_dname_storage_t zone;
	make_name(row->zone != NULL ? row->zone : "example.com.", zone);

	if (preset->param_count == 0) {
		assert_same_rrs(&preset->rrs, row->mx);
		mxp_map_free(map);
		return;
	}
	knot_rdataset_t rrs = { 0 };
	mxp_fault_t fault = { .cause = MXP_OK };
	const bool good = mxp_preset_expand(preset, zone, false, mxp_marker_value, &marker, NULL,
	                                    &rrs, &fault);
	assert_int_equal(fault.cause, row->cause);
	assert_int_equal(good, row->mx != NULL);
	if (good) {
		assert_same_rrs(&rrs, row->mx);
	} else {
		assert_int_equal(fault.text_len, strlen(row->text));
		assert_memory_equal(fault.text, row->text, fault.text_len);
	}
	free(rrs.rdata);
	mxp_map_free(map);
}

static void expands_without_lookup(void **state)
{
	(void)state;
	mxp_map_t *map = make_map("p MX 1 _id_.test.\np TXT \"id=d\"\n");
	knot_rdataset_t rrs = { 0 };
	mxp_fault_t fault;
	knot_dname_storage_t zone;
	make_name("example.com.", zone);
	assert_true(
		mxp_preset_expand(&map->presets[0], zone, false, NULL, NULL, NULL, &rrs, &fault));
	assert_same_rrs(&rrs, "1 d.test.");
	free(rrs.rdata);
	mxp_map_free(map);
}

static void expands_255_records_in_order(void **state)
{
	(void)state;
	char *map_text = NULL, *mx_text = NULL;
	size_t size = 0;
	FILE *map_out = open_memstream(&map_text, &size);
	FILE *mx_out = open_memstream(&mx_text, &size);
	for (unsigned i = 0; i < MXP_RECORDS_MAX; i++) {
		const unsigned preference = i * 40503 % 7;
		const unsigned number = i * 101 % 256;
		fprintf(map_out, "p MX %u mx%u._id_.test.\n", preference, number);
		fprintf(mx_out, "%u mx%u.x.test.\n", preference, number);
	}
	fclose(map_out);
	fclose(mx_out);

	mxp_map_t *map = make_map(map_text);
	const mxp_marker_t marker = { .params = mxp_span("id=x") };
	knot_rdataset_t rrs = { 0 };
	mxp_fault_t fault;
	knot_dname_storage_t zone;
	make_name("example.com.", zone);
	assert_true(mxp_preset_expand(&map->presets[0], zone, false, mxp_marker_value, &marker,
	                              NULL, &rrs, &fault));
	assert_same_rrs(&rrs, mx_text);
	free(rrs.rdata);
	mxp_map_free(map);
	free(map_text);
	free(mx_text);
}

/*! \brief The answer has to fit in a DNS message, also when only the values make it too large. */
static void refuses_too_large_an_answer(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	for (unsigned i = 0; i < MXP_RECORDS_MAX; i++) {
		fprintf(out, "p MX 1 _a_._a_._a_._b_.x%u.\n", i);
	}
	fclose(out);

	mxp_map_t *map = make_map(text);
	free(text);
	const mxp_marker_t small = { .params = mxp_span("a=x b=y") };
	const mxp_marker_t large = { .params = mxp_span("a=" L63 " b=" L20 L20 L10 "aaaaaa") };
	knot_rdataset_t rrs = { 0 };
	mxp_fault_t fault;
	knot_dname_storage_t zone;
	make_name("example.com.", zone);
	assert_true(mxp_preset_expand(&map->presets[0], zone, false, mxp_marker_value, &small, NULL,
	                              &rrs, &fault));
	assert_int_equal(rrs.count, MXP_RECORDS_MAX);
	free(rrs.rdata);
	assert_false(mxp_preset_expand(&map->presets[0], zone, false, mxp_marker_value, &large,
	                               NULL, &rrs, &fault));
	assert_int_equal(fault.cause, MXP_MESSAGE_LENGTH);
	mxp_map_free(map);
}

/*! \brief A text, and whether it is valid as a name or a value. */
typedef struct {
	const char *name; /*!< The text. */
	bool preset, param, value;
} word_t;

static const word_t words[] = {
	{ "gandi", true, true, true },
	{ "Gandi365", true, true, true },
	{ "google-workspace", true, false, true },
	{ "_id", true, false, true },
	{ "none", false, true, true },
	{ "NONE", false, true, true },
	{ "nonesuch", true, true, true },
	{ "a.b", false, false, false },
	{ "a b", false, false, false },
	{ "a\tb", false, false, false },
	{ "a+b", true, false, false },
	{ "a=b", true, false, false },
	{ "\xc3\xa4", false, false, false },
	{ "", false, false, false },
	{ L63, true, true, true },
	{ L63 "a", false, true, false },
};

static void checks_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(words); i++) {
		const mxp_span_t word = mxp_span(words[i].name);
		print_message("# %s\n", words[i].name);
		assert_int_equal(mxp_name_valid(word), words[i].preset);
		assert_int_equal(mxp_param_name_valid(word), words[i].param);
		assert_int_equal(mxp_value_valid(word), words[i].value);
	}
}

/*! \brief An exchange, and whether it is one of the preset's own without knowing the zone. */
static const struct {
	const char *map;
	const char *exchange;
	bool own;
} owns[] = {
	{ "p MX 1 mx.test.\n", "mx.test.", true },
	{ "p MX 1 MX.test.\n", "mx.TEST.", true },
	{ "p MX 1 mx.test.\n", "mx2.test.", false },
	{ "p MX 1 mx.test.\n", "a.mx.test.", false },
	{ "p MX 1 mx.test.\n", "test.", false },
	{ "p MX 1 mx.test.\np TXT \"retired=Old.test\"\n", "OLD.test.", true },
	{ "p MX 1 mx.test.\np TXT \"retired=old.test\"\n", "mx.test.", true },
	{ "p MX 1 _id_.test.\np TXT \"retired=old.test\"\n", "old.test.", true },
	{ "p MX 1 _id_.test.\n", "x.test.", false },
	{ "p MX 1 _id_.test.\n", "_id_.test.", false },
};

static void knows_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(owns); i++) {
		mxp_map_t *map = make_map(owns[i].map);
		knot_dname_storage_t name;
		make_name(owns[i].exchange, name);
		print_message("# %zu: %s\n", i, owns[i].exchange);
		assert_int_equal(mxp_preset_owns(&map->presets[0], name), owns[i].own);
		mxp_map_free(map);
	}
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(expands_without_lookup),
	cmocka_unit_test(expands_255_records_in_order),
	cmocka_unit_test(refuses_too_large_an_answer),
	cmocka_unit_test(checks_words),
	cmocka_unit_test(knows_its_own),
};

static struct CMUnitTest tests[COUNT(cases) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_expansion, cases), others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
