/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "hash.h"
#include "pace.h"

/*! Signatures of this length are of RSA, and cost milliseconds. */
#define COSTLY_LEN 256
/*! Time of each window in which a thread may make costly ones. */
#define WINDOW_US 100000
#define BUDGET_US 50000
/*! Keystores that take longer for a signature are slow. */
#define SLOW_US 20000
/*! What makes keystores slow: a signature in which the thread was not kept waiting by others counts
 *  for all of that, others for one. */
#define SLOW_ENOUGH 4
/*! Keystores that are told apart; few servers have more than two. */
#define KEYSTORES 16

/*! What the signatures that took long since the last quick one count for, by a hash of the
 *  keystores. */
static unsigned slow[KEYSTORES];

/*! What a thread has spent on costly signatures: start of the window, and time in it. */
static _Thread_local uint64_t window_us;
static _Thread_local uint64_t spent_us;

static unsigned *slow_of(const char *keystores)
{
	return &slow[mxp_hash(MXP_HASH_START, keystores, strlen(keystores)) % KEYSTORES];
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

mxp_pace_t mxp_pace_begin(void)
{
	return (mxp_pace_t){ .start_us = mxp_clock_us(), .switches = count_switches() };
}

void mxp_pace_end(const mxp_pace_t *pace, const char *keystores, size_t len)
{
	const uint64_t end_us = mxp_clock_us();
	if (len >= COSTLY_LEN) {
		note_costly(pace->start_us, end_us);
	}
	if (end_us - pace->start_us < SLOW_US) {
		__atomic_store_n(slow_of(keystores), 0, __ATOMIC_RELAXED);
	} else {
		const bool alone = (count_switches() == pace->switches);
		__atomic_fetch_add(slow_of(keystores), alone ? SLOW_ENOUGH : 1, __ATOMIC_RELAXED);
	}
}

bool mxp_pace_is_over(const char *keystores, size_t len)
{
	return __atomic_load_n(slow_of(keystores), __ATOMIC_RELAXED) >= SLOW_ENOUGH ||
	       (len >= COSTLY_LEN && mxp_clock_us() < window_us + WINDOW_US &&
	        spent_us >= BUDGET_US);
}
