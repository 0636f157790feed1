/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "fleet.h"
#include "lint.h"
#include "names.h"
#include "output.h"
#include "progress.h"
#include "text.h"

/*! Zones in a row that the server gives no answer for: it will not for others. */
#define UNANSWERED 2

/*! \brief An edit of all zones. */
typedef struct {
	const options_t *options;
	edit_judge_f judge;
	fleet_t fleet;
	fleet_zone_t **zones; /*!< Zones that are to be changed. */
	size_t count;         /*!< Number of these. */
	size_t left_out;      /*!< Number of zones that should be changed, and cannot. */
	FILE *out;            /*!< What a dry run has to say. */
} edit_all_t;

static void clear_apex(node_t *apex)
{
	knot_rdataset_clear(&apex->mx, NULL);
	knot_rdataset_clear(&apex->txt, NULL);
}

static bool plan(edit_t *edit)
{
	node_t after;
	char *reason = NULL;
	const fate_t fate = edit->judge(edit->name, zone_node(edit->zone, edit->name),
	                                &edit->instance, !edit->options->all, &after, &reason);
	if (reason != NULL) {
		text_error("ZONE '%s' stays as it is: %s", edit->control.zone, reason);
	}
	const bool done = fate == FATE_CHANGES ? edit_set_apex(edit, &after) : reason == NULL;
	free(reason);
	clear_apex(&after);

	return done;
}

/*! \brief Writes what would be changed: a report of the whole zone, or the changes. */
static void write_dry(edit_all_t *all, const fleet_zone_t *zone, zone_t *records, node_t *after)
{
	node_t *apex = (node_t *)zone_node(records, records->name);
	if (!all->options->json) {
		edit_write_apex(records->name, apex, after, all->out);
		return;
	}
	const node_t before = *apex;
	apex->mx = after->mx;
	apex->mx_ttl = after->mx_ttl;
	apex->txt = after->txt;
	apex->txt_ttl = after->txt_ttl;
	bool wrong;
	json_t *report = lint_report(records, zone->instance, &wrong);
	output_json_line(report, all->out);
	json_decref(report);
	*apex = before;
}

/*! \brief Says why a zone that should be changed is not. Returns true if it can be. */
static bool check(edit_all_t *all, const fleet_zone_t *zone, const char *reason)
{
	if (zone->instance->follows) {
		text_error("ZONE '%s' is left out: it is a secondary on this server; change it at "
		           "its primary",
		           zone->name);
	} else if (reason != NULL) {
		text_error("ZONE '%s' is left out: %s", zone->name, reason);
	} else {
		return true;
	}
	all->left_out++;
	return false;
}

static void look_at(fleet_zone_t *zone, zone_t *records, void *ctx)
{
	edit_all_t *all = ctx;
	node_t after;
	char *reason = NULL;
	const fate_t fate = all->judge(records->name, zone_node(records, records->name),
	                               zone->instance, false, &after, &reason);
	if (fate != FATE_STAYS && check(all, zone, reason)) {
		all->zones[all->count++] = zone;
		if (all->options->dry_run) {
			write_dry(all, zone, records, &after);
		}
	}
	free(reason);
	clear_apex(&after);
}

/*! \brief Finds the zones that are to be changed. Returns false if one could not be looked at. */
static bool look(edit_all_t *all)
{
	const options_t *options = all->options;
	control_t control;
	if (!control_connect(&control, options->socket, options->timeout, NULL)) {
		return false;
	}
	bool done = false;
	if (fleet_read(&control, &all->fleet)) {
		all->zones = need(calloc(all->fleet.count + 1, sizeof(*all->zones)));
		done = fleet_walk(&control, &all->fleet, options->dry_run && options->json, look_at,
		                  all);
	}
	control_close(&control);
	return done && !fleet_map_is_wrong(&all->fleet);
}

/*!
 * \brief Edits one zone after the other. Returns the number of zones that are done.
 *
 * Each has a connection of its own: the server, which may serve one at a time, gets to others.
 */
static size_t perform(edit_all_t *all)
{
	const options_t *options = all->options;
	size_t done = 0;
	unsigned unanswered = 0;
	for (size_t i = 0; i < all->count; i++) {
		const fleet_zone_t *zone = all->zones[i];
		edit_t edit = {
			.options = options,
			.judge = all->judge,
			.instance = *zone->instance,
		};
		need(knot_dname_from_str(edit.name, zone->name, sizeof(edit.name)));
		if (!control_connect(&edit.control, options->socket, options->timeout, edit.name)) {
			unanswered = UNANSWERED;
		} else {
			done += (edit_transact(&edit, plan) == STATUS_DONE);
			unanswered = edit.control.ctl == NULL ? unanswered + 1 : 0;
			control_close(&edit.control);
		}
		zone_free(edit.zone);
		if (unanswered == UNANSWERED) {
			text_error("the server does not answer, %zu zones are left; run it again",
			           all->count - i);
			break;
		}
		progress_show(i + 1, all->count);
	}
	progress_clear();
	return done;
}

static int edit_all(const options_t *options, edit_judge_f judge)
{
	edit_all_t all = { .options = options, .judge = judge };
	char *text = NULL;
	size_t size = 0;
	all.out = need(open_memstream(&text, &size));
	const bool looked = look(&all);
	text_close(all.out, &text);
	(void)fwrite(text, 1, size, stdout);
	free(text);

	const size_t done = options->dry_run ? all.count : perform(&all);
	if (!options->json && (looked || all.fleet.count > 0)) {
		printf("%s %zu of %zu zones\n", options->dry_run ? "would change" : "changed", done,
		       all.fleet.count);
	}
	const bool whole = looked && all.left_out == 0 && done == all.count;
	free(all.zones);
	fleet_free(&all.fleet);

	return whole ? STATUS_DONE : STATUS_WRONG;
}

int edit_judged(const options_t *options, char **argv, edit_judge_f judge)
{
	if (options->all) {
		return edit_all(options, judge);
	}
	edit_t edit = { .options = options, .judge = judge };
	return name_read_zone("ZONE", argv[0], edit.name) ? edit_perform(&edit, plan)
	                                                  : STATUS_WRONG;
}
