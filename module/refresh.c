/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <urcu.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>

#include "clock.h"
#include "ede.h"
#include "keyring.h"
#include "refresh.h"
#include "rrs.h"
#include "rrsig.h"
#include "scan.h"

/*! How often keys that are not used are looked for. */
#define SWEEP_MS 10000
/*! The thread gives way to queries. */
#define NICE 10

static struct {
	pthread_mutex_t lock; /*!< Guards the number of zones, and the thread's start and end. */
	size_t zones;
	pthread_t thread;
	bool running; /*!< There is a thread, and it is not about to end. */
	bool all;     /*!< All zones are to be looked at. */
	sem_t wake;
	mxp_memo_t *queue; /*!< Zones that are to be looked at soon, the last one first. */
} refresh = { .lock = PTHREAD_MUTEX_INITIALIZER };

bool mxp_refresh_runs(void)
{
	return __atomic_load_n(&refresh.running, __ATOMIC_ACQUIRE);
}

/*! \brief Makes the draft of an answer, if it has to be another one by the present map. */
static mxp_signed_t *draft_anew(const mxp_memo_t *memo, mxp_answer_type_t type,
                                const mxp_signed_t *answer)
{
	const mxp_instance_t *instance = rcu_dereference(memo->instance);
	if (instance == NULL ||
	    instance->id != __atomic_load_n(&answer->instance, __ATOMIC_RELAXED)) {
		return NULL; // What the next query has to decide.
	}
	const mxp_snapshot_t *snapshot = rcu_dereference(instance->snapshot);
	const bool due = mxp_signed_is_due(answer);
	if (snapshot->generation == answer->generation && !due) {
		return NULL;
	}
	const uint16_t rrtype = (type == MXP_ANSWER_TXT) ? KNOT_RRTYPE_TXT : KNOT_RRTYPE_MX;
	mxp_decision_t decision;
	mxp_signed_t *draft = NULL;
	mxp_decide_type(rrtype, &instance->settings.rules, &snapshot->view, &answer->apex, NULL,
	                &decision);
	const bool same = decision.ttl == answer->ttl && mxp_rrs_same(&decision.rrs, &answer->rrs);
	if (mxp_decision_is_made(&decision) && (!same || due)) {
		mxp_signed_t from = *answer;
		from.generation = snapshot->generation;
		from.serve = decision.serve;
		from.source = decision.source;
		from.rrs = decision.rrs;
		from.ttl = decision.ttl;
		mxp_ede_explain(&decision, snapshot, from.text, sizeof(from.text));
		draft = mxp_signed_new(&from);
	}
	mxp_decision_clear(&decision, NULL);

	return draft;
}

/*!
 * \brief Tells if a draft is of a later zone, map or settings than what is remembered.
 *
 * Otherwise it was left while another one like it was being signed.
 */
static bool is_newer(const mxp_signed_t *draft, const mxp_signed_t *answer)
{
	return answer == NULL || draft->generation > answer->generation ||
	       !mxp_rrs_same(&draft->soa, &answer->soa);
}

/*! \brief Takes the draft that waits to be signed, or makes one if that is due. */
static mxp_signed_t *take_draft(mxp_memo_t *memo, mxp_answer_type_t type, mxp_signed_t **answer)
{
	rcu_read_lock();
	*answer = rcu_dereference(memo->answers[type]);
	mxp_signed_t *draft = rcu_xchg_pointer(&memo->drafts[type], NULL);
	if (draft != NULL && !is_newer(draft, *answer)) {
		mxp_signed_free(&draft->retired);
		draft = NULL;
	}
	if (draft == NULL && *answer != NULL) {
		draft = draft_anew(memo, type, *answer);
	}
	rcu_read_unlock();
	return draft;
}

/*! \brief Signs the denial of a zone that waits for it. */
static void look_at_denial(mxp_memo_t *memo)
{
	mxp_unsigned_t *denial = mxp_unsigned_take(memo);
	if (denial != NULL) {
		mxp_signature_make_aside(memo, denial);
		free(denial);
	}
}

/*! \brief Signs what is to be signed for a zone; a query that was faster is left alone. */
static void look_at(mxp_memo_t *memo)
{
	look_at_denial(memo);
	for (mxp_answer_type_t type = 0; type < MXP_ANSWERS; type++) {
		mxp_signed_t *answer;
		mxp_signed_t *draft = take_draft(memo, type, &answer);
		if (draft == NULL) {
			continue;
		}
		if (mxp_rrsig_make(memo, type, draft) != KNOT_EOK ||
		    uatomic_cmpxchg(&memo->answers[type], answer, draft) != answer) {
			mxp_signed_free(&draft->retired);
		} else if (answer != NULL) {
			mxp_retire(&answer->retired, mxp_signed_free);
		}
	}
}

