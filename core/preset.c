/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "preset.h"

/*! \brief Orders names by length, then by octets: any order will do for search. */
static int cmp_names(const void *a, const void *b)
{
	const knot_dname_t *name1 = *(const knot_dname_t *const *)a;
	const knot_dname_t *name2 = *(const knot_dname_t *const *)b;
	const size_t len1 = knot_dname_size(name1);
	const size_t len2 = knot_dname_size(name2);

	return len1 != len2 ? (len1 < len2 ? -1 : 1) : memcmp(name1, name2, len1);
}

bool mxp_preset_know_own(mxp_preset_t *preset, bool exchanges)
{
	const size_t count = preset->retired_count + (exchanges ? preset->mx_count : 0u);
	if (count == 0) {
		return true;
	}
	preset->own = malloc(count * sizeof(*preset->own));
	if (preset->own == NULL) {
		return false;
	}
	for (size_t i = 0; i < preset->retired_count; i++) {
		preset->own[preset->own_count++] = preset->retired[i];
	}
	while (preset->own_count < count) {
		const size_t i = preset->own_count - preset->retired_count;
		preset->own[preset->own_count++] = preset->mx[i].exchange;
	}
	qsort(preset->own, count, sizeof(*preset->own), cmp_names);

	return true;
}

bool mxp_preset_owns(const mxp_preset_t *preset, const knot_dname_t *exchange)
{
	if (preset->own_count == 0) {
		return false;
	}
	knot_dname_storage_t lower;
	knot_dname_copy_lower(lower, exchange);
	const knot_dname_t *key = lower;

	return bsearch(&key, preset->own, preset->own_count, sizeof(*preset->own), cmp_names) !=
	       NULL;
}

void mxp_preset_clear(mxp_preset_t *preset)
{
	for (size_t i = 0; i < preset->mx_count; i++) {
		free(preset->mx[i].exchange);
	}
	for (size_t i = 0; i < preset->default_count; i++) {
		free(preset->defaults[i].name);
		free(preset->defaults[i].value);
	}
	for (size_t i = 0; i < preset->param_count; i++) {
		free(preset->params[i]);
	}
	for (size_t i = 0; i < preset->retired_count; i++) {
		free(preset->retired[i]);
	}
	for (size_t i = 0; i < preset->note_count; i++) {
		free(preset->notes[i]);
	}
	free(preset->notes);
	free(preset->spf);
	free(preset->retired);
	free(preset->own);
	free(preset->params);
	free(preset->defaults);
	free(preset->mx);
	free(preset->rrs.rdata);
	free(preset->spf_rrs.rdata);
	free(preset->title);
	free(preset->name);
	memset(preset, 0, sizeof(*preset));
}
