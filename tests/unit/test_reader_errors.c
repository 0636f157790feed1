/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "expand.h"
#include "read.h"

/*! Eight parameters, each in a label of its own. */
#define P8(x) "_" x "0_._" x "1_._" x "2_._" x "3_._" x "4_._" x "5_._" x "6_._" x "7_."

/*! \brief A map that is refused. */
typedef struct {
	const char *name;
	const char *text;
	struct {
		size_t line;
		const char *word; /*!< What the reason holds. */
	} errors[4];              /*!< All errors, ordered by line. */
} rejected_t;

static const rejected_t rejected[] = {
	// The file as a whole.
	{ "empty file", "", { { 1, "empty" } } },
	{ "only a newline", "\n", { { 1, "no preset" } } },
	{ "only comments", "; nothing\n; at all\n", { { 1, "no preset" } } },
	{ "only a SOA", SOA, { { 1, "no preset" } } },
	{ "cut off in a record",
	  "a MX 1 mx.a.example.\nb MX 1 mx.b.exam",
	  { { 2, "newline" }, { 2, "" } } },
	{ "cut off before the newline", "a MX 1 mx.a.example.", { { 1, "newline" } } },
	{ "cut off in a comment", "a MX 1 mx.a.example.\n; the e", { { 2, "newline" } } },
	{ "cut off between CR and LF", "a MX 1 mx.a.example.\r", { { 1, "newline" }, { 1, "" } } },

	// Syntax.
	{ "unknown type", "a MX 1 mx.a.example.\nb XM 1 mx.b.example.\n", { { 2, "" } } },
	{ "priority too large", "a MX 65536 mx.a.example.\n", { { 1, "" } } },
	{ "priority missing", "a MX mx.a.example.\n", { { 1, "" } } },
	{ "exchange missing", "a MX 1\n", { { 1, "" } } },
	{ "TTL too large", "a 4294967296 MX 1 mx.a.example.\n", { { 1, "" } } },
	{ "unclosed quote", "a MX 1 mx.a.example.\na TXT \"title=A\n", { { 2, "" } } },
	{ "unclosed parenthesis", "a MX ( 1 mx.a.example.\n", { { 2, "" } } },
	{ "label of 64 octets", "a MX 1 " L63 "a.example.\n", { { 1, "" } } },
	{ "name of 256 octets", "a MX 1 " L63 "." L63 "." L63 "." L60 "aa.\n", { { 1, "" } } },
	{ "first record without a name", " MX 1 mx.a.example.\n", { { 1, "" } } },
	{ "directive $INCLUDE",
	  "a MX 1 mx.a.example.\n$INCLUDE /etc/hostname\n",
	  { { 2, "INCLUDE" } } },
	{ "directive $GENERATE",
	  "a MX 1 mx.a.example.\n$GENERATE 1-9 p$ MX 1 mx$.a.example.\n",
	  { { 2, "" } } },
	{ "more parameters than a preset can have",
	  "a MX 1 " P8("a") P8("b") P8("c") P8("d") "_e_.example.\n",
	  { { 1, "more than 32 parameters" } } },
	{ "several errors",
	  "a XM 1 x.\nb MX 1 mx.b.example.\nc XM 1 x.\n",
	  { { 1, "" }, { 3, "" } } },

	// Types and classes.
	{ "type SRV", "a MX 1 mx.a.example.\na SRV 0 0 25 mx.\n", { { 2, "SRV" } } },
	{ "type PTR", "a MX 1 mx.a.example.\na PTR mx.\n", { { 2, "PTR" } } },
	{ "type DNAME", "a DNAME b.example.\n", { { 1, "DNAME" } } },
	{ "type without a name", "a MX 1 mx.a.example.\na TYPE65535 \\# 0\n", { { 2, "65535" } } },
	{ "type A without a SOA", "a MX 1 mx.a.example.\nb A 192.0.2.1\n", { { 2, "address" } } },
	{ "type AAAA without a SOA",
	  "a MX 1 mx.a.example.\nb AAAA 2001:db8::1\n",
	  { { 2, "address" } } },
	{ "class CH", "a MX 1 mx.a.example.\nb CH MX 1 mx.b.example.\n", { { 2, "" } } },
	{ "class by number", "a MX 1 mx.a.example.\nb CLASS3 MX 1 mx.b.example.\n", { { 2, "" } } },

	// Owners.
	{ "two labels deep",
	  "a MX 1 mx.a.example.\nb.a MX 1 mx.b.example.\n",
	  { { 2, "one label" } } },
	{ "outside the origin",
	  "a MX 1 mx.a.example.\nb.example. MX 1 mx.b.example.\n",
	  { { 2, "not below" } } },
	{ "the origin itself", "a MX 1 mx.a.example.\n@ MX 1 mx.b.example.\n", { { 2, "" } } },
	{ "outside the origin of a SOA",
	  "$ORIGIN maps.example.\n" SOA "$ORIGIN .\nmaps.example NS ns.example.\n"
	  "a.mx-presets MX 1 mx.a.example.\n",
	  { { 5, "not below" } } },
	{ "SOA of another owner",
	  "a.mx-presets. MX 1 mx.a.example.\n" SOA "$ORIGIN other.\n" SOA,
	  { { 4, "SOA" } } },
	{ "reserved name",
	  "a MX 1 mx.a.example.\nnone MX 1 mx.b.example.\n",
	  { { 2, "reserved" } } },
	{ "reserved name in capitals", "NONE MX 1 mx.b.example.\n", { { 1, "reserved" } } },
	{ "reserved name as an alias",
	  "a MX 1 mx.a.example.\nnone CNAME a\n",
	  { { 2, "reserved" } } },
	{ "name with a space", "a\\032b MX 1 mx.a.example.\n", { { 1, "name" } } },
	{ "name with a NUL octet", "a\\000 MX 1 mx.a.example.\n", { { 1, "name" } } },
	{ "name with a dot", "a\\.b MX 1 mx.a.example.\n", { { 1, "name" } } },

	// Records of a preset.
	{ "preset without MX", "a MX 1 mx.a.example.\nb TXT \"title=B\"\n", { { 2, "no MX" } } },
	{ "mixed TTLs",
	  "a 3600 MX 1 mx1.a.example.\na 3601 MX 2 mx2.a.example.\n",
	  { { 2, "TTL" } } },
	{ "mixed TTLs with other presets between",
	  "a 3600 MX 1 mx1.a.example.\nb MX 1 mx.b.example.\na 300 MX 2 mx2.a.example.\n",
	  { { 3, "TTL" } } },
	{ "repeated exchange",
	  "a MX 1 mx.a.example.\na MX 2 mx.a.example.\n",
	  { { 2, "repeated" } } },
	{ "repeated record",
	  "a MX 1 mx.a.example.\na MX 1 mx.a.example.\n",
	  { { 2, "repeated" } } },
	{ "repeated exchange in another letter case",
	  "a MX 1 mx.a.example.\nA MX 2 MX.a.Example.\n",
	  { { 2, "repeated" } } },
	{ "repeated exchange with a parameter",
	  "a MX 1 _id_.a.example.\na MX 2 _ID_.a.example.\n",
	  { { 2, "repeated" } } },
	{ "exchange without final dot",
	  "a MX 1 mx.a.example.\nb MX 1 mx.b.example\n",
	  { { 2, "final dot" } } },
	{ "exchange below the origin of a SOA that comes without $ORIGIN",
	  "maps.example. SOA ns. root. 1 3600 600 86400 300\n"
	  "a.maps.example. MX 1 mx.a.example\n",
	  { { 2, "below the map's own origin" } } },
	{ "exchange below the origin of a SOA",
	  "$ORIGIN maps.example.\n" SOA "a MX 1 mx.a.example\n",
	  { { 3, "final dot" } } },
	{ "exchange in capitals below the origin", "a MX 1 mx.a.MX-Presets.\n", { { 1, "dot" } } },
	{ "exchange is the origin", "a MX 1 @\n", { { 1, "origin" } } },
	{ "null MX beside other MX", "a MX 0 .\na MX 1 mx.a.example.\n", { { 2, "null MX" } } },
	{ "other MX beside null MX", "a MX 1 mx.a.example.\na MX 0 .\n", { { 2, "null MX" } } },
	{ "null MX with a priority", "a MX 1 .\n", { { 1, "null MX" } } },

	// Aliases.
	{ "alias to nothing", "a MX 1 mx.a.example.\nb CNAME c\n", { { 2, "alias" } } },
	{ "alias out of the map", "a MX 1 mx.a.example.\nb CNAME a.\n", { { 2, "alias" } } },
	{ "alias two labels deep", "a MX 1 mx.a.example.\nb CNAME a.a\n", { { 2, "alias" } } },
	{ "alias to the origin", "a MX 1 mx.a.example.\nb CNAME @\n", { { 2, "alias" } } },
	{ "alias to an alias to nothing",
	  "a MX 1 mx.a.example.\nd CNAME c\nc CNAME b\nb CNAME nothing\n",
	  { { 4, "alias" } } },
	{ "CNAME after MX",
	  "a MX 1 mx.a.example.\nb MX 1 mx.b.example.\nb CNAME a\n",
	  { { 3, "CNAME" } } },
	{ "MX after CNAME",
	  "a MX 1 mx.a.example.\nb CNAME a\nb MX 1 mx.b.example.\n",
	  { { 3, "CNAME" } } },
	{ "CNAME after TXT",
	  "a MX 1 mx.a.example.\nb TXT \"title=B\"\nb CNAME a\n",
	  { { 3, "CNAME" } } },
	{ "TXT after CNAME",
	  "a MX 1 mx.a.example.\nb CNAME a\nb TXT \"title=B\"\n",
	  { { 3, "CNAME" } } },
	{ "two CNAMEs", "a MX 1 mx.a.example.\nb CNAME a\nb CNAME a\n", { { 3, "CNAME" } } },
	{ "loop of one", "a MX 1 mx.a.example.\nb CNAME b\n", { { 2, "loop" } } },
	{ "loop of two", "a CNAME b\nb CNAME a\n", { { 1, "loop" } } },
	{ "loop of three with a tail",
	  "a CNAME b\nb CNAME c\nc CNAME a\nd CNAME a\ne CNAME d\n",
	  { { 1, "loop" } } },
	{ "two loops", "a CNAME a\nb CNAME b\n", { { 1, "loop" }, { 2, "loop" } } },

	// Strings of a TXT record.
	{ "string without equals sign",
	  "a MX 1 mx.a.example.\na TXT \"title\"\n",
	  { { 2, "key=value" } } },
	{ "string without a key", "a MX 1 mx.a.example.\na TXT \"=A\"\n", { { 2, "key=value" } } },
	{ "empty string", "a MX 1 mx.a.example.\na TXT \"\"\n", { { 2, "key=value" } } },
	{ "two bad strings",
	  "a MX 1 mx.a.example.\na TXT \"x\" \"title=A\" \"y\"\n",
	  { { 2, "'x'" }, { 2, "'y'" } } },
	{ "two titles",
	  "a MX 1 mx.a.example.\na TXT \"title=A\" \"Title=B\"\n",
	  { { 2, "title" } } },
	{ "title with a NUL octet",
	  "a MX 1 mx.a.example.\na TXT \"title=A\\000B\"\n",
	  { { 2, "title" } } },
	{ "retired exchange empty",
	  "a MX 1 mx.a.example.\na TXT \"retired=\"\n",
	  { { 2, "retired" } } },
	{ "retired exchange is the root",
	  "a MX 1 mx.a.example.\na TXT \"retired=.\"\n",
	  { { 2, "retired" } } },
	{ "retired exchange with an empty label",
	  "a MX 1 mx.a.example.\na TXT \"retired=mx..example\"\n",
	  { { 2, "retired" } } },
	{ "retired exchange with a long label",
	  "a MX 1 mx.a.example.\na TXT \"retired=" L63 "a.example\"\n",
	  { { 2, "retired" } } },
	{ "retired exchange with a space",
	  "a MX 1 mx.a.example.\na TXT \"retired=mx a.example\"\n",
	  { { 2, "retired" } } },
	{ "retired exchange with a NUL octet",
	  "a MX 1 mx.a.example.\na TXT \"retired=mx.example\\000\"\n",
	  { { 2, "retired" } } },
	{ "retired exchange with a parameter",
	  "a MX 1 mx.a.example.\na TXT \"retired=_id_.a.example\"\n",
	  { { 2, "parameter" } } },
	{ "retired exchange with the zone",
	  "a MX 1 mx.a.example.\na TXT \"retired=mail._zone_.\"\n",
	  { { 2, "parameter" } } },

	// Parameters and their defaults.
	{ "default of the zone",
	  "a MX 1 mail._zone_.\na TXT \"zone=example\"\n",
	  { { 2, "predefined" } } },
	{ "default of a bad name",
	  "a MX 1 mx.a.example.\na TXT \"i-d=x\"\n",
	  { { 2, "name a parameter" } } },
	{ "two defaults",
	  "a MX 1 _id_.a.example.\na TXT \"id=x\" \"ID=y\"\n",
	  { { 2, "second" } } },
	{ "default empty", "a MX 1 _id_.a.example.\na TXT \"id=\"\n", { { 2, "id" } } },
	{ "default with a dot", "a MX 1 _id_.a.example.\na TXT \"id=x.y\"\n", { { 2, "id" } } },
	{ "default with a space", "a MX 1 _id_.a.example.\na TXT \"id=x y\"\n", { { 2, "id" } } },
	{ "default of an unknown kind",
	  "a MX 1 _id_.a.example.\na TXT \"id=@zone\"\n",
	  { { 2, "id" } } },
	{ "default of 64 octets",
	  "a MX 1 _id_.a.example.\na TXT \"id=" L63 "a\"\n",
	  { { 2, "id" } } },
	{ "default that makes a label of 64 octets",
	  "a MX 1 x_id_.a.example.\na TXT \"title=A\"\na TXT \"id=" L63 "\"\n",
	  { { 3, "id" } } },
	{ "two defaults that make a label of 64 octets",
	  "a MX 1 _x__y_.a.example.\na TXT \"x=" L60 "\"\na TXT \"y=aaaa\"\n",
	  { { 2, "64" }, { 3, "64" } } },
	{ "zone as a part of a label", "a MX 1 mail.x_zone_.\n", { { 1, "_zone_" } } },

	// RDATA in hexadecimal (RFC 3597).
	{ "MX of one octet", "a MX \\# 1 00\n", { { 1, "" } } },
	{ "MX without an exchange", "a MX \\# 2 000a\n", { { 1, "" } } },
	{ "MX with a cut exchange", "a MX \\# 4 000a 0361\n", { { 1, "" } } },
	{ "MX without a root label", "a MX \\# 4 000a 0161\n", { { 1, "" } } },
	{ "MX with a compressed exchange", "a MX \\# 4 000a c000\n", { { 1, "" } } },
	{ "MX with octets behind", "a MX \\# 6 000a 0161 0000\n", { { 1, "" } } },
	{ "TXT empty", "a MX 1 mx.a.example.\na TXT \\# 0\n", { { 2, "" } } },
	{ "TXT with a cut string", "a MX 1 mx.a.example.\na TXT \\# 3 03613d\n", { { 2, "" } } },
	{ "CNAME empty", "a MX 1 mx.a.example.\nb CNAME \\# 0\n", { { 2, "" } } },
	{ "CNAME cut", "a MX 1 mx.a.example.\nb CNAME \\# 2 0361\n", { { 2, "" } } },
	{ "fewer octets than told", "a MX \\# 9 000a\n", { { 1, "" } } },

	// The scanner cannot tell whose record it did not understand.
	{ "mistyped MX of a preset with a title",
	  "a MX 70000 mx.a.example.\na TXT \"title=A\"\n",
	  { { 1, "" }, { 2, "no MX" } } },
	// Otherwise, an error has no others in its wake.
	{ "malformed MX of a preset with a title",
	  "a MX \\# 2 000a\na TXT \"title=A\"\n",
	  { { 1, "" } } },
	{ "refused MX of a preset with a title",
	  "a MX 1 mx.a.example\na TXT \"title=A\"\n",
	  { { 1, "final dot" } } },
	{ "alias to a broken preset", "a MX 1 mx.a.example\nb CNAME a\n", { { 1, "final dot" } } },
};

