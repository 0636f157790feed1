/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>

#include "hash.h"
#include "map.h"

/*! \brief Hash of a name in lower case; none is longer than a label. */
static size_t name_hash(mxp_span_t name)
{
	uint8_t lower[KNOT_DNAME_MAXLABELLEN] = { 0 };
	const size_t len = name.len < sizeof(lower) ? name.len : sizeof(lower);
	for (size_t i = 0; i < len; i++) {
		const uint8_t ch = name.data[i];
		lower[i] = (ch >= 'A' && ch <= 'Z') ? ch | 0x20 : ch;
	}
	const uint64_t hash = mxp_hash(MXP_HASH_START, lower, len);
	return (size_t)(hash ^ (hash >> 32));
}

bool mxp_map_index(mxp_map_t *map)
{
	size_t size = 2;
	while (size < 2 * map->count) {
		size *= 2;
	}
	map->slots = calloc(size, sizeof(*map->slots));
	if (map->slots == NULL) {
		return false;
	}
	map->slot_mask = size - 1;

	for (size_t i = 0; i < map->count; i++) {
		size_t slot = name_hash(mxp_span(map->presets[i].name));
		while (map->slots[slot & map->slot_mask] != 0) {
			slot++;
		}
		map->slots[slot & map->slot_mask] = (uint32_t)i + 1;
	}
	return true;
}

mxp_preset_t *mxp_map_entry(const mxp_map_t *map, mxp_span_t name)
{
	size_t slot = name_hash(name);
	uint32_t idx;
	while ((idx = map->slots[slot & map->slot_mask]) != 0) {
		mxp_preset_t *preset = &map->presets[idx - 1];
		if (mxp_span_is_case(name, preset->name)) {
			return preset;
		}
		slot++;
	}
	return NULL;
}

const mxp_preset_t *mxp_map_find(const mxp_map_t *map, mxp_span_t name)
{
	const mxp_preset_t *preset = mxp_map_entry(map, name);
	return (preset != NULL && preset->alias != NULL) ? preset->alias : preset;
}

void mxp_map_free(mxp_map_t *map)
{
	if (map == NULL) {
		return;
	}
	for (size_t i = 0; i < map->count; i++) {
		mxp_preset_clear(&map->presets[i]);
	}
	free(map->presets);
	free(map->slots);
	free(map);
}
