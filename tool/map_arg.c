/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libknot/errcode.h>

#include "file.h"
#include "map_arg.h"
#include "names.h"
#include "reader.h"
#include "text.h"

/*! \brief An error of a map. */
typedef struct map_error {
	size_t line;
	size_t order;
	char *reason;
} map_error_t;

void map_errors_add(void *ctx, size_t line, const char *reason)
{
	map_errors_t *errors = ctx;
	errors->list = need(realloc(errors->list, (errors->count + 1) * sizeof(*errors->list)));
	errors->list[errors->count] = (map_error_t){ line, errors->count, need(strdup(reason)) };
	errors->count++;
}

static int cmp_errors(const void *a, const void *b)
{
	const map_error_t *error1 = a;
	const map_error_t *error2 = b;
	const size_t key1 = error1->line != error2->line ? error1->line : error1->order;
	const size_t key2 = error1->line != error2->line ? error2->line : error2->order;
	return key1 < key2 ? -1 : 1;
}

void map_errors_print(map_errors_t *errors, const char *file)
{
	if (errors->count > 1) {
		qsort(errors->list, errors->count, sizeof(*errors->list), cmp_errors);
	}
	for (size_t i = 0; i < errors->count; i++) {
		text_place(file, errors->list[i].line, errors->list[i].reason);
		free(errors->list[i].reason);
	}
	free(errors->list);
}

/*! \brief Reads the map that somebody pipes in. */
static mxp_map_t *read_stdin(map_errors_t *errors)
{
	char *data = NULL;
	size_t size = 0;
	const char *reason = NULL;
	mxp_map_t *map = NULL;
	if (mxp_file_read_stream(STDIN_FILENO, &data, &size, &reason) != KNOT_EOK) {
		map_errors_add(errors, 0, reason);
		return NULL;
	}
	(void)mxp_map_read(&map, data, size, map_errors_add, errors);
	free(data);

	return map;
}

mxp_map_t *map_arg_read(const char *file, map_errors_t *errors)
{
	if (strcmp(file, "-") == 0) {
		return read_stdin(errors);
	}
	mxp_map_t *map = NULL;
	(void)mxp_map_load(&map, file, map_errors_add, errors);
	return map;
}

json_t *map_mx_json(const mxp_preset_t *preset)
{
	json_t *list = need(json_array());
	for (size_t i = 0; i < preset->mx_count; i++) {
		name_str_t name = "";
		json_t *mx = json_pack("{s:i, s:s}", "priority", (int)preset->mx[i].preference,
		                       "value", name_str(preset->mx[i].exchange, name));
		need(json_array_append_new(list, mx) == 0 ? list : NULL);
	}
	return list;
}
