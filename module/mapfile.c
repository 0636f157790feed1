/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <urcu.h>

#include <libknot/errcode.h>

#include "mapfile.h"
#include "reader.h"

/*! A file whose writer is not heard of is read when it has been still for so long. */
#define STILL 300
/*! The same, if it was heard that it is written and not that it was closed. */
#define STILL_OPEN 2000
/*! Attempts to read a file that changes while it is read for the first time. */
#define ATTEMPTS 10
/*! Two changes within this time can have the same time stamp. */
#define STAMP 50

__attribute__((format(printf, 3, 4))) static void say(const mxp_logger_t *logger, int priority,
                                                      const char *fmt, ...)
{
	char message[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	logger->log(logger->ctx, priority, message);
}

/*! \brief First error of a map, by line, and their number. */
typedef struct {
	size_t count;
	size_t line;
	char reason[256];
} summary_t;

static void summarize(void *ctx, size_t line, const char *reason)
{
	summary_t *summary = ctx;
	if (summary->count++ == 0 || line < summary->line) {
		summary->line = line;
		snprintf(summary->reason, sizeof(summary->reason), "%s", reason);
	}
}

static void say_refused(const mxp_logger_t *logger, const mxp_mapfile_t *file,
                        const summary_t *summary)
{
	char line[32] = " ";
	char more[64] = "";
	if (summary->line > 0) {
		snprintf(line, sizeof(line), "%zu: ", summary->line);
	}
	if (summary->count > 1) {
		snprintf(more, sizeof(more), " (and %zu more error%s)", summary->count - 1,
		         summary->count > 2 ? "s" : "");
	}
	say(logger, LOG_ERR, "preset map refused%s, %s:%s%s%s",
	    file->map != NULL ? ", the last good one keeps serving" : "", file->path, line,
	    summary->reason, more);
}

/*! \brief Tells what a map lacks for an instance. */
static void say_missing(const mxp_logger_t *logger, const mxp_instance_t *instance,
                        const mxp_view_t *view)
{
	const mxp_rules_t *rules = &instance->settings.rules;
	if (view->map != NULL && view->builtin == NULL) {
		say(logger, LOG_ERR, "%s: the preset map lacks builtin '%s'",
		    instance->settings.file, rules->builtin);
	}
	if (view->map != NULL && rules->preset != NULL && view->preset == NULL) {
		say(logger, LOG_ERR, "%s: the preset map lacks preset '%s'",
		    instance->settings.file, rules->preset);
	}
}

static void say_loaded(const mxp_logger_t *logger, const mxp_mapfile_t *file)
{
	size_t aliases = 0;
	for (size_t i = 0; i < file->map->count; i++) {
		aliases += (file->map->presets[i].alias != NULL);
	}
	say(logger, LOG_INFO, "preset map loaded, %s: %zu presets, %zu records", file->path,
	    file->map->count - aliases, file->map->records);
}

/*! \brief Checks that a map has what the instances in use take from the present one. */
static bool satisfies(const mxp_mapfile_t *file, const mxp_map_t *map, summary_t *summary)
{
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		const mxp_view_t view = mxp_view(&inst->settings.rules, map);
		char reason[128];
		if (view.builtin == NULL && inst->view->builtin != NULL) {
			snprintf(reason, sizeof(reason), "builtin '%s' is missing",
			         inst->settings.rules.builtin);
			summarize(summary, 0, reason);
		}
		if (view.preset == NULL && inst->view->preset != NULL) {
			snprintf(reason, sizeof(reason), "preset '%s' is missing",
			         inst->settings.rules.preset);
			summarize(summary, 0, reason);
		}
	}
	return summary->count == 0;
}

static mxp_view_t *new_view(const mxp_instance_t *instance, const mxp_map_t *map)
{
	mxp_view_t *view = malloc(sizeof(*view));
	if (view != NULL) {
		*view = mxp_view(&instance->settings.rules, map);
	}
	return view;
}

/*! \brief Makes views of a new map for all instances; NULL if memory is exhausted. */
static mxp_garbage_t *new_views(const mxp_mapfile_t *file, const mxp_map_t *map)
{
	size_t count = 0;
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		count++;
	}
	mxp_garbage_t *views = calloc(1, sizeof(*views) + count * sizeof(*views->views));
	if (views == NULL) {
		return NULL;
	}
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		mxp_view_t *view = new_view(inst, map);
		if (view == NULL) {
			while (views->count > 0) {
				free(views->views[--views->count]);
			}
			free(views);
			return NULL;
		}
		views->views[views->count++] = view;
	}
	return views;
}

/*!
 * \brief Gives all instances of a file their view of a new map.
 *
 * \return False if memory is exhausted: then nothing has changed.
 */
static bool publish(mxp_mapfile_t *file, mxp_map_t *map, const mxp_logger_t *logger,
                    mxp_garbage_t **garbage)
{
	mxp_garbage_t *views = new_views(file, map);
	if (views == NULL) {
		return false;
	}
	size_t i = 0;
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next, i++) {
		views->views[i] = rcu_xchg_pointer(&inst->view, views->views[i]);
	}
	// From here on, the new views are in use, and these are the old ones.
	views->map = file->map;
	views->next = *garbage;
	*garbage = views;
	file->map = map;

	say_loaded(logger, file);
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		say_missing(logger, inst, inst->view);
	}
	return true;
}

