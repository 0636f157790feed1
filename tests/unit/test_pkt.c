/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <libknot/packet/pkt.h>

#include "pkt.h"
#include "unit.h"

/*! \brief RRset of a zone: its records are put in one by one. */
typedef struct {
	knot_dname_storage_t owner;
	knot_rrset_t rrset;
} set_t;

static void init_set(set_t *set, const char *owner, uint16_t type)
{
	make_name(owner, set->owner);
	knot_rrset_init(&set->rrset, set->owner, type, KNOT_CLASS_IN, 3600);
}

static void add_rdata(set_t *set, const uint8_t *data, size_t len)
{
	assert_int_equal(knot_rrset_add_rdata(&set->rrset, data, (uint16_t)len, NULL), KNOT_EOK);
}

static void add_name(set_t *set, const char *name)
{
	knot_dname_storage_t target;
	make_name(name, target);
	add_rdata(set, target, knot_dname_size(target));
}

static void add_mx(set_t *set, uint16_t preference, const char *exchange)
{
	uint8_t data[2 + KNOT_DNAME_MAXLEN];
	knot_wire_write_u16(data, preference);
	make_name(exchange, data + 2);
	add_rdata(set, data, 2 + knot_dname_size(data + 2));
}

/*! \brief Adds an RRSIG of some type whose signature is of zeros. */
static void add_rrsig(set_t *set, uint16_t covered, const char *signer)
{
	uint8_t data[18 + KNOT_DNAME_MAXLEN + 8] = { 0 };
	knot_wire_write_u16(data, covered);
	make_name(signer, data + 18);
	add_rdata(set, data, 18 + knot_dname_size(data + 18) + 8);
}

static knot_pkt_t *make_pkt(const char *qname)
{
	knot_dname_storage_t name;
	knot_pkt_t *query = knot_pkt_new(NULL, KNOT_WIRE_MIN_PKTSIZE, NULL);
	knot_pkt_t *pkt = knot_pkt_new(NULL, KNOT_WIRE_MAX_PKTSIZE, NULL);
	assert_int_equal(
		knot_pkt_put_question(query, make_name(qname, name), KNOT_CLASS_IN, KNOT_RRTYPE_MX),
		KNOT_EOK);
	assert_int_equal(knot_pkt_init_response(pkt, query), KNOT_EOK);
	assert_int_equal(knot_pkt_begin(pkt, KNOT_ANSWER), KNOT_EOK);
	knot_pkt_free(query);
	return pkt;
}

static void put(knot_pkt_t *pkt, const set_t *set)
{
	assert_int_equal(knot_pkt_put(pkt, KNOT_COMPR_HINT_NONE, &set->rrset, 0), KNOT_EOK);
}

/*! \brief The sets of an answer. */
enum { CNAME, CNAME_RRSIG, MX, MX_RRSIG, TXT, SETS };
static set_t sets[SETS];

static int make_sets(void **state)
{
	(void)state;
	init_set(&sets[CNAME], "www.a.b.", KNOT_RRTYPE_CNAME);
	add_name(&sets[CNAME], "a.b.");
	init_set(&sets[CNAME_RRSIG], "www.a.b.", KNOT_RRTYPE_RRSIG);
	add_rrsig(&sets[CNAME_RRSIG], KNOT_RRTYPE_CNAME, "a.b.");
	init_set(&sets[MX], "a.b.", KNOT_RRTYPE_MX);
	add_mx(&sets[MX], 10, "mx.a.b.");
	add_mx(&sets[MX], 20, "mx.other.");
	init_set(&sets[MX_RRSIG], "a.b.", KNOT_RRTYPE_RRSIG);
	add_rrsig(&sets[MX_RRSIG], KNOT_RRTYPE_MX, "a.b.");
	init_set(&sets[TXT], "mx.other.", KNOT_RRTYPE_TXT);
	add_rdata(&sets[TXT], (const uint8_t *)"\x02xy", 3);
	return 0;
}

static int free_sets(void **state)
{
	(void)state;
	for (size_t i = 0; i < SETS; i++) {
		knot_rdataset_clear(&sets[i].rrset.rrs, NULL);
	}
	return 0;
}

/*! \brief What is put into an answer, and what is left when the MX are removed. */
typedef struct {
	const char *name;
	int before[SETS + 1]; /*!< Sets in the order they are put, -1 at the end. */
	uint16_t first;       /*!< Which of them is removed. */
	int after[SETS + 1];
} row_t;

