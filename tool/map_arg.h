/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief A preset map that is an argument: a file, or the standard input.
 */

#pragma once

#include <stddef.h>

#include <jansson.h>

#include "map.h"

/*! \brief All errors of a map. */
typedef struct {
	struct map_error *list; /*!< Errors. */
	size_t count;           /*!< Number of errors. */
} map_errors_t;

/*!
 * \brief Adds an error, as mxp_error_f.
 *
 * \param errors  Errors (type map_errors_t), zeroed before.
 * \param line    Line, 0 for the whole file.
 * \param reason  Reason.
 */
void map_errors_add(void *errors, size_t line, const char *reason);

/*!
 * \brief Prints the errors in the order of their lines, and frees them.
 *
 * \param errors  Errors.
 * \param file    Argument.
 */
void map_errors_print(map_errors_t *errors, const char *file);

/*!
 * \brief Reads a preset map.
 *
 * \param file    Argument: a path, or `-` for the standard input.
 * \param errors  Errors of the map.
 *
 * \return Map, NULL on any error.
 */
mxp_map_t *map_arg_read(const char *file, map_errors_t *errors);

/*!
 * \brief The records of a preset as JSON.
 *
 * \param preset  Preset.
 *
 * \return List of `priority` and `value`.
 */
json_t *map_mx_json(const mxp_preset_t *preset);
