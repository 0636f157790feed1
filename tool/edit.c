/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>

#include "edit.h"
#include "lint.h"
#include "names.h"
#include "output.h"
#include "progress.h"
#include "text.h"

static bool change(edit_t *edit, const char *command, const knot_dname_t *owner, const char *type,
                   const char *ttl, const char *data)
{
	name_str_t owner_str = "";
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = command,
		[KNOT_CTL_IDX_ZONE] = edit->control.zone,
		[KNOT_CTL_IDX_OWNER] = name_str(owner, owner_str),
		[KNOT_CTL_IDX_TYPE] = type,
		[KNOT_CTL_IDX_TTL] = ttl,
		[KNOT_CTL_IDX_DATA] = data,
	};
	const bool done = control_call(&edit->control, &request, NULL, NULL);
	if (!done) {
		text_error("ZONE '%s' is not changed: %s", edit->control.zone, edit->control.error);
	}
	edit->changes++;
	return done;
}

bool edit_set(edit_t *edit, const knot_dname_t *owner, const char *type, uint32_t ttl,
              const char *data)
{
	char ttl_str[16];
	snprintf(ttl_str, sizeof(ttl_str), "%u", ttl);
	return change(edit, "zone-set", owner, type, ttl_str, data);
}

bool edit_unset(edit_t *edit, const knot_dname_t *owner, const char *type, const char *data)
{
	return change(edit, "zone-unset", owner, type, NULL, data);
}

static void write_change(const knot_ctl_data_t *unit, void *ctx)
{
	fprintf(ctx, "%8s %s %s %s %s\n", (*unit)[CTL_SIGN], (*unit)[KNOT_CTL_IDX_OWNER],
	        (*unit)[KNOT_CTL_IDX_TTL], (*unit)[KNOT_CTL_IDX_TYPE], (*unit)[KNOT_CTL_IDX_DATA]);
}

/*! \brief Reads the changes that the open transaction holds, to be freed. */
static char *read_changes(edit_t *edit)
{
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "zone-diff",
		[KNOT_CTL_IDX_ZONE] = edit->control.zone,
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = need(open_memstream(&text, &size));
	const bool done = control_call(&edit->control, &request, write_change, out);
	text_close(out, &text);
	if (!done) {
		text_error("ZONE '%s' is not changed: %s", edit->control.zone, edit->control.error);
		free(text);
		return NULL;
	}
	return text;
}

/*! \brief One line of JSON, or the changes; nothing if there are none. */
static void print_one_of_many(const edit_t *edit, const char *changes, const json_t *report)
{
	if (edit->changes == 0) {
		return;
	}
	progress_clear();
	if (edit->options->json) {
		output_json_line(report, stdout);
	} else {
		fputs(changes, stdout);
	}
}

static void print(const edit_t *edit, const char *changes, const json_t *report)
{
	if (edit->options->all) {
		print_one_of_many(edit, changes, report);
		return;
	}
	if (edit->options->json) {
		output_json(report);
		return;
	}
	if (edit->changes > 0) {
		printf("%s\n%s\n", edit->options->dry_run ? "would change" : "changed", changes);
	}
	output_report(report);
}

/*! \brief Ends the transaction and reports on the zone as it is then. */
static int finish(edit_t *edit)
{
	zone_t *after = control_read_zone(&edit->control, edit->name);
	char *changes = after != NULL ? read_changes(edit) : NULL;
	bool done = false;
	if (changes != NULL) {
		bool wrong;
		json_t *report = lint_report(after, &edit->instance, &wrong);
		done = !edit_loses_mail(edit, report) &&
		       (edit->options->dry_run || edit->changes == 0 ||
		        control_commit(&edit->control));
		if (done) {
			// What is done to all zones leaves their exchanges as they are.
			if (!edit->options->all) {
				edit_tell_effect(edit, after, report);
			}
			print(edit, changes, report);
		}
		json_decref(report);
	}
	free(changes);
	zone_free(after);

	return done ? STATUS_DONE : STATUS_WRONG;
}

int edit_transact(edit_t *edit, edit_plan_f plan)
{
	if (edit->instance.follows) {
		text_error("ZONE '%s' is a secondary on this server, its next transfer would undo "
		           "the change; change it at its primary",
		           edit->control.zone);
		return STATUS_WRONG;
	}
	if (edit->instance.is_catalog) {
		text_error("ZONE '%s' is a catalog of zones, it has no mail; nothing is changed",
		           edit->control.zone);
		return STATUS_WRONG;
	}
	if (!control_begin(&edit->control)) {
		return STATUS_WRONG;
	}
	edit->zone = control_read_zone(&edit->control, edit->name);
	return edit->zone != NULL && plan(edit) ? finish(edit) : STATUS_WRONG;
}

int edit_perform(edit_t *edit, edit_plan_f plan)
{
	const options_t *options = edit->options;
	if (!control_connect(&edit->control, options->socket, options->timeout, edit->name)) {
		return STATUS_WRONG;
	}
	int status = STATUS_WRONG;
	if (instance_read(&edit->control, options->map, options->builtin, &edit->instance)) {
		instance_load(&edit->instance);
		status = edit_transact(edit, plan);
	}
	control_close(&edit->control);
	instance_free(&edit->instance);
	zone_free(edit->zone);

	return status;
}
