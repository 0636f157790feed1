/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <urcu.h>

#include <libknot/errcode.h>

#include "hash.h"
#include "mapfile.h"
#include "messages.h"
#include "reader.h"

/*! Attempts to read a file that changes while it is read for the first time. */
#define ATTEMPTS 10

static void log_refused(const mxp_mapfile_t *file, const mxp_first_error_t *error)
{
	char line[32] = " ";
	char more[64] = "";
	if (error->line > 0) {
		snprintf(line, sizeof(line), "%zu: ", error->line);
	}
	if (error->count > 1) {
		snprintf(more, sizeof(more), " (and %zu more error%s)", error->count - 1,
		         error->count > 2 ? "s" : "");
	}
	mxp_messages_add(LOG_ERR, "preset map refused%s, %s:%s%s%s",
	                 file->loaded != NULL ? ", the last good one keeps serving" : "",
	                 file->path, line, error->reason, more);
}

/*! \brief Logs what a map lacks for an instance. */
static void log_missing(const mxp_instance_t *instance, const mxp_view_t *view)
{
	const mxp_rules_t *rules = &instance->settings.rules;
	if (view->map != NULL && view->builtin == NULL) {
		mxp_messages_add(LOG_ERR, "%s: the preset map lacks builtin '%s'",
		                 instance->settings.file, rules->builtin);
	}
	if (view->map != NULL && rules->preset != NULL && view->preset == NULL) {
		mxp_messages_add(LOG_ERR, "%s: the preset map lacks preset '%s'",
		                 instance->settings.file, rules->preset);
	}
}

static void log_loaded(const mxp_mapfile_t *file, const mxp_map_t *map)
{
	size_t aliases = 0;
	for (size_t i = 0; i < map->count; i++) {
		aliases += (map->presets[i].alias != NULL);
	}
	mxp_messages_add(LOG_INFO, "preset map loaded, %s: %zu presets, %zu records", file->path,
	                 map->count - aliases, map->records);
}

static void free_loaded(mxp_retired_t *retired)
{
	mxp_loaded_t *loaded = (mxp_loaded_t *)retired;
	if (loaded == NULL) {
		return;
	}
	for (size_t i = 0; i < loaded->map->count; i++) {
		mxp_answer_free(loaded->answers[i]);
	}
	mxp_map_free(loaded->map);
	free(loaded);
}

/*! \brief Makes the answers of a map, which belongs to them then; NULL if memory is exhausted. */
static mxp_loaded_t *make_answers(mxp_map_t *map)
{
	mxp_loaded_t *loaded = calloc(1, sizeof(*loaded) + map->count * sizeof(*loaded->answers));
	if (loaded == NULL) {
		mxp_map_free(map);
		return NULL;
	}
	loaded->map = map;
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		if (preset->rrs.count > 0 &&
		    !mxp_answer_new(&preset->rrs, preset->ttl, &loaded->answers[i])) {
			free_loaded(&loaded->retired);
			return NULL;
		}
	}
	return loaded;
}

void mxp_reading_make(const char *path, mxp_reading_t *out)
{
	char *data = NULL;
	const char *reason = NULL;
	*out = (mxp_reading_t){ .ret = KNOT_EOK };
	out->ret = mxp_file_read(path, &data, &out->size, &out->id, &reason);
	if (out->ret != KNOT_EOK) {
		mxp_first_error_add(&out->error, 0, reason);
		return;
	}
	out->hash = mxp_hash(MXP_HASH_START, data, out->size);
	mxp_map_t *map = NULL;
	if (mxp_map_read(&map, data, out->size, mxp_first_error_add, &out->error) == KNOT_EOK) {
		out->loaded = make_answers(map);
		if (out->loaded == NULL) {
			mxp_first_error_add(&out->error, 0, "not enough memory");
		}
	}
	free(data);
}

void mxp_reading_clear(mxp_reading_t *reading)
{
	if (reading->loaded != NULL) {
		free_loaded(&reading->loaded->retired);
		reading->loaded = NULL;
	}
}

