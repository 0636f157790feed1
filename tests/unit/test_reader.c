/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "expand.h"
#include "unit.h"

/*! \brief A map that is refused. */
typedef struct {
	const char *name;
	const char *text;
	struct {
		size_t line;
		const char *word; /*!< What the reason holds. */
	} errors[4];              /*!< All errors, ordered by line. */
} rejected_t;

#define SOA "@ SOA ns.house.example. root.house.example. 1 3600 600 86400 300\n"

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

static int read_text(const char *text, size_t size, mxp_map_t **map, errors_t *errors)
{
	char *copy = malloc(size + 1); // Of the exact size, so that reading beyond it is noticed.
	memcpy(copy, text, size);
	char *exact = realloc(copy, size > 0 ? size : 1);
	*errors = (errors_t){ 0 };
	const int ret = mxp_map_read(map, exact, size, take_error, errors);
	free(exact);

	return ret;
}

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

/*! \brief Checks that every name of a map finds what it stands for, and the counts. */
static void check_found(const mxp_map_t *map)
{
	size_t records = 0;
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		const mxp_preset_t *meant = preset->alias != NULL ? preset->alias : preset;
		assert_ptr_equal(mxp_map_entry(map, mxp_span(preset->name)), preset);
		assert_ptr_equal(mxp_map_find(map, mxp_span(preset->name)), meant);
		assert_null(meant->alias);
		assert_in_range(meant->mx_count, 1, MXP_RECORDS_MAX);
		assert_int_equal(meant->rrs.count, meant->param_count > 0 ? 0 : meant->mx_count);
		records += preset->mx_count;
	}
	assert_int_equal(map->records, records);
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

/* Files. */

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mxpreset-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void write_file(const char *path)
{
	static const char text[] = "a MX 1 mx.a.example.\n";
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, sizeof(text) - 1, file), sizeof(text) - 1);
	assert_int_equal(fclose(file), 0);
}

static void make_link(const char *path)
{
	char target[128];
	snprintf(target, sizeof(target), "%s.target", path);
	write_file(target);
	assert_int_equal(symlink(target, path), 0);
}

static void make_loop(const char *path)
{
	assert_int_equal(symlink(path, path), 0);
}

static void make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_device_link(const char *path)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static void make_huge(const char *path)
{
	write_file(path);
	assert_int_equal(truncate(path, ((off_t)64 << 20) + 1), 0);
}

static void make_nothing(const char *path)
{
	(void)path;
}

/*! \brief Something that a path can lead to. */
typedef struct {
	const char *name;
	void (*make)(const char *path);
	const char *word; /*!< What the reason holds, NULL if the map is taken. */
} path_t;

static const path_t paths[] = {
	{ "regular file", write_file, NULL },         { "symbolic link", make_link, NULL },
	{ "symbolic link to itself", make_loop, "" }, { "missing file", make_nothing, "exist" },
	{ "directory", make_directory, "regular" },   { "FIFO", make_fifo, "regular" },
	{ "device", make_device_link, "regular" },    { "huge file", make_huge, "64 MiB" },
};

static void check_path(void **state)
{
	const path_t *row = *state;
	char path[96], target[128];
	snprintf(path, sizeof(path), "%s/map", folder);
	snprintf(target, sizeof(target), "%s.target", path);
	row->make(path);

	errors_t errors = { 0 };
	mxp_map_t *map = NULL;
	const int ret = mxp_map_load(&map, path, take_error, &errors);
	print_errors(&errors);
	(void)remove(path);
	(void)remove(target);

	if (row->word == NULL) {
		assert_int_equal(ret, KNOT_EOK);
		assert_int_equal(errors.count, 0);
		assert_int_equal(map->count, 1);
	} else {
		assert_int_not_equal(ret, KNOT_EOK);
		assert_null(map);
		assert_int_equal(errors.count, 1);
		assert_int_equal(errors.list[0].line, 0);
		assert_non_null(strstr(errors.list[0].reason, row->word));
	}
	mxp_map_free(map);
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
			assert_in_range(errors.count, 1, SIZE_MAX);
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
	assert_in_range(good, 1, 3999);
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
			assert_in_range(errors.count, 1, SIZE_MAX);
		}
		mxp_map_free(map);
	}
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(finds_in_any_case),
	cmocka_unit_test(reads_100000_presets),
	cmocka_unit_test(survives_damage),
	cmocka_unit_test(refuses_every_cut),
};

static struct CMUnitTest tests[COUNT(rejected) + COUNT(nuls) + COUNT(accepted) + COUNT(many) +
                               COUNT(paths) + COUNT(others)];

int main(void)
{
	struct CMUnitTest *next = tests;
	next = ADD_ROWS(next, check_rejected, rejected);
	next = ADD_ROWS(next, check_nul, nuls);
	next = ADD_ROWS(next, check_accepted, accepted);
	next = ADD_ROWS(next, check_many, many);
	next = ADD_ROWS(next, check_path, paths);
	memcpy(next, others, sizeof(others));

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