/*! \brief A text with a NUL octet. */
typedef struct {
	const char *name;
	const char *text;
	size_t size;
} nul_t;

#define SIZED(text) (text), sizeof(text) - 1

static const nul_t nuls[] = {
	{ "NUL octet in a name", SIZED("a MX 1 mx.a.example.\nb\0 MX 1 mx.b.example.\n") },
	{ "NUL octet in an exchange", SIZED("a MX 1 mx.a.example.\nb MX 1 mx.\0b.example.\n") },
	{ "NUL octet in a string", SIZED("a MX 1 mx.a.example.\na TXT \"title=\0\"\n") },
	{ "NUL octet between records", SIZED("a MX 1 mx.a.example.\n\0\nb MX 1 b.example.\n") },
	{ "NUL octet at the end", SIZED("a MX 1 mx.a.example.\n\0") },
};

static void check_rejected(void **state)
{
	const rejected_t *row = *state;
	errors_t errors;
	mxp_map_t *map = NULL;

	const int ret = read_text(row->text, strlen(row->text), &map, &errors);
	print_errors(&errors);
	assert_int_equal(ret, KNOT_EMALF);
	assert_null(map);

	size_t count = 0;
	while (count < COUNT(row->errors) && row->errors[count].word != NULL) {
		assert_int_equal(errors.list[count].line, row->errors[count].line);
		assert_non_null(strstr(errors.list[count].reason, row->errors[count].word));
		count++;
	}
	assert_int_equal(errors.count, count);
}

