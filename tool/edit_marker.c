/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/rrset-dump.h>

#include "edit.h"
#include "marker.h"
#include "names.h"
#include "text.h"

bool edit_is_marker(const knot_rdata_t *rdata)
{
	const knot_rdataset_t one = { 1, knot_rdata_size(rdata->len), (knot_rdata_t *)rdata };
	const knot_rdata_t *found = NULL;
	(void)mxp_marker_find(&one, &found);
	return found != NULL;
}

char *edit_txt_text(const knot_dname_t *zone, const knot_rdata_t *rdata)
{
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)zone, KNOT_RRTYPE_TXT, KNOT_CLASS_IN, 0);
	rrset.rrs = (knot_rdataset_t){ 1, knot_rdata_size(rdata->len), (knot_rdata_t *)rdata };

	// At worst each octet is escaped, and each is a string of its own.
	const size_t size = 8u * rdata->len + 8;
	char *text = need(malloc(size));
	const knot_dump_style_t style = { .wrap = false };
	if (knot_rrset_txt_dump_data(&rrset, 0, text, size, &style) < 0) {
		*text = '\0';
	}
	return text;
}

/*! \brief Removes all markers but one that may stay. */
static bool unset_markers(edit_t *edit, const knot_rdata_t *stay)
{
	const knot_rdataset_t *txt = &zone_node(edit->zone, edit->name)->txt;
	knot_rdata_t *rdata = txt->rdata;
	bool done = true;
	for (size_t i = 0; i < txt->count && done; i++, rdata = knot_rdataset_next(rdata)) {
		if (edit_is_marker(rdata) && (stay == NULL || knot_rdata_cmp(rdata, stay) != 0)) {
			char *text = edit_txt_text(edit->name, rdata);
			done = edit_unset(edit, edit->name, "TXT", text);
			free(text);
		}
	}
	return done;
}

/*! \brief Writes the marker as RDATA, to be freed: strings of at most 255 octets. */
static knot_rdata_t *marker_rdata(const char *text)
{
	const size_t len = strlen(text);
	uint8_t *data = need(malloc(len + len / UINT8_MAX + 1));
	size_t size = 0;
	for (size_t pos = 0; pos < len;) {
		const size_t part = len - pos > UINT8_MAX ? UINT8_MAX : len - pos;
		data[size++] = (uint8_t)part;
		memcpy(data + size, text + pos, part);
		size += part;
		pos += part;
	}
	knot_rdata_t *rdata = need(malloc(knot_rdata_size((uint16_t)size)));
	knot_rdata_init(rdata, (uint16_t)size, data);
	free(data);

	return rdata;
}

/*! \brief What the map notes of a preset, such as where an id is found, to be freed. */
static char *notes_of(const instance_t *instance, const char *marker)
{
	const mxp_span_t name = { (const uint8_t *)marker, strcspn(marker, " ") };
	const mxp_preset_t *preset =
		instance->map != NULL ? mxp_map_find(instance->map, name) : NULL;
	char *notes = need(strdup(""));
	for (uint32_t i = 0; preset != NULL && i < preset->note_count; i++) {
		char *more = text_format("%s; note: %s", notes, preset->notes[i]);
		free(notes);
		notes = more;
	}
	return notes;
}

/*! \brief Lets the module's own decision tell if the marker can be honoured. */
static bool check_marker(const edit_t *edit, const knot_rdata_t *rdata)
{
	const instance_t *instance = &edit->instance;
	mxp_rules_t rules = instance->rules;
	rules.marker = true;
	const mxp_view_t view = mxp_view(&rules, instance->map);
	const mxp_apex_t apex = {
		.zone = edit->name,
		.txt = { 1, knot_rdata_size(rdata->len), (knot_rdata_t *)rdata },
	};
	mxp_decision_t decision;
	mxp_decide(&rules, &view, &apex, NULL, &decision);
	const bool good = (decision.serve != MXP_SERVE_FAIL);
	if (!good) {
		char fault[MXP_FAULT_STR_LEN];
		char *notes = notes_of(instance, edit->marker + strlen(MXP_MARKER_PREFIX));
		text_error("PRESET '%s' cannot be used for %s: %s; kmxpreset check '%s' shows the "
		           "presets and their parameters%s",
		           edit->marker + strlen(MXP_MARKER_PREFIX), edit->control.zone,
		           mxp_fault_str(&decision.fault, fault), instance->file, notes);
		free(notes);
	}
	mxp_decision_clear(&decision, NULL);

	return good;
}

