/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libknot/consts.h>
#include <libknot/descriptor.h>
#include <libknot/packet/wire.h>
#include <libknot/rrtype/opt.h>
#include <libknot/rrtype/soa.h>

#include "linter.h"
#include "mx.h"
#include "names.h"
#include "reader.h"
#include "reply.h"
#include "text.h"

/*! Extended DNS Errors (RFC 8914) of the module. */
#define EDE_INVALID     24
#define EDE_SYNTHESIZED 29
#define EDE_MAP         ", map "
#define EDE_REASON      "mx-preset: "

static json_int_t priority_of(const json_t *mx)
{
	return json_integer_value(json_object_get(mx, "priority"));
}

static const char *value_of(const json_t *mx)
{
	return json_string_value(json_object_get(mx, "value"));
}

static int cmp_mx(const void *a, const void *b)
{
	const json_t *mx1 = *(json_t *const *)a;
	const json_t *mx2 = *(json_t *const *)b;
	if (priority_of(mx1) != priority_of(mx2)) {
		return priority_of(mx1) < priority_of(mx2) ? -1 : 1;
	}
	return strcasecmp(value_of(mx1), value_of(mx2));
}

/*! \brief Puts records in order, which may be rotated in answers. */
static json_t *sorted(json_t *list)
{
	const size_t count = json_array_size(list);
	json_t **items = need(calloc(count + 1, sizeof(*items)));
	json_t *out = need(json_array());
	for (size_t i = 0; i < count; i++) {
		items[i] = json_array_get(list, i);
	}
	qsort(items, count, sizeof(*items), cmp_mx);
	for (size_t i = 0; i < count; i++) {
		need(json_array_append(out, items[i]) == 0 ? out : NULL);
	}
	free(items);
	return out;
}

/*! \brief The first valid record of a type at the name that was asked for, from a place on. */
static const knot_rrset_t *find(const knot_pkt_t *answer, uint16_t *place)
{
	const knot_pktsection_t *section = knot_pkt_section(answer, KNOT_ANSWER);
	for (; *place < section->count; (*place)++) {
		const knot_rrset_t *rrset = knot_pkt_rr(section, *place);
		const knot_rdata_t *rdata = rrset->rrs.rdata;
		if (rrset->type == knot_pkt_qtype(answer) &&
		    mxp_rdata_valid(rrset->type, rdata->data, rdata->len) &&
		    knot_dname_is_case_equal(rrset->owner, knot_pkt_qname(answer))) {
			return rrset;
		}
	}
	return NULL;
}

static json_t *mx_json(const knot_rrset_t *rrset)
{
	knot_dname_storage_t exchange;
	name_str_t name = "";
	knot_dname_copy_lower(exchange, mxp_mx_exchange(rrset->rrs.rdata));
	return need(json_pack("{s:i, s:s}", "priority", (int)mxp_mx_preference(rrset->rrs.rdata),
	                      "value", name_str(exchange, name)));
}

/*! \brief Text of an Extended DNS Error, made fit for a screen and to be freed; NULL if none. */
static char *find_ede(const knot_pkt_t *answer, uint16_t code)
{
	uint8_t *option = NULL;
	while (answer->opt_rr != NULL &&
	       (option = knot_edns_get_option(answer->opt_rr, KNOT_EDNS_OPTION_EDE, option)) !=
	               NULL) {
		const size_t len = knot_edns_opt_get_length(option);
		const uint8_t *data = knot_edns_opt_get_data(option);
		if (len >= sizeof(uint16_t) && knot_wire_read_u16(data) == code) {
			return text_clean(data + sizeof(uint16_t), len - sizeof(uint16_t));
		}
	}
	return NULL;
}

/*! \brief The version of the map, which stands at the end of the text. */
static json_t *map_json(const knot_pkt_t *answer)
{
	char *text = find_ede(answer, EDE_SYNTHESIZED);
	const char *version = NULL;
	for (char *found = text; found != NULL && (found = strstr(found, EDE_MAP)) != NULL;) {
		found += strlen(EDE_MAP);
		version = found;
	}
	json_t *map = need(version != NULL ? json_string(version) : json_null());
	free(text);
	return map;
}

static json_t *reason_json(const knot_pkt_t *answer)
{
	char *text = find_ede(answer, EDE_INVALID);
	const size_t skip = text != NULL && strncmp(text, EDE_REASON, strlen(EDE_REASON)) == 0
	                            ? strlen(EDE_REASON)
	                            : 0;
	json_t *reason = need(text != NULL ? json_string(text + skip) : json_null());
	free(text);
	return reason;
}

