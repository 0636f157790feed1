/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The server's configuration of zones: which instance of the module a zone uses.
 */

#pragma once

#include <stdbool.h>

#include "control.h"

/*! \brief Zones and templates of the configuration, with the items that count here. */
typedef struct {
	void *zones;     /*!< Tree of zones (tsearch). */
	void *templates; /*!< Tree of templates (tsearch). */
} conf_t;

/*! \brief What the configuration says of a zone. */
typedef struct {
	const char *module; /*!< The instance of the module that answers (NULL if there is none). */
	bool signing;       /*!< The server signs the zone. */
	bool is_catalog;    /*!< The zone is a catalog (RFC 9432). */
} conf_zone_t;

/*!
 * \brief Reads all items of a part of the configuration, if there is one.
 *
 * \param control  Connection.
 * \param section  Section.
 * \param id       Identifier (NULL for all).
 * \param item     Item (NULL for all).
 * \param unit     Called for each unit of the answer.
 * \param ctx      Context of the call.
 *
 * \return False if the server does not answer.
 */
bool conf_read(control_t *control, const char *section, const char *id, const char *item,
               control_unit_f unit, void *ctx);

/*!
 * \brief Item and value of a unit.
 *
 * \param unit   Unit.
 * \param value  Output: value.
 *
 * \return Item.
 */
const char *conf_item(const knot_ctl_data_t *unit, const char **value);

/*!
 * \brief Reads all templates.
 *
 * \param control  Connection.
 * \param conf     Configuration.
 *
 * \return False if the server does not answer.
 */
bool conf_read_templates(control_t *control, conf_t *conf);

/*!
 * \brief Reads the items of one zone.
 *
 * \param control  Connection.
 * \param zone     Name of the zone.
 * \param conf     Configuration.
 *
 * \return False if the server does not answer.
 */
bool conf_read_zone(control_t *control, const char *zone, conf_t *conf);

/*!
 * \brief Reads the items of all zones.
 *
 * \param control  Connection.
 * \param conf     Configuration.
 *
 * \return False if the server does not answer.
 */
bool conf_read_zones(control_t *control, conf_t *conf);

/*!
 * \brief Finds out what the configuration says of a zone: its own items, or those of its template.
 *
 * \param conf     Configuration: all templates, the zone and its catalog.
 * \param zone     Name of the zone.
 * \param catalog  CATALOG or CATALOG#GROUP of a catalog's member (NULL if it is none).
 *
 * \return What it says, valid as long as the configuration.
 */
conf_zone_t conf_find(const conf_t *conf, const char *zone, const char *catalog);

/*!
 * \brief Name of the catalog of a member.
 *
 * \param catalog  CATALOG or CATALOG#GROUP.
 *
 * \return Name, to be freed.
 */
char *conf_catalog_name(const char *catalog);

/*!
 * \brief Frees what a configuration holds.
 *
 * \param conf  Configuration.
 */
void conf_free(conf_t *conf);
