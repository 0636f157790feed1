/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "diff_zones.h"
#include "map_arg.h"
#include "names.h"
#include "output.h"
#include "text.h"

/*! \brief The differences of two maps in the making. */
typedef struct {
	json_t *gone;
	json_t *new;
	json_t *changed;
	json_t *counts; /*!< Zones by name (NULL if nobody has asked). */
} diff_t;

static void append(json_t *list, json_t *item)
{
	need(json_array_append_new(list, item) == 0 ? list : NULL);
}

/*! \brief What a name of a map says, one line each; titles and notes do not count. */
static json_t *lines_of(const mxp_preset_t *preset)
{
	json_t *lines = need(json_array());
	name_str_t name = "";
	if (preset->alias != NULL) {
		append(lines, json_sprintf("CNAME %s", preset->alias->name));
		return lines;
	}
	for (size_t i = 0; i < preset->mx_count; i++) {
		append(lines, json_sprintf("%u MX %u %s", preset->ttl, preset->mx[i].preference,
		                           name_str(preset->mx[i].exchange, name)));
	}
	for (size_t i = 0; i < preset->default_count; i++) {
		const mxp_default_t *param = &preset->defaults[i];
		append(lines, json_sprintf("%s=%s", param->name,
		                           param->zone_dashed ? "@zone-dashed" : param->value));
	}
	for (size_t i = 0; i < preset->retired_count; i++) {
		append(lines, json_sprintf("retired=%s", name_str(preset->retired[i], name)));
	}
	if (preset->spf != NULL) {
		append(lines, json_sprintf("spf=%s", preset->spf));
	}
	return lines;
}

/*! \brief Lines of one list that are not in another one. */
static json_t *without(const json_t *lines, const json_t *others)
{
	json_t *out = need(json_array());
	size_t i;
	json_t *line;
	json_array_foreach(lines, i, line)
	{
		bool found = false;
		for (size_t j = 0; j < json_array_size(others) && !found; j++) {
			found = json_equal(line, json_array_get(others, j)) != 0;
		}
		if (!found) {
			append(out, json_incref(line));
		}
	}
	return out;
}

/*! \brief What a name stands for. */
static json_t *preset_json(const mxp_preset_t *preset)
{
	preset = preset->alias != NULL ? preset->alias : preset;
	json_t *defaults = need(json_object());
	json_t *retired = need(json_array());
	name_str_t name = "";
	for (size_t i = 0; i < preset->default_count; i++) {
		const mxp_default_t *param = &preset->defaults[i];
		json_t *value = json_string(param->zone_dashed ? "@zone-dashed" : param->value);
		need(json_object_set_new(defaults, param->name, value) == 0 ? defaults : NULL);
	}
	for (size_t i = 0; i < preset->retired_count; i++) {
		append(retired, json_string(name_str(preset->retired[i], name)));
	}
	return need(json_pack("{s:s, s:I, s:o, s:o, s:s?, s:o}", "name", preset->name, "ttl",
	                      (json_int_t)preset->ttl, "defaults", defaults, "retired", retired,
	                      "spf", preset->spf, "mx", map_mx_json(preset)));
}

/*! \brief Adds a name to a list, and with it the number of zones if somebody has asked. */
static json_t *add_name(const diff_t *diff, json_t *list, const char *name)
{
	json_t *item = need(json_pack("{s:s}", "name", name));
	append(list, item);
	if (diff->counts != NULL) {
		const json_int_t zones = json_integer_value(json_object_get(diff->counts, name));
		need(json_object_set_new(item, "zones", json_integer(zones)) == 0 ? item : NULL);
	}
	return item;
}

static void compare(const diff_t *diff, const mxp_preset_t *old, const mxp_preset_t *new)
{
	json_t *lines_old = lines_of(old);
	json_t *lines_new = lines_of(new);
	json_t *removed = without(lines_old, lines_new);
	json_t *added = without(lines_new, lines_old);
	if (json_array_size(removed) > 0 || json_array_size(added) > 0) {
		json_t *item = add_name(diff, diff->changed, old->name);
		json_t *more =
			need(json_pack("{s:o, s:o, s:O, s:O}", "old", preset_json(old), "new",
		                       preset_json(new), "removed", removed, "added", added));
		need(json_object_update(item, more) == 0 ? item : NULL);
		json_decref(more);
	}
	json_decref(removed);
	json_decref(added);
	json_decref(lines_old);
	json_decref(lines_new);
}

