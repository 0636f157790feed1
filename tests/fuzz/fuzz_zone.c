/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The text of a zone, read and reported on as `lint` and `show` do.
 */

#include "fuzz_tool.h"
#include "lint.h"
#include "output.h"
#include "reader.h"

static const char map_text[] =
	"house MX 10 mx1.house.test.\n MX 20 mx2.house.test.\n TXT \"spf=mx ~all\"\n"
	" TXT \"retired=old.house.test\"\n"
	"outlook MX 1 _id_.mail.test.\n TXT \"id=@zone-dashed\" \"title=Outlook\"\n"
	"own MX 10 mail._zone_.\n"
	"null MX 0 .\n TXT \"spf=-all\"\n"
	"ours CNAME house\n";

static mxp_map_t *read_map(void)
{
	static mxp_map_t *map;
	if (map == NULL) {
		throw_errors_away();
		char text[sizeof(map_text)];
		memcpy(text, map_text, sizeof(text));
		require(mxp_map_read(&map, text, sizeof(text) - 1, NULL, NULL) == 0);
	}
	return map;
}

/*! \brief Tells if another file would be read, which is what its user wants. */
static bool includes(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 1 < size; i++) {
		if (data[i] == '$' && (data[i + 1] | 0x20) == 'i') {
			return true;
		}
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || includes(data, size)) {
		return -1;
	}
	const instance_t instance = {
		.active = true,
		.leaves_signed = (data[0] & 8) != 0,
		.map = read_map(),
		.rules = { .builtin = data[0] & 1 ? "house" : "outlook",
		           .preset = data[0] & 2 ? "own" : NULL,
		           .marker = (data[0] & 4) == 0,
		           .filter = (data[0] & 16) == 0,
		           .spf = (data[0] & 32) == 0 },
	};
	zone_t *zone = zone_read_text((const char *)data + 1, size - 1,
	                              (const knot_dname_t *)"\7example\3com");
	if (zone == NULL) {
		return 0;
	}
	bool wrong = false;
	json_t *report = lint_report(zone, &instance, &wrong);
	check_report(report);

	output_t output;
	take_output(&output);
	output_json(report);
	output_report(report);
	end_output(&output);
	free(output.text);

	// The same again says the same.
	bool wrong_again = false;
	json_t *again = lint_report(zone, &instance, &wrong_again);
	require(json_equal(report, again) && wrong == wrong_again);
	json_decref(again);
	json_decref(report);
	zone_free(zone);

	return 0;
}
