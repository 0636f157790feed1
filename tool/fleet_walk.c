/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/errcode.h>
#include <libknot/error.h>

#include "fleet.h"
#include "progress.h"
#include "text.h"

/*! \brief The zone whose records are coming in. */
typedef struct {
	fleet_t *fleet;
	bool whole;
	fleet_zone_f call;
	void *ctx;
	fleet_zone_t *zone; /*!< Zone, NULL if there is none yet. */
	bool has_soa;       /*!< A SOA has come. */
	bool is_signed;     /*!< A signature of it has come. */
	bool wrong;         /*!< Records cannot be understood. */
	char *text;         /*!< Its records as text. */
	size_t size;        /*!< Size of the text in octets. */
	size_t room;        /*!< Room for text in octets. */
	size_t done;        /*!< Number of zones before it. */
} walk_t;

static void append(walk_t *walk, const knot_ctl_data_t *unit)
{
	const char *const parts[] = {
		(*unit)[KNOT_CTL_IDX_OWNER],
		(*unit)[KNOT_CTL_IDX_TTL],
		(*unit)[KNOT_CTL_IDX_TYPE],
		(*unit)[KNOT_CTL_IDX_DATA],
	};
	for (size_t i = 0; i < 4; i++) {
		const size_t len = strlen(parts[i]);
		if (walk->size + len + 1 > walk->room) {
			walk->room = 2 * walk->room + len + 1;
			walk->text = need(realloc(walk->text, walk->room));
		}
		memcpy(walk->text + walk->size, parts[i], len);
		walk->size += len;
		walk->text[walk->size++] = (i < 3) ? ' ' : '\n';
	}
}

/*! \brief Hands over the zone whose records have all come. */
static void finish_zone(walk_t *walk)
{
	knot_dname_storage_t name;
	if (walk->zone != NULL && walk->has_soa &&
	    knot_dname_from_str(name, walk->zone->name, sizeof(name)) != NULL) {
		// Most zones store nothing that counts, and there is nothing to parse.
		zone_t *records = walk->size > 0 ? zone_read_text(walk->text, walk->size, name)
		                                 : zone_new(name);
		walk->zone->seen = true;
		if (records == NULL) {
			text_error("ZONE '%s' cannot be read", walk->zone->name);
			walk->wrong = true;
		} else {
			if (walk->is_signed) {
				zone_note_signed(records);
			}
			walk->call(walk->zone, records, walk->ctx);
			zone_free(records);
		}
		progress_show(++walk->done, walk->fleet->count);
	}
	walk->zone = NULL;
	walk->has_soa = false;
	walk->is_signed = false;
	walk->size = 0;
}

static void read_record(const knot_ctl_data_t *unit, void *ctx)
{
	walk_t *walk = ctx;
	const char *name = (*unit)[KNOT_CTL_IDX_ZONE];
	const char *type = (*unit)[KNOT_CTL_IDX_TYPE];
	const char *data = (*unit)[KNOT_CTL_IDX_DATA];
	if (name == NULL || type == NULL || data == NULL || (*unit)[KNOT_CTL_IDX_OWNER] == NULL ||
	    (*unit)[KNOT_CTL_IDX_TTL] == NULL) {
		return;
	}
	if (walk->zone == NULL || strcmp(walk->zone->name, name) != 0) {
		finish_zone(walk);
		walk->zone = fleet_find(walk->fleet, name); // None if it is new since.
		if (walk->zone == NULL) {
			return;
		}
	}
	walk->has_soa |= strcmp(type, "SOA") == 0;
	walk->is_signed |= strcmp(type, "RRSIG") == 0 && strncmp(data, "SOA ", 4) == 0;
	if (walk->whole || strcmp(type, "MX") == 0 || strcmp(type, "TXT") == 0) {
		append(walk, unit);
	}
}

/*! \brief Reports the zones that could not be read. */
static bool all_seen(const fleet_t *fleet)
{
	bool all = true;
	for (size_t i = 0; i < fleet->count; i++) {
		if (!fleet->zones[i].seen) {
			text_error("ZONE '%s' cannot be read: it is not loaded by the server, its "
			           "log tells why",
			           fleet->zones[i].name);
			all = false;
		}
	}
	return all;
}

bool fleet_walk(control_t *control, fleet_t *fleet, bool whole, fleet_zone_f call, void *ctx)
{
	walk_t walk = { .fleet = fleet, .whole = whole, .call = call, .ctx = ctx };
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "zone-read",
		[KNOT_CTL_IDX_OWNER] = whole ? NULL : "@",
	};
	const bool done = control_call(control, &request, read_record, &walk);
	if (control->ctl != NULL) {
		finish_zone(&walk);
	}
	free(walk.text);
	progress_clear();
	if (control->ctl == NULL) {
		text_error("the zones of the server cannot be read to their end: %s",
		           control->error);
		return false;
	}
	// The server tells that some zones have failed, not which.
	if (!all_seen(fleet)) {
		return false;
	}
	if (!done) {
		text_error("the zones of the server cannot all be read: %s", control->error);
	}
	return done && !walk.wrong;
}
