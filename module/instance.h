/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Instances: what all zones with equal settings share, and the snapshot of a map that they
 *        are served from.
 *
 * Queries read snapshots; all functions are for who publishes them, and keeps others out.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "decision.h"
#include "reading.h"
#include "report.h"
#include "retire.h"
#include "settings.h"

/*! \brief What an instance is served from, immutable. */
typedef struct {
	mxp_retired_t retired;      /*!< For its end. */
	uint64_t generation;        /*!< Number that no other snapshot has. */
	mxp_view_t view;            /*!< Map as the instance sees it. */
	const mxp_loaded_t *loaded; /*!< The same map with its answers (NULL if there is none). */
} mxp_snapshot_t;

/*! \brief Instance: what all zones with equal settings share. */
typedef struct mxp_instance {
	mxp_retired_t retired;     /*!< For its end. */
	uint64_t id;               /*!< Number that no other instance has. */
	mxp_settings_t settings;   /*!< Settings, a copy. */
	mxp_snapshot_t *snapshot;  /*!< Current snapshot, never NULL; read with
	                                rcu_dereference(). */
	struct mxp_mapfile *file;  /*!< File of the map. */
	struct mxp_instance *next; /*!< Next instance of the same file. */
	size_t references;         /*!< Number of zones. */
} mxp_instance_t;

/*!
 * \brief Makes an instance with its snapshot.
 *
 * \param settings  Settings, copied.
 * \param loaded    Map (NULL if there is none).
 *
 * \return Instance of no file yet, NULL if memory is exhausted.
 */
mxp_instance_t *mxp_instance_new(const mxp_settings_t *settings, const mxp_loaded_t *loaded);

/*!
 * \brief Logs what the map of its snapshot lacks for an instance.
 *
 * \param instance  Instance.
 */
void mxp_instance_log_lacking(const mxp_instance_t *instance);

/*!
 * \brief Retires an instance with its snapshot.
 *
 * \param instance  Instance that no query can use any more.
 */
void mxp_instance_retire(mxp_instance_t *instance);

/*!
 * \brief Checks that a map has what instances take from the present one.
 *
 * \param first  First instance of a file (may be NULL).
 * \param map    Map.
 * \param error  Errors are added to it.
 *
 * \return True if there is no error.
 */
bool mxp_instances_satisfied(const mxp_instance_t *first, const mxp_map_t *map,
                             mxp_first_error_t *error);

/*!
 * \brief Makes a snapshot of a map for each instance of a file.
 *
 * \param first   First instance (may be NULL).
 * \param loaded  Map.
 * \param list    Output: snapshots in the order of the instances.
 *
 * \return False if memory is exhausted: then there is none.
 */
bool mxp_snapshots_make(const mxp_instance_t *first, const mxp_loaded_t *loaded,
                        mxp_retired_t **list);

/*!
 * \brief Gives all instances of a file their snapshot, and retires those before.
 *
 * \param first  First instance (may be NULL).
 * \param list   Snapshots as of #mxp_snapshots_make.
 */
void mxp_snapshots_exchange(mxp_instance_t *first, mxp_retired_t *list);