void mxp_garbage_free(mxp_garbage_t *garbage)
{
	while (garbage != NULL) {
		mxp_garbage_t *next = garbage->next;
		for (size_t i = 0; i < garbage->count; i++) {
			free(garbage->views[i]);
		}
		mxp_map_free(garbage->map);
		free(garbage);
		garbage = next;
	}
}

/*! \brief FNV-1a. */
static uint64_t text_hash(const char *text, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325;
	for (size_t i = 0; i < size; i++) {
		hash = (hash ^ (uint8_t)text[i]) * 0x100000001b3;
	}
	return hash;
}

mxp_text_t mxp_mapfile_read(const mxp_mapfile_t *file)
{
	mxp_text_t text = { .data = NULL };
	text.ret = mxp_file_read(file->path, &text.data, &text.size, &text.id, &text.reason);
	return text;
}

void mxp_mapfile_take(mxp_mapfile_t *file, const mxp_text_t *text, bool again,
                      const mxp_logger_t *logger, mxp_garbage_t **garbage)
{
	const uint64_t hash = text_hash(text->data, text->size);
	const bool same = again && hash == file->hash;
	const bool done = same && !file->retry;
	file->recheck = !same && text->ret == KNOT_EOK;
	file->retry = false;
	file->taken = text->id;
	file->pending_at = 0;
	file->hash = hash;
	if (done) {
		return;
	}

	summary_t summary = { .count = 0 };
	mxp_map_t *map = NULL;
	if (text->ret != KNOT_EOK) {
		summarize(&summary, 0, text->reason);
	} else {
		(void)mxp_map_read(&map, text->data, text->size, summarize, &summary);
	}
	file->refused = (map == NULL || !satisfies(file, map, &summary));
	if (!file->refused && !publish(file, map, logger, garbage)) {
		summarize(&summary, 0, "not enough memory");
		file->refused = true;
	}
	if (file->refused && !same) {
		say_refused(logger, file, &summary);
	}
	if (file->refused) {
		mxp_map_free(map);
	}
}

mxp_mapfile_t *mxp_mapfile_new(const char *path, uint64_t now, const mxp_logger_t *logger)
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
	// that changes all the time is left to whoever looks at it next.
	mxp_text_t text;
	size_t attempts = 0;
	do {
		text = mxp_mapfile_read(file);
	} while (text.ret == KNOT_EAGAIN && ++attempts < ATTEMPTS);
	file->seen = text.id;
	file->seen_at = now;
	mxp_garbage_t *garbage = NULL;
	if (text.ret != KNOT_EAGAIN) {
		mxp_mapfile_take(file, &text, false, logger, &garbage);
	}
	free(garbage); // No instance, no view, no map before this one.
	free(text.data);

	return file;
}

void mxp_mapfile_free(mxp_mapfile_t *file)
{
	mxp_map_free(file->map);
	free(file->real);
	free(file->path);
	free(file);
}

bool mxp_mapfile_current(const mxp_mapfile_t *file)
{
	const mxp_file_id_t id = mxp_file_id(file->path);
	return mxp_file_same(&id, &file->taken);
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
	snprintf(name, sizeof(name), "%s", path);
	const mxp_file_id_t id = mxp_file_id(dirname(name));
	const bool other = id.dev != folder->dev || id.ino != folder->ino;
	*folder = id;

	return other;
}

bool mxp_mapfile_moved(mxp_mapfile_t *file)
{
	free(file->real);
	file->real = realpath(file->path, NULL);
	const bool moved = note_folder(file->path, &file->folders[0]);
	const bool real_moved = file->real != NULL && note_folder(file->real, &file->folders[1]);

	return moved || real_moved;
}

mxp_look_t mxp_mapfile_look(mxp_mapfile_t *file, uint64_t now)
{
	const mxp_file_id_t id = mxp_file_id(file->path);
	if (!mxp_file_same(&id, &file->seen)) {
		file->seen = id;
		file->seen_at = now;
	}
	if (mxp_file_same(&id, &file->taken)) {
		file->pending_at = 0;
		if (file->recheck && now - file->seen_at < STAMP) {
			return MXP_LOOK_SOON;
		}
		return (file->recheck || file->retry) ? MXP_READ_AGAIN : MXP_LOOK_LATER;
	}
	if (file->pending_at == 0) {
		file->pending_at = now;
	}
	// A file that is gone may be about to come back, and an empty one about to be written.
	// The size of one that is truncated changes before its time stamp does.
	const bool filled = id.error == 0 && id.size > 0;
	const unsigned still = file->open ? STILL_OPEN : STILL;
	const bool complete = filled && (file->closed || mxp_file_older(&id, still));
	file->closed = false;
	if (!complete && now - file->seen_at < still) {
		return MXP_LOOK_SOON;
	}
	return mxp_file_alike(&id, &file->taken) ? MXP_READ_AGAIN : MXP_READ;
}

mxp_instance_t *mxp_instance_new(mxp_mapfile_t *file, const mxp_settings_t *settings,
                                 const mxp_logger_t *logger)
{
	mxp_instance_t *instance = calloc(1, sizeof(*instance));
	if (instance == NULL) {
		return NULL;
	}
	const bool copied = mxp_settings_copy(settings, &instance->settings);
	instance->view = copied ? new_view(instance, file->map) : NULL;
	if (instance->view == NULL) {
		mxp_settings_clear(&instance->settings);
		free(instance);
		return NULL;
	}
	instance->file = file;
	instance->next = file->instances;
	file->instances = instance;
	say_missing(logger, instance, instance->view);

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
	free(instance->view);
	free(instance);
}
