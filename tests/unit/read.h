/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the tests of the map's reader share.
 */

#pragma once

#include "unit.h"

/*! \brief A SOA whose owner is the origin, one line of a map. */
#define SOA "@ SOA ns.house.example. root.house.example. 1 3600 600 86400 300\n"

/*! \brief Reads a map of text that may hold errors. */
static inline int read_text(const char *text, size_t size, mxp_map_t **map, errors_t *errors)
{
	char *copy = malloc(size + 1); // Of the exact size, so that reading beyond it is noticed.
	memcpy(copy, text, size);
	char *exact = realloc(copy, size > 0 ? size : 1);
	*errors = (errors_t){ 0 };
	const int ret = mxp_map_read(map, exact, size, take_error, errors);
	free(exact);

	return ret;
}

/*! \brief Checks that every name of a map finds what it stands for, and the counts. */
static inline void check_found(const mxp_map_t *map)
{
	size_t records = 0;
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		const mxp_preset_t *meant = preset->alias != NULL ? preset->alias : preset;
		assert_ptr_equal(mxp_map_entry(map, mxp_span(preset->name)), preset);
		assert_ptr_equal(mxp_map_find(map, mxp_span(preset->name)), meant);
		assert_null(meant->alias);
		assert_between(meant->mx_count, 1, MXP_RECORDS_MAX);
		assert_int_equal(meant->rrs.count, meant->param_count > 0 ? 0 : meant->mx_count);
		records += preset->mx_count;
	}
	assert_int_equal(map->records, records);
}
