/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "map_arg.h"
#include "names.h"
#include "output.h"
#include "text.h"

/*! \brief Appends a text to a list, made fit for a screen. */
static void append_text(json_t *list, const char *text)
{
	char *clean = text_clean(text, strlen(text));
	need(json_array_append_new(list, json_string(clean)) == 0 ? list : NULL);
	free(clean);
}

/*! \brief Makes a list of aliases for each preset of a map. */
static json_t **alias_lists(const mxp_map_t *map)
{
	json_t **lists = need(calloc(map->count, sizeof(*lists)));
	for (size_t i = 0; i < map->count; i++) {
		lists[i] = need(json_array());
	}
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		if (preset->alias != NULL) {
			append_text(lists[preset->alias - map->presets], preset->name);
		}
	}
	return lists;
}

static json_t *params_json(const mxp_preset_t *preset)
{
	json_t *list = need(json_array());
	for (size_t i = 0; i < preset->param_count; i++) {
		if (strcmp(preset->params[i], "zone") != 0) {
			append_text(list, preset->params[i]);
		}
	}
	return list;
}

static json_t *notes_json(const mxp_preset_t *preset)
{
	json_t *list = need(json_array());
	for (size_t i = 0; i < preset->note_count; i++) {
		append_text(list, preset->notes[i]);
	}
	return list;
}

static json_t *preset_json(const mxp_preset_t *preset, json_t *aliases)
{
	const char *title = preset->title != NULL ? preset->title : "";
	char *clean = text_clean(title, strlen(title));
	json_t *object = need(json_pack("{s:s, s:s?, s:I, s:o, s:o, s:o, s:s?, s:o}", "name",
	                                preset->name, "title", preset->title != NULL ? clean : NULL,
	                                "ttl", (json_int_t)preset->ttl, "aliases", aliases,
	                                "params", params_json(preset), "notes", notes_json(preset),
	                                "spf", preset->spf, "mx", map_mx_json(preset)));
	free(clean);
	return object;
}

static json_t *map_json(const mxp_map_t *map)
{
	json_t *list = need(json_array());
	json_t **aliases = alias_lists(map);
	for (size_t i = 0; i < map->count; i++) {
		if (map->presets[i].alias == NULL) {
			json_t *preset = preset_json(&map->presets[i], json_incref(aliases[i]));
			need(json_array_append_new(list, preset) == 0 ? list : NULL);
		}
		json_decref(aliases[i]);
	}
	free(aliases);
	return need(json_pack("{s:s, s:o}", "version", map->version, "presets", list));
}

/*! \brief Checks that the names that have to be there are; the file's first line is to blame. */
static void check_names(const options_t *options, const mxp_map_t *map, map_errors_t *errors)
{
	for (size_t i = 0; i < options->name_count; i++) {
		char *name = name_of_preset(options->names[i]);
		if (mxp_map_find(map, mxp_span(name)) == NULL) {
			char *clean = text_clean(options->names[i], strlen(options->names[i]));
			char *reason = text_format("no preset '%s' in the map", clean);
			map_errors_add(errors, 1, reason);
			free(reason);
			free(clean);
		}
		free(name);
	}
}

int command_check(const options_t *options, int argc, char **argv)
{
	(void)argc;
	map_errors_t errors = { .count = 0 };
	mxp_map_t *map = map_arg_read(argv[0], &errors);
	if (map != NULL) {
		check_names(options, map, &errors);
	}
	map_errors_print(&errors, argv[0]);
	if (map == NULL || errors.count > 0) {
		mxp_map_free(map);
		return STATUS_WRONG;
	}

	json_t *data = map_json(map);
	if (options->json) {
		output_json(data);
	} else {
		output_map(data);
	}
	json_decref(data);
	mxp_map_free(map);

	return STATUS_DONE;
}
