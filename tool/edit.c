/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/packet/wire.h>
#include <libknot/rrset-dump.h>

#include "commands.h"
#include "control.h"
#include "instance.h"
#include "lint.h"
#include "marker.h"
#include "names.h"
#include "output.h"
#include "text.h"
#include "zone.h"

#define DEFAULT_TTL 3600

/*! \brief An edit of a zone: what is asked for, and what it is done with. */
typedef struct {
	const options_t *options;
	knot_dname_storage_t name;     /*!< Name of the zone. */
	knot_dname_storage_t host;     /*!< HOST */
	knot_dname_storage_t exchange; /*!< VALUE */
	uint16_t priority;             /*!< PRIORITY */
	uint32_t ttl;                  /*!< TTL */
	bool has_ttl;                  /*!< TTL is given. */
	bool all;                      /*!< All records of HOST. */
	char *marker;                  /*!< Text of the marker. */
	control_t control;             /*!< Connection. */
	instance_t instance;           /*!< The zone's instance of the module. */
	zone_t *zone;                  /*!< The zone before the edit. */
	size_t changes;                /*!< Number of changes sent. */
} edit_t;

/*! \brief Sends the changes. Returns false if refused, which is reported. */
typedef bool (*plan_f)(edit_t *edit);

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

static bool set(edit_t *edit, const knot_dname_t *owner, const char *type, uint32_t ttl,
                const char *data)
{
	char ttl_str[16];
	snprintf(ttl_str, sizeof(ttl_str), "%u", ttl);
	return change(edit, "zone-set", owner, type, ttl_str, data);
}

/*! \brief Removes a record, or a whole RRset without data. */
static bool unset(edit_t *edit, const knot_dname_t *owner, const char *type, const char *data)
{
	return change(edit, "zone-unset", owner, type, NULL, data);
}

/*! \brief MX record as RDATA. */
static knot_rdata_t *mx_rdata(const edit_t *edit, uint8_t *buf)
{
	uint8_t data[2 + KNOT_DNAME_MAXLEN];
	const size_t len = knot_dname_size(edit->exchange);
	knot_wire_write_u16(data, edit->priority);
	memcpy(data + 2, edit->exchange, len);
	knot_rdata_init((knot_rdata_t *)buf, (uint16_t)(2 + len), data);
	return (knot_rdata_t *)buf;
}

/*! \brief MX record as text. */
static const char *mx_text(const edit_t *edit, char *buf, size_t size)
{
	name_str_t name = "";
	snprintf(buf, size, "%u %s", edit->priority, name_str(edit->exchange, name));
	return buf;
}

static bool has_null_mx(const knot_rdataset_t *mx)
{
	return mx->count > 0 && mx->rdata->len == 3;
}

/*! \brief Checks a new MX record against those that HOST has. */
static bool check_beside(const edit_t *edit, const node_t *node, const char *host)
{
	uint8_t buf[sizeof(knot_rdata_t) + 2 + KNOT_DNAME_MAXLEN + 1];
	name_str_t value = "";
	name_str(edit->exchange, value);

	if (knot_rdataset_member(&node->mx, mx_rdata(edit, buf))) {
		text_error("VALUE '%s' is an exchange of %s already, with PRIORITY %u", value, host,
		           edit->priority);
		return false;
	}
	if (node->mx.count > 0 && (*edit->exchange == 0 || has_null_mx(&node->mx))) {
		text_error("VALUE '%s' of %s: a null MX cannot stand beside other MX records; "
		           "remove them first: kmxpreset del",
		           value, host);
		return false;
	}
	if (edit->has_ttl && node->mx.count > 0 && edit->ttl != node->mx_ttl) {
		text_error("TTL '%u' is not that of the other MX records of %s; write %u, or leave "
		           "it out",
		           edit->ttl, host, node->mx_ttl);
		return false;
	}
	return true;
}

static bool plan_add(edit_t *edit)
{
	const node_t *node = zone_node(edit->zone, edit->host);
	name_str_t host = "";
	name_str_t value = "";
	name_str(edit->host, host);
	name_str(edit->exchange, value);

	if (node->has & NODE_CNAME) {
		text_error("HOST '%s' is an alias (CNAME) in the zone and cannot have MX records; "
		           "write the name that it leads to",
		           host);
		return false;
	}
	if (zone_find(edit->zone, edit->exchange) == FOUND_ALIAS) {
		text_error("VALUE '%s' is an alias (CNAME) in the zone; write the name that it "
		           "leads to",
		           value);
		return false;
	}
	if (!check_beside(edit, node, host)) {
		return false;
	}
	const uint32_t ttl = node->mx.count > 0 ? node->mx_ttl
	                     : edit->has_ttl    ? edit->ttl
	                                        : DEFAULT_TTL;
	char data[sizeof(name_str_t) + 8];
	return set(edit, edit->host, "MX", ttl, mx_text(edit, data, sizeof(data)));
}

