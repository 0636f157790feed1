/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "debounce.h"
#include "unit.h"

/*! \brief A change that was noted. */
typedef struct {
	char heard; /*!< n nothing, w written, c closed; 0 at the end. */
	uint64_t at_ms;
} note_t;

/*! \brief What is noted of a file, and when it is to be read. */
typedef struct {
	const char *name;
	note_t notes[8];
	uint64_t due_ms;      /*!< If it is there and has a text. */
	uint64_t gone_due_ms; /*!< If it is gone or empty. */
	bool restless;        /*!< At the time of the last note. */
} row_t;

static const row_t rows[] = {
	{ "nothing", { { 0 } }, MXP_NEVER, MXP_NEVER, false },
	{ "seen", { { 'n', 1000 } }, 1300, 1300, false },
	{ "seen twice", { { 'n', 1000 }, { 'n', 1200 } }, 1500, 1500, false },
	{ "written", { { 'w', 1000 } }, 3000, 3000, false },
	{ "written for long", { { 'w', 1000 }, { 'w', 2900 } }, 4900, 4900, false },
	{ "written and seen", { { 'w', 1000 }, { 'n', 1100 } }, 3100, 3100, false },
	{ "seen and written", { { 'n', 1000 }, { 'w', 1100 } }, 3100, 3100, false },
	{ "closed", { { 'c', 1000 } }, 1020, 1300, false },
	{ "written and closed", { { 'w', 1000 }, { 'c', 1001 } }, 1021, 1301, false },
	{ "written long ago and closed", { { 'w', 1000 }, { 'c', 2500 } }, 2520, 2800, false },
	{ "closed and written", { { 'c', 1000 }, { 'w', 1010 } }, 3010, 3010, false },
	{ "closed and seen", { { 'c', 1000 }, { 'n', 1010 } }, 1030, 1310, false },
	{ "closed again", { { 'c', 1000 }, { 'c', 1019 } }, 1039, 1319, false },
	{ "closed again and again",
	  { { 'c', 1000 }, { 'c', 1100 }, { 'c', 1200 }, { 'c', 1240 } },
	  1250,
	  1540,
	  false },
	{ "never still",
	  { { 'w', 1000 },
	    { 'c', 1001 },
	    { 'w', 1200 },
	    { 'c', 1201 },
	    { 'w', 1250 },
	    { 'c', 1251 } },
	  1251,
	  1551,
	  true },
	{ "never still, and written at last",
	  { { 'c', 1001 }, { 'c', 1201 }, { 'w', 1400 } },
	  3400,
	  3400,
	  true },
};

static void check_row(void **state)
{
	const row_t *row = *state;
	mxp_debounce_t changes = { .pending = false };
	uint64_t last_ms = 0;
	for (const note_t *note = row->notes; note->heard != 0; note++) {
		const mxp_heard_t heard = note->heard == 'w'   ? MXP_HEARD_WRITTEN
		                          : note->heard == 'c' ? MXP_HEARD_CLOSED
		                                               : MXP_HEARD_NOTHING;
		mxp_debounce_note(&changes, heard, note->at_ms);
		last_ms = note->at_ms;
	}
	assert_int_equal(mxp_debounce_due_ms(&changes, true), row->due_ms);
	assert_int_equal(mxp_debounce_due_ms(&changes, false), row->gone_due_ms);
	assert_int_equal(mxp_debounce_is_restless(&changes, last_ms), row->restless);

	// When that was read, it begins anew.
	changes.pending = false;
	assert_int_equal(mxp_debounce_due_ms(&changes, true), MXP_NEVER);
	mxp_debounce_note(&changes, MXP_HEARD_NOTHING, 9000);
	assert_int_equal(mxp_debounce_due_ms(&changes, true), 9300);
	assert_false(mxp_debounce_is_restless(&changes, 9300));
}

static struct CMUnitTest tests[COUNT(rows)];

int main(void)
{
	ADD_ROWS(tests, check_row, rows);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
