/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What is logged of maps.
 */

#pragma once

#include <stdbool.h>

#include "map.h"
#include "report.h"

/*! \brief What serves while a map's file is refused. */
typedef enum {
	MXP_SERVING_NOTHING, /*!< Nothing: no good map was ever loaded. */
	MXP_SERVING_BEFORE,  /*!< The last good map. */
	MXP_SERVING_COPY,    /*!< The copy of a map that was good before the server was started. */
} mxp_serving_t;

/*!
 * \brief Logs that a map's file is refused.
 *
 * \param path     Path.
 * \param error    Why.
 * \param serving  What serves.
 * \param map      The map that serves (NULL if none does).
 */
void mxp_log_refused(const char *path, const mxp_first_error_t *error, mxp_serving_t serving,
                     const mxp_map_t *map);

/*!
 * \brief Logs that a map's file does not exist yet.
 *
 * \param path  Path.
 */
void mxp_log_missing_file(const char *path);

/*!
 * \brief Logs that a map lacks a preset that an instance names.
 *
 * \param path  Path.
 * \param item  Item of the configuration.
 * \param name  Name of the preset.
 */
void mxp_log_lacking(const char *path, const char *item, const char *name);

/*!
 * \brief Logs that a map is loaded, and which names of the one before are gone.
 *
 * \param path    Path.
 * \param map     Map.
 * \param before  Map before (NULL if there was none).
 */
void mxp_log_loaded(const char *path, const mxp_map_t *map, const mxp_map_t *before);

/*!
 * \brief Logs that others than the server's user and root can change a map.
 *
 * \param path     Path.
 * \param writers  How.
 */
void mxp_log_writable(const char *path, const char *writers);

/*!
 * \brief Logs that a map is not watched, but looked at several times a second.
 *
 * \param path   Path.
 * \param error  Why (errno).
 */
void mxp_log_polled(const char *path, int error);

/*!
 * \brief Logs that no copy of a map can be kept.
 *
 * \param path   Path of the copy.
 * \param error  Why (errno).
 */
void mxp_log_not_kept(const char *path, int error);
