/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Whether the server itself answers what a report says.
 */

#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "control.h"

/*!
 * \brief Asks the server for MX and SPF record of a zone, and adds a warning to the report for each
 *        of them that is another one.
 *
 * Where no address of the server can be asked, that is told on the standard error output.
 *
 * \param control  Connection.
 * \param zone     Name of the zone.
 * \param report   Report on the zone.
 *
 * \return True if the server says something else.
 */
bool differs_check(control_t *control, const knot_dname_t *zone, json_t *report);
