/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "control.h"
#include "fleet.h"
#include "lint.h"
#include "names.h"
#include "output.h"
#include "text.h"

/*! \brief What is served for a zone, and why. */
typedef struct {
	bool wanted;                /*!< It is in the list. */
	bool failed;                /*!< SERVFAIL. */
	mxp_source_t source;        /*!< Source. */
	const mxp_preset_t *preset; /*!< Preset (NULL if there is none). */
} row_t;

/*! \brief The list in the making. */
typedef struct {
	fleet_t fleet;
	row_t *rows;         /*!< One for each zone. */
	mxp_source_t source; /*!< The source that is wanted. */
	bool has_source;     /*!< Only that one is. */
	char *preset;        /*!< The preset that is wanted (NULL for any). */
} list_t;

/*! \brief Reads SOURCE[=PRESET]. Returns false if that is none, which is reported. */
static bool read_filter(const char *text, list_t *list)
{
	static const mxp_source_t last = MXP_SOURCE_BUILTIN;
	const size_t len = strcspn(text, "=");
	mxp_source_t source = MXP_SOURCE_NONE;
	while (source <= last && (strlen(mxp_source_str(source)) != len ||
	                          strncmp(text, mxp_source_str(source), len) != 0)) {
		source++;
	}
	if (source > last || strcmp(text + len, "=") == 0) {
		text_error("SOURCE '%s' is none; write override, marker, preset, built-in or none, "
		           "or one of them with the name of a preset, such as marker=gandi",
		           text);
		return false;
	}
	list->source = source;
	list->has_source = true;
	list->preset = text[len] == '=' ? name_of_preset(text + len + 1) : NULL;
	return true;
}

static bool is_wanted(list_t *list, const instance_t *instance, const mxp_decision_t *decision)
{
	if (list->has_source && decision->source != list->source) {
		return false;
	}
	if (list->preset == NULL) {
		return true;
	}
	// An alias stands for the preset, whose own name is in the list.
	const mxp_preset_t *preset =
		instance->map != NULL ? mxp_map_find(instance->map, mxp_span(list->preset)) : NULL;
	return preset != NULL && decision->preset == preset;
}

static void look_at(fleet_zone_t *zone, zone_t *records, void *ctx)
{
	list_t *list = ctx;
	mxp_decision_t decision;
	(void)lint_decide(records->name, zone_node(records, records->name), zone->instance,
	                  &decision);
	list->rows[zone - list->fleet.zones] = (row_t){
		.wanted = is_wanted(list, zone->instance, &decision),
		.failed = (decision.serve == MXP_SERVE_FAIL),
		.source = decision.source,
		.preset = decision.preset,
	};
	mxp_decision_clear(&decision, NULL);
}

static void print_row(const fleet_zone_t *zone, const row_t *row, bool json)
{
	const char *source = mxp_source_str(row->source);
	const char *preset = row->preset != NULL ? row->preset->name : NULL;
	const char *map = zone->instance->map != NULL ? zone->instance->map->version : NULL;
	if (!json) {
		printf("%s %s %s %s\n", zone->name, source, preset != NULL ? preset : "-",
		       map != NULL ? map : "-");
		return;
	}
	json_t *data = need(json_pack("{s:s, s:s, s:s?, s:s, s:s?}", "zone", zone->name, "source",
	                              source, "preset", preset, "rcode",
	                              row->failed ? "SERVFAIL" : "NOERROR", "map", map));
	output_json_line(data, stdout);
	json_decref(data);
}

/*! \brief Refuses a preset that no map has: an empty list would look as if no zone used it. */
static bool knows_preset(const list_t *list)
{
	bool has_map = false;
	for (size_t i = 0; i < list->fleet.instance_count; i++) {
		const mxp_map_t *map = list->fleet.instances[i]->map;
		has_map = has_map || map != NULL;
		if (map != NULL && mxp_map_find(map, mxp_span(list->preset)) != NULL) {
			return true;
		}
	}
	text_error("PRESET '%s' is in no preset map of the server%s", list->preset,
	           has_map ? "; kmxpreset check shows the presets of a map" : ", it has none");
	return false;
}

/*! \brief The server waits for nobody: all is read before the first line is written. */
static int print_list(control_t *control, const options_t *options, list_t *list)
{
	if (!fleet_read(control, &list->fleet)) {
		return STATUS_WRONG;
	}
	if (list->preset != NULL && !fleet_map_is_wrong(&list->fleet) && !knows_preset(list)) {
		return STATUS_USAGE;
	}
	list->rows = need(calloc(list->fleet.count + 1, sizeof(*list->rows)));
	const bool done = fleet_walk(control, &list->fleet, false, look_at, list);
	control_close(control);
	for (size_t i = 0; i < list->fleet.count; i++) {
		if (list->rows[i].wanted) {
			print_row(&list->fleet.zones[i], &list->rows[i], options->json);
		}
	}
	return done && !fleet_map_is_wrong(&list->fleet) ? STATUS_DONE : STATUS_WRONG;
}

int command_list(const options_t *options, int argc, char **argv)
{
	list_t list = { .has_source = false };
	int status = STATUS_USAGE;
	control_t control;
	if (argc == 0 || read_filter(argv[0], &list)) {
		status = STATUS_WRONG;
		if (control_connect(&control, options->socket, options->timeout, NULL)) {
			status = print_list(&control, options, &list);
			control_close(&control);
		}
	}
	fleet_free(&list.fleet);
	free(list.rows);
	free(list.preset);

	return status;
}
