/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief An instance of the module, as the server's configuration or the command line has it.
 */

#pragma once

#include <stdbool.h>

#include "conf.h"
#include "control.h"
#include "decision.h"

/*! \brief An instance of the module. */
typedef struct {
	bool active;        /*!< The zone uses the module. */
	bool follows;       /*!< The zone is a secondary. */
	bool is_catalog;    /*!< The zone is a catalog (RFC 9432). */
	bool leaves_signed; /*!< A signed zone is served as it is stored. */
	char *file;         /*!< Path of the preset map. */
	mxp_map_t *map;     /*!< Preset map (NULL if it cannot be read). */
	bool map_wrong;     /*!< The map cannot be read, which is reported. */
	mxp_rules_t rules;  /*!< Rules; all of its text is allocated. */
} instance_t;

/*!
 * \brief Makes an instance of what the command line says.
 *
 * \param file     Path of the preset map (NULL for the default).
 * \param builtin  Name of the built-in (NULL for the default).
 *
 * \return Instance.
 */
instance_t instance_default(const char *file, const char *builtin);

/*!
 * \brief Sets an item of an instance, as the configuration has it.
 *
 * \param instance  Instance.
 * \param item      Item.
 * \param value     Value; of an item that may repeat, one of them.
 */
void instance_set(instance_t *instance, const char *item, const char *value);

/*!
 * \brief Notes what is the zone's own, not the instance's.
 *
 * \param instance  Instance.
 * \param zone      What the configuration says of the zone.
 * \param follows   The zone is a secondary.
 */
void instance_suit(instance_t *instance, const conf_zone_t *zone, bool follows);

/*!
 * \brief Reads from the running server which instance a zone uses, and with what settings.
 *
 * \param control   Connection.
 * \param file      Path of the preset map, to be taken instead of the server's (or NULL).
 * \param builtin   Name of the built-in, to be taken instead of the server's (or NULL).
 * \param instance  Output: instance, to be freed in any case.
 *
 * \return False on any error, which is reported.
 */
bool instance_read(control_t *control, const char *file, const char *builtin, instance_t *instance);

/*!
 * \brief Loads the instance's map.
 *
 * \param instance  Instance.
 */
void instance_load(instance_t *instance);

/*!
 * \brief Tells why the map of an instance may not be what its zones are served by.
 *
 * \param instance  Instance with its map.
 *
 * \return Reason, to be freed; NULL if there is none.
 */
char *instance_doubt(const instance_t *instance);

/*!
 * \brief Frees what an instance holds.
 *
 * \param instance  Instance.
 */
void instance_free(instance_t *instance);
