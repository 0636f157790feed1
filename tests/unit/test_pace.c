/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "pace.h"
#include "unit.h"

#define ECDSA_LEN 64
#define RSA_LEN   256
/*! So many that take long. */
#define SIGNATURES 4

/*! \brief Signatures that take long, each time. */
typedef struct {
	const char *name;
	const char *keystores;
	size_t len;
	unsigned wait_ms; /*!< Time of each, */
	unsigned work_ms; /*!< and CPU time. */
	bool over;        /*!< They are left to others. */
} row_t;

static const row_t rows[] = {
	{ "a file, kept waiting", "f/waiting", ECDSA_LEN, 25, 0, false },
	{ "a file, large key, kept waiting", "f/large", RSA_LEN, 25, 0, false },
	{ "a file, large key", "f/work", RSA_LEN, 0, 25, true },
	{ "a token that is slow", "tslow", ECDSA_LEN, 25, 0, true },
	{ "a token after a file", "f/first\ntsecond", ECDSA_LEN, 25, 0, true },
	{ "a token that is quick", "tquick", ECDSA_LEN, 0, 0, false },
	{ "a file named like a token", "f/t\nf/nt", ECDSA_LEN, 25, 0, false },
};

/*! \brief Makes a signature that seems to have taken so long. */
static void sign(const row_t *row)
{
	mxp_pace_t pace = mxp_pace_begin();
	pace.start_us -= 1000 * (uint64_t)row->wait_ms;
	pace.cpu_us -= 1000 * (uint64_t)row->work_ms;
	mxp_pace_end(&pace, row->keystores, row->len);
}

static void check(void **state)
{
	const row_t *row = *state;
	// Where this process has to wait itself, another tenth of a second may have begun.
	const unsigned most = row->over ? 1000 : SIGNATURES;
	bool over = false;
	for (unsigned i = 0; i < most && !over; i++) {
		sign(row);
		over = mxp_pace_is_over(row->keystores, row->len);
	}
	assert_int_equal(over, row->over);
}

/*! \brief One quick signature, and the token is a quick one again. */
static void is_quick_again(void **state)
{
	(void)state;
	mxp_pace_t pace = mxp_pace_begin();
	pace.start_us -= 1000000;
	mxp_pace_end(&pace, "tagain", ECDSA_LEN);
	assert_true(mxp_pace_is_over("tagain", ECDSA_LEN));
	pace = mxp_pace_begin();
	mxp_pace_end(&pace, "tagain", ECDSA_LEN);
	assert_false(mxp_pace_is_over("tagain", ECDSA_LEN));
}

static struct CMUnitTest tests[COUNT(rows) + 1];

int main(void)
{
	ADD_ROWS(tests, check, rows);
	tests[COUNT(rows)] = (struct CMUnitTest)cmocka_unit_test(is_quick_again);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
