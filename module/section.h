/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The module's own section of the configuration: its items, their check, and what they say.
 */

#pragma once

#include <stdbool.h>

#include <knot/module.h>

#include "settings.h"

/*! Items of the section. */
extern __attribute__((visibility("hidden"))) const yp_item_t mxp_section_items[];

/*!
 * \brief Checks a section, as the server does before it uses a configuration.
 *
 * \param args  Section.
 *
 * \return KNOT_EOK, or KNOT_EINVAL and the reason in the arguments.
 */
int mxp_section_check(knotd_conf_check_args_t *args);

/*!
 * \brief Reads the settings of a zone's instance, without keystores.
 *
 * \param mod  Module that is being loaded.
 * \param out  Output: settings, to be cleared in any case.
 *
 * \return False if memory is exhausted.
 */
bool mxp_section_read(knotd_mod_t *mod, mxp_settings_t *out);

/*!
 * \brief Reads the path of an instance's preset map.
 *
 * \param mod  Module that is being loaded.
 *
 * \return Path, valid until the module is loaded.
 */
const char *mxp_section_map_file(knotd_mod_t *mod);
