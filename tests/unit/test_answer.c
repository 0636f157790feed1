/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <time.h>

#include "put.h"
#include "unit.h"

#define TTL 3600

/* Random numbers that are the same again for the same seed. */

static uint64_t seed;
static uint64_t random_state;

static size_t below(size_t limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (size_t)(random_state >> 11) % limit;
}

/*! \brief Puts a random label before a name, if there is room. Returns the size of the name. */
static size_t add_label(uint8_t *name, size_t size, size_t len)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	if (size + 1 + len > KNOT_DNAME_MAXLEN) {
		return size;
	}
	memmove(name + 1 + len, name, size);
	name[0] = (uint8_t)len;
	for (size_t i = 1; i <= len; i++) {
		name[i] = (uint8_t)chars[below(sizeof(chars) - 1)];
	}
	return size + 1 + len;
}

/*! \brief Puts random labels before a name: mostly short ones. */
static void add_labels(uint8_t *name, size_t count)
{
	size_t size = knot_dname_size(name);
	for (size_t i = 0; i < count; i++) {
		const size_t most = below(8) == 0 ? KNOT_DNAME_MAXLABELLEN : 10;
		size = add_label(name, size, 1 + below(most));
	}
}

/*! \brief Makes a name of a size: any but 2. */
static void make_sized(uint8_t *name, size_t wanted)
{
	name[0] = 0;
	for (size_t size = 1; size < wanted;) {
		size_t len = wanted - size - 1;
		len = len > KNOT_DNAME_MAXLABELLEN ? 1 + below(KNOT_DNAME_MAXLABELLEN) : len;
		if (wanted - size - 1 - len == 1) {
			len = len > 1 ? len - 1 : len + 1;
		}
		size = add_label(name, size, len);
	}
	assert_int_equal(knot_dname_size(name), wanted);
}

/*! \brief Copies what is left of a name without some of its first labels. */
static void copy_ending(uint8_t *to, const uint8_t *name)
{
	for (size_t drop = below(4); drop > 0 && *name != 0; drop--) {
		name += 1 + *name;
	}
	memcpy(to, name, knot_dname_size(name));
}

static void change_case(uint8_t *name)
{
	for (uint8_t *label = name; *label != 0; label += 1 + *label) {
		for (size_t i = 1; i <= *label; i++) {
			if (label[i] >= 'a' && label[i] <= 'z' && below(2) == 0) {
				label[i] ^= 0x20;
			}
		}
	}
}

/*! \brief Adds a record; the same one twice counts once. */
static void add_mx(knot_rdataset_t *rrs, uint16_t preference, const uint8_t *exchange)
{
	uint8_t rdata[sizeof(knot_rdata_t) + 2 + KNOT_DNAME_MAXLEN + 1]; // Padding.
	uint8_t data[2 + KNOT_DNAME_MAXLEN];
	const size_t size = knot_dname_size(exchange);
	knot_wire_write_u16(data, preference);
	memcpy(data + 2, exchange, size);
	knot_rdata_init((knot_rdata_t *)rdata, (uint16_t)(2 + size), data);
	assert_int_equal(knot_rdataset_add(rrs, (knot_rdata_t *)rdata, NULL), KNOT_EOK);
}

/*! \brief Makes records whose names share endings with each other. */
static knot_rdataset_t random_rrs(void)
{
	static const size_t counts[] = { 1, 1, 2, 3, 5, 5, 8, 20, 60, 255 };
	const size_t count = counts[below(COUNT(counts))];
	knot_rdataset_t rrs = { 0 };
	knot_dname_storage_t exchange = { 0 };
	add_labels(exchange, below(4));
	while (rrs.count < count) {
		knot_dname_storage_t ending = { 0 };
		if (below(4) > 0) {
			copy_ending(ending, exchange);
		}
		memcpy(exchange, ending, sizeof(ending));
		add_labels(exchange, below(4));
		add_mx(&rrs, (uint16_t)below(4) * 10, exchange);
	}
	return rrs;
}