static void check_nul(void **state)
{
	const nul_t *row = *state;
	errors_t errors;
	mxp_map_t *map = NULL;

	const int ret = read_text(row->text, row->size, &map, &errors);
	print_errors(&errors);
	mxp_map_free(map);
	assert_int_equal(ret, KNOT_EMALF);
	assert_int_equal(errors.list[0].line, 2);
}

/* Damaged maps. */

static const char whole_map[] =
	"; Everything a map can hold.\n$ORIGIN maps.example.\n$TTL 1h\n" SOA
	"@ NS ns\nns A 192.0.2.1\n"
	"house MX 10 mx1.house.test.\n MX 20 ( mx2.house.test. )\n"
	" TXT \"title=House \\034Mail\\034\" \"retired=mail.house.test\"\n"
	"outlook MX 1 _id_.mail.outlook.test.\r\n\tTXT \"title=Outlook\" \"id=@zone-dashed\"\r\n"
	"own MX 1 mail._zone_.\nboth MX 1 x_a_y_b_.test.\nboth TXT \"a=1\"\n"
	"office CNAME outlook\nm365 CNAME office\nnull MX 0 .\nhex MX \\# 5 000a 016100\n"
	"@ NSEC house SOA NS\n";

static uint64_t seed = 20240229;

static size_t below(size_t limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % limit);
}

