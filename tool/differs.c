/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libknot/codes.h>
#include <libknot/consts.h>
#include <libknot/descriptor.h>
#include <libknot/lookup.h>
#include <libknot/packet/wire.h>

#include "ask.h"
#include "differs.h"
#include "mx.h"
#include "names.h"
#include "text.h"

/*! \brief The server's addresses, until one has answered. */
typedef struct {
	const knot_dname_t *zone;
	knot_pkt_t *answer;
} search_t;

/*! \brief Asks at one address that the server listens at. */
static void try_address(const knot_ctl_data_t *unit, void *ctx)
{
	search_t *search = ctx;
	const char *text = (*unit)[KNOT_CTL_IDX_DATA];
	struct sockaddr_storage address;
	if (search->answer == NULL && text != NULL && ask_address(text, &address)) {
		search->answer = ask_mx(&address, search->zone);
	}
}

/*! \brief The MX of the zone in an answer (NULL if there are none). */
static const knot_rrset_t *find_mx(const knot_pkt_t *answer, const knot_dname_t *zone)
{
	const knot_pktsection_t *section = knot_pkt_section(answer, KNOT_ANSWER);
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rrset = knot_pkt_rr(section, i);
		if (rrset->type == KNOT_RRTYPE_MX && knot_dname_is_case_equal(rrset->owner, zone)) {
			return rrset;
		}
	}
	return NULL;
}

/*! \brief The records of a section are RRsets of their own when a packet is parsed. */
static size_t count_mx(const knot_pkt_t *answer, const knot_dname_t *zone)
{
	const knot_pktsection_t *section = knot_pkt_section(answer, KNOT_ANSWER);
	size_t count = 0;
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rrset = knot_pkt_rr(section, i);
		count += (rrset->type == KNOT_RRTYPE_MX &&
		          knot_dname_is_case_equal(rrset->owner, zone));
	}
	return count;
}

static bool reports_record(const json_t *report, const knot_rrset_t *rrset)
{
	knot_dname_storage_t exchange;
	name_str_t name = "";
	knot_dname_copy_lower(exchange, mxp_mx_exchange(rrset->rrs.rdata));
	name_str(exchange, name);
	size_t i;
	const json_t *mx;
	json_array_foreach(json_object_get(report, "mx"), i, mx)
	{
		if (json_integer_value(json_object_get(mx, "priority")) ==
		            mxp_mx_preference(rrset->rrs.rdata) &&
		    strcasecmp(json_string_value(json_object_get(mx, "value")), name) == 0) {
			return json_integer_value(json_object_get(report, "ttl")) == rrset->ttl;
		}
	}
	return false;
}

/*! \brief Tells if an answer says what a report says; the order of records does not count. */
static bool agrees(const knot_pkt_t *answer, const knot_dname_t *zone, const json_t *report)
{
	const char *rcode = json_string_value(json_object_get(report, "rcode"));
	const bool failed = (strcmp(rcode, "SERVFAIL") == 0);
	if (knot_wire_get_rcode(answer->wire) !=
	            (failed ? KNOT_RCODE_SERVFAIL : KNOT_RCODE_NOERROR) ||
	    count_mx(answer, zone) != json_array_size(json_object_get(report, "mx"))) {
		return false;
	}
	const knot_pktsection_t *section = knot_pkt_section(answer, KNOT_ANSWER);
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rrset = knot_pkt_rr(section, i);
		if (rrset->type == KNOT_RRTYPE_MX && knot_dname_is_case_equal(rrset->owner, zone) &&
		    !reports_record(report, rrset)) {
			return false;
		}
	}
	return true;
}

/*! \brief Writes what the server answers, to be freed. */
static char *summarize(const knot_pkt_t *answer, const knot_dname_t *zone)
{
	const uint8_t code = knot_wire_get_rcode(answer->wire);
	const knot_lookup_t *rcode = knot_lookup_by_id(knot_rcode_names, code);
	const knot_rrset_t *first = find_mx(answer, zone);
	if (first == NULL) {
		return text_format("%s without MX records",
		                   rcode != NULL ? rcode->name : "an error");
	}
	char *text = text_format("the TTL %u", first->ttl);
	const knot_pktsection_t *section = knot_pkt_section(answer, KNOT_ANSWER);
	for (uint16_t i = 0; i < section->count; i++) {
		const knot_rrset_t *rrset = knot_pkt_rr(section, i);
		if (rrset->type == KNOT_RRTYPE_MX) {
			name_str_t name = "";
			char *more =
				text_format("%s, %u %s", text, mxp_mx_preference(rrset->rrs.rdata),
			                    name_str(mxp_mx_exchange(rrset->rrs.rdata), name));
			free(text);
			text = more;
		}
	}
	return text;
}

static void add_warning(json_t *report, const knot_dname_t *zone, const char *answer)
{
	name_str_t name = "";
	char *text = text_format("the server itself answers otherwise: %s", answer);
	char *clean = text_clean(text, strlen(text));
	json_t *warning = need(json_pack("{s:s, s:s, s:s}", "code", "differs", "owner",
	                                 name_str(zone, name), "text", clean));
	json_t *warnings = json_object_get(report, "warnings");
	need(json_array_append_new(warnings, warning) == 0 ? warnings : NULL);
	free(clean);
	free(text);
}

bool differs_check(control_t *control, const knot_dname_t *zone, json_t *report)
{
	search_t search = { .zone = zone };
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = "conf-read",
		[KNOT_CTL_IDX_SECTION] = "server",
		[KNOT_CTL_IDX_ITEM] = "listen",
	};
	(void)control_call(control, &request, try_address, &search);
	if (search.answer == NULL) {
		text_warning("the server itself could not be asked for the MX of %s: it answers at "
		             "none of its addresses (server.listen)",
		             control->zone);
		return false;
	}
	const bool differs = !agrees(search.answer, zone, report);
	if (differs) {
		char *answer = summarize(search.answer, zone);
		add_warning(report, zone, answer);
		free(answer);
	}
	knot_pkt_free(search.answer);

	return differs;
}