static const knot_dname_t *random_exchange(const knot_rdataset_t *rrs)
{
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = below(rrs->count); i > 0; i--) {
		rdata = knot_rdataset_next(rdata);
	}
	return rdata->data + 2;
}

/*! \brief Makes a question that is an exchange, above or below one. */
static void related_qname(const knot_rdataset_t *rrs, uint8_t *qname)
{
	copy_ending(qname, random_exchange(rrs));
	add_labels(qname, below(3));
}

/*! \brief Tells if no exchange ends as the question does. */
static bool is_unrelated(const knot_rdataset_t *rrs, const knot_dname_t *qname)
{
	bool unrelated = (*qname != 0);
	knot_dname_storage_t lower;
	knot_dname_copy_lower(lower, qname);
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		unrelated = unrelated && rdata->data[2] != 0 &&
		            knot_dname_matched_labels(rdata->data + 2, lower) == 0;
	}
	return unrelated;
}

static size_t checks;
static size_t done;

/*! \brief Puts an answer in one place; returns the size of the packet, 0 if it was refused. */
static size_t check_place(const mxp_answer_t *answer, const knot_rdataset_t *rrs,
                          const place_t *place)
{
	size_t size;
	const char *wrong = check_put(answer, rrs, TTL, place, &size);
	if (wrong != NULL) {
		knot_dname_txt_storage_t text;
		print_message("# %s in %u octets, %u reserved, %u records, seed %llu\n",
		              knot_dname_to_str(text, place->qname, sizeof(text)), place->max_size,
		              place->reserve, rrs->count, (unsigned long long)seed);
		fail_msg("%s", wrong);
	}
	checks++;
	done += (size > 0);
	return size;
}

/*! \brief Puts an answer after one question in packets of many sizes. */
static void check_sizes(const mxp_answer_t *answer, const knot_rdataset_t *rrs,
                        const knot_dname_t *qname)
{
	static const uint16_t reserves[] = { 0, 11, 11 + 100 };
	static const uint16_t sizes[] = { 512, 1232, 4096 };
	place_t place = { qname, KNOT_WIRE_MAX_PKTSIZE, reserves[below(COUNT(reserves))],
		          KNOT_PF_NOTRUNC };

	// Over TCP there is room for all that was made.
	const size_t size = check_place(answer, rrs, &place);
	if (answer != NULL && is_unrelated(rrs, qname)) {
		assert_true(size > 0);
	}
	place.flags = KNOT_PF_NULL;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		place.max_size = sizes[i];
		(void)check_place(answer, rrs, &place);
	}
	if (size == 0) {
		return;
	}
	// Around the exact fit, and where only knot_pkt_put() may find room.
	const uint16_t fit = (uint16_t)(size + place.reserve);
	for (uint16_t less = 0; less <= LONGER + 1; less++) {
		place.max_size = fit - less;
		const size_t fitted = check_place(answer, rrs, &place);
		assert_int_equal(fitted, less == 0 ? size : 0);
	}
	place.max_size = fit + 1;
	assert_int_equal(check_place(answer, rrs, &place), size);
}

static mxp_answer_t *make_answer(const knot_rdataset_t *rrs)
{
	mxp_answer_t *answer = NULL;
	assert_true(mxp_answer_new(KNOT_RRTYPE_MX, rrs, TTL, &answer));
	return answer;
}

static void start(void)
{
	print_message("# MXPRESET_SEED=%llu\n", (unsigned long long)seed);
	random_state = seed;
	checks = 0;
	done = 0;
}

static void at_end(void)
{
	print_message("# %zu of %zu in wire form\n", done, checks);
	assert_between(done, checks / 10, checks);
}

