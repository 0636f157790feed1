/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief Sharing: one parsed map for each file, one instance for all zones with equal settings.
 *
 * Query threads read an instance's view within the read-side section of liburcu that the server
 * holds around all hooks; a new map is published for all instances of its file at once.
 */

#pragma once

#include <stdbool.h>

#include "decision.h"

/*! \brief Settings of an instance. */
typedef struct {
	const char *file;  /*!< Path of the preset map. */
	mxp_rules_t rules; /*!< What the decision needs to know. */
	bool ede;          /*!< Mark synthesized answers with an Extended DNS Error. */
	bool statistics;   /*!< Count. */
	bool rotation;     /*!< Rotate the records of an answer. */
} mxp_settings_t;

/*! \brief Preset map file. */
typedef struct mxp_file mxp_file_t;

/*! \brief Instance: what all zones with equal settings share. */
typedef struct mxp_instance {
	mxp_settings_t settings;   /*!< Settings, a copy. */
	mxp_view_t *view;          /*!< View of the current map, never NULL; read with
	                                rcu_dereference(). */
	mxp_file_t *file;          /*!< File of the map. */
	struct mxp_instance *next; /*!< Next instance of the same file. */
	size_t references;         /*!< Number of zones. */
} mxp_instance_t;

/*!
 * \brief Takes a log message.
 *
 * \param ctx       Context.
 * \param priority  Priority as for syslog.
 * \param message   Message.
 */
typedef void (*mxp_log_f)(void *ctx, int priority, const char *message);

/*!
 * \brief Gets the instance for settings, and reads its map if the file has changed.
 *
 * Must not be called within a read-side section.
 *
 * \param settings  Settings.
 * \param log       Takes what is to be said of the map.
 * \param ctx       Context of the log.
 *
 * \return Instance, NULL if memory is exhausted.
 */
mxp_instance_t *mxp_instance_get(const mxp_settings_t *settings, mxp_log_f log, void *ctx);

/*!
 * \brief Gives an instance back; the last one of a file frees the map.
 *
 * No query may use the instance any more on behalf of the caller's zone.
 *
 * \param instance  Instance (may be NULL).
 */
void mxp_instance_put(mxp_instance_t *instance);