/*! \brief Lets the module's own decision tell if the zone has an override. */
static bool has_override(const edit_t *edit)
{
	const mxp_rules_t *rules = &edit->instance.rules;
	const mxp_view_t view = mxp_view(rules, edit->instance.map);
	const mxp_apex_t apex = {
		.zone = edit->name,
		.mx = zone_node(edit->zone, edit->name)->mx,
	};
	mxp_decision_t decision;
	mxp_decide(rules, &view, &apex, NULL, &decision);
	const bool has = (decision.source == MXP_SOURCE_OVERRIDE);
	mxp_decision_clear(&decision, NULL);

	return has;
}

/*! \brief Warns where the marker does not count. */
static void warn_of_marker(const edit_t *edit)
{
	if (!edit->instance.rules.marker) {
		text_warning("the server obeys no markers for %s (marker: off)",
		             edit->control.zone);
	}
	char *doubt = instance_doubt(&edit->instance);
	if (doubt != NULL) {
		text_warning("it is not certain that the server knows the preset: %s", doubt);
	}
	free(doubt);
	if (has_override(edit)) {
		text_warning("the zone's own MX records still serve for %s; kmxpreset del %s @ "
		             "removes them",
		             edit->control.zone, edit->control.zone);
	}
}

static bool plan_use(edit_t *edit)
{
	if (!edit->instance.active || mxp_zone_is_exempt(edit->name)) {
		text_error("ZONE '%s' does not use mod-mxpreset on this server, a marker would "
		           "have no effect; if it does on others, give their map with -p",
		           edit->control.zone);
		return false;
	}
	knot_rdata_t *rdata = marker_rdata(edit->marker);
	bool done = check_marker(edit, rdata);
	if (done) {
		const node_t *apex = zone_node(edit->zone, edit->name);
		const uint32_t ttl = apex->txt.count > 0 ? apex->txt_ttl : EDIT_TTL;
		done = unset_markers(edit, rdata);
		if (done && !knot_rdataset_member(&apex->txt, rdata)) {
			char *text = edit_txt_text(edit->name, rdata);
			done = edit_set(edit, edit->name, "TXT", ttl, text);
			free(text);
		}
	}
	if (done) {
		warn_of_marker(edit);
	}
	free(rdata);

	return done;
}

static bool plan_reset(edit_t *edit)
{
	const bool has_mx = zone_node(edit->zone, edit->name)->mx.count > 0;
	return (!has_mx || edit_unset(edit, edit->name, "MX", NULL)) && unset_markers(edit, NULL);
}

/*! \brief Puts the text of a marker together. Returns false if refused, which is reported. */
static bool write_marker(edit_t *edit, int argc, char **argv)
{
	edit->marker = need(strdup(MXP_MARKER_PREFIX));
	for (int i = 0; i < argc; i++) {
		if (argv[i][strcspn(argv[i], " \t\r\n")] != '\0' ||
		    strlen(edit->marker) + strlen(argv[i]) > UINT16_MAX / 2) {
			text_error("%s '%s' has a space in it, or is too long; write each "
			           "PARAM=VALUE as an argument of its own",
			           i == 0 ? "PRESET" : "PARAM=VALUE", argv[i]);
			return false;
		}
		char *part = i == 0 ? name_of_preset(argv[i]) : need(strdup(argv[i]));
		char *more = text_format("%s%s%s", edit->marker, i > 0 ? " " : "", part);
		free(part);
		// Names in lower case, values as they stand.
		char *name = more + strlen(edit->marker);
		for (; *name != '\0' && *name != '='; name++) {
			*name = (char)tolower((unsigned char)*name);
		}
		free(edit->marker);
		edit->marker = more;
	}
	return true;
}

int command_use(const options_t *options, int argc, char **argv)
{
	edit_t edit = { .options = options };
	int status = STATUS_WRONG;
	if (name_read_zone("ZONE", argv[0], edit.name) && write_marker(&edit, argc - 1, argv + 1)) {
		status = edit_perform(&edit, plan_use);
	}
	free(edit.marker);

	return status;
}

int command_reset(const options_t *options, int argc, char **argv)
{
	(void)argc;
	edit_t edit = { .options = options };
	return name_read_zone("ZONE", argv[0], edit.name) ? edit_perform(&edit, plan_reset)
	                                                  : STATUS_WRONG;
}
