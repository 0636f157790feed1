/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/errcode.h>

#include "keep.h"
#include "mapfile.h"
#include "maplog.h"

/*! How often it is logged that a file is not what is served. */
#define REPEAT_MS 3600000
/*! When a file is read again that could not be read for a cause that passes, and how often this
    time is doubled. */
#define RETRY_MS  500
#define DOUBLINGS 7

/*! \brief Logs that the file is refused. */
static void log_refused(mxp_mapfile_t *file, uint64_t now_ms)
{
	const mxp_serving_t serving = file->loaded == NULL ? MXP_SERVING_NOTHING
	                              : file->is_copy      ? MXP_SERVING_COPY
	                                                   : MXP_SERVING_BEFORE;
	mxp_log_refused(file->path, &file->error, serving,
	                file->loaded != NULL ? file->loaded->map : NULL);
	file->logged_ms = now_ms;
}

/*! \brief Tells that a map of the file is served, after the map before (NULL: none). */
static void announce(mxp_mapfile_t *file, const mxp_map_t *before)
{
	file->unannounced = false;
	mxp_observed_loaded(&file->observed);
	mxp_log_loaded(file->path, file->loaded->map, before);
}

/*! \brief Tells what is served now, after the map before (NULL: none). */
static void tell_published(mxp_mapfile_t *file, const mxp_map_t *before)
{
	mxp_observed_serving(&file->observed, file->loaded->map);
	// What the first instance needs may be in the copy only: then, this map is not served.
	file->unannounced = !file->is_copy && file->copy != NULL && file->instances == NULL;
	if (!file->is_copy && !file->unannounced) {
		announce(file, before);
	}
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		mxp_instance_log_lacking(inst);
	}
}

/*!
 * \brief Gives all instances of a file their snapshot of a new map.
 *
 * \return False if memory is exhausted: then nothing has changed.
 */
static bool publish(mxp_mapfile_t *file, mxp_reading_t *reading, bool is_copy)
{
	mxp_retired_t *list;
	if (!mxp_snapshots_make(file->instances, reading->loaded, &list)) {
		return false;
	}
	mxp_snapshots_exchange(file->instances, list);
	mxp_loaded_t *before = file->loaded;
	free(file->unkept);
	file->loaded = reading->loaded;
	file->is_copy = is_copy;
	file->unkept = is_copy ? NULL : reading->text;
	file->unkept_size = reading->size;
	if (!is_copy) {
		reading->text = NULL;
	}
	reading->loaded = NULL;
	// Only now: whoever reads the line finds what it says.
	tell_published(file, before != NULL ? before->map : NULL);
	if (before != NULL) {
		mxp_retire(&before->retired, mxp_loaded_free);
	}

	return true;
}

/*! \brief Publishes the copy of the last good map, if it has what is needed. */
static bool publish_copy(mxp_mapfile_t *file, const mxp_rules_t *rules)
{
	if (file->copy == NULL || file->is_copy || (!file->starting && file->loaded != NULL)) {
		return false;
	}
	mxp_reading_t reading;
	mxp_first_error_t error = { .count = 0 };
	mxp_reading_make_copy(file->copy, &reading);
	bool good = reading.loaded != NULL &&
	            mxp_instances_satisfied(file->instances, reading.loaded->map, &error);
	if (good && rules != NULL) {
		const mxp_view_t view = mxp_view(rules, reading.loaded->map);
		good = (mxp_view_lacks(&view, rules) == NULL);
	}
	good = good && publish(file, &reading, true);
	mxp_reading_clear(&reading);

	return good;
}

/*! \brief Refuses what was read; a server that starts makes do with the copy. */
static void refuse(mxp_mapfile_t *file, const mxp_first_error_t *error, bool missing,
                   uint64_t now_ms)
{
	file->error = *error;
	file->refused = true;
	if (file->loaded == NULL) {
		(void)publish_copy(file, NULL);
	}
	if (file->loaded == NULL && missing) {
		mxp_log_missing_file(file->path);
		file->logged_ms = now_ms;
	} else {
		mxp_observed_refused(&file->observed);
		log_refused(file, now_ms);
	}
}

/*!
 * \brief Leaves a file to a later attempt: why it could not be read is not the file's fault.
 *
 * It is as if it had not been read; there is one line at the first attempt, and that of the map at
 * the last one.
 */
static void postpone(mxp_mapfile_t *file, const mxp_reading_t *reading, uint64_t now_ms)
{
	file->tried_ms = now_ms;
	if (file->attempts++ == 0) {
		refuse(file, &reading->error, false, now_ms);
	}
}

/*! \brief When a file that could not be read is to be read again. */
static uint64_t retry_due_ms(const mxp_mapfile_t *file)
{
	const unsigned before = file->attempts - 1;
	return file->tried_ms + ((uint64_t)RETRY_MS << (before < DOUBLINGS ? before : DOUBLINGS));
}

/*! \brief Notes what was applied, good or not. */
static void note_applied(mxp_mapfile_t *file, const mxp_reading_t *reading)
{
	file->applied = *reading;
	file->applied.loaded = NULL;
	file->applied.text = NULL;
	file->retry = false;
	file->attempts = 0;
}

/*! \brief Warns once if others can change what everybody is served with. */
static void check_writers(mxp_mapfile_t *file, const char *writers)
{
	if (writers != NULL && writers != file->writers) {
		mxp_log_writable(file->path, writers);
	}
	file->writers = writers;
}

