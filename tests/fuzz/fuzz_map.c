/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include <libknot/errcode.h>

#include "decision.h"
#include "fuzz.h"
#include "host.h"
#include "name.h"
#include "reader.h"
#include "spf.h"

/* Names of 3 to 64 octets, and one of 255. */
#define LABEL_63 \
	"\x3f"   \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LABEL_61 \
	"\x3d"   \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *const zones[] = {
	"",
	"\1x",
	"\7example\3com",
	"\3a-b\4test",
	"\6_id_zz\4test",
	"\1a\1b\1c\1d\1e\1f\1g\1h\1i\1j\1k\1l\1m\1n\1o\1p\1q\1r\1s\1t\1u\1v\1w\1x\1y\1z\1a\1b\1c\1d"
	"\1e\1f",
	LABEL_63 LABEL_63 LABEL_63 LABEL_61,
};

static void take_error(void *ctx, size_t line, const char *reason)
{
	size_t *errors = ctx;
	require(line <= 1000000);
	check_text(reason);
	(*errors)++;
}

/*! \brief Writes a name with the case of its letters turned. */
static void turn_case(const char *name, char *out)
{
	do {
		*out++ = (*name >= 'a' && *name <= 'z') ? *name - 0x20 : *name;
	} while (*name++ != '\0');
}

/*! \brief Checks that a name is found, as are its aliases. */
static void check_name(const mxp_map_t *map, const mxp_preset_t *preset)
{
	char upper[KNOT_DNAME_MAXLABELLEN + 1];
	require(mxp_name_valid(mxp_span(preset->name)));
	turn_case(preset->name, upper);
	require(mxp_map_entry(map, mxp_span(preset->name)) == preset);
	require(mxp_map_entry(map, mxp_span(upper)) == preset);

	const mxp_preset_t *meant = preset->alias != NULL ? preset->alias : preset;
	require(mxp_map_find(map, mxp_span(upper)) == meant);
	require(meant >= map->presets && meant < map->presets + map->count);
	require(meant->alias == NULL);
	require((preset->mx_count > 0) == (preset->alias == NULL));
}

/*!
 * \brief Tells if a null MX is in a set.
 *
 * A preset can have it, and in the root zone also "0 _zone_." gives it.
 */
static bool has_null(const knot_rdataset_t *rrs)
{
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (rdata->len == 3 && memcmp(rdata->data, "\0\0", 3) == 0) {
			return true;
		}
	}
	return false;
}

/*! \brief Expands a preset for a zone, as the server does. */
static void check_zone(const mxp_map_t *map, const mxp_preset_t *preset, const knot_dname_t *zone)
{
	static const mxp_param_t params[] = {
		{ { (const uint8_t *)"ID", 2 }, { (const uint8_t *)"contoso-com0c", 13 } },
	};
	const mxp_rules_t rules = { .builtin = preset->name,
		                    .params = params,
		                    .param_count = map->count % 2,
		                    .filter = true };
	const mxp_view_t view = mxp_view(&rules, map);
	mxp_apex_t apex = { .zone = zone };
	mxp_decision_t decision;
	mxp_decide(&rules, &view, &apex, NULL, &decision);

	char text[MXP_FAULT_STR_LEN];
	check_text(mxp_fault_str(&decision.fault, text));
	if (decision.serve != MXP_SERVE_PRESET) {
		require(decision.serve == MXP_SERVE_FAIL && decision.fault.cause != MXP_OK);
		return;
	}
	require(decision.preset == mxp_map_find(map, mxp_span(preset->name)));
	require(decision.rrs.count == decision.preset->mx_count);
	require(decision.ttl == decision.preset->ttl);
	check_mx(&decision.rrs);

	// What a preset gives for a zone is no override there, but for a null MX.
	apex.mx = decision.rrs;
	mxp_decision_t again;
	mxp_decide(&rules, &view, &apex, NULL, &again);
	const bool null = has_null(&decision.rrs);
	require(again.source == (null ? MXP_SOURCE_OVERRIDE : MXP_SOURCE_BUILTIN));
	require(again.serve == MXP_SERVE_STORED || (null && decision.rrs.count > 1));
	mxp_decision_clear(&again, NULL);
	mxp_decision_clear(&decision, NULL);
}

/*! \brief Checks what the map says of a preset besides its records. */
static void check_texts(const mxp_preset_t *preset)
{
	mxp_span_t term;
	require(preset->spf == NULL || mxp_spf_check(mxp_span(preset->spf), &term) == NULL);
	for (size_t i = 0; i < preset->note_count; i++) {
		require(preset->notes[i] != NULL);
	}
	for (size_t i = 0; i < preset->retired_count; i++) {
		require(mxp_host_check(preset->retired[i]) == MXP_HOST_FINE);
	}
	for (size_t i = 0; i < preset->param_count; i++) {
		require(!mxp_param_name_reserved(mxp_span(preset->params[i])));
	}
	// What has parameters can be a mail server with some of their values.
	for (size_t i = 0; i < preset->mx_count && preset->param_count == 0; i++) {
		const mxp_host_t host = mxp_host_check(preset->mx[i].exchange);
		require(host == MXP_HOST_FINE || (host == MXP_HOST_NULL && preset->mx_count == 1));
	}
}

static void check_preset(const mxp_map_t *map, const mxp_preset_t *preset)
{
	check_texts(preset);
	require(preset->ttl <= INT32_MAX);
	require(preset->mx_count <= MXP_RECORDS_MAX);
	require((preset->rrs.count > 0) == (preset->mx_count > 0 && preset->param_count == 0));
	for (size_t i = 0; i < preset->retired_count; i++) {
		require(mxp_preset_owns(preset, preset->retired[i]));
	}
	for (size_t i = 0; i < preset->mx_count && preset->param_count == 0; i++) {
		require(mxp_preset_owns(preset, preset->mx[i].exchange));
	}
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		check_zone(map, preset, (const knot_dname_t *)zones[i]);
	}
}

static void check_map(const mxp_map_t *map)
{
	size_t records = 0;
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		require(i == 0 || strcmp(preset[-1].name, preset->name) < 0);
		records += preset->mx_count;
		check_name(map, preset);
		check_preset(map, preset);
	}
	require(map->count > 0 && map->records == records);
	require(*map->version != '\0' && strlen(map->version) < sizeof(map->version));
	require(mxp_map_find(map, mxp_span("none")) == NULL);
	require(mxp_map_find(map, mxp_span("")) == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + (size == 0));
	if (size > 0) {
		memcpy(text, data, size);
	}
	size_t errors = 0;
	mxp_map_t *map = NULL;
	const int ret = mxp_map_read(&map, text, size, take_error, &errors);
	free(text);

	require(ret == KNOT_EOK || ret == KNOT_EMALF);
	require((ret == KNOT_EOK) == (errors == 0));
	require((ret == KNOT_EOK) == (map != NULL));
	if (map != NULL) {
		check_map(map);
	}
	mxp_map_free(map);

	return 0;
}
