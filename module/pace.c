/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "clock.h"
#include "hash.h"
#include "pace.h"
#include "rrsig.h"

/*! What a thread may sign of each window. */
#define WINDOW_US 100000
#define BUDGET_US 50000
/*! Keystores that take longer for an answer are slow. */
#define SLOW_US 20000
/*! Keystores whose times are remembered; few servers have more than two. */
#define KEYSTORES 16

/*! Time of the last answer, by a hash of the keystores. */
static uint32_t last_us[KEYSTORES];

/*! \brief What a thread has signed. */
static _Thread_local struct {
	uint64_t window_us; /*!< Start of the window. */
	uint64_t spent_us;  /*!< Time in it. */
} pace;

static uint32_t *time_of(const char *keystores)
{
	return &last_us[mxp_hash(MXP_HASH_START, keystores, strlen(keystores)) % KEYSTORES];
}

static void note(uint64_t start_us, uint64_t end_us)
{
	if (start_us >= pace.window_us + WINDOW_US) {
		pace.window_us = start_us;
		pace.spent_us = 0;
	}
	pace.spent_us += end_us - start_us;
}

int mxp_pace_make(mxp_memo_t *memo, mxp_answer_type_t type, mxp_signed_t *answer)
{
	const uint64_t start_us = mxp_clock_us();
	const int ret = mxp_rrsig_make(memo, type, answer);
	const uint64_t end_us = mxp_clock_us();
	note(start_us, end_us);
	__atomic_store_n(time_of(answer->keystores), (uint32_t)(end_us - start_us),
	                 __ATOMIC_RELAXED);

	return ret;
}

bool mxp_pace_is_over(const char *keystores)
{
	const bool window = mxp_clock_us() < pace.window_us + WINDOW_US;
	return (window && pace.spent_us >= BUDGET_US) ||
	       __atomic_load_n(time_of(keystores), __ATOMIC_RELAXED) >= SLOW_US;
}
