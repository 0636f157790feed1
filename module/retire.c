/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdbool.h>
#include <stddef.h>

#include "retire.h"

/*! Objects that wait, linked without a lock. */
static mxp_retired_t *waiting;

void mxp_retire(mxp_retired_t *object, void (*free)(mxp_retired_t *))
{
	if (object == NULL) {
		return;
	}
	object->free = free;
	object->next = __atomic_load_n(&waiting, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&waiting, &object->next, object, true, __ATOMIC_RELEASE,
	                                    __ATOMIC_RELAXED)) {
	}
}

mxp_retired_t *mxp_retired_detach(void)
{
	return __atomic_exchange_n(&waiting, NULL, __ATOMIC_ACQUIRE);
}

void mxp_retired_free(mxp_retired_t *list)
{
	while (list != NULL) {
		mxp_retired_t *next = list->next;
		list->free(list);
		list = next;
	}
}
