/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief All zones of the running server: a few large requests, not some for each zone.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control.h"
#include "instance.h"
#include "zone.h"

/*! \brief A zone of the server. */
typedef struct {
	char *name;                 /*!< Name as the server writes it. */
	const instance_t *instance; /*!< The instance of the module that it uses. */
	bool seen;                  /*!< Its records were read. */
} fleet_zone_t;

/*! \brief All zones of the server. */
typedef struct {
	fleet_zone_t *zones;    /*!< Zones in the server's order. */
	size_t count;           /*!< Number of zones. */
	uint32_t *slots;        /*!< Hash table: index of a zone plus one, 0 if free. */
	size_t slot_mask;       /*!< Size of the hash table minus one. */
	instance_t **instances; /*!< Instances, the zones' own settings included. */
	size_t instance_count;  /*!< Number of instances. */
	struct module *modules; /*!< Instances as the configuration has them. */
	size_t module_count;    /*!< Number of these. */
} fleet_t;

/*!
 * \brief Reads which zones the server has, which instances they use, and the maps of these.
 *
 * \param control  Connection.
 * \param fleet    Output: zones, to be freed in any case.
 *
 * \return False on any error, which is reported; a map that cannot be read is none.
 */
bool fleet_read(control_t *control, fleet_t *fleet);

/*!
 * \brief Finds a zone.
 *
 * \param fleet  Zones.
 * \param name   Name as the server writes it.
 *
 * \return Zone, NULL if there is none.
 */
fleet_zone_t *fleet_find(const fleet_t *fleet, const char *name);

/*!
 * \brief Takes the records of one zone.
 *
 * \param zone     Zone.
 * \param records  Its records, which are freed afterwards.
 * \param ctx      Context of the call.
 */
typedef void (*fleet_zone_f)(fleet_zone_t *zone, zone_t *records, void *ctx);

/*!
 * \brief Reads the records of all zones.
 *
 * Zones that cannot be read are reported.
 *
 * \param control  Connection.
 * \param fleet    Zones.
 * \param whole    Read whole zones, not just what the decision needs.
 * \param call     Called for each zone; it must not wait for anybody, or the server gives up.
 * \param ctx      Context of the call.
 *
 * \return False if a zone could not be read.
 */
bool fleet_walk(control_t *control, fleet_t *fleet, bool whole, fleet_zone_f call, void *ctx);

/*!
 * \brief Tells if a map could not be read, which is reported.
 *
 * \param fleet  Zones.
 *
 * \return True if so.
 */
bool fleet_map_is_wrong(const fleet_t *fleet);

/*!
 * \brief Frees what was read.
 *
 * \param fleet  Zones.
 */
void fleet_free(fleet_t *fleet);
