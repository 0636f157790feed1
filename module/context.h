/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The context of a zone's module, and what hooks need of it.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <knot/module.h>

#include "registry.h"
#include "scan.h"
#include "memo.h"

/*! \brief Context of a zone. */
typedef struct {
	mxp_connection_t connection;  /*!< Connection to what zones share. */
	uint8_t zone_size;            /*!< Size of the zone's name in octets. */
	bool signing;                 /*!< The server itself signs the zone. */
	bool inherits;                /*!< Only the load before tells where its keys are. */
	bool online;                  /*!< mod-onlinesign signs the zone. */
	bool online_first;            /*!< It comes before this module. */
	mxp_scan_t *scans[MXP_SCANS]; /*!< What was found at its apex, if that is large. */
	mxp_memo_t *memo[]; /*!< What is remembered, if the settings have keystores; most zones
	                         have none and no memory to waste. */
} mxp_context_t;

/*!
 * \brief Context of all zones that could not be set up: they fail, whatever their MX may be.
 *
 * The server cannot take a hook back, so a load that fails after the first one has to leave
 * something that the hook can live with.
 */
extern __attribute__((visibility("hidden"))) mxp_context_t mxp_context_broken;

/*! Some zone has had it, so hooks look; only to be written by the load of a zone. */
extern __attribute__((visibility("hidden"))) bool mxp_context_any_broken;

/*!
 * \brief Context of a module's zone.
 *
 * \param mod  Module.
 *
 * \return Context.
 */
static inline mxp_context_t *mxp_context(knotd_mod_t *mod)
{
	return knotd_mod_ctx(mod);
}

/*!
 * \brief Tells if a module's zone could not be set up.
 *
 * \param mod  Module.
 *
 * \return True if so.
 */
static inline bool mxp_context_is_broken(knotd_mod_t *mod)
{
	return mxp_context(mod) == &mxp_context_broken;
}

/*!
 * \brief Settings of a module's instance.
 *
 * \param mod  Module.
 *
 * \return Settings.
 */
static inline const mxp_settings_t *mxp_context_settings(knotd_mod_t *mod)
{
	return &mxp_context(mod)->connection.instance->settings;
}

/*!
 * \brief Logs a message in the name of a module's zone.
 *
 * \param mod       Module (type knotd_mod_t).
 * \param priority  Priority as for syslog.
 * \param message   Message.
 */
void mxp_context_log(void *mod, int priority, const char *message);

/*! What maps need of the server, whose contexts are modules. */
extern __attribute__((visibility("hidden"))) const mxp_server_t mxp_context_server;