static void puts_presets_of_the_shipped_map(void **state)
{
	(void)state;
	errors_t errors = { 0 };
	mxp_map_t *map = NULL;
	assert_int_equal(mxp_map_load(&map, SHIPPED_MAP, take_error, &errors), KNOT_EOK);
	static const char *const names[] = {
		".",
		"com.",
		"nothing.example.",
		"google.com.",
		"l.google.com.",
		"aspmx.l.google.com.",
		"my.alt1.aspmx.l.google.com.",
		"spool.mail.gandi.net.",
		"mail.ovh.net.",
		"a.mail.ovh.net.",
		"house.example.",
		"xn--9caa.example.",
	};

	start();
	size_t ready = 0;
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		if (preset->rrs.count == 0) {
			continue;
		}
		ready++;
		mxp_answer_t *answer = make_answer(&preset->rrs);
		assert_non_null(answer);
		for (size_t j = 0; j < COUNT(names); j++) {
			knot_dname_storage_t name;
			check_sizes(answer, &preset->rrs, make_name(names[j], name));
			change_case(name);
			check_sizes(answer, &preset->rrs, name);
		}
		mxp_answer_free(answer);
	}
	at_end();
	assert_between(ready, 5, map->count);
	mxp_map_free(map);
}

static void puts_random_presets(void **state)
{
	(void)state;
	start();
	for (size_t i = 0; i < 300; i++) {
		knot_rdataset_t rrs = random_rrs();
		mxp_answer_t *answer = make_answer(&rrs);
		for (size_t j = 0; j < (rrs.count < 20 ? 6 : 2); j++) {
			knot_dname_storage_t qname = { 0 };
			if (j % 2 == 0) {
				related_qname(&rrs, qname);
			} else {
				add_labels(qname, below(5));
			}
			change_case(qname);
			check_sizes(answer, &rrs, qname);
		}
		mxp_answer_free(answer);
		knot_rdataset_clear(&rrs, NULL);
	}
	at_end();
}

static void puts_after_questions_of_every_length(void **state)
{
	(void)state;
	start();
	for (size_t len = 1; len <= KNOT_DNAME_MAXLEN; len += (len == 1 ? 2 : 1)) {
		knot_rdataset_t rrs = random_rrs();
		mxp_answer_t *answer = make_answer(&rrs);
		knot_dname_storage_t qname;
		make_sized(qname, len);
		check_sizes(answer, &rrs, qname);
		change_case(qname);
		check_sizes(answer, &rrs, qname);
		mxp_answer_free(answer);
		knot_rdataset_clear(&rrs, NULL);
	}
	at_end();
}

/*! \brief Records, a question, and if the wire form serves there. */
typedef struct {
	const char *name;
	const char *mx;
	const char *qname;
	bool put;
} ending_t;

/* With the root label, L10 "aaaa" and "test" have 21 octets, L10 "a" and "test" 18. */
static const ending_t endings[] = {
	{ "one record", "1 mx.a.test.", "b.example.", true },
	{ "null MX", "0 .", "b.example.", false },
	{ "null MX of the root", "0 .", ".", false },
	{ "a common TLD", "1 mx.a.test.", "b.test.", true },
	{ "common 18 octets", "1 mx.aaaaaaaaaaa.test.", "b.aaaaaaaaaaa.test.", true },
	{ "common 19 octets", "1 mx.aaaaaaaaaaaa.test.", "b.aaaaaaaaaaaa.test.", false },
	{ "common 19 octets in another letter case", "1 mx.aaaaaaaaaaaa.test.",
	  "B.AAAAAAAAAAAA.TEST.", false },
	{ "common 19 octets with the second", "1 mx.b.test.\n2 mx.aaaaaaaaaaaa.test.",
	  "b.aaaaaaaaaaaa.test.", false },
	{ "long TLD", "1 mx." L63 ".", "b." L63 ".", false },
	{ "long TLD of another", "1 mx." L63 ".", "b." L60 "bbb.", true },
	{ "a chain of endings", "1 c.b.a.test.\n2 d.c.b.a.test.\n3 e.d.c.b.a.test.", "x.", true },
};

