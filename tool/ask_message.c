/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <sys/random.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>
#include <libknot/rrtype/opt.h>

#include "ask_message.h"
#include "text.h"

/*! Largest answer over UDP (DNS flag day 2020). */
#define UDP_SIZE 1232

knot_pkt_t *ask_make_query(const knot_dname_t *name, uint16_t type)
{
	uint16_t id = 0;
	knot_rrset_t opt;
	knot_pkt_t *query = need(knot_pkt_new(NULL, ASK_QUERY_SIZE, NULL));
	(void)!getrandom(&id, sizeof(id), 0);
	knot_wire_set_id(query->wire, id);
	if (knot_pkt_put_question(query, name, KNOT_CLASS_IN, type) != KNOT_EOK ||
	    knot_edns_init(&opt, UDP_SIZE, 0, 0, NULL) != KNOT_EOK ||
	    knot_pkt_begin(query, KNOT_ADDITIONAL) != KNOT_EOK ||
	    knot_pkt_put(query, KNOT_COMPR_HINT_NONE, &opt, KNOT_PF_FREE) != KNOT_EOK) {
		need(NULL);
	}
	return query;
}

knot_pkt_t *ask_parse(const knot_pkt_t *query, uint8_t *wire, size_t size)
{
	knot_pkt_t *answer = need(knot_pkt_new(wire, (uint16_t)size, NULL));
	if (size < KNOT_WIRE_HEADER_SIZE || knot_pkt_parse(answer, 0) != KNOT_EOK ||
	    !knot_wire_get_qr(wire) || knot_wire_get_id(wire) != knot_wire_get_id(query->wire) ||
	    knot_pkt_qname(answer) == NULL || knot_pkt_qtype(answer) != knot_pkt_qtype(query) ||
	    knot_pkt_qclass(answer) != KNOT_CLASS_IN ||
	    !knot_dname_is_case_equal(knot_pkt_qname(answer), knot_pkt_qname(query))) {
		knot_pkt_free(answer);
		return NULL;
	}
	return answer;
}