void mxp_mapfile_apply(mxp_mapfile_t *file, mxp_reading_t *reading, uint64_t now_ms)
{
	if (reading->ret == KNOT_EBUSY) {
		postpone(file, reading, now_ms);
		return;
	}
	const bool same = file->attempts == 0 && mxp_file_alike(&reading->id, &file->applied.id) &&
	                  reading->ret == file->applied.ret && reading->hash == file->applied.hash;
	check_writers(file, reading->writers);
	if (same && !file->retry) {
		note_applied(file, reading);
		return;
	}

	mxp_first_error_t error = reading->error;
	const bool good = reading->loaded != NULL &&
	                  mxp_instances_satisfied(file->instances, reading->loaded->map, &error);
	if (good && !publish(file, reading, false)) {
		mxp_first_error_add(&reading->error, 0, "not enough memory");
		postpone(file, reading, now_ms);
		return;
	}
	const bool first = (file->applied.ret == KNOT_EAGAIN);
	note_applied(file, reading);
	if (good) {
		file->refused = false;
	} else if (!same) {
		const bool to_come = first && !file->late && reading->ret == KNOT_ENOENT;
		refuse(file, &error, to_come, now_ms);
	}
}

void mxp_mapfile_hurry(mxp_mapfile_t *file)
{
	file->attempts = file->attempts > 0 ? 1 : 0;
}

char *mxp_mapfile_unkept(mxp_mapfile_t *file, size_t *size)
{
	file->starting = false;
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		if (mxp_view_lacks(&inst->snapshot->view, &inst->settings.rules) != NULL) {
			return NULL;
		}
	}
	char *text = file->unkept;
	*size = file->unkept_size;
	file->unkept = NULL;
	return text;
}

mxp_mapfile_t *mxp_mapfile_new(const char *path, const char *storage)
{
	mxp_mapfile_t *file = calloc(1, sizeof(*file));
	if (file == NULL) {
		return NULL;
	}
	file->path = strdup(path);
	file->copy = storage != NULL ? mxp_keep_path(storage, path) : NULL;
	file->starting = true;
	file->unread = true;
	file->applied.ret = KNOT_EAGAIN;
	if (file->path == NULL || (storage != NULL && file->copy == NULL)) {
		mxp_mapfile_free(file);
		return NULL;
	}
	return file;
}

void mxp_mapfile_begin(mxp_mapfile_t *file, mxp_reading_t *reading, uint64_t now_ms)
{
	file->unread = false;
	file->seen = reading->id;
	if (reading->ret != KNOT_EAGAIN) {
		mxp_mapfile_apply(file, reading, now_ms);
	}
	// It was not watched until now, so a change right after it was read may go unnoticed.
	if (reading->ret == KNOT_EAGAIN || mxp_file_is_young(&file->seen)) {
		mxp_debounce_note(&file->changes, MXP_HEARD_NOTHING, now_ms);
	}
}

void mxp_mapfile_free(mxp_mapfile_t *file)
{
	if (file->loaded != NULL) {
		mxp_loaded_free(&file->loaded->retired);
	}
	free(file->unkept);
	free(file->copy);
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
	if (file->refused && now_ms >= file->logged_ms + REPEAT_MS) {
		log_refused(file, now_ms);
	}
	const bool whole = (id.error == 0 && id.size > 0);
	const uint64_t due_ms = mxp_debounce_due_ms(&file->changes, whole);
	if (file->attempts > 0 && retry_due_ms(file) < due_ms) {
		return retry_due_ms(file);
	}
	return file->retry ? now_ms : due_ms;
}

/*! \brief When the server starts with a map that lacks what an instance needs, uses the copy. */
static void make_do_with_copy(mxp_mapfile_t *file, const mxp_rules_t *rules, uint64_t now_ms)
{
	const mxp_view_t view = mxp_view(rules, file->loaded != NULL ? file->loaded->map : NULL);
	const char *missing = mxp_view_lacks(&view, rules);
	if (view.map == NULL || missing == NULL || !publish_copy(file, rules)) {
		return;
	}
	char reason[sizeof(file->error.reason)];
	snprintf(reason, sizeof(reason), "%s '%s' is missing",
	         view.builtin == NULL ? "builtin" : "preset", missing);
	file->error = (mxp_first_error_t){ .count = 0 };
	mxp_first_error_add(&file->error, 0, reason);
	file->refused = true;
	mxp_observed_refused(&file->observed);
	log_refused(file, now_ms);
}

mxp_instance_t *mxp_mapfile_add(mxp_mapfile_t *file, const mxp_settings_t *settings,
                                uint64_t now_ms)
{
	make_do_with_copy(file, &settings->rules, now_ms);
	if (file->unannounced) {
		announce(file, NULL);
	}
	mxp_instance_t *instance = mxp_instance_new(settings, file->loaded);
	if (instance != NULL) {
		instance->file = file;
		instance->next = file->instances;
		file->instances = instance;
	}
	return instance;
}

void mxp_mapfile_remove(mxp_instance_t *instance)
{
	mxp_instance_t **link = &instance->file->instances;
	while (*link != instance) {
		link = &(*link)->next;
	}
	*link = instance->next;
	mxp_instance_retire(instance);
}
