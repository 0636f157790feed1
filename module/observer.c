/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stddef.h>
#include <time.h>

#include "observer.h"

static void tell(const mxp_observed_t *observed)
{
	for (mxp_observer_t *one = observed->observers; one != NULL; one = one->next) {
		one->note(one, &observed->counts);
	}
}

void mxp_observed_serving(mxp_observed_t *observed, const mxp_map_t *map)
{
	observed->counts.serial = map->serial;
	tell(observed);
}

void mxp_observed_loaded(mxp_observed_t *observed)
{
	observed->counts.loaded++;
	observed->counts.time = (uint64_t)time(NULL);
	tell(observed);
}

void mxp_observed_refused(mxp_observed_t *observed)
{
	observed->counts.refused++;
	tell(observed);
}

void mxp_observer_add(mxp_observed_t *observed, mxp_observer_t *observer)
{
	observer->next = observed->observers;
	observed->observers = observer;
	observer->note(observer, &observed->counts);
}

void mxp_observer_remove(mxp_observed_t *observed, const mxp_observer_t *observer)
{
	mxp_observer_t **link = &observed->observers;
	while (*link != observer) {
		link = &(*link)->next;
	}
	*link = observer->next;
}
