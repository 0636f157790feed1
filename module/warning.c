/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "hash.h"
#include "warning.h"

/*! A second, and some more for the steps of the clock. */
#define SECOND_MS (1000 + 10)

#define BUCKETS   (sizeof(((mxp_warnings_t *)0)->slots) / sizeof(((mxp_warnings_t *)0)->slots[0]))
#define WAYS      (sizeof(((mxp_warnings_t *)0)->slots[0]) / sizeof(((mxp_warnings_t *)0)->slots[0][0]))

/*! \brief Hash of zone and cause. */
static uint64_t make_key(const knot_dname_t *zone, const mxp_fault_t *fault)
{
	const uint8_t what[] = { fault->of, (uint8_t)fault->cause };
	const uint64_t key = mxp_hash(MXP_HASH_START, what, sizeof(what));
	return mxp_hash(key, zone, knot_dname_size(zone));
}

/*! \brief Looks for a warning within its pause. */
static bool is_paused(mxp_warnings_t *warnings, uint64_t key, uint64_t now_ms)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (__atomic_load_n(&warnings->slots[key % BUCKETS][i].key, __ATOMIC_RELAXED) ==
		            key &&
		    __atomic_load_n(&warnings->slots[key % BUCKETS][i].until, __ATOMIC_RELAXED) >
		            now_ms) {
			return true;
		}
	}
	return false;
}

static bool insert(mxp_warnings_t *warnings, uint64_t key, uint64_t now_ms)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (warnings->slots[key % BUCKETS][i].until > now_ms) {
			continue;
		}
		__atomic_store_n(&warnings->slots[key % BUCKETS][i].key, key, __ATOMIC_RELAXED);
		__atomic_store_n(&warnings->slots[key % BUCKETS][i].until,
		                 now_ms + MXP_WARNING_PAUSE_MS, __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

bool mxp_warning_allowed(mxp_warnings_t *warnings, const knot_dname_t *zone,
                         const mxp_fault_t *fault, uint64_t now_ms)
{
	const uint64_t key = make_key(zone, fault);
	if (is_paused(warnings, key, now_ms) || pthread_mutex_trylock(&warnings->lock) != 0) {
		return false;
	}
	uint64_t *oldest = &warnings->last[warnings->next];
	const bool allowed = now_ms >= *oldest && !is_paused(warnings, key, now_ms) &&
	                     insert(warnings, key, now_ms);
	if (allowed) {
		*oldest = now_ms + SECOND_MS;
		warnings->next = (warnings->next + 1) % MXP_WARNINGS_A_SECOND;
	}
	pthread_mutex_unlock(&warnings->lock);

	return allowed;
}
