/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Warnings about zones in the server's log.
 */

#pragma once

#include <knot/module.h>

#include "cause.h"

/*!
 * \brief Logs a warning about a zone, within the limits of warnings.
 *
 * \param mod    Module.
 * \param zone   Name of the zone in lower case.
 * \param fault  What is wrong.
 */
void mxp_warn(knotd_mod_t *mod, const knot_dname_t *zone, const mxp_fault_t *fault);
