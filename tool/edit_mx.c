/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <string.h>

#include <libknot/packet/wire.h>

#include "edit.h"
#include "mx.h"
#include "names.h"
#include "numbers.h"
#include "text.h"

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
static const char *mx_text(uint16_t priority, const knot_dname_t *exchange, char *buf, size_t size)
{
	name_str_t name = "";
	snprintf(buf, size, "%u %s", priority, name_str(exchange, name));
	return buf;
}

static bool has_root(const knot_rdataset_t *mx)
{
	return mx->count > 0 && mxp_exchange_is_root(mxp_mx_exchange(mx->rdata));
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
	if (node->mx.count > 0 && (mxp_exchange_is_root(edit->exchange) || has_root(&node->mx))) {
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

/*! \brief Refuses a host whose records no query would ever see. */
static bool check_visible(const edit_t *edit, const char *host)
{
	switch (zone_hidden(edit->zone, edit->host)) {
	case FOUND_OUTSIDE:
		text_error("HOST '%s' is delegated (NS) to other servers, queries never see its MX "
		           "records here; add them in that zone",
		           host);
		return false;
	case FOUND_ALIAS:
		text_error("HOST '%s' is below a DNAME, queries never see its MX records; add them "
		           "where that leads to",
		           host);
		return false;
	default:
		return true;
	}
}

static bool plan_add(edit_t *edit)
{
	const node_t *node = zone_node(edit->zone, edit->host);
	name_str_t host = "";
	name_str_t value = "";
	name_str(edit->host, host);
	name_str(edit->exchange, value);

	edit->adds = true;
	if (!check_visible(edit, host)) {
		return false;
	}
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
	                                        : EDIT_TTL;
	char data[sizeof(name_str_t) + 8];
	return edit_set(edit, edit->host, "MX", ttl,
	                mx_text(edit->priority, edit->exchange, data, sizeof(data)));
}

/*!
 * \brief Removes a record by writing the others anew.
 *
 * With zone-set, knotd stores an exchange as it is written, and finds no record with capitals
 * again.
 */
static bool del_by_others(edit_t *edit, const node_t *node)
{
	char data[sizeof(name_str_t) + 8];
	bool done = edit_unset(edit, edit->host, "MX", NULL);
	knot_rdata_t *mx = node->mx.rdata;
	for (size_t i = 0; i < node->mx.count && done; i++, mx = knot_rdataset_next(mx)) {
		const knot_dname_t *exchange = mxp_mx_exchange(mx);
		const uint16_t priority = mxp_mx_preference(mx);
		if (priority != edit->priority || !knot_dname_is_equal(exchange, edit->exchange)) {
			done = edit_set(edit, edit->host, "MX", node->mx_ttl,
			                mx_text(priority, exchange, data, sizeof(data)));
		}
	}
	return done;
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
		return edit_unset(edit, edit->host, "MX", NULL);
	}
	mx_text(edit->priority, edit->exchange, data, sizeof(data));
	if (!knot_rdataset_member(&node->mx, mx_rdata(edit, buf))) {
		text_error("HOST '%s' has no MX record '%s'; kmxpreset show tells what is served",
		           host, data);
		return false;
	}
	return (node->has & NODE_CAPITALS) ? del_by_others(edit, node)
	                                   : edit_unset(edit, edit->host, "MX", data);
}

int command_add(const options_t *options, int argc, char **argv)
{
	edit_t edit = { .options = options, .has_ttl = (argc == 5) };
	if (!name_read_zone("ZONE", argv[0], edit.name) ||
	    !name_read_host(argv[1], edit.name, edit.host) ||
	    !number_read_priority(argv[2], &edit.priority) ||
	    !name_read_exchange(argv[3], edit.name, edit.exchange) ||
	    (edit.has_ttl && !number_read_ttl(argv[4], &edit.ttl))) {
		return STATUS_WRONG;
	}
	if (mxp_exchange_is_root(edit.exchange) && edit.priority != 0) {
		text_error("PRIORITY '%s' with VALUE '.': a null MX has the priority 0; write 0 .",
		           argv[2]);
		return STATUS_WRONG;
	}
	return edit_perform(&edit, plan_add);
}

int command_del(const options_t *options, int argc, char **argv)
{
	edit_t edit = { .options = options, .all = (argc == 2) };
	if (argc == 3) {
		text_error(
			"missing VALUE of del: PRIORITY and VALUE go together; see kmxpreset -h");
		return STATUS_USAGE;
	}
	if (!name_read_zone("ZONE", argv[0], edit.name) ||
	    !name_read_host(argv[1], edit.name, edit.host) ||
	    (!edit.all && (!number_read_priority(argv[2], &edit.priority) ||
	                   !name_read_stored(argv[3], edit.name, edit.exchange)))) {
		return STATUS_WRONG;
	}
	return edit_perform(&edit, plan_del);
}
