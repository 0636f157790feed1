/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "aliases.h"
#include "name.h"

enum { UNVISITED, ON_THE_WAY, VISITED };

/*! \brief Finds the entry that an alias points to, NULL if there is none. */
static mxp_preset_t *target_of(const mxp_aliases_t *aliases, const knot_dname_t *target)
{
	if (knot_dname_in_bailiwick(target, aliases->origin) != 1) {
		return NULL;
	}
	return mxp_map_entry(aliases->map, mxp_label_span(target));
}

/*! \brief Follows one alias to its end. */
static mxp_preset_t *follow(const mxp_aliases_t *aliases, size_t start)
{
	mxp_preset_t *at = &aliases->map->presets[start];
	mxp_draft_t *draft = &aliases->drafts[start];
	while (draft->target != NULL && at->alias == NULL && !draft->broken) {
		if (draft->visit == ON_THE_WAY) {
			mxp_report(aliases->report, draft->target_line,
			           "aliases form a loop at '%s'", at->name);
			draft->broken = true;
			return NULL;
		}
		draft->visit = ON_THE_WAY;
		mxp_preset_t *next = target_of(aliases, draft->target);
		if (next == NULL) {
			knot_dname_txt_storage_t name = "";
			mxp_report(aliases->report, draft->target_line,
			           "alias to %s, which is no preset of this map",
			           mxp_name_str(draft->target, name));
			draft->broken = true;
			return NULL;
		}
		at = next;
		draft = &aliases->drafts[at - aliases->map->presets];
	}
	if (draft->broken) {
		return NULL;
	}
	return at->alias != NULL ? (mxp_preset_t *)at->alias : at;
}

void mxp_aliases_resolve(const mxp_aliases_t *aliases)
{
	for (size_t i = 0; i < aliases->map->count; i++) {
		mxp_preset_t *end = follow(aliases, i);
		// Everything on the way has the same end: nothing is followed twice.
		mxp_preset_t *at = &aliases->map->presets[i];
		mxp_draft_t *draft = &aliases->drafts[i];
		while (draft->visit == ON_THE_WAY) {
			draft->visit = VISITED;
			at->alias = end;
			draft->broken |= (end == NULL);
			at = target_of(aliases, draft->target);
			if (at == NULL) {
				break;
			}
			draft = &aliases->drafts[at - aliases->map->presets];
		}
	}
}
