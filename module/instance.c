/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <urcu.h>

#include "instance.h"
#include "maplog.h"

void mxp_instance_log_lacking(const mxp_instance_t *instance)
{
	const mxp_rules_t *rules = &instance->settings.rules;
	const mxp_view_t *view = &instance->snapshot->view;
	if (view->map != NULL && view->builtin == NULL) {
		mxp_log_lacking(instance->settings.file, "builtin", rules->builtin);
	}
	if (view->map != NULL && rules->preset != NULL && view->preset == NULL) {
		mxp_log_lacking(instance->settings.file, "preset", rules->preset);
	}
}

bool mxp_instances_satisfied(const mxp_instance_t *first, const mxp_map_t *map,
                             mxp_first_error_t *error)
{
	for (const mxp_instance_t *inst = first; inst != NULL; inst = inst->next) {
		const mxp_rules_t *rules = &inst->settings.rules;
		const mxp_view_t *present = &inst->snapshot->view;
		const mxp_view_t view = mxp_view(rules, map);
		char reason[sizeof(error->reason)];
		if (view.builtin == NULL && present->builtin != NULL) {
			snprintf(reason, sizeof(reason), "builtin '%s' is missing", rules->builtin);
			mxp_first_error_add(error, 0, reason);
		}
		if (view.preset == NULL && present->preset != NULL) {
			snprintf(reason, sizeof(reason), "preset '%s' is missing", rules->preset);
			mxp_first_error_add(error, 0, reason);
		}
	}
	return error->count == 0;
}

static mxp_snapshot_t *new_snapshot(const mxp_instance_t *instance, const mxp_loaded_t *loaded)
{
	mxp_snapshot_t *snapshot = malloc(sizeof(*snapshot));
	if (snapshot != NULL) {
		static uint64_t generations;
		*snapshot = (mxp_snapshot_t){
			.generation = ++generations,
			.view = mxp_view(&instance->settings.rules,
			                 loaded != NULL ? loaded->map : NULL),
			.loaded = loaded,
		};
	}
	return snapshot;
}

static void free_snapshot(mxp_retired_t *retired)
{
	free(retired);
}

bool mxp_snapshots_make(const mxp_instance_t *first, const mxp_loaded_t *loaded,
                        mxp_retired_t **list)
{
	mxp_retired_t **end = list;
	*list = NULL;
	for (const mxp_instance_t *inst = first; inst != NULL; inst = inst->next) {
		mxp_snapshot_t *snapshot = new_snapshot(inst, loaded);
		if (snapshot == NULL) {
			mxp_retired_free(*list);
			return false;
		}
		snapshot->retired.free = free_snapshot;
		*end = &snapshot->retired;
		end = &snapshot->retired.next;
	}
	return true;
}

void mxp_snapshots_exchange(mxp_instance_t *first, mxp_retired_t *list)
{
	for (mxp_instance_t *inst = first; inst != NULL; inst = inst->next) {
		mxp_snapshot_t *snapshot = (mxp_snapshot_t *)list;
		list = list->next;
		mxp_snapshot_t *before = rcu_xchg_pointer(&inst->snapshot, snapshot);
		mxp_retire(&before->retired, free_snapshot);
	}
}

mxp_instance_t *mxp_instance_new(const mxp_settings_t *settings, const mxp_loaded_t *loaded)
{
	mxp_instance_t *instance = calloc(1, sizeof(*instance));
	if (instance == NULL) {
		return NULL;
	}
	const bool copied = mxp_settings_copy(settings, &instance->settings);
	instance->snapshot = copied ? new_snapshot(instance, loaded) : NULL;
	if (instance->snapshot == NULL) {
		mxp_settings_clear(&instance->settings);
		free(instance);
		return NULL;
	}
	static uint64_t ids;
	instance->id = ++ids;
	mxp_instance_log_lacking(instance);

	return instance;
}

static void free_instance(mxp_retired_t *retired)
{
	mxp_instance_t *instance = (mxp_instance_t *)retired;
	mxp_settings_clear(&instance->settings);
	free(instance->snapshot);
	free(instance);
}

void mxp_instance_retire(mxp_instance_t *instance)
{
	// Whoever signs beside the queries may have it.
	mxp_retire(&instance->retired, free_instance);
}