static bool plan_del(edit_t *edit)
{
	const node_t *node = zone_node(edit->zone, edit->host);
	uint8_t buf[sizeof(knot_rdata_t) + 2 + KNOT_DNAME_MAXLEN + 1];
	char data[sizeof(name_str_t) + 8];
	name_str_t host = "";
	name_str(edit->host, host);

	if (node->mx.count == 0) {
		text_error("HOST '%s' has no MX record of its own; kmxpreset show tells what is "
		           "served",
		           host);
		return false;
	}
	if (edit->all) {
		return unset(edit, edit->host, "MX", NULL);
	}
	mx_text(edit, data, sizeof(data));
	if (!knot_rdataset_member(&node->mx, mx_rdata(edit, buf))) {
		text_error("HOST '%s' has no MX record '%s'; kmxpreset show tells what is served",
		           host, data);
		return false;
	}
	return unset(edit, edit->host, "MX", data);
}

/*! \brief Tells if a TXT record is a marker. */
static bool is_marker(const knot_rdata_t *rdata)
{
	const knot_rdataset_t one = { 1, knot_rdata_size(rdata->len), (knot_rdata_t *)rdata };
	const knot_rdata_t *found = NULL;
	(void)mxp_marker_find(&one, &found);
	return found != NULL;
}

/*! \brief Writes a TXT record as text, to be freed. */
static char *txt_text(const edit_t *edit, const knot_rdata_t *rdata)
{
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)edit->name, KNOT_RRTYPE_TXT, KNOT_CLASS_IN, 0);
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
		if (is_marker(rdata) && (stay == NULL || knot_rdata_cmp(rdata, stay) != 0)) {
			char *text = txt_text(edit, rdata);
			done = unset(edit, edit->name, "TXT", text);
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

/*! \brief Lets the module's own decision tell if the marker can be honoured. */
static bool check_marker(edit_t *edit, const knot_rdata_t *rdata)
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
	const bool good = (decision.source == MXP_SOURCE_MARKER);
	if (!good) {
		char fault[MXP_FAULT_STR_LEN];
		text_error("PRESET '%s' cannot be used for %s: %s; kmxpreset check '%s' shows the "
		           "presets and their parameters",
		           edit->marker + strlen(MXP_MARKER_PREFIX), edit->control.zone,
		           mxp_fault_str(&decision.faults[0], fault), instance->file);
	}
	mxp_decision_clear(&decision, NULL);

	return good;
}

static void warn_of_marker(const edit_t *edit)
{
	if (!edit->instance.rules.marker) {
		text_warning("the server obeys no markers for %s (marker: off)",
		             edit->control.zone);
	}
	const knot_rdataset_t *mx = &zone_node(edit->zone, edit->name)->mx;
	if (mx->count > 0) {
		bool wrong;
		json_t *report = lint_report(edit->zone, &edit->instance, &wrong);
		const char *source = json_string_value(json_object_get(report, "source"));
		if (strcmp(source, "override") == 0) {
			text_warning("the zone's own MX records still serve for %s; kmxpreset del "
			             "%s @ removes them",
			             edit->control.zone, edit->control.zone);
		}
		json_decref(report);
	}
}

