/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What became of a preset map file, counted for those who show it.
 *
 * The caller keeps others out of all functions.
 */

#pragma once

#include <stdint.h>

#include "map.h"

/*! \brief What became of a map file. */
typedef struct {
	uint64_t loaded;  /*!< Good loads. */
	uint64_t refused; /*!< Times it was refused. */
	uint64_t time;    /*!< Unix time of the last good load (0 if there was none). */
	uint32_t serial;  /*!< Serial of the map that is served (0 if it has no SOA). */
} mxp_counts_t;

/*! \brief Somebody who is told whenever that has changed. */
typedef struct mxp_observer {
	/*! Takes the counts. */
	void (*note)(struct mxp_observer *observer, const mxp_counts_t *counts);
	struct mxp_observer *next; /*!< Next one of the same file. */
} mxp_observer_t;

/*! \brief A map file's counts and observers, a member of the file. */
typedef struct {
	mxp_counts_t counts;       /*!< Counts. */
	mxp_observer_t *observers; /*!< Observers. */
} mxp_observed_t;

/*!
 * \brief Shows the map that is served from now on, of the file or of the copy.
 *
 * \param observed  Counts and observers of its file.
 * \param map       Map.
 */
void mxp_observed_serving(mxp_observed_t *observed, const mxp_map_t *map);

/*!
 * \brief Counts a good load of the file.
 *
 * \param observed  Counts and observers of the file.
 */
void mxp_observed_loaded(mxp_observed_t *observed);

/*!
 * \brief Counts that the file was refused.
 *
 * \param observed  Counts and observers of the file.
 */
void mxp_observed_refused(mxp_observed_t *observed);

/*!
 * \brief Adds an observer, and tells it how things are.
 *
 * \param observed  Counts and observers of a file.
 * \param observer  Observer; it must stay where it is.
 */
void mxp_observer_add(mxp_observed_t *observed, mxp_observer_t *observer);

/*!
 * \brief Removes an observer.
 *
 * \param observed  Counts and observers of its file.
 * \param observer  Observer.
 */
void mxp_observer_remove(mxp_observed_t *observed, const mxp_observer_t *observer);