static void damage(char *text, size_t *size, size_t capacity)
{
	static const char octets[] = "\0\n\r\t \"\\();.@_$=#\xff"
				     "09azMX";
	const size_t at = below(*size);
	const size_t len = 1 + below(*size - at < 20 ? *size - at : 20);

	switch (below(5)) {
	case 0: // Another octet.
		text[at] = octets[below(sizeof(octets))];
		break;
	case 1: // Cut out.
		memmove(text + at, text + at + len, *size - at - len);
		*size -= len;
		break;
	case 2: // Twice.
		if (*size + len <= capacity) {
			memmove(text + at + len, text + at, *size - at);
			*size += len;
		}
		break;
	case 3: // Copied elsewhere.
		memmove(text + below(*size - len + 1), text + at, len);
		break;
	default: // Cut off.
		*size = at + 1;
	}
	if (*size == 0) {
		*size = 1;
	}
}

static void survives_damage(void **state)
{
	(void)state;
	print_message("# seed %llu\n", (unsigned long long)seed);
	size_t good = 0;
	knot_dname_storage_t zone;
	make_name("example.com.", zone);

	for (size_t round = 0; round < 4000; round++) {
		char text[2 * sizeof(whole_map)];
		size_t size = sizeof(whole_map) - 1;
		memcpy(text, whole_map, size);
		for (size_t i = 1 + below(4); i > 0; i--) {
			damage(text, &size, sizeof(text));
		}
		errors_t errors;
		mxp_map_t *map = NULL;
		const int ret = read_text(text, size, &map, &errors);
		if (ret != KNOT_EOK) {
			assert_int_equal(ret, KNOT_EMALF);
			assert_null(map);
			assert_between(errors.count, 1, SIZE_MAX);
			continue;
		}
		good++;
		assert_int_equal(errors.count, 0);
		check_found(map);
		for (size_t i = 0; i < map->count; i++) {
			knot_rdataset_t rrs = { 0 };
			mxp_fault_t fault;
			if (map->presets[i].param_count > 0 &&
			    mxp_preset_expand(&map->presets[i], zone, false, NULL, NULL, NULL, &rrs,
			                      &fault)) {
				assert_int_equal(rrs.count, map->presets[i].mx_count);
			}
			free(rrs.rdata);
		}
		mxp_map_free(map);
	}
	// Both happen, or the damage is of the wrong kind.
	assert_between(good, 1, 3999);
}

/*! \brief Cut off anywhere but at the end of a line, a map is refused. */
static void refuses_every_cut(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(whole_map) - 1; size++) {
		errors_t errors;
		mxp_map_t *map = NULL;
		const int ret = read_text(whole_map, size, &map, &errors);
		if (size == 0 || whole_map[size - 1] != '\n') {
			assert_int_equal(ret, KNOT_EMALF);
			assert_between(errors.count, 1, SIZE_MAX);
		}
		mxp_map_free(map);
	}
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(survives_damage),
	cmocka_unit_test(refuses_every_cut),
};

static struct CMUnitTest tests[COUNT(rejected) + COUNT(nuls) + COUNT(others)];

int main(void)
{
	struct CMUnitTest *next = tests;
	next = ADD_ROWS(next, check_rejected, rejected);
	next = ADD_ROWS(next, check_nul, nuls);
	memcpy(next, others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