static bool plan_use(edit_t *edit)
{
	if (!edit->instance.active || mxp_zone_is_reverse(edit->name)) {
		text_error(
			"ZONE '%s' does not use mod-mxpreset on this server, a marker would have "
			"no effect",
			edit->control.zone);
		return false;
	}
	knot_rdata_t *rdata = marker_rdata(edit->marker);
	bool done = check_marker(edit, rdata);
	if (done) {
		const node_t *apex = zone_node(edit->zone, edit->name);
		const uint32_t ttl = apex->txt.count > 0 ? apex->txt_ttl : DEFAULT_TTL;
		done = unset_markers(edit, rdata);
		if (done && !knot_rdataset_member(&apex->txt, rdata)) {
			char *text = txt_text(edit, rdata);
			done = set(edit, edit->name, "TXT", ttl, text);
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
	return (!has_mx || unset(edit, edit->name, "MX", NULL)) && unset_markers(edit, NULL);
}

static void write_change(const knot_ctl_data_t *unit, void *ctx)
{
	fprintf(ctx, "%8s %s %s %s %s\n", (*unit)[KNOT_CTL_IDX_FLAGS], (*unit)[KNOT_CTL_IDX_OWNER],
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
	need(fclose(out) == 0 ? out : NULL);
	if (!done) {
		text_error("ZONE '%s' is not changed: %s", edit->control.zone, edit->control.error);
		free(text);
		return NULL;
	}
	return text;
}

static void print(const edit_t *edit, const char *changes, const json_t *report)
{
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
		done = edit->options->dry_run || edit->changes == 0 ||
		       control_commit(&edit->control);
		if (done) {
			print(edit, changes, report);
		}
		json_decref(report);
	}
	free(changes);
	zone_free(after);

	return done ? STATUS_DONE : STATUS_WRONG;
}

/*! \brief Opens a transaction and does the edit in it. */
static int perform_in_transaction(edit_t *edit, plan_f plan)
{
	if (edit->instance.follows) {
		text_error("ZONE '%s' is a secondary on this server, its next transfer would undo "
		           "the change; change it at its primary",
		           edit->control.zone);
		return STATUS_WRONG;
	}
	if (!control_begin(&edit->control)) {
		return STATUS_WRONG;
	}
	edit->zone = control_read_zone(&edit->control, edit->name);
	if (edit->zone == NULL) {
		return STATUS_WRONG;
	}
	if (!edit->zone->has_soa) {
		text_error("ZONE '%s' is not loaded by the server, its log tells why",
		           edit->control.zone);
		return STATUS_WRONG;
	}
	return plan(edit) ? finish(edit) : STATUS_WRONG;
}

static int perform(edit_t *edit, plan_f plan)
{
	const options_t *options = edit->options;
	if (!control_connect(&edit->control, options->socket, options->timeout, edit->name)) {
		return STATUS_WRONG;
	}
	int status = STATUS_WRONG;
	if (instance_read(&edit->control, options->map, options->builtin, &edit->instance)) {
		instance_load(&edit->instance);
		status = perform_in_transaction(edit, plan);
	}
	control_close(&edit->control);
	instance_free(&edit->instance);
	zone_free(edit->zone);

	return status;
}

int command_add(const options_t *options, int argc, char **argv)
{
	edit_t edit = { .options = options, .has_ttl = (argc == 5) };
	if (!name_read_zone(argv[0], edit.name) || !name_read_host(argv[1], edit.name, edit.host) ||
	    !name_read_priority(argv[2], &edit.priority) ||
	    !name_read_exchange(argv[3], edit.name, edit.exchange) ||
	    (edit.has_ttl && !name_read_ttl(argv[4], &edit.ttl))) {
		return STATUS_WRONG;
	}
	if (*edit.exchange == 0 && edit.priority != 0) {
		text_error("PRIORITY '%s' with VALUE '.': a null MX has the priority 0; write 0 .",
		           argv[2]);
		return STATUS_WRONG;
	}
	return perform(&edit, plan_add);
}

int command_del(const options_t *options, int argc, char **argv)
{
	edit_t edit = { .options = options, .all = (argc == 2) };
	if (argc == 3) {
		text_error(
			"missing VALUE of del: PRIORITY and VALUE go together; see kmxpreset -h");
		return STATUS_USAGE;
	}
	if (!name_read_zone(argv[0], edit.name) || !name_read_host(argv[1], edit.name, edit.host) ||
	    (!edit.all && (!name_read_priority(argv[2], &edit.priority) ||
	                   !name_read_stored(argv[3], edit.name, edit.exchange)))) {
		return STATUS_WRONG;
	}
	return perform(&edit, plan_del);
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
		char *more = text_format("%s%s%s", edit->marker, i > 0 ? " " : "", argv[i]);
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
	if (name_read_zone(argv[0], edit.name) && write_marker(&edit, argc - 1, argv + 1)) {
		status = perform(&edit, plan_use);
	}
	free(edit.marker);

	return status;
}

int command_reset(const options_t *options, int argc, char **argv)
{
	(void)argc;
	edit_t edit = { .options = options };
	return name_read_zone(argv[0], edit.name) ? perform(&edit, plan_reset) : STATUS_WRONG;
}