static void check_ending(void **state)
{
	const ending_t *row = *state;
	knot_rdataset_t rrs = make_rrs("MX", row->mx);
	mxp_answer_t *answer = make_answer(&rrs);
	knot_dname_storage_t qname;
	const place_t place = { make_name(row->qname, qname), KNOT_WIRE_MAX_PKTSIZE, 0,
		                KNOT_PF_NOTRUNC };
	assert_int_equal(check_place(answer, &rrs, &place) > 0, row->put);
	check_sizes(answer, &rrs, qname);
	mxp_answer_free(answer);
	knot_rdataset_clear(&rrs, NULL);
}

static const place_t ample = { (const knot_dname_t *)"\1b\7example", KNOT_WIRE_MAX_PKTSIZE, 0,
	                       KNOT_PF_NOTRUNC };

/*! \brief Checks that an answer is refused, without a change. */
static void expect_refused(const knot_rdataset_t *rrs, const mxp_answer_t *answer, knot_pkt_t *pkt)
{
	bool put;
	assert_null(put_wire(answer, rrs, TTL, KNOT_PF_NOTRUNC, pkt, &put));
	assert_false(put);
}

/*! \brief Checks that an answer is put. */
static void expect_put(const knot_rdataset_t *rrs, const mxp_answer_t *answer, knot_pkt_t *pkt)
{
	bool put;
	assert_null(put_wire(answer, rrs, TTL, KNOT_PF_NOTRUNC, pkt, &put));
	assert_true(put);
}

static void refuses_other_packets(void **state)
{
	(void)state;
	knot_rdataset_t rrs = make_rrs("MX", "1 mx.a.test.\n2 mx.b.test.");
	mxp_answer_t *answer = make_answer(&rrs);

	// No answer.
	knot_pkt_t *pkt = make_response(&ample);
	expect_refused(&rrs, NULL, pkt);
	// An RRset is there.
	assert_int_equal(put_stored(&rrs, TTL, KNOT_PF_NOTRUNC, pkt), KNOT_EOK);
	expect_refused(&rrs, answer, pkt);
	knot_pkt_free(pkt);

	// The answer itself is there.
	pkt = make_response(&ample);
	expect_put(&rrs, answer, pkt);
	expect_refused(&rrs, answer, pkt);
	knot_pkt_free(pkt);

	// Another section has begun.
	static const knot_section_t sections[] = { KNOT_AUTHORITY, KNOT_ADDITIONAL };
	for (size_t i = 0; i < COUNT(sections); i++) {
		pkt = make_response(&ample);
		assert_int_equal(knot_pkt_begin(pkt, sections[i]), KNOT_EOK);
		expect_refused(&rrs, answer, pkt);
		knot_pkt_free(pkt);
	}

	// No question.
	pkt = knot_pkt_new(NULL, KNOT_WIRE_MAX_PKTSIZE, NULL);
	assert_int_equal(knot_pkt_begin(pkt, KNOT_ANSWER), KNOT_EOK);
	memset(pkt->wire + pkt->size, 0, pkt->max_size - pkt->size);
	expect_refused(&rrs, answer, pkt);
	knot_pkt_free(pkt);

	mxp_answer_free(answer);
	knot_rdataset_clear(&rrs, NULL);
}

/* A memory context that may have no more memory. */

static size_t allocations_left;
static size_t outstanding;

static void *take_memory(void *ctx, size_t size)
{
	(void)ctx;
	void *memory = allocations_left > 0 ? malloc(size) : NULL;
	allocations_left -= (memory != NULL);
	outstanding += (memory != NULL);
	return memory;
}

static void give_memory(void *memory)
{
	outstanding -= (memory != NULL);
	free(memory);
}

static void refuses_without_memory(void **state)
{
	(void)state;
	knot_rdataset_t rrs = make_rrs("MX", "1 mx.a.test.\n2 mx.b.test.");
	mxp_answer_t *answer = make_answer(&rrs);
	knot_pkt_t *pkt = make_response(&ample);
	pkt->mm = (knot_mm_t){ .alloc = take_memory, .free = give_memory };

	for (size_t i = 0; i < 2; i++) {
		allocations_left = i;
		expect_refused(&rrs, answer, pkt);
		assert_int_equal(outstanding, 0);
	}
	allocations_left = 2;
	expect_put(&rrs, answer, pkt);
	assert_int_equal(outstanding, 2);

	knot_pkt_free(pkt);
	mxp_answer_free(answer);
	knot_rdataset_clear(&rrs, NULL);
}

