/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Items of the configuration, looked up so that want of memory is noticed.
 *
 * The server gives for an item with several values that it has no memory for what it gives for one
 * that is not set. That `errno` is set by the look-up itself, and by nothing around it, tells them
 * apart.
 */

#pragma once

#include <stdbool.h>

#include <knot/module.h>

/*! \brief A series of look-ups for one zone. */
typedef struct {
	knotd_mod_t *mod; /*!< Module that is being loaded. */
	bool failed;      /*!< Memory is exhausted: what was found is not all that is set. */
} mxp_items_t;

/*!
 * \brief Looks up an item.
 *
 * \param items    Series.
 * \param section  Name of its section.
 * \param item     Its name.
 * \param id       Identifier of the section (NULL if it has none).
 *
 * \return Value as of knotd_conf().
 */
knotd_conf_t mxp_item(mxp_items_t *items, const yp_name_t *section, const yp_name_t *item,
                      const knotd_conf_t *id);

/*!
 * \brief Looks up an item of the module's own section.
 *
 * \param items  Series.
 * \param item   Name of the item.
 *
 * \return Value as of knotd_conf_mod().
 */
knotd_conf_t mxp_item_mod(mxp_items_t *items, const yp_name_t *item);

/*!
 * \brief Looks up an item of the module's zone, or of its template.
 *
 * \param items  Series.
 * \param item   Name of the item.
 *
 * \return Value as of knotd_conf_zone().
 */
knotd_conf_t mxp_item_zone(mxp_items_t *items, const yp_name_t *item);
