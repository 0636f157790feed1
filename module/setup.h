/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief A zone that comes, and goes: from the settings of its instance to its context.
 */

#pragma once

#include <knot/module.h>

#include "settings.h"

/*!
 * \brief Sets a zone up that has its first hook, and gives it its context.
 *
 * \param mod       Module of the zone.
 * \param settings  Settings of its instance (NULL if there was no memory for them).
 */
void mxp_set_up(knotd_mod_t *mod, const mxp_settings_t *settings);

/*!
 * \brief Takes a zone's context away, and all that was set up.
 *
 * \param mod  Module of the zone; no query can use it any more.
 */
void mxp_tear_down(knotd_mod_t *mod);
