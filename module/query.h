/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief Queries: the module's hooks, counters and warnings.
 */

#pragma once

#include <stdbool.h>

#include <knot/module.h>

#include "cause.h"

/*!
 * \brief Registers the hooks. The module's context has to be a mxp_user_t when they run.
 *
 * \param mod    Module.
 * \param signs  The zone has a signer, so its denials may have to be corrected.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_hooks_add(knotd_mod_t *mod, bool signs);

/*!
 * \brief Registers the counters.
 *
 * \param mod  Module.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_counters_add(knotd_mod_t *mod);

/*!
 * \brief Logs a warning about a zone, within the limits of warnings.
 *
 * \param mod    Module.
 * \param zone   Name of the zone in lower case.
 * \param fault  What is wrong.
 */
void mxp_warn(knotd_mod_t *mod, const knot_dname_t *zone, const mxp_fault_t *fault);
