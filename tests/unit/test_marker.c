/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "marker.h"
#include "txt.h"
#include "unit.h"

/*! \brief TXT records of a zone apex, and what the marker among them says. */
typedef struct {
	const char *name;
	const char *txt;
	bool marker;       /*!< There is one. */
	mxp_cause_t cause; /*!< Why it cannot be honoured. */
	const char *text;  /*!< Text of the fault. */
	const char *preset;
	struct {
		const char *name;
		const char *value; /*!< NULL if not set. */
	} params[3];
} case_t;

#define M "mx-preset="

static const case_t cases[] = {
	// What a marker is.
	{ .name = "no record" },
	{ .name = "other records", .txt = "\"v=spf1 -all\"\n\"\"\n\"x\" \"y\"" },
	{ .name = "no equals sign", .txt = "\"mx-preset outlook\"" },
	{ .name = "only the beginning", .txt = "\"mx-preset\"" },
	{ .name = "space before", .txt = "\" " M "outlook\"" },
	{ .name = "text before", .txt = "\"x" M "outlook\"" },
	{ .name = "space before the equals sign", .txt = "\"mx-preset =outlook\"" },
	{ .name = "second string looks like one", .txt = "\"x\" \"" M "outlook\"" },
	{ .name = "plain", .txt = "\"" M "outlook\"", .marker = true, .preset = "outlook" },
	{ .name = "without quotes", .txt = M "outlook", .marker = true, .preset = "outlook" },
	{ .name = "any letter case",
	  .txt = "\"Mx-PRESET=OutLook\"",
	  .marker = true,
	  .preset = "OutLook" },
	{ .name = "beside others",
	  .txt = "\"v=spf1 -all\"\n\"" M "gandi\"\n\"zzz\"",
	  .marker = true,
	  .preset = "gandi" },

	// Strings joined without a space.
	{ .name = "beginning in two strings",
	  .txt = "\"mx-pre\" \"set=gandi\"",
	  .marker = true,
	  .preset = "gandi" },
	{ .name = "an octet each",
	  .txt = "m x - p r e s e t \"=\" g a n d i",
	  .marker = true,
	  .preset = "gandi" },
	{ .name = "empty strings between",
	  .txt = "\"\" \"mx-preset\" \"\" \"=gan\" \"\" \"di\" \"\"",
	  .marker = true,
	  .preset = "gandi" },
	{ .name = "name in two strings",
	  .txt = "\"" M "out\" \"look id=x\"",
	  .marker = true,
	  .preset = "outlook",
	  .params = { { "id", "x" } } },
	{ .name = "no space is added",
	  .txt = "\"" M "outlook\" \"id=x\"",
	  .marker = true,
	  .preset = "outlookid=x" },
	{ .name = "longer than one string",
	  .txt = "\"" M "outlook                                                  "
	         "                                                                "
	         "                                                                \" \"id=x\"",
	  .marker = true,
	  .preset = "outlook",
	  .params = { { "id", "x" } } },

	// Parts.
	{ .name = "parameter",
	  .txt = "\"" M "outlook id=contoso-com0c\"",
	  .marker = true,
	  .preset = "outlook",
	  .params = { { "id", "contoso-com0c" }, { "i", NULL }, { "idx", NULL } } },
	{ .name = "parameters",
	  .txt = "\"" M "p a=1 b=2 c3=_-x\"",
	  .marker = true,
	  .preset = "p",
	  .params = { { "a", "1" }, { "b", "2" }, { "c3", "_-x" } } },
	{ .name = "more spaces",
	  .txt = "\"" M "p   a=1     b=2   \"",
	  .marker = true,
	  .preset = "p",
	  .params = { { "a", "1" }, { "b", "2" } } },
	{ .name = "trailing spaces only", .txt = "\"" M "p  \"", .marker = true, .preset = "p" },
	{ .name = "name of a parameter in any letter case",
	  .txt = "\"" M "p ID=x\"",
	  .marker = true,
	  .preset = "p",
	  .params = { { "id", "x" } } },
	{ .name = "value as it stands",
	  .txt = "\"" M "p id=ConToso\"",
	  .marker = true,
	  .preset = "p",
	  .params = { { "id", "ConToso" } } },
	{ .name = "value of 63 octets",
	  .txt = "\"" M "p id=" L63 "\"",
	  .marker = true,
	  .preset = "p",
	  .params = { { "id", L63 } } },
	{ .name = "none", .txt = "\"" M "none\"", .marker = true, .preset = "none" },
	{ .name = "parameters that begin alike",
	  .txt = "\"" M "p a=1 aa=2 ab=3\"",
	  .marker = true,
	  .preset = "p",
	  .params = { { "a", "1" }, { "aa", "2" }, { "ab", "3" } } },

	// What cannot be honoured.
	{ .name = "two markers",
	  .txt = "\"" M "gandi\"\n\"" M "ovh\"",
	  .marker = true,
	  .cause = MXP_TWO_MARKERS },
	{ .name = "two markers, one empty",
	  .txt = "\"" M "gandi\"\n\"" M "\"",
	  .marker = true,
	  .cause = MXP_TWO_MARKERS },
	{ .name = "two markers, one in two strings",
	  .txt = "\"" M "gandi\"\n\"mx\" \"-preset=ovh\"",
	  .marker = true,
	  .cause = MXP_TWO_MARKERS },
	{ .name = "empty name", .txt = "\"" M "\"", .marker = true, .cause = MXP_NO_NAME },
	{ .name = "empty name in two strings",
	  .txt = "\"mx-preset\" \"=\"",
	  .marker = true,
	  .cause = MXP_NO_NAME },
	{ .name = "space before the name",
	  .txt = "\"" M " outlook\"",
	  .marker = true,
	  .cause = MXP_NO_NAME },
	{ .name = "only spaces", .txt = "\"" M "   \"", .marker = true, .cause = MXP_NO_NAME },
	{ .name = "part without equals sign",
	  .txt = "\"" M "p id\"",
	  .marker = true,
	  .cause = MXP_NO_PARAM,
	  .text = "id" },
	{ .name = "part without a name",
	  .txt = "\"" M "p =x\"",
	  .marker = true,
	  .cause = MXP_NO_PARAM,
	  .text = "=x" },
	{ .name = "part is an equals sign",
	  .txt = "\"" M "p id = x\"",
	  .marker = true,
	  .cause = MXP_NO_PARAM,
	  .text = "id" },
	{ .name = "part after none",
	  .txt = "\"" M "none x\"",
	  .marker = true,
	  .cause = MXP_NO_PARAM,
	  .text = "x" },
	{ .name = "part in the middle",
	  .txt = "\"" M "p a=1 x b=2\"",
	  .marker = true,
	  .cause = MXP_NO_PARAM,
	  .text = "x" },
	{ .name = "tab is no space",
	  .txt = "\"" M "p a=1\\009b=2\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "a" },
	{ .name = "parameter twice",
	  .txt = "\"" M "p a=1 b=2 a=1\"",
	  .marker = true,
	  .cause = MXP_PARAM_TWICE,
	  .text = "a" },
	{ .name = "parameter twice in letter cases",
	  .txt = "\"" M "p id=1 ID=1\"",
	  .marker = true,
	  .cause = MXP_PARAM_TWICE },
	{ .name = "parameter zone",
	  .txt = "\"" M "p zone=x\"",
	  .marker = true,
	  .cause = MXP_PARAM_ZONE,
	  .text = "zone" },
	{ .name = "parameter zone in capitals",
	  .txt = "\"" M "p ZONE=x\"",
	  .marker = true,
	  .cause = MXP_PARAM_ZONE,
	  .text = "ZONE" },
	{ .name = "value empty",
	  .txt = "\"" M "p id=\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "id" },
	{ .name = "value with a dot",
	  .txt = "\"" M "p id=a.b\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "id" },
	{ .name = "value with an equals sign",
	  .txt = "\"" M "p id=a=b\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "id" },
	{ .name = "value of 64 octets",
	  .txt = "\"" M "p id=" L63 "a\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "id" },
	{ .name = "value with a NUL octet",
	  .txt = "\"" M "p id=a\\000b\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "id" },
	{ .name = "value with another octet",
	  .txt = "\"" M "p id=\\195\\164\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "id" },
	{ .name = "value with an asterisk",
	  .txt = "\"" M "p id=*\"",
	  .marker = true,
	  .cause = MXP_PARAM_VALUE,
	  .text = "id" },
};

static void assert_span(mxp_span_t span, const char *text)
{
	if (text == NULL) {
		assert_null(span.data);
		return;
	}
	assert_non_null(span.data);
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.data, text, span.len);
}

static void check_marker(void **state)
{
	const case_t *row = *state;
	knot_rdataset_t txt = make_rrs("TXT", row->txt);
	const knot_rdata_t *rdata = NULL;
	mxp_marker_t marker = { .joined = NULL };
	mxp_fault_t fault = { .cause = mxp_marker_find(&txt, &rdata) };

	assert_int_equal(rdata != NULL, row->marker);
	bool good = false;
	if (rdata != NULL && fault.cause == MXP_OK) {
		good = mxp_marker_parse(rdata, NULL, &marker, &fault);
	}
	assert_int_equal(good, row->preset != NULL);
	if (good) {
		assert_span(marker.name, row->preset);
		for (size_t i = 0; i < COUNT(row->params) && row->params[i].name != NULL; i++) {
			assert_span(mxp_marker_value(&marker, row->params[i].name),
			            row->params[i].value);
		}
	} else {
		assert_int_equal(fault.cause, row->cause);
	}
	if (row->text != NULL) {
		assert_span((mxp_span_t){ fault.text, fault.text_len }, row->text);
	}
	free(marker.joined);
	knot_rdataset_clear(&txt, NULL);
}

/*! \brief Makes a TXT record of a text. */
static knot_rdata_t *make_record(uint8_t *buf, const char *text, size_t len)
{
	knot_rdata_t *record = (knot_rdata_t *)buf;
	record->len = 0;
	for (size_t at = 0; at < len; at += UINT8_MAX) {
		const size_t part = len - at < UINT8_MAX ? len - at : UINT8_MAX;
		record->data[record->len] = (uint8_t)part;
		memcpy(record->data + record->len + 1, text + at, part);
		record->len = (uint16_t)(record->len + 1 + part);
	}
	return record;
}

/*! \brief The longest marker that can be, full of parameters; and one octet more, and many. */
static void parses_1024_octets(void **state)
{
	(void)state;
	static uint8_t buf[sizeof(knot_rdata_t) + UINT16_MAX + 1];
	static char text[UINT16_MAX];
	size_t len = (size_t)sprintf(text, M "p");
	size_t count = 0;
	while (len + 10 < MXP_MARKER_MAX) {
		len += (size_t)sprintf(text + len, " %zx=%zx", count, count);
		count++;
	}
	memset(text + len, ' ', sizeof(text) - len);

	mxp_marker_t marker;
	mxp_fault_t fault = { .cause = MXP_OK };
	assert_true(
		mxp_marker_parse(make_record(buf, text, MXP_MARKER_MAX), NULL, &marker, &fault));
	char last[16];
	sprintf(last, "%zx", count - 1);
	assert_span(mxp_marker_value(&marker, last), last);
	free(marker.joined);

	memcpy(text + len, " 1a=0", 5);
	assert_false(
		mxp_marker_parse(make_record(buf, text, MXP_MARKER_MAX), NULL, &marker, &fault));
	assert_int_equal(fault.cause, MXP_PARAM_TWICE);
	assert_span((mxp_span_t){ fault.text, fault.text_len }, "1a");
	free(marker.joined);

	static const size_t too_long[] = { MXP_MARKER_MAX + 1, 2 * MXP_MARKER_MAX, 65000 };
	for (size_t i = 0; i < COUNT(too_long); i++) {
		marker.joined = NULL;
		assert_false(mxp_marker_parse(make_record(buf, text, too_long[i]), NULL, &marker,
		                              &fault));
		assert_int_equal(fault.cause, MXP_MARKER_LENGTH);
		assert_null(marker.joined);
	}
}

/*! \brief RDATA that ends within a string; some servers take it from anybody who may send TXT. */
typedef struct {
	const char *name;
	const char *data;
	size_t len;
	bool is_marker;
} cut_t;

static const cut_t cut[] = {
	{ "no octet", "", 0, false },
	{ "a length alone", "\xff", 1, false },
	{ "within the prefix", "\xffmx-prese", 9, false },
	{ "after the prefix", "\xffmx-preset=", 11, true },
	{ "after the name", "\xffmx-preset=abc", 14, true },
	{ "one octet too few", "\016mx-preset=abc", 14, true },
	{ "within a second string",
	  "\012mx-preset=\xff"
	  "abc",
	  15, true },
	{ "a second length alone", "\015mx-preset=abc\xff", 15, true },
};

/*! \brief Nothing behind the record is read, and it is none that names a preset. */
static void check_cut(void **state)
{
	const cut_t *row = *state;
	knot_rdataset_t txt = { .count = 1, .size = (uint32_t)knot_rdata_size(row->len) };
	// Just as large, so that memory checkers see all else.
	txt.rdata = malloc(sizeof(uint16_t) + row->len + (row->len & 1));
	knot_rdata_init(txt.rdata, (uint16_t)row->len, (const uint8_t *)row->data);

	const knot_rdata_t *found;
	assert_int_equal(mxp_marker_find(&txt, &found), MXP_OK);
	assert_true((found != NULL) == row->is_marker);
	mxp_marker_t marker = { .joined = NULL };
	mxp_fault_t fault = { .cause = MXP_OK };
	if (found != NULL) {
		assert_false(mxp_marker_parse(found, NULL, &marker, &fault));
		assert_int_equal(fault.cause, MXP_MARKER_CUT);
	}
	uint8_t text[32];
	assert_int_equal(mxp_txt_join(txt.rdata, text), mxp_txt_len(txt.rdata));
	assert_true(mxp_txt_len(txt.rdata) <= row->len);
	assert_false(mxp_txt_is_whole(txt.rdata));
	free(marker.joined);
	free(txt.rdata);
}

/*! \brief A fault, and how a log line shows it. */
typedef struct {
	const char *name;
	const char *text;
	size_t len;
	const char *shown;
} shown_t;

static const shown_t shown[] = {
	{ "plain text", "id", 2, "'id'" },
	{ "empty text", "", 0, "''" },
	{ "quote and backslash", "a'\\b", 4, "'a\\'\\\\b'" },
	{ "control and other octets", "\n\0\x7f\xff", 4, "'\\010\\000\\127\\255'" },
	{ "text of 64 octets", L60 "bbbb", 64, "'" L60 "bbbb'" },
	{ "text of 65 octets", L60 "bbbbc", 65, "'" L60 "bbbb'..." },
};

static void check_shown(void **state)
{
	const shown_t *row = *state;
	char out[MXP_FAULT_STR_LEN];
	const mxp_fault_t fault =
		mxp_fault(MXP_UNKNOWN_PRESET, (const uint8_t *)row->text, row->len);
	char expected[MXP_FAULT_STR_LEN];
	snprintf(expected, sizeof(expected), "%s %s", mxp_cause_str(MXP_UNKNOWN_PRESET),
	         row->shown);
	assert_string_equal(mxp_fault_str(&fault, out), expected);
}

static void shows_every_cause(void **state)
{
	(void)state;
	uint8_t text[65];
	memset(text, 0, sizeof(text));
	for (int cause = 0; cause < MXP_CAUSES; cause++) {
		char out[MXP_FAULT_STR_LEN];
		const mxp_fault_t fault = mxp_fault((mxp_cause_t)cause, text, sizeof(text));
		assert_non_null(mxp_cause_str(fault.cause));
		mxp_fault_str(&fault, out);
		assert_string_equal(out + strlen(out) - 8, "\\000'...");
	}
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(parses_1024_octets),
	cmocka_unit_test(shows_every_cause),
};

static struct CMUnitTest tests[COUNT(cases) + COUNT(cut) + COUNT(shown) + COUNT(others)];

int main(void)
{
	struct CMUnitTest *next = ADD_ROWS(tests, check_marker, cases);
	next = ADD_ROWS(next, check_cut, cut);
	next = ADD_ROWS(next, check_shown, shown);
	memcpy(next, others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
