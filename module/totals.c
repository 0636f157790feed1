/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <pthread.h>
#include <stdlib.h>

#include "counters.h"
#include "totals.h"

/*! \brief Counters of a global module that follow those of a zone. */
enum {
	CTR_MAP_LOADED = MXP_COUNTERS,
	CTR_MAP_REFUSED,
	CTR_MAP_SERIAL,
	CTR_MAP_TIME,
	CTR_ZONES,
};

mxp_totals_t *mxp_totals;

/*! Guards the list's changes and the number of zones; never taken by a query. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t zones;

static int add_counters(knotd_mod_t *mod)
{
	static const char *const names[] = { "map-loaded", "map-refused", "map-serial", "map-time",
		                             "zones" };
	int ret = mxp_counters_add(mod);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && ret == KNOT_EOK; i++) {
		ret = knotd_mod_stats_add(mod, names[i], 1, NULL);
	}
	return ret;
}

/*! \brief Shows a number as it is now: the server adds up what all threads have, so one has it. */
static void show(const mxp_totals_t *totals, uint32_t counter, uint64_t value)
{
	knotd_mod_stats_store(totals->mod, 0, counter, 0, value);
}

static void show_map(mxp_observer_t *observer, const mxp_counts_t *counts)
{
	const mxp_totals_t *totals = (const mxp_totals_t *)observer;
	show(totals, CTR_MAP_LOADED, counts->loaded);
	show(totals, CTR_MAP_REFUSED, counts->refused);
	show(totals, CTR_MAP_SERIAL, counts->serial);
	show(totals, CTR_MAP_TIME, counts->time);
}

int mxp_totals_load(knotd_mod_t *mod, const char *path, const mxp_server_t *server)
{
	const int ret = add_counters(mod);
	if (ret != KNOT_EOK) {
		return ret;
	}
	mxp_totals_t *totals = calloc(1, sizeof(*totals));
	if (totals == NULL) {
		return KNOT_ENOMEM;
	}
	totals->mod = mod;
	totals->watching.observer.note = show_map;
	if (!mxp_observe(&totals->watching, path, server, mod)) {
		free(totals);
		return KNOT_ENOMEM;
	}
	knotd_mod_ctx_set(mod, totals);

	pthread_mutex_lock(&lock);
	show(totals, CTR_ZONES, zones);
	totals->next = mxp_totals;
	rcu_set_pointer(&mxp_totals, totals);
	pthread_mutex_unlock(&lock);

	return KNOT_EOK;
}

void mxp_totals_unload(knotd_mod_t *mod)
{
	mxp_totals_t *totals = knotd_mod_ctx(mod);

	pthread_mutex_lock(&lock);
	mxp_totals_t **link = &mxp_totals;
	while (*link != totals) {
		link = &(*link)->next;
	}
	rcu_set_pointer(link, totals->next);
	pthread_mutex_unlock(&lock);

	synchronize_rcu();
	mxp_unobserve(&totals->watching);
	free(totals);
	knotd_mod_ctx_set(mod, NULL);
}

void mxp_totals_zone(int change)
{
	pthread_mutex_lock(&lock);
	zones += (uint64_t)change;
	for (const mxp_totals_t *totals = mxp_totals; totals != NULL; totals = totals->next) {
		show(totals, CTR_ZONES, zones);
	}
	pthread_mutex_unlock(&lock);
}

void mxp_totals_add(unsigned thread, const mxp_decision_t *decision)
{
	const mxp_totals_t *totals = rcu_dereference(mxp_totals);
	for (; totals != NULL; totals = rcu_dereference(totals->next)) {
		mxp_counters_count(totals->mod, thread, decision);
	}
}
