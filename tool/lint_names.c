/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "linter.h"
#include "mx.h"
#include "name.h"
#include "names.h"
#include "text.h"

/*! \brief Tells if a label is that of an exchange of a map, in which parameters stand for anything.
 */
static bool label_matches(const uint8_t *label, const uint8_t *of_map)
{
	const mxp_span_t span = mxp_label_span(of_map);
	mxp_span_t ref;
	return mxp_label_param(span, 0, &ref) ||
	       (*label == *of_map && memcmp(label + 1, of_map + 1, *label) == 0);
}

/*! \brief Length of the labels that a label of a map's exchange stands for; 0 if others are there.
 */
static size_t matching_len(const knot_dname_t *name, const uint8_t *of_map,
                           const knot_dname_t *zone)
{
	if (mxp_label_is_zone(mxp_label_span(of_map))) {
		const size_t len = knot_dname_size(zone) - 1;
		// What ends in the zone's name is told of as a doubled name.
		return knot_dname_size(name) > len + 1 && memcmp(name, zone, len) == 0 ? len : 0;
	}
	return *name != 0 && label_matches(name, of_map) ? 1 + (size_t)*name : 0;
}

static bool name_matches(const knot_dname_t *name, const knot_dname_t *of_map,
                         const knot_dname_t *zone)
{
	size_t len;
	while (*of_map != 0 && (len = matching_len(name, of_map, zone)) > 0) {
		name += len;
		of_map += 1 + *of_map;
	}
	return *of_map == 0 && *name == 0;
}

/*! \brief Tells if a name is an exchange of the map, as that is for the zone. */
static bool is_of_map(const mxp_map_t *map, const knot_dname_t *name, const knot_dname_t *zone)
{
	for (size_t i = 0; map != NULL && i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		for (size_t j = 0; j < preset->mx_count; j++) {
			if (name_matches(name, preset->mx[j].exchange, zone)) {
				return true;
			}
		}
		if (mxp_preset_owns(preset, name)) {
			return true;
		}
	}
	return false;
}

/*! \brief Warns of an exchange that was written without a final dot. */
static void lint_missing_dot(linter_t *linter, const knot_dname_t *owner,
                             const knot_dname_t *exchange, found_t found)
{
	knot_dname_storage_t rest = "";
	if (!name_without_zone(exchange, linter->zone->name, rest) ||
	    knot_dname_labels(rest, NULL) < 2 ||
	    (found != FOUND_WILDCARD && !is_of_map(linter->view.map, rest, linter->zone->name))) {
		return;
	}
	name_str_t name = "";
	name_str_t rest_str = "";
	linter_warn(linter, "missing-dot", owner,
	            text_format("the exchange %s is a name of this zone, a final dot is missing "
	                        "after %.*s",
	                        name_str(exchange, name), (int)strlen(name_str(rest, rest_str)) - 1,
	                        rest_str));
}

/*! \brief Warns of an exchange that leads nowhere, or to an alias. */
static void lint_target(linter_t *linter, const knot_dname_t *owner, const knot_dname_t *exchange,
                        found_t found)
{
	name_str_t name = "";
	name_str_t zone_str = "";
	name_str(exchange, name);
	if (found == FOUND_ALIAS) {
		linter_warn(linter, "alias-exchange", owner,
		            text_format("the exchange %s is an alias (CNAME), it must be the name "
		                        "that has the address",
		                        name));
	} else if (found == FOUND_NOTHING) {
		linter_warn(linter, "missing-exchange", owner,
		            text_format("the exchange %s has no address (A or AAAA) in the zone %s",
		                        name, name_str(linter->zone->name, zone_str)));
	}
}

/*! \brief Looks for mistakes in an exchange, stored or served. */
static void lint_exchange(linter_t *linter, const knot_dname_t *owner, const knot_dname_t *exchange)
{
	const knot_dname_t *zone = linter->zone->name;
	name_str_t name = "";
	name_str(exchange, name);

	const mxp_host_t host = mxp_host_check(exchange);
	if (name_is_address(exchange, zone) || host == MXP_HOST_NUMBER) {
		linter_warn(linter, "address-exchange", owner,
		            text_format("the exchange %s is an IP address, it must be the name of "
		                        "the mail server",
		                        name));
		return;
	}
	if (host == MXP_HOST_CHARSET || host == MXP_HOST_RESERVED) {
		linter_warn(linter, "impossible-exchange", owner,
		            text_format("the exchange %s can never be a mail server, it %s", name,
		                        mxp_host_str(host)));
		return;
	}
	if (name_is_doubled(exchange, zone)) {
		linter_warn(linter, "doubled-root", owner,
		            text_format("the exchange %s ends in the zone's name twice, a final "
		                        "dot is missing after the first",
		                        name));
	}
	const found_t found = zone_find(linter->zone, exchange);
	lint_missing_dot(linter, owner, exchange, found);
	lint_target(linter, owner, exchange, found);
}

