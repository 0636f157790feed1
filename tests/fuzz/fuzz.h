/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the fuzzers share.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libknot/dname.h>
#include <libknot/rdataset.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*! \brief Ends the run with a message unless a condition holds; stderr may be somewhere else. */
#define require(condition)                                                                     \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			dprintf(STDERR_FILENO, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                               \
		}                                                                              \
	} while (0)

/*! \brief Adds RDATA to a set. */
static inline void add_rdata(knot_rdataset_t *rrs, const uint8_t *data, uint16_t len)
{
	knot_rdata_t *rdata = malloc(knot_rdata_size(len));
	knot_rdata_init(rdata, len, data);
	require(knot_rdataset_add(rrs, rdata, NULL) == 0);
	free(rdata);
}

/*! \brief Tells if an MX record before another one has the same exchange. */
static inline bool has_twin(const knot_rdataset_t *rrs, const knot_rdata_t *rdata)
{
	knot_rdata_t *other = rrs->rdata;
	while (other != rdata && !knot_dname_is_case_equal(other->data + 2, rdata->data + 2)) {
		other = knot_rdataset_next(other);
	}
	return other != rdata;
}

/*! \brief Checks that MX records are whole, differ, and are ordered as in any RRset. */
static inline void check_mx(const knot_rdataset_t *rrs)
{
	const knot_rdata_t *last = NULL;
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		require(rdata->len > 2);
		require(knot_dname_wire_check(rdata->data + 2, rdata->data + rdata->len, NULL) ==
		        rdata->len - 2);
		require(last == NULL || knot_rdata_cmp(last, rdata) < 0);
		require(!has_twin(rrs, rdata));
		last = rdata;
	}
	require((uint8_t *)rdata == (uint8_t *)rrs->rdata + rrs->size);
}

/*! \brief Checks that a text is one line of printable ASCII. */
static inline void check_text(const char *text)
{
	require(*text != '\0');
	for (; *text != '\0'; text++) {
		require(*text >= ' ' && *text <= '~');
	}
}
