/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "hash.h"
#include "keyring.h"
#include "pace.h"

/*! Signatures of this length are of RSA, and cost milliseconds. */
#define COSTLY_LEN 256
/*! Time of each window in which a thread may make costly ones. */
#define WINDOW_US 100000
#define BUDGET_US 50000
/*! Tokens that take longer for a signature are slow. */
#define SLOW_US 20000
/*! What makes a token slow: a signature in which the thread was not kept waiting by others counts
 * for all of that, others for one. */
#define SLOW_ENOUGH 4
/*! Keystores that are told apart; few servers have more than two. */
#define KEYSTORES 16

/*! What the signatures that took long since the last quick one count for, by a hash of the
 *  keystores. */
static unsigned slow[KEYSTORES];

/*! What a thread has spent on costly signatures: start of the window, and CPU time in it. */
static _Thread_local uint64_t window_us;
static _Thread_local uint64_t spent_us;

static unsigned *slow_of(const char *keystores)
{
	return &slow[mxp_hash(MXP_HASH_START, keystores, strlen(keystores)) % KEYSTORES];
}

/*! \brief Tells if there is a token (PKCS #11) among keystores: for files, nobody waits. */
static bool has_token(const char *keystores)
{
	static const char after[] = { '\n', MXP_KEYSTORE_PKCS11, '\0' };
	return keystores[0] == MXP_KEYSTORE_PKCS11 || strstr(keystores, after) != NULL;
}

static uint64_t in_us(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * 1000000 + (uint64_t)time->tv_usec;
}

mxp_pace_t mxp_pace_begin(void)
{
	struct rusage usage = { .ru_nivcsw = 0 };
	(void)getrusage(RUSAGE_THREAD, &usage);
	return (mxp_pace_t){
		.start_us = mxp_clock_us(),
		.cpu_us = in_us(&usage.ru_utime) + in_us(&usage.ru_stime),
		.switches = usage.ru_nivcsw,
	};
}

static void note_costly(const mxp_pace_t *begin, const mxp_pace_t *end)
{
	if (begin->start_us >= window_us + WINDOW_US) {
		window_us = begin->start_us;
		spent_us = 0;
	}
	spent_us += end->cpu_us - begin->cpu_us;
}

static void note_slow(const mxp_pace_t *begin, const mxp_pace_t *end, const char *keystores)
{
	unsigned *slow_by = slow_of(keystores);
	if (end->start_us - begin->start_us < SLOW_US) {
		__atomic_store_n(slow_by, 0, __ATOMIC_RELAXED);
	} else {
		const bool alone = (end->switches == begin->switches);
		__atomic_fetch_add(slow_by, alone ? SLOW_ENOUGH : 1, __ATOMIC_RELAXED);
	}
}

void mxp_pace_end(const mxp_pace_t *pace, const char *keystores, size_t len)
{
	const mxp_pace_t end = mxp_pace_begin();
	if (len >= COSTLY_LEN) {
		note_costly(pace, &end);
	}
	if (has_token(keystores)) {
		note_slow(pace, &end, keystores);
	}
}

bool mxp_pace_is_over(const char *keystores, size_t len)
{
	return (has_token(keystores) &&
	        __atomic_load_n(slow_of(keystores), __ATOMIC_RELAXED) >= SLOW_ENOUGH) ||
	       (len >= COSTLY_LEN && mxp_clock_us() < window_us + WINDOW_US &&
	        spent_us >= BUDGET_US);
}
