/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The preset map: all presets of one file, immutable once it is read.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "preset.h"
#include "span.h"

/*! \brief Preset map. */
typedef struct {
	mxp_preset_t *presets; /*!< Presets and aliases, sorted by name. */
	size_t count;          /*!< Number of presets and aliases. */
	size_t records;        /*!< Number of MX records. */
	char version[11];      /*!< Serial of the SOA; without one, 8 digits of the SHA-256. */
	uint32_t serial;       /*!< Serial of the SOA, 0 without one. */
	uint32_t *slots;       /*!< Hash table: index into presets plus one, 0 if free. */
	size_t slot_mask;      /*!< Size of the hash table minus one. */
} mxp_map_t;

/*!
 * \brief Builds the hash table of names.
 *
 * \param map  Map with all its presets.
 *
 * \return False if memory is exhausted.
 */
bool mxp_map_index(mxp_map_t *map);

/*!
 * \brief Finds what a name of the map stands for.
 *
 * \param map   Preset map.
 * \param name  Name in any letter case.
 *
 * \return Preset or alias, NULL if there is none.
 */
mxp_preset_t *mxp_map_entry(const mxp_map_t *map, mxp_span_t name);

/*!
 * \brief Finds a preset by its name or one of its aliases.
 *
 * \param map   Preset map.
 * \param name  Name in any letter case.
 *
 * \return Preset, NULL if there is none.
 */
const mxp_preset_t *mxp_map_find(const mxp_map_t *map, mxp_span_t name);

/*!
 * \brief Frees a preset map.
 *
 * \param map  Preset map (may be NULL).
 */
void mxp_map_free(mxp_map_t *map);
