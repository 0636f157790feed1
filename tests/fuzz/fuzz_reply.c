/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Answers of nameservers, as `show` and `verify` read them.
 */

#include "ask_message.h"
#include "fuzz_tool.h"
#include "reply.h"

#include <libknot/descriptor.h>
#include <libknot/packet/wire.h>

static void check_mx_reply(const knot_pkt_t *answer)
{
	json_t *reply = reply_read(answer);
	check_string(json_object_get(reply, "rcode"));
	require(reply_same(reply, reply));
	char *text = reply_text(reply);
	require(*text != '\0' && strpbrk(text, "\n\r\t\x1b") == NULL);
	free(text);
	json_decref(reply);
}

/*! \brief Reads an answer as what was asked for. */
static void check_type(uint16_t type, const knot_pkt_t *answer)
{
	json_t *found = NULL;
	switch (type) {
	case KNOT_RRTYPE_MX:
		check_mx_reply(answer);
		break;
	case KNOT_RRTYPE_TXT:
		found = reply_read_spf(answer);
		require(json_is_array(found) || json_is_null(found));
		break;
	default:
		found = reply_read_serial(answer);
		require(json_is_integer(found) || json_is_null(found));
		break;
	}
	json_decref(found);
}

/*! \brief Makes a packet, and reads it if it is an answer to a question for a type. */
static void check_answer(uint16_t type, const uint8_t *data, size_t size)
{
	knot_pkt_t *query = ask_make_query((const knot_dname_t *)"\7example\3com", type);
	uint8_t *wire = malloc(size + 1);
	memcpy(wire, data, size);
	if (size >= KNOT_WIRE_HEADER_SIZE) { // Whoever does not know it is passed over.
		knot_wire_set_id(wire, knot_wire_get_id(query->wire));
	}
	knot_pkt_t *answer = ask_parse(query, wire, size);
	if (answer != NULL) {
		check_type(type, answer);
	}
	knot_pkt_free(answer);
	knot_pkt_free(query);
	free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t types[] = { KNOT_RRTYPE_MX, KNOT_RRTYPE_TXT, KNOT_RRTYPE_SOA };
	if (size > UINT16_MAX) {
		return -1;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		check_answer(types[i], data, size);
	}
	return 0;
}
