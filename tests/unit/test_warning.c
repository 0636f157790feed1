/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "unit.h"
#include "warning.h"

static mxp_warnings_t *warnings;

/*! \brief Makes an empty memory of warnings. */
static int make_warnings(void **state)
{
	(void)state;
	warnings = calloc(1, sizeof(*warnings));
	if (warnings == NULL) {
		return -1;
	}
	return pthread_mutex_init(&warnings->lock, NULL);
}

static int free_warnings(void **state)
{
	(void)state;
	pthread_mutex_destroy(&warnings->lock);
	free(warnings);
	return 0;
}

static bool ask_of(uint8_t of, const char *zone, mxp_cause_t cause, uint64_t now)
{
	knot_dname_storage_t name;
	const mxp_fault_t fault = { .cause = cause, .of = of };
	return mxp_warning_allowed(warnings, make_name(zone, name), &fault, now);
}

static bool ask(const char *zone, mxp_cause_t cause, uint64_t now)
{
	return ask_of(0, zone, cause, now);
}

static bool ask_number(size_t zone, uint64_t now)
{
	char name[32];
	snprintf(name, sizeof(name), "zone%zu.test.", zone);
	return ask(name, MXP_NO_NAME, now);
}

#define START   5000000
#define MINUTES (60 * 1000)

static void allows_the_same_once_in_ten_minutes(void **state)
{
	(void)state;
	assert_true(ask("a.test.", MXP_NO_NAME, START));
	assert_false(ask("a.test.", MXP_NO_NAME, START));
	assert_false(ask("a.test.", MXP_NO_NAME, START + 1000));
	assert_false(ask("a.test.", MXP_NO_NAME, START + 10 * MINUTES - 1));
	assert_true(ask("a.test.", MXP_NO_NAME, START + 10 * MINUTES + 1000));
	assert_false(ask("a.test.", MXP_NO_NAME, START + 10 * MINUTES + 2000));
	assert_false(ask("a.test.", MXP_NO_NAME, START + 20 * MINUTES - 1));
}

static void allows_the_first_when_the_clock_is_young(void **state)
{
	(void)state;
	assert_true(ask("a.test.", MXP_NO_NAME, 0));
	assert_false(ask("a.test.", MXP_NO_NAME, 1));
}

static void keeps_zones_and_causes_apart(void **state)
{
	(void)state;
	assert_true(ask("a.test.", MXP_NO_NAME, START));
	assert_true(ask("b.test.", MXP_NO_NAME, START));
	assert_true(ask("a.test.", MXP_TWO_MARKERS, START));
	assert_true(ask(".", MXP_NO_NAME, START));
	assert_true(ask_of(1, "a.test.", MXP_NO_NAME, START));
	assert_false(ask_of(1, "a.test.", MXP_NO_NAME, START + 1));
	assert_false(ask("b.test.", MXP_NO_NAME, START + 1));
	assert_false(ask("a.test.", MXP_TWO_MARKERS, START + 1));
	assert_false(ask(".", MXP_NO_NAME, START + 1));
}

static void allows_ten_at_once(void **state)
{
	(void)state;
	size_t allowed = 0;
	for (size_t i = 0; i < 50; i++) {
		allowed += ask_number(i, START);
	}
	assert_int_equal(allowed, MXP_WARNINGS_A_SECOND);
	assert_false(ask_number(50, START + 999));
	// What was left out may come later, what came may not.
	assert_true(ask_number(49, START + 2000));
	assert_false(ask_number(0, START + 2000));
}

/*! \brief A stream of warnings of ever other zones. */
typedef struct {
	const char *name;
	uint64_t step; /*!< Milliseconds between two. */
	size_t count;
	size_t least; /*!< Fewest that must be allowed. */
} stream_t;

static const stream_t streams[] = {
	{ "a flood", 1, 100000, 900 },
	{ "eleven a second", 90, 20000, 15000 },
	{ "nine a second", 111, 20000, 19900 },
	{ "one a second", 1000, 2000, 2000 },
};

/*! \brief Checks that no window of a second has more than ten. */
static void check_stream(void **state)
{
	const stream_t *row = *state;
	uint64_t last[MXP_WARNINGS_A_SECOND] = { 0 };
	size_t allowed = 0;
	uint64_t now = START;
	for (size_t i = 0; i < row->count; i++, now += row->step) {
		if (ask_number(i, now)) {
			uint64_t *tenth = &last[allowed++ % MXP_WARNINGS_A_SECOND];
			assert_true(*tenth + 1000 <= now);
			*tenth = now;
		}
	}
	print_message("# %zu of %zu\n", allowed, row->count);
	assert_between(allowed, row->least, row->count);
}

/*! \brief A few thousand zones that warn all the time: each of them is heard, but not too often. */
static void hears_thousands_of_zones(void **state)
{
	(void)state;
	enum { ZONES = 3000 };
	static uint64_t last[ZONES];
	size_t heard = 0;
	for (uint64_t now = START; now < START + 30 * MINUTES; now += 37) {
		const size_t zone = (size_t)(now * 2654435761U / 37 % ZONES);
		if (ask_number(zone, now)) {
			heard += (last[zone] == 0);
			assert_true(last[zone] == 0 || now - last[zone] >= 10 * MINUTES);
			last[zone] = now;
		}
	}
	print_message("# %zu of %d zones\n", heard, ZONES);
	assert_between(heard, ZONES - ZONES / 100, ZONES);
}

#define THREADS 4

static uint64_t clock_of_threads;

static void *ask_often(void *arg)
{
	size_t *allowed = arg;
	for (size_t i = 0; i < 20000; i++) {
		const uint64_t now = __atomic_add_fetch(&clock_of_threads, 1, __ATOMIC_RELAXED);
		*allowed += ask_number(i % 500, START + now / 100);
	}
	return NULL;
}

static void holds_the_limits_between_threads(void **state)
{
	(void)state;
	pthread_t threads[THREADS];
	size_t allowed[THREADS] = { 0 };
	clock_of_threads = 0;
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &allowed[i]), 0);
	}
	size_t all = 0;
	for (size_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		all += allowed[i];
	}
	assert_between(all, 1, MXP_WARNINGS_A_SECOND); // Less than a second went by.
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(allows_the_same_once_in_ten_minutes),
	cmocka_unit_test(allows_the_first_when_the_clock_is_young),
	cmocka_unit_test(keeps_zones_and_causes_apart),
	cmocka_unit_test(allows_ten_at_once),
	cmocka_unit_test(hears_thousands_of_zones),
	cmocka_unit_test(holds_the_limits_between_threads),
};

static struct CMUnitTest tests[COUNT(streams) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_stream, streams), others, sizeof(others));
	for (size_t i = 0; i < COUNT(tests); i++) {
		tests[i].setup_func = make_warnings;
		tests[i].teardown_func = free_warnings;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
