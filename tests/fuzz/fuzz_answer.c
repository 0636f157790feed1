/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Records, a question and a packet made of octets, and the answer put in both ways.
 */

#include <string.h>

#include "fuzz.h"
#include "preset.h"
#include "put.h"

/*! \brief What is left of the input; zeros follow its end. */
typedef struct {
	const uint8_t *data;
	size_t size;
} input_t;

static uint8_t take(input_t *in)
{
	if (in->size == 0) {
		return 0;
	}
	in->size--;
	return *in->data++;
}

/*! \brief Makes a name of some labels, and of what another one ends in. */
static void take_name(input_t *in, uint8_t *name)
{
	const uint8_t form = take(in);
	const uint8_t *ending = name;
	for (size_t drop = form % 8; drop > 0 && *ending != 0; drop--) {
		ending += 1 + *ending;
	}
	size_t size = knot_dname_size(ending);
	memmove(name, ending, size);

	for (size_t labels = form / 8 % 4; labels > 0; labels--) {
		const uint8_t len = 1 + take(in) % KNOT_DNAME_MAXLABELLEN;
		const uint8_t ch = 'a' + take(in) % 26;
		if (size + 1 + len > KNOT_DNAME_MAXLEN) {
			return;
		}
		memmove(name + 1 + len, name, size);
		name[0] = len;
		memset(name + 1, ch, len);
		size += 1u + len;
	}
}

static void turn_case(uint8_t *name, uint8_t mask)
{
	for (uint8_t *label = name; *label != 0; label += 1 + *label) {
		for (size_t i = 1; i <= *label; i++) {
			label[i] ^= (mask >> i % 8 & 1) != 0 ? 0x20 : 0;
		}
	}
}

static void take_record(input_t *in, uint8_t *exchange, knot_rdataset_t *rrs)
{
	uint8_t data[2 + KNOT_DNAME_MAXLEN] = { 0, take(in) };
	take_name(in, exchange);
	const size_t size = knot_dname_size(exchange);
	memcpy(data + 2, exchange, size);
	add_rdata(rrs, data, (uint16_t)(2 + size));
}

/*! \brief Puts an answer, and ends the run if something is wrong. */
static size_t put(const mxp_answer_t *answer, const knot_rdataset_t *rrs, const place_t *place)
{
	size_t size;
	const char *wrong = check_put(answer, rrs, 3600, place, &size);
	if (wrong != NULL) {
		fprintf(stderr, "%s\n", wrong);
		abort();
	}
	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	input_t in = { data, size };
	place_t place = { .max_size = KNOT_WIRE_MAX_PKTSIZE, .reserve = take(&in) };
	const int less = take(&in) % (LONGER + 4) - 1;
	const uint8_t mask = take(&in);
	const uint8_t form = take(&in);

	knot_rdataset_t rrs = { 0 };
	knot_dname_storage_t name = { 0 };
	do {
		take_record(&in, name, &rrs);
	} while (in.size > 0 && rrs.count < MXP_RECORDS_MAX);

	// The question is made of the last exchange.
	input_t last = { &form, 1 };
	take_name(&last, name);
	turn_case(name, mask);
	place.qname = name;

	mxp_answer_t *answer = NULL;
	require(mxp_answer_new(KNOT_RRTYPE_MX, &rrs, 3600, &answer));
	const size_t ample = put(answer, &rrs, &place);
	if (ample > 0) {
		// Around the exact fit.
		place.max_size = (uint16_t)(ample + place.reserve - less);
		require(put(answer, &rrs, &place) == (less <= 0 ? ample : 0));
	}
	mxp_answer_free(answer);
	knot_rdataset_clear(&rrs, NULL);

	return 0;
}
