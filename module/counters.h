/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Counters of a zone.
 */

#pragma once

#include <knot/module.h>

#include "decision.h"

/*! \brief Number of the counters, whose own numbers are those below it. */
#define MXP_COUNTERS 5

/*!
 * \brief Registers the counters.
 *
 * \param mod  Module.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_counters_add(knotd_mod_t *mod);

/*!
 * \brief Counts a query; the counters are registered.
 *
 * \param mod       Module.
 * \param thread    Number of the query's thread.
 * \param decision  What the query is answered with.
 */
void mxp_counters_count(knotd_mod_t *mod, unsigned thread, const mxp_decision_t *decision);
