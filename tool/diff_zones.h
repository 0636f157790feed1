/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief How many zones of the running server have to do with the names of a map.
 */

#pragma once

#include <jansson.h>

#include "commands.h"

/*!
 * \brief Counts the zones that each name serves, or that wait for it.
 *
 * A preset serves the zones that name one of its aliases, too; an alias serves those that name it.
 * Zones that cannot be read are reported.
 *
 * \param options  Options.
 *
 * \return Object of numbers by name in lower case, NULL on any error, which is reported.
 */
json_t *diff_count_zones(const options_t *options);
