/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "context.h"
#include "counters.h"

/*! \brief Counters, in the order of their registration. */
enum {
	CTR_SYNTHESIZED,
	CTR_OVERRIDDEN,
	CTR_FILTERED,
	CTR_UNSIGNED,
	CTR_FAILED,
};
_Static_assert(CTR_FAILED + 1 == MXP_COUNTERS, "number of the counters");

/*! \brief Sources of synthesized answers, as counted. */
static const mxp_source_t sources[] = {
	MXP_SOURCE_BUILTIN,
	MXP_SOURCE_PRESET,
	MXP_SOURCE_MARKER,
};
#define SOURCES (sizeof(sources) / sizeof(*sources))

/*! \brief Name of a counted source: as everywhere, but without hyphens. */
static char *source_to_str(uint32_t idx, uint32_t count)
{
	char *name = idx < count ? strdup(mxp_source_str(sources[idx])) : NULL;
	if (name != NULL) {
		char *end = name;
		for (const char *ch = name; *ch != '\0'; ch++) {
			if (*ch != '-') {
				*end++ = *ch;
			}
		}
		*end = '\0';
	}
	return name;
}

int mxp_counters_add(knotd_mod_t *mod)
{
	int ret = knotd_mod_stats_add(mod, "synthesized", SOURCES, source_to_str);
	static const char *const names[] = { "overridden", "filtered", "unsigned", "failed" };
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && ret == KNOT_EOK; i++) {
		ret = knotd_mod_stats_add(mod, names[i], 1, NULL);
	}
	return ret;
}

static uint32_t synthesized_idx(mxp_source_t source)
{
	uint32_t idx = 0;
	while (idx + 1 < SOURCES && sources[idx] != source) {
		idx++;
	}
	return idx;
}

void mxp_counters_count(knotd_mod_t *mod, unsigned thread, const mxp_decision_t *decision)
{
	if (decision->source == MXP_SOURCE_OVERRIDE && decision->serve != MXP_SERVE_FAIL) {
		knotd_mod_stats_incr(mod, thread, CTR_OVERRIDDEN, 0, 1);
	}
	switch (decision->serve) {
	case MXP_SERVE_STORED:
	case MXP_SERVE_ADDED: // Of TXT only.
		break;
	case MXP_SERVE_FILTERED:
		knotd_mod_stats_incr(mod, thread, CTR_FILTERED, 0, 1);
		break;
	case MXP_SERVE_PRESET:
		knotd_mod_stats_incr(mod, thread, CTR_SYNTHESIZED,
		                     synthesized_idx(decision->source), 1);
		break;
	case MXP_SERVE_FAIL:
		knotd_mod_stats_incr(mod, thread, CTR_FAILED, 0, 1);
		break;
	case MXP_SERVE_UNSIGNED:
		knotd_mod_stats_incr(mod, thread, CTR_UNSIGNED, 0, 1);
		break;
	}
}
