/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "hash.h"
#include "pace.h"
#include "rrsig.h"

/*! RRSIGs of this length are of RSA, and cost milliseconds. */
#define COSTLY_LEN 256
/*! Time of each window in which a thread may make costly ones. */
#define WINDOW_US 100000
#define BUDGET_US 50000
/*! Keystores that take longer for an answer are slow. */
#define SLOW_US 20000
/*! Keystores whose times are remembered; few servers have more than two. */
#define KEYSTORES 16

/*! Time of the last answer, by a hash of the keystores. */
static uint32_t last_us[KEYSTORES];

/*! What a thread has spent on costly signatures: start of the window, and time in it. */
static _Thread_local uint64_t window_us;
static _Thread_local uint64_t spent_us;

static uint32_t *time_of(const char *keystores)
{
	return &last_us[mxp_hash(MXP_HASH_START, keystores, strlen(keystores)) % KEYSTORES];
}

/*! \brief How often this thread had to give way to others. */
static long count_switches(void)
{
	struct rusage usage = { .ru_nivcsw = 0 };
	(void)getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static void note_costly(uint64_t start_us, uint64_t end_us)
{
	if (start_us >= window_us + WINDOW_US) {
		window_us = start_us;
		spent_us = 0;
	}
	spent_us += end_us - start_us;
}

int mxp_pace_make(mxp_memo_t *memo, mxp_answer_type_t type, mxp_signed_t *answer)
{
	const long switches = count_switches();
	const uint64_t start_us = mxp_clock_us();
	const int ret = mxp_rrsig_make(memo, type, answer);
	const uint64_t end_us = mxp_clock_us();
	if (answer->rrsigs.count > 0 && answer->rrsigs.rdata->len >= COSTLY_LEN) {
		note_costly(start_us, end_us);
	}
	// Otherwise others have used some of the time.
	if (count_switches() == switches) {
		__atomic_store_n(time_of(answer->keystores), (uint32_t)(end_us - start_us),
		                 __ATOMIC_RELAXED);
	}
	return ret;
}

bool mxp_pace_is_over(const char *keystores, size_t len)
{
	return __atomic_load_n(time_of(keystores), __ATOMIC_RELAXED) >= SLOW_US ||
	       (len >= COSTLY_LEN && mxp_clock_us() < window_us + WINDOW_US &&
	        spent_us >= BUDGET_US);
}