/*! \brief Checks that a map has what the instances in use take from the present one. */
static bool satisfies(const mxp_mapfile_t *file, const mxp_map_t *map, mxp_first_error_t *error)
{
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
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
		*snapshot = (mxp_snapshot_t){
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

/*! \brief Makes a snapshot of a map for each instance, in a list; false if memory is exhausted. */
static bool new_snapshots(const mxp_mapfile_t *file, const mxp_loaded_t *loaded,
                          mxp_retired_t **list)
{
	mxp_retired_t **end = list;
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
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

/*!
 * \brief Gives all instances of a file their snapshot of a new map.
 *
 * \return False if memory is exhausted: then nothing has changed.
 */
static bool publish(mxp_mapfile_t *file, mxp_loaded_t *loaded)
{
	mxp_retired_t *list = NULL;
	if (!new_snapshots(file, loaded, &list)) {
		return false;
	}
	// Whoever sees the new map can log that it is there.
	log_loaded(file, loaded->map);
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		mxp_snapshot_t *snapshot = (mxp_snapshot_t *)list;
		list = list->next;
		log_missing(inst, &snapshot->view);
		mxp_snapshot_t *before = rcu_xchg_pointer(&inst->snapshot, snapshot);
		mxp_retire(&before->retired, free_snapshot);
	}
	if (file->loaded != NULL) {
		mxp_retire(&file->loaded->retired, free_loaded);
	}
	file->loaded = loaded;

	return true;
}

void mxp_mapfile_apply(mxp_mapfile_t *file, mxp_reading_t *reading)
{
	const bool same = mxp_file_alike(&reading->id, &file->applied.id) &&
	                  reading->ret == file->applied.ret && reading->hash == file->applied.hash;
	const bool done = same && !file->retry;
	mxp_loaded_t *loaded = reading->loaded;
	file->retry = false;
	file->applied = *reading;
	file->applied.loaded = NULL;
	if (done) {
		return;
	}

	mxp_first_error_t error = reading->error;
	file->refused = (loaded == NULL || !satisfies(file, loaded->map, &error));
	if (!file->refused && !publish(file, loaded)) {
		mxp_first_error_add(&error, 0, "not enough memory");
		file->refused = true;
	}
	if (file->refused && !same) {
		log_refused(file, &error);
	}
	if (!file->refused) {
		reading->loaded = NULL;
	}
}

mxp_mapfile_t *mxp_mapfile_new(const char *path, uint64_t now_ms)
{
	mxp_mapfile_t *file = calloc(1, sizeof(*file));
	if (file == NULL) {
		return NULL;
	}
	file->path = strdup(path);
	if (file->path == NULL) {
		free(file);
		return NULL;
	}
	// There is nothing else to serve yet, so even a file that is being written will do; one
	// that changes all the time is left to whoever checks it next.
	file->applied.ret = KNOT_EAGAIN;
	for (size_t i = 0; i < ATTEMPTS && file->applied.ret == KNOT_EAGAIN; i++) {
		mxp_reading_t reading;
		mxp_reading_make(path, &reading);
		file->seen = reading.id;
		if (reading.ret != KNOT_EAGAIN) {
			mxp_mapfile_apply(file, &reading);
		}
		mxp_reading_clear(&reading);
	}
	// It was not watched until now, so a change right after it was read may go unnoticed.
	if (mxp_file_is_young(&file->seen)) {
		mxp_debounce_note(&file->changes, MXP_HEARD_NOTHING, now_ms);
	}

	return file;
}

void mxp_mapfile_free(mxp_mapfile_t *file)
{
	if (file->loaded != NULL) {
		free_loaded(&file->loaded->retired);
	}
	free(file->real);
	free(file->path);
	free(file);
}

bool mxp_mapfile_is_current(const mxp_mapfile_t *file)
{
	const mxp_file_id_t id = mxp_file_id(file->path);
	return mxp_file_same(&id, &file->applied.id);
}

/*! \brief Tells if a path ends in a name. */
static bool ends_in(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');
	return strcmp(slash != NULL ? slash + 1 : path, name) == 0;
}

bool mxp_mapfile_is(const mxp_mapfile_t *file, int folder, const char *name)
{
	return (folder == file->watched[0] && ends_in(file->path, name)) ||
	       (folder == file->watched[1] && file->real != NULL && ends_in(file->real, name));
}

/*! \brief Notes which folder a path is in. Returns false if it is the same as before. */
static bool note_folder(const char *path, mxp_file_id_t *folder)
{
	char name[PATH_MAX];
	const mxp_file_id_t id = mxp_file_id(mxp_file_folder(path, name, sizeof(name)));
	const bool other = id.dev != folder->dev || id.ino != folder->ino;
	*folder = id;

	return other;
}

bool mxp_mapfile_has_moved(mxp_mapfile_t *file)
{
	free(file->real);
	file->real = realpath(file->path, NULL);
	const bool moved = note_folder(file->path, &file->folders[0]);
	const bool real_moved = file->real != NULL && note_folder(file->real, &file->folders[1]);

	return moved || real_moved;
}

void mxp_mapfile_note(mxp_mapfile_t *file, mxp_heard_t heard, uint64_t now_ms)
{
	file->writes += (heard == MXP_HEARD_WRITTEN);
	mxp_debounce_note(&file->changes, heard, now_ms);
}

uint64_t mxp_mapfile_check(mxp_mapfile_t *file, uint64_t now_ms)
{
	const mxp_file_id_t id = mxp_file_id(file->path);
	if (!mxp_file_same(&id, &file->seen)) {
		file->seen = id;
		// Of a file that is complete, this is what was heard.
		if (!file->changes.pending || file->changes.heard != MXP_HEARD_CLOSED) {
			mxp_debounce_note(&file->changes, MXP_HEARD_NOTHING, now_ms);
		}
	}
	const bool whole = (id.error == 0 && id.size > 0);
	return file->retry ? now_ms : mxp_debounce_due_ms(&file->changes, whole);
}

mxp_instance_t *mxp_instance_new(mxp_mapfile_t *file, const mxp_settings_t *settings)
{
	mxp_instance_t *instance = calloc(1, sizeof(*instance));
	if (instance == NULL) {
		return NULL;
	}
	const bool copied = mxp_settings_copy(settings, &instance->settings);
	instance->snapshot = copied ? new_snapshot(instance, file->loaded) : NULL;
	if (instance->snapshot == NULL) {
		mxp_settings_clear(&instance->settings);
		free(instance);
		return NULL;
	}
	instance->file = file;
	instance->next = file->instances;
	file->instances = instance;
	log_missing(instance, &instance->snapshot->view);

	return instance;
}

void mxp_instance_free(mxp_instance_t *instance)
{
	mxp_instance_t **link = &instance->file->instances;
	while (*link != instance) {
		link = &(*link)->next;
	}
	*link = instance->next;
	mxp_settings_clear(&instance->settings);
	free(instance->snapshot);
	free(instance);
}
