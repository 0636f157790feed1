/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Totals over all zones of all instances, counted for the global modules.
 *
 * During a reload of the server, the old and the new global module exist side by side, and both
 * count. Query threads find them by one pointer that is published with liburcu.
 */

#pragma once

#include <urcu.h>

#include <knot/module.h>

#include "decision.h"
#include "registry.h"

/*! \brief A global module. */
typedef struct mxp_totals {
	mxp_watching_t watching; /*!< Tells what becomes of its instance's map. */
	knotd_mod_t *mod;        /*!< Module, whose counters are registered. */
	struct mxp_totals *next; /*!< Next one. */
} mxp_totals_t;

/*! Global modules, only to be written by their load and unload; NULL if there is none. */
extern __attribute__((visibility("hidden"))) mxp_totals_t *mxp_totals;

/*!
 * \brief Makes a global module count.
 *
 * \param mod     Module.
 * \param path    Path of its instance's map.
 * \param server  The server.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_totals_load(knotd_mod_t *mod, const char *path, const mxp_server_t *server);

/*!
 * \brief Ends a global module: no query can use it any more when this returns.
 *
 * \param mod  Module.
 */
void mxp_totals_unload(knotd_mod_t *mod);

/*!
 * \brief Counts a zone that has come or gone.
 *
 * \param change  1 or -1.
 */
void mxp_totals_zone(int change);

/*!
 * \brief Counts a query for all global modules, of which there is one.
 *
 * \param thread    Number of the query's thread.
 * \param decision  What the query is answered with.
 */
void mxp_totals_add(unsigned thread, const mxp_decision_t *decision);

/*!
 * \brief Counts a query, within liburcu's read-side section.
 *
 * \param thread    Number of the query's thread.
 * \param decision  What the query is answered with.
 */
static inline void mxp_totals_count(unsigned thread, const mxp_decision_t *decision)
{
	if (rcu_dereference(mxp_totals) != NULL) {
		mxp_totals_add(thread, decision);
	}
}