/*! \brief Takes all zones of the queue, the first one first. */
static mxp_memo_t *detach_queue(void)
{
	mxp_memo_t *last = __atomic_exchange_n(&refresh.queue, NULL, __ATOMIC_ACQUIRE);
	mxp_memo_t *first = NULL;
	while (last != NULL) {
		mxp_memo_t *before = last->queued;
		last->queued = first;
		first = last;
		last = before;
	}
	return first;
}

/*! \brief Looks at the zones of the queue. */
static void look_at_queue(void)
{
	mxp_memo_t *memo = detach_queue();
	while (memo != NULL) {
		mxp_memo_t *next = memo->queued;
		__atomic_fetch_or(&memo->state, MXP_MEMO_BUSY, __ATOMIC_ACQ_REL);
		// What is asked for from now on is another look.
		if (mxp_memo_release(memo, MXP_MEMO_QUEUED) && mxp_refresh_runs()) {
			look_at(memo);
		}
		(void)mxp_memo_release(memo, MXP_MEMO_BUSY);
		memo = next;
	}
}

/*! \brief Looks at the next one of all zones. Returns false at the end. */
static bool look_at_next(void)
{
	rcu_read_lock();
	mxp_memo_t *memo = mxp_memo_walk_next();
	const bool mine =
		memo != NULL &&
		!(__atomic_fetch_or(&memo->state, MXP_MEMO_BUSY, __ATOMIC_ACQ_REL) & MXP_MEMO_GONE);
	rcu_read_unlock();
	if (mine) {
		look_at(memo);
		(void)mxp_memo_release(memo, MXP_MEMO_BUSY);
	}
	return memo != NULL;
}

/*! \brief Waits for something to do. */
static void wait_for_work(void)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SWEEP_MS / 1000;
	(void)sem_timedwait(&refresh.wake, &until);
}

static void *run(void *arg)
{
	(void)arg;
	uint64_t swept_ms = mxp_clock_ms();
	bool walking = false;
	rcu_register_thread();
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);

	while (mxp_refresh_runs()) {
		if (!walking) {
			wait_for_work();
		}
		look_at_queue();
		if (__atomic_exchange_n(&refresh.all, false, __ATOMIC_ACQUIRE)) {
			mxp_memo_walk_begin();
			walking = true;
		}
		walking = walking && look_at_next();
		if (mxp_clock_ms() >= swept_ms + SWEEP_MS) {
			swept_ms = mxp_clock_ms();
			mxp_keyring_sweep(swept_ms);
		}
	}
	rcu_unregister_thread();
	return NULL;
}

/*! \brief Starts the thread, which takes no signal that is meant for the server. */
static void start(void)
{
	sigset_t all;
	sigset_t old;
	if (sem_init(&refresh.wake, 0, 0) != 0) {
		return;
	}
	__atomic_store_n(&refresh.running, true, __ATOMIC_RELEASE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&refresh.thread, NULL, run, NULL) != 0) {
		// Queries sign by themselves then.
		__atomic_store_n(&refresh.running, false, __ATOMIC_RELEASE);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void stop(void)
{
	if (mxp_refresh_runs()) {
		__atomic_store_n(&refresh.running, false, __ATOMIC_RELEASE);
		(void)sem_post(&refresh.wake);
		(void)pthread_join(refresh.thread, NULL);
	}
	look_at_queue(); // Nothing is signed any more, but let go of.
	mxp_keyring_clear();
}

void mxp_refresh_join(void)
{
	pthread_mutex_lock(&refresh.lock);
	if (refresh.zones++ == 0 || !mxp_refresh_runs()) {
		start();
	}
	pthread_mutex_unlock(&refresh.lock);
}

void mxp_refresh_leave(void)
{
	pthread_mutex_lock(&refresh.lock);
	if (--refresh.zones == 0) {
		stop();
	}
	pthread_mutex_unlock(&refresh.lock);
}

bool mxp_refresh_soon(mxp_memo_t *memo)
{
	if (!mxp_refresh_runs()) {
		return false;
	}
	if (__atomic_fetch_or(&memo->state, MXP_MEMO_QUEUED, __ATOMIC_ACQ_REL) & MXP_MEMO_QUEUED) {
		return true;
	}
	memo->queued = __atomic_load_n(&refresh.queue, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&refresh.queue, &memo->queued, memo, true,
	                                    __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
	}
	(void)sem_post(&refresh.wake);

	return true;
}

void mxp_refresh_all(void)
{
	__atomic_store_n(&refresh.all, true, __ATOMIC_RELEASE);
	if (mxp_refresh_runs()) {
		(void)sem_post(&refresh.wake);
	}
}
