/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * mod-mxpreset: a zone without MX records of its own is served with those of a preset.
 *
 * The life of a query, `MX example.com`, in an unsigned zone without MX:
 *
 * - The server finds the zone, holds liburcu's read-side section, and runs the PREANSWER hooks.
 *   preanswer() lets all other types pass after one comparison, all other names after a second one
 *   (query.c). With `spf: on`, TXT is one of our types, too, and goes the same way.
 * - mxp_verdict_decide() takes the instance's snapshot of the map, one pointer, and the RRsets of
 *   the apex; mxp_decide() applies the rules to them: here the built-in is due (core/decision.c).
 * - A signed zone's answer is signed with the zone's keys, or with what is remembered of that
 *   (verdict.c, rrsig.c, signer.c).
 * - The answer is counted, for the zone and in the totals; what went wrong on the way is warned
 *   about (counters.c, totals.c, warn.c).
 * - The preset's answer, compressed when the map was loaded, is copied behind the question; where
 *   that does not fit, libknot puts the records (answer.c, pkt.c). The hook returns HIT: the server
 *   looks nothing up, and goes on with the sections that follow.
 * - A CNAME that leads to the apex is found out by the server; the ANSWER hook then adds the MX, or
 *   removes those that shall not be served (query.c).
 * - In a signed zone, whatever was asked, an NSEC or NSEC3 record of the apex in the response is
 *   made to list what is served, in the hooks of the stages that put such records (denials.c and
 *   denial.c).
 *
 * No hook takes a lock, and none allocates memory for a preset without parameters. How the map got
 * there is the life of another thread: see registry.c.
 */

#include <knot/module.h>

#include "context.h"
#include "libknots.h"
#include "query.h"
#include "recall.h"
#include "section.h"
#include "setup.h"
#include "totals.h"

// After the first hook nothing fails any more: the server would free the module and keep the hook.
static int mxpreset_load(knotd_mod_t *mod)
{
	if (knotd_mod_zone(mod) == NULL) {
		return mxp_totals_load(mod, mxp_section_map_file(mod), &mxp_context_server);
	}
	// Queries in a zone that is left alone shall not cost anything.
	if (mxp_zone_is_exempt(knotd_mod_zone(mod))) {
		return KNOT_EOK;
	}

	mxp_recall_join();
	mxp_settings_t settings;
	const bool good = mxp_section_read(mod, &settings);
	const int ret = mxp_query_hook_add_first(mod, settings.rules.spf);
	if (ret == KNOT_EOK) {
		mxp_set_up(mod, good ? &settings : NULL);
	}
	mxp_settings_clear(&settings);
	if (ret != KNOT_EOK) {
		mxp_recall_leave();
		return ret;
	}
	mxp_totals_zone(1);

	return KNOT_EOK;
}

static void mxpreset_unload(knotd_mod_t *mod)
{
	if (knotd_mod_zone(mod) == NULL) {
		mxp_totals_unload(mod);
		return;
	}
	if (knotd_mod_ctx(mod) != NULL) {
		mxp_totals_zone(-1);
		mxp_recall_leave();
	}
	mxp_tear_down(mod);
}

// What the macro KNOTD_MOD_API defines, but for its const: the module can refuse itself.
__attribute__((visibility("default"))) knotd_mod_api_t knotd_mod_api = {
	.version = KNOTD_MOD_ABI_VERSION,
	.name = KNOTD_MOD_NAME_PREFIX "mxpreset",
	.flags = KNOTD_MOD_FLAG_SCOPE_ANY,
	.load = mxpreset_load,
	.unload = mxpreset_unload,
	.config = mxp_section_items,
	.config_check = mxp_section_check,
};

// The server reads nothing else of a module of another version: its structures may be others.
__attribute__((constructor)) static void refuse_other_series(void)
{
	if (mxp_libknots_differ()) {
		knotd_mod_api.version = 0;
		knotd_mod_api.name = KNOTD_MOD_NAME_PREFIX "mxpreset, built for another Knot DNS";
	}
}
