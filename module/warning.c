/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "warning.h"

/*! A second in milliseconds, and the step of the coarse clock. */
#define SECOND  (1000 + 10)

#define BUCKETS (sizeof(((mxp_warnings_t *)0)->slots) / sizeof(((mxp_warnings_t *)0)->slots[0]))
#define WAYS    (sizeof(((mxp_warnings_t *)0)->slots[0]) / sizeof(((mxp_warnings_t *)0)->slots[0][0]))

/*! \brief FNV-1a over zone and cause. */
static uint64_t make_key(const knot_dname_t *zone, const mxp_fault_t *fault)
{
	uint64_t key = 0xcbf29ce484222325 ^ (uint64_t)(fault->of * MXP_CAUSES + fault->cause);
	const size_t size = knot_dname_size(zone);
	for (size_t i = 0; i < size; i++) {
		key = (key * 0x100000001b3) ^ zone[i];
	}
	return key ^ (key >> 29);
}

/*! \brief Looks for a warning within its pause. */
static bool is_paused(mxp_warnings_t *warnings, uint64_t key, uint64_t now)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (__atomic_load_n(&warnings->slots[key % BUCKETS][i].key, __ATOMIC_RELAXED) ==
		            key &&
		    __atomic_load_n(&warnings->slots[key % BUCKETS][i].until, __ATOMIC_RELAXED) >
		            now) {
			return true;
		}
	}
	return false;
}

static bool remember(mxp_warnings_t *warnings, uint64_t key, uint64_t now)
{
	for (size_t i = 0; i < WAYS; i++) {
		if (warnings->slots[key % BUCKETS][i].until > now) {
			continue;
		}
		__atomic_store_n(&warnings->slots[key % BUCKETS][i].key, key, __ATOMIC_RELAXED);
		__atomic_store_n(&warnings->slots[key % BUCKETS][i].until, now + MXP_WARNING_PAUSE,
		                 __ATOMIC_RELAXED);
		return true;
	}
	return false;
}

bool mxp_warning_allowed(mxp_warnings_t *warnings, const knot_dname_t *zone,
                         const mxp_fault_t *fault, uint64_t now)
{
	const uint64_t key = make_key(zone, fault);
	if (is_paused(warnings, key, now) || pthread_mutex_trylock(&warnings->lock) != 0) {
		return false;
	}
	uint64_t *oldest = &warnings->last[warnings->next];
	const bool allowed =
		now >= *oldest && !is_paused(warnings, key, now) && remember(warnings, key, now);
	if (allowed) {
		*oldest = now + SECOND;
		warnings->next = (warnings->next + 1) % MXP_WARNINGS_A_SECOND;
	}
	pthread_mutex_unlock(&warnings->lock);

	return allowed;
}