json_t *reply_read(const knot_pkt_t *answer)
{
	if (answer == NULL) {
		return need(json_pack("{s:n, s:n, s:[], s:n, s:n}", "rcode", "ttl", "mx", "map",
		                      "reason"));
	}
	json_t *list = need(json_array());
	json_t *ttl = NULL;
	const knot_rrset_t *rrset;
	for (uint16_t i = 0; (rrset = find(answer, &i)) != NULL; i++) {
		need(json_array_append_new(list, mx_json(rrset)) == 0 ? list : NULL);
		ttl = ttl != NULL ? ttl : need(json_integer(rrset->ttl));
	}
	json_t *mx = sorted(list);
	json_decref(list);
	return need(json_pack("{s:s, s:o, s:o, s:o, s:o}", "rcode", knot_pkt_ext_rcode_name(answer),
	                      "ttl", ttl != NULL ? ttl : need(json_null()), "mx", mx, "map",
	                      map_json(answer), "reason", reason_json(answer)));
}

json_t *reply_read_serial(const knot_pkt_t *answer)
{
	uint16_t place = 0;
	const knot_rrset_t *soa = answer != NULL ? find(answer, &place) : NULL;
	return need(soa != NULL ? json_integer(knot_soa_serial(soa->rrs.rdata)) : json_null());
}

json_t *reply_read_spf(const knot_pkt_t *answer)
{
	if (answer == NULL || knot_wire_get_rcode(answer->wire) != KNOT_RCODE_NOERROR) {
		return need(json_null());
	}
	json_t *list = need(json_array());
	const knot_rrset_t *rrset;
	for (uint16_t i = 0; (rrset = find(answer, &i)) != NULL; i++) {
		size_t count;
		char *text = lint_find_spf(&rrset->rrs, &count);
		char *clean = text != NULL ? text_clean(text, strlen(text)) : NULL;
		if (clean != NULL) {
			need(json_array_append_new(list, json_string(clean)) == 0 ? list : NULL);
		}
		free(clean);
		free(text);
	}
	return list;
}

/*! \brief Tells if two replies have the same records, in any order and letter case. */
static bool same_mx(const json_t *reply1, const json_t *reply2)
{
	json_t *list1 = sorted(json_object_get(reply1, "mx"));
	json_t *list2 = sorted(json_object_get(reply2, "mx"));
	const size_t count = json_array_size(list1);
	bool same = json_array_size(list2) == count;
	for (size_t i = 0; i < count && same; i++) {
		const json_t *mx1 = json_array_get(list1, i);
		const json_t *mx2 = json_array_get(list2, i);
		same = cmp_mx(&mx1, &mx2) == 0;
	}
	json_decref(list1);
	json_decref(list2);
	return same;
}

bool reply_same(const json_t *reply1, const json_t *reply2)
{
	const json_t *rcode = json_object_get(reply1, "rcode");
	return json_is_string(rcode) &&
	       json_equal((json_t *)rcode, json_object_get(reply2, "rcode")) != 0 &&
	       json_equal(json_object_get(reply1, "ttl"), json_object_get(reply2, "ttl")) != 0 &&
	       same_mx(reply1, reply2);
}

static void append(char **text, char *more)
{
	char *whole = text_format("%s%s", *text, more);
	free(*text);
	free(more);
	*text = whole;
}

char *reply_text(const json_t *reply)
{
	const json_t *rcode = json_object_get(reply, "rcode");
	const json_t *list = json_object_get(reply, "mx");
	const json_t *reason = json_object_get(reply, "reason");
	if (!json_is_string(rcode)) {
		return need(strdup("no answer"));
	}
	if (json_array_size(list) == 0) {
		const char *why = json_string_value(reason);
		return text_format("%s without MX records%s%s%s", json_string_value(rcode),
		                   why != NULL ? " (" : "", why != NULL ? why : "",
		                   why != NULL ? ")" : "");
	}
	char *text = text_format("the TTL %" JSON_INTEGER_FORMAT,
	                         json_integer_value(json_object_get(reply, "ttl")));
	size_t i;
	const json_t *mx;
	json_array_foreach(list, i, mx)
	{
		append(&text,
		       text_format(", %" JSON_INTEGER_FORMAT " %s", priority_of(mx), value_of(mx)));
	}
	return text;
}