/*! \brief Warns of a root exchange that is no null MX (RFC 7505, section 3). */
static void lint_root(linter_t *linter, const node_t *node, const knot_rdata_t *mx)
{
	const unsigned preference = mxp_mx_preference(mx);
	if (node->mx.count > 1) {
		linter_warn(linter, "null-mx", node->name,
		            text_format("the null MX '%u .' stands beside other MX records, it "
		                        "must stand alone",
		                        preference));
	} else if (preference != 0) {
		linter_warn(linter, "null-mx", node->name,
		            text_format("the null MX '%u .' must have the priority 0", preference));
	}
}

/*! \brief Warns of what no server would load. */
static void lint_unloadable(linter_t *linter, const node_t *node)
{
	const knot_dname_t *above = node->name;
	bool below_dname = false;
	while (!knot_dname_is_equal(above, linter->zone->name) && !below_dname) {
		above += 1 + *above;
		below_dname = (zone_node(linter->zone, above)->has & NODE_DNAME) != 0;
	}
	const char *reason = (node->has & NODE_CNAMES) ? "has several CNAME records"
	                     : (node->has & NODE_CNAME) && (node->has & NODE_OTHER)
	                             ? "has a CNAME beside other records"
	                     : below_dname ? "has records below a DNAME"
	                                   : NULL;
	if (reason != NULL) {
		name_str_t name = "";
		linter_warn(linter, "unloadable", node->name,
		            text_format("no server loads the zone: %s %s",
		                        name_str(node->name, name), reason));
	}
}

static void lint_node(const node_t *node, void *ctx)
{
	linter_t *linter = ctx;
	name_str_t zone_str = "";
	name_str(linter->zone->name, zone_str);
	if (knot_dname_in_bailiwick(node->name, linter->zone->name) < 0) {
		linter_warn(linter, "out-of-zone", node->name,
		            text_format("the records are outside the zone %s, no server answers "
		                        "with them",
		                        zone_str));
		return;
	}
	if (name_is_doubled(node->name, linter->zone->name)) {
		linter_warn(linter, "doubled-root", node->name,
		            text_format("the name ends in the zone's name twice, a final dot is "
		                        "missing after the first %s",
		                        zone_str));
	}
	lint_unloadable(linter, node);
	knot_rdata_t *mx = node->mx.rdata;
	for (size_t i = 0; i < node->mx.count; i++, mx = knot_rdataset_next(mx)) {
		if (mxp_exchange_is_root(mxp_mx_exchange(mx))) {
			lint_root(linter, node, mx);
		} else {
			lint_exchange(linter, node->name, mxp_mx_exchange(mx));
		}
	}
}

/*! \brief Tells if there are records, and all only prove who owns the domain. */
static bool only_verifies(const knot_rdataset_t *rrs)
{
	bool only = (rrs->count > 0);
	knot_rdata_t *mx = rrs->rdata;
	for (size_t i = 0; i < rrs->count && only; i++, mx = knot_rdataset_next(mx)) {
		only = (mxp_host_check(mxp_mx_exchange(mx)) == MXP_HOST_VERIFICATION);
	}
	return only;
}

/*! \brief Looks at what is served though it is not stored, and at an override as a whole. */
static void lint_served(linter_t *linter, const mxp_decision_t *decision)
{
	const knot_dname_t *zone = linter->zone->name;
	if (decision->source == MXP_SOURCE_OVERRIDE) {
		const knot_rdataset_t *rrs =
			decision->serve == MXP_SERVE_FILTERED ? &decision->rrs : &linter->apex->mx;
		if (only_verifies(rrs)) {
			linter_warn(linter, "verification-exchange", zone,
			            text_format("the zone's own MX records only prove who owns the "
			                        "domain, and no other MX serves beside them: all "
			                        "its mail is lost"));
		}
	}
	if (decision->serve != MXP_SERVE_PRESET) {
		return;
	}
	knot_rdata_t *mx = decision->rrs.rdata;
	for (size_t i = 0; i < decision->rrs.count; i++, mx = knot_rdataset_next(mx)) {
		if (mxp_exchange_is_root(mxp_mx_exchange(mx))) {
			continue;
		}
		knot_dname_storage_t exchange;
		knot_dname_copy_lower(exchange, mxp_mx_exchange(mx));
		if (mxp_host_check(exchange) == MXP_HOST_NUMBER) {
			lint_exchange(linter, zone, exchange);
		} else {
			lint_target(linter, zone, exchange, zone_find(linter->zone, exchange));
		}
	}
}

void lint_names(linter_t *linter, const mxp_decision_t *decision)
{
	zone_walk(linter->zone, lint_node, linter);
	lint_served(linter, decision);
}