static void compare_maps(const diff_t *diff, const mxp_map_t *old, const mxp_map_t *new)
{
	for (size_t i = 0; i < old->count; i++) {
		const mxp_preset_t *preset = &old->presets[i];
		const mxp_preset_t *then = mxp_map_entry(new, mxp_span(preset->name));
		if (then != NULL) {
			compare(diff, preset, then);
		} else {
			(void)add_name(diff, diff->gone, preset->name);
		}
	}
	for (size_t i = 0; i < new->count; i++) {
		const char *name = new->presets[i].name;
		if (mxp_map_entry(old, mxp_span(name)) == NULL) {
			(void)add_name(diff, diff->new, name);
		}
	}
}

static int widest(const json_t *list, int width)
{
	size_t i;
	const json_t *item;
	json_array_foreach(list, i, item)
	{
		const int len = text_width(json_string_value(json_object_get(item, "name")));
		width = len > width ? len : width;
	}
	return width;
}

static void print_lines(char sign, const json_t *lines)
{
	size_t i;
	const json_t *line;
	json_array_foreach(lines, i, line)
	{
		printf("%8c %s\n", sign, json_string_value(line));
	}
}

static void print_list(const char *label, const json_t *list, int width)
{
	size_t i;
	const json_t *item;
	json_array_foreach(list, i, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		const json_t *zones = json_object_get(item, "zones");
		if (zones != NULL) {
			printf("%-7s  %-*s  zones %" JSON_INTEGER_FORMAT "\n", label, width, name,
			       json_integer_value(zones));
		} else {
			printf("%-7s  %s\n", label, name);
		}
		print_lines('-', json_object_get(item, "removed"));
		print_lines('+', json_object_get(item, "added"));
	}
}

/*! \brief Prints the differences; in JSON, `old` and `new` say it all. */
static void print(const options_t *options, const diff_t *diff)
{
	if (!options->json) {
		const int width = widest(diff->changed, widest(diff->new, widest(diff->gone, 0)));
		print_list("gone", diff->gone, width);
		print_list("new", diff->new, width);
		print_list("changed", diff->changed, width);
		return;
	}
	size_t i;
	json_t *item;
	json_array_foreach(diff->changed, i, item)
	{
		(void)json_object_del(item, "removed");
		(void)json_object_del(item, "added");
	}
	json_t *data = need(json_pack("{s:O, s:O, s:O}", "gone", diff->gone, "new", diff->new,
	                              "changed", diff->changed));
	output_json(data);
	json_decref(data);
}

static mxp_map_t *read_map(const char *file)
{
	map_errors_t errors = { .count = 0 };
	mxp_map_t *map = map_arg_read(file, &errors);
	map_errors_print(&errors, file);
	return map;
}

int command_diff(const options_t *options, int argc, char **argv)
{
	(void)argc;
	mxp_map_t *old = read_map(argv[0]);
	mxp_map_t *new = read_map(argv[1]);
	diff_t diff = {
		.gone = need(json_array()),
		.new = need(json_array()),
		.changed = need(json_array()),
	};
	// As for diff(1): 1 says that something differs, and nothing else.
	int status = STATUS_USAGE;
	const bool asks = options->asks_server;
	const bool read = (old != NULL && new != NULL);
	if (read && asks) {
		diff.counts = diff_count_zones(options);
	}
	if (read && (!asks || diff.counts != NULL)) {
		compare_maps(&diff, old, new);
		print(options, &diff);
		const bool nothing = json_array_size(diff.gone) == 0 &&
		                     json_array_size(diff.new) == 0 &&
		                     json_array_size(diff.changed) == 0;
		status = nothing ? STATUS_DONE : STATUS_WRONG;
	}
	json_decref(diff.gone);
	json_decref(diff.new);
	json_decref(diff.changed);
	json_decref(diff.counts);
	mxp_map_free(old);
	mxp_map_free(new);

	return status;
}
