/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief An answer made of octets, of which an RRset is removed: what is left is what would be
 *        there without it, to the octet where nothing had to be put again.
 */

#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/packet/pkt.h>

#include "fuzz.h"
#include "pkt.h"

#define SETS_MAX 12

/*! \brief Names that end in each other, so there is something to compress. */
static const char *const names[] = {
	"", "\1b", "\1a\1b", "\3www\1a\1b", "\2mx\1a\1b", "\2mx\5other", "\5other", "\3WWW\1a\1b",
};

#define NAMES (sizeof(names) / sizeof(*names))

static const knot_dname_t *name_of(uint8_t octet)
{
	return (const knot_dname_t *)names[octet % NAMES];
}

/*! \brief Adds a record of a type, made of one octet. */
static void add(knot_rrset_t *rrset, uint16_t covered, uint8_t octet)
{
	uint8_t data[18 + KNOT_DNAME_MAXLEN + 8] = { 0 };
	const knot_dname_t *name = name_of(octet);
	const size_t size = knot_dname_size(name);
	size_t len = 0;
	switch (rrset->type) {
	case KNOT_RRTYPE_TXT:
		data[0] = 2;
		data[1] = octet;
		len = 3;
		break;
	case KNOT_RRTYPE_MX:
		data[1] = octet;
		len = 2;
		break;
	case KNOT_RRTYPE_RRSIG:
		knot_wire_write_u16(data, covered);
		data[17] = octet;
		len = 18;
		break;
	default:
		break;
	}
	if (rrset->type != KNOT_RRTYPE_TXT) {
		memcpy(data + len, name, size);
		len += size + (rrset->type == KNOT_RRTYPE_RRSIG ? 8 : 0);
	}
	require(knot_rrset_add_rdata(rrset, data, (uint16_t)len, NULL) == 0);
}

/*! \brief Makes an RRset of four octets: type and owner, two records, what an RRSIG covers. */
static knot_rrset_t make_set(const uint8_t *octets)
{
	static const uint16_t types[] = { KNOT_RRTYPE_CNAME, KNOT_RRTYPE_MX, KNOT_RRTYPE_TXT,
		                          KNOT_RRTYPE_RRSIG };
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, (knot_dname_t *)name_of(octets[0] >> 2), types[octets[0] & 3],
	                KNOT_CLASS_IN, 3600);
	add(&rrset, types[octets[3] & 3], octets[1]);
	if (octets[2] != octets[1]) {
		add(&rrset, types[octets[3] & 3], octets[2]);
	}
	return rrset;
}

static knot_pkt_t *make_pkt(const knot_dname_t *qname)
{
	knot_pkt_t *query = knot_pkt_new(NULL, KNOT_WIRE_MIN_PKTSIZE, NULL);
	knot_pkt_t *pkt = knot_pkt_new(NULL, KNOT_WIRE_MAX_PKTSIZE, NULL);
	require(knot_pkt_put_question(query, qname, KNOT_CLASS_IN, KNOT_RRTYPE_MX) == 0);
	require(knot_pkt_init_response(pkt, query) == 0);
	require(knot_pkt_begin(pkt, KNOT_ANSWER) == 0);
	knot_pkt_free(query);
	return pkt;
}

/*! \brief Looks at each record where it is said to be. */
static void check_places(const knot_pkt_t *pkt)
{
	size_t end = 0;
	for (uint16_t i = 0; i < pkt->rrset_count; i++) {
		for (uint16_t k = 0; k < pkt->rr[i].rrs.count; k++) {
			const size_t pos = mxp_pkt_rdata_pos(pkt, i, k);
			require(pos > end && pos + mxp_pkt_rdata_len(pkt, pos) <= pkt->size);
			require(knot_wire_read_u16(pkt->wire + pos - 10) == pkt->rr[i].type);
			end = pos + mxp_pkt_rdata_len(pkt, pos) - 1;
		}
		if (i + 1 < pkt->rrset_count) {
			require(pkt->rr_info[i + 1].pos == end + 1);
		}
	}
	require(pkt->rrset_count == 0 || end + 1 == pkt->size);
}

/*! \brief Whether a set goes with one that is removed. */
static bool goes_with(const knot_rrset_t *set, const knot_rrset_t *removed)
{
	return set->type == KNOT_RRTYPE_RRSIG &&
	       knot_rrsig_type_covered(set->rrs.rdata) == removed->type &&
	       knot_dname_is_equal(set->owner, removed->owner);
}

/*! \brief Compares what is left with what was never more, as whoever reads it finds it. */
static void check_same(const knot_pkt_t *pkt, const knot_pkt_t *expected)
{
	knot_pkt_t *left = knot_pkt_new(pkt->wire, (uint16_t)pkt->size, NULL);
	knot_pkt_t *right = knot_pkt_new(expected->wire, (uint16_t)expected->size, NULL);
	require(knot_pkt_parse(left, 0) == 0 && knot_pkt_parse(right, 0) == 0);
	require(left->rrset_count == right->rrset_count);
	for (uint16_t i = 0; i < left->rrset_count; i++) {
		require(knot_rrset_equal(&left->rr[i], &right->rr[i], true));
	}
	knot_pkt_free(left);
	knot_pkt_free(right);
	require(pkt->rrset_count == expected->rrset_count);
	require(pkt->sections[KNOT_ANSWER].count == expected->sections[KNOT_ANSWER].count);
	for (uint16_t i = 0; i < pkt->rrset_count; i++) {
		require(pkt->rr[i].rrs.rdata == expected->rr[i].rrs.rdata);
	}
}

static void check_removal(const knot_dname_t *qname, const knot_rrset_t *sets, size_t count,
                          size_t first)
{
	knot_pkt_t *pkt = make_pkt(qname);
	knot_pkt_t *expected = make_pkt(qname);
	size_t again = 0;
	for (size_t i = 0; i < count; i++) {
		require(knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &sets[i], 0) == 0);
		if (i < first || (i > first && !goes_with(&sets[i], &sets[first]))) {
			require(knot_pkt_put(expected, KNOT_COMPR_HINT_NONE, &sets[i], 0) == 0);
			again += (i > first);
		}
	}
	check_places(pkt);
	require(mxp_pkt_remove(pkt, (uint16_t)first) == 0);
	check_places(pkt);
	check_same(pkt, expected);
	require(again > 0 ||
	        (pkt->size == expected->size && memcmp(pkt->wire, expected->wire, pkt->size) == 0));
	// Whatever comes next is put as if nothing had been there.
	require(knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &sets[first], 0) == 0);
	require(knot_pkt_put(expected, KNOT_COMPR_HINT_NONE, &sets[first], 0) == 0);
	check_same(pkt, expected);
	knot_pkt_free(expected);
	knot_pkt_free(pkt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 6) {
		return -1;
	}
	knot_rrset_t sets[SETS_MAX];
	size_t count = 0;
	for (size_t pos = 2; pos + 4 <= size && count < SETS_MAX; pos += 4) {
		sets[count++] = make_set(data + pos);
	}
	check_removal(name_of(data[0]), sets, count, data[1] % count);
	for (size_t i = 0; i < count; i++) {
		knot_rdataset_clear(&sets[i].rrs, NULL);
	}
	return 0;
}