static const row_t rows[] = {
	{ "the last RRset", { CNAME, MX, -1 }, 1, { CNAME, -1 } },
	{ "with its RRSIG", { CNAME, MX, MX_RRSIG, -1 }, 1, { CNAME, -1 } },
	{ "and no other RRSIG",
	  { CNAME, MX, CNAME_RRSIG, MX_RRSIG, -1 },
	  1,
	  { CNAME, CNAME_RRSIG, -1 } },
	{ "the only one", { MX, MX_RRSIG, -1 }, 0, { -1 } },
	{ "one whose names were used since", { CNAME, MX, TXT, -1 }, 1, { CNAME, TXT, -1 } },
};

/*! \brief What is left is what would be there if the RRset had never been. */
static void check_removed(void **state)
{
	const row_t *row = *state;
	knot_pkt_t *pkt = make_pkt("www.a.b.");
	knot_pkt_t *expected = make_pkt("www.a.b.");
	for (const int *set = row->before; *set >= 0; set++) {
		put(pkt, &sets[*set]);
	}
	for (const int *set = row->after; *set >= 0; set++) {
		put(expected, &sets[*set]);
	}
	assert_int_equal(mxp_pkt_remove(pkt, row->first), KNOT_EOK);

	assert_int_equal(pkt->size, expected->size);
	assert_memory_equal(pkt->wire, expected->wire, pkt->size);
	assert_int_equal(pkt->rrset_count, expected->rrset_count);
	assert_int_equal(pkt->sections[KNOT_ANSWER].count, expected->sections[KNOT_ANSWER].count);
	for (uint16_t i = 0; i < pkt->rrset_count; i++) {
		assert_int_equal(pkt->rr_info[i].pos, expected->rr_info[i].pos);
		assert_ptr_equal(pkt->rr[i].rrs.rdata, expected->rr[i].rrs.rdata);
	}
	// Whatever comes next can be compressed.
	put(pkt, &sets[MX]);
	assert_int_equal(knot_pkt_parse(pkt, 0), KNOT_EOK);
	knot_pkt_free(expected);
	knot_pkt_free(pkt);
}

/*! \brief More RRsets than are kept aside are left to the caller to fail with. */
static void removes_no_more_than_it_can(void **state)
{
	(void)state;
	knot_pkt_t *pkt = make_pkt("www.a.b.");
	for (size_t i = 0; i < 64; i++) {
		put(pkt, &sets[TXT]);
	}
	put(pkt, &sets[MX]);
	assert_int_equal(mxp_pkt_remove(pkt, 0), KNOT_ERANGE);
	assert_int_equal(pkt->rrset_count, 65);
	assert_int_equal(mxp_pkt_remove(pkt, 1), KNOT_EOK);
	knot_pkt_free(pkt);
}

static void finds_rdata(void **state)
{
	(void)state;
	knot_pkt_t *pkt = make_pkt("www.a.b.");
	put(pkt, &sets[CNAME]);
	put(pkt, &sets[MX]);
	put(pkt, &sets[TXT]);
	const size_t first = mxp_pkt_rdata_pos(pkt, 1, 0);
	const size_t second = mxp_pkt_rdata_pos(pkt, 1, 1);
	assert_int_equal(knot_wire_read_u16(pkt->wire + first), 10);
	assert_int_equal(mxp_pkt_rdata_len(pkt, first), 7);
	assert_int_equal(knot_wire_read_u16(pkt->wire + second), 20);

	const uint8_t text[] = { 2, 'p', 'q' };
	const size_t pos = mxp_pkt_rdata_pos(pkt, 2, 0);
	assert_memory_equal(pkt->wire + pos, "\x02xy", 3);
	mxp_pkt_overwrite(pkt, pos, text, sizeof(text));
	assert_memory_equal(pkt->wire + pos, text, sizeof(text));
	assert_memory_equal(pkt->rr[2].rrs.rdata->data, "\x02xy", 3);
	knot_pkt_free(pkt);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(removes_no_more_than_it_can),
	cmocka_unit_test(finds_rdata),
};

static struct CMUnitTest tests[COUNT(rows) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_removed, rows), others, sizeof(others));
	return cmocka_run_group_tests(tests, make_sets, free_sets);
}
