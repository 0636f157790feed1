/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Output: the same data as JSON, or as text in columns.
 */

#pragma once

#include <stdio.h>

#include <jansson.h>

/*!
 * \brief Prints data as JSON.
 *
 * \param data  Data.
 */
void output_json(const json_t *data);

/*!
 * \brief Prints data as JSON in one line, one of many.
 *
 * \param data  Data.
 * \param out   Output.
 */
void output_json_line(const json_t *data, FILE *out);

/*!
 * \brief Prints a report on a zone.
 *
 * \param report  Report of #lint_report.
 */
void output_report(const json_t *report);

/*!
 * \brief Prints a preset map as a table.
 *
 * \param map  Map in the form of the JSON output.
 */
void output_map(const json_t *map);