/*! \brief A packet that is used again has its room already. */
static void uses_the_room_that_is_there(void **state)
{
	(void)state;
	knot_rdataset_t rrs = make_rrs("MX", "1 mx.a.test.\n2 mx.b.test.");
	mxp_answer_t *answer = make_answer(&rrs);
	knot_pkt_t *pkt = make_response(&ample);
	expect_put(&rrs, answer, pkt);
	const knot_rrset_t *room = pkt->rr;

	knot_pkt_t *query = knot_pkt_new(NULL, KNOT_WIRE_MIN_PKTSIZE, NULL);
	assert_int_equal(knot_pkt_put_question(query, ample.qname, KNOT_CLASS_IN, KNOT_RRTYPE_MX),
	                 KNOT_EOK);
	assert_int_equal(knot_pkt_init_response(pkt, query), KNOT_EOK);
	assert_int_equal(knot_pkt_begin(pkt, KNOT_ANSWER), KNOT_EOK);
	const bool kept = (pkt->rr == room);
	expect_put(&rrs, answer, pkt);
	assert_true(!kept || pkt->rr == room);
	assert_int_equal(pkt->rrset_count, 1);

	knot_pkt_free(query);
	knot_pkt_free(pkt);
	mxp_answer_free(answer);
	knot_rdataset_clear(&rrs, NULL);
}

/*! \brief TXT have no names in them: the octets are those of knot_pkt_put(). */
static void puts_txt(void **state)
{
	(void)state;
	knot_rdataset_t rrs = make_rrs("TXT", "\"v=spf1 include:com.x -all\"");
	mxp_answer_t *answer = NULL;
	assert_true(mxp_answer_new(KNOT_RRTYPE_TXT, &rrs, TTL, &answer));
	for (size_t len = 3; len <= KNOT_DNAME_MAXLEN; len++) {
		knot_dname_storage_t qname;
		make_sized(qname, len);
		const place_t place = { qname, KNOT_WIRE_MAX_PKTSIZE, 0, KNOT_PF_NOTRUNC };
		knot_pkt_t *ours = make_response(&place);
		knot_pkt_t *stored = make_response(&place);
		knot_rrset_t rrset = answer_rrset(&rrs, TTL, ours);
		rrset.type = KNOT_RRTYPE_TXT;
		assert_true(mxp_answer_put(answer, &rrset, KNOT_PF_NOTRUNC, ours));
		assert_int_equal(
			knot_pkt_put(stored, KNOT_COMPR_HINT_QNAME, &rrset, KNOT_PF_NOTRUNC),
			KNOT_EOK);
		assert_int_equal(ours->size, stored->size);
		assert_memory_equal(ours->wire, stored->wire, stored->size);
		knot_pkt_free(ours);
		knot_pkt_free(stored);
	}
	mxp_answer_free(answer);
	knot_rdataset_clear(&rrs, NULL);
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(puts_presets_of_the_shipped_map),
	cmocka_unit_test(puts_random_presets),
	cmocka_unit_test(puts_after_questions_of_every_length),
	cmocka_unit_test(refuses_other_packets),
	cmocka_unit_test(refuses_without_memory),
	cmocka_unit_test(uses_the_room_that_is_there),
	cmocka_unit_test(puts_txt),
};

static struct CMUnitTest tests[COUNT(endings) + COUNT(others)];

int main(void)
{
	const char *given = getenv("MXPRESET_SEED");
	seed = (given != NULL) ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
	seed += (seed == 0);
	memcpy(ADD_ROWS(tests, check_ending, endings), others, sizeof(others));

	return cmocka_run_group_tests(tests, NULL, NULL);
}
