/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <pthread.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <urcu.h>

#include <libknot/errcode.h>

#include "file.h"
#include "reader.h"
#include "registry.h"

struct mxp_file {
	char *path;
	mxp_map_t *map;            /*!< Last good map (NULL if there was none). */
	bool tried;                /*!< The state below was tried to be read. */
	mxp_file_id_t id;          /*!< Last state of the file that was read. */
	mxp_instance_t *instances; /*!< Instances that use the file. */
};

/*! \brief Where messages go. */
typedef struct {
	mxp_log_f log;
	void *ctx;
} logger_t;

/*! Guards the trees, the files and the references; never taken by a query. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *files;
static void *instances;

__attribute__((format(printf, 3, 4))) static void say(const logger_t *logger, int priority,
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

static void say_refused(const logger_t *logger, const mxp_file_t *file, const summary_t *summary)
{
	char line[32] = "";
	char more[64] = "";
	if (summary->line > 0) {
		snprintf(line, sizeof(line), "%zu: ", summary->line);
	}
	if (summary->count > 1) {
		snprintf(more, sizeof(more), " (and %zu more error%s)", summary->count - 1,
		         summary->count > 2 ? "s" : "");
	}
	say(logger, LOG_ERR, "preset map refused%s, %s:%s%s%s",
	    file->map != NULL ? ", the last good one keeps serving" : "", file->path,
	    line[0] != '\0' ? line : " ", summary->reason, more);
}

/*! \brief Tells what a map lacks for an instance. */
static void say_missing(const logger_t *logger, const mxp_instance_t *instance,
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

static mxp_view_t *new_view(const mxp_instance_t *instance, const mxp_map_t *map)
{
	mxp_view_t *view = malloc(sizeof(*view));
	if (view != NULL) {
		*view = mxp_view(&instance->settings.rules, map);
	}
	return view;
}

/*! \brief Checks that a map has what the instances in use take from the present one. */
static bool satisfies(const mxp_file_t *file, const mxp_map_t *map, summary_t *summary)
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

/*!
 * \brief Gives all instances of a file their view of a new map.
 *
 * \return False if memory is exhausted: then nothing has changed.
 */
static bool publish(mxp_file_t *file, mxp_map_t *map, const logger_t *logger)
{
	size_t count = 0;
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		count++;
	}
	mxp_view_t **views = calloc(count + 1, sizeof(*views));
	if (views == NULL) {
		return false;
	}
	size_t made = 0;
	for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next) {
		views[made] = new_view(inst, map);
		if (views[made] == NULL) {
			break;
		}
		made++;
	}

	if (made == count) {
		size_t i = 0;
		for (mxp_instance_t *inst = file->instances; inst != NULL; inst = inst->next, i++) {
			say_missing(logger, inst, views[i]);
			views[i] = rcu_xchg_pointer(&inst->view, views[i]);
		}
		if (count > 0) {
			synchronize_rcu();
		}
		mxp_map_free(file->map);
		file->map = map;
	}
	for (size_t i = 0; i < made; i++) {
		free(views[i]); // The old ones, or the new ones if they are too few.
	}
	free(views);

	return made == count;
}

static size_t count_presets(const mxp_map_t *map)
{
	size_t count = 0;
	for (size_t i = 0; i < map->count; i++) {
		count += (map->presets[i].alias == NULL);
	}
	return count;
}

/*! \brief Reads the map if the file has changed. */
static void refresh(mxp_file_t *file, const logger_t *logger)
{
	const mxp_file_id_t id = mxp_file_id(file->path);
	if (file->tried && mxp_file_same(&id, &file->id)) {
		return;
	}
	file->id = id;

	summary_t summary = { .count = 0 };
	mxp_map_t *map = NULL;
	const int ret = mxp_map_load(&map, file->path, summarize, &summary);
	file->tried = (ret != KNOT_EAGAIN && ret != KNOT_ENOMEM);

	if (map == NULL || !satisfies(file, map, &summary)) {
		say_refused(logger, file, &summary);
		mxp_map_free(map);
		return;
	}
	if (!publish(file, map, logger)) {
		file->tried = false;
		summarize(&summary, 0, "not enough memory");
		say_refused(logger, file, &summary);
		mxp_map_free(map);
		return;
	}
	say(logger, LOG_INFO, "preset map loaded, %s: %zu presets, %zu records", file->path,
	    count_presets(map), map->records);
}

static int cmp_text(const char *text1, const char *text2)
{
	if (text1 == NULL || text2 == NULL) {
		return (text1 != NULL) - (text2 != NULL);
	}
	return strcmp(text1, text2);
}

static int cmp_span(mxp_span_t span1, mxp_span_t span2)
{
	return span1.len != span2.len ? (span1.len < span2.len ? -1 : 1)
	                              : memcmp(span1.data, span2.data, span1.len);
}

static int cmp_params(const mxp_rules_t *rules1, const mxp_rules_t *rules2)
{
	if (rules1->param_count != rules2->param_count) {
		return rules1->param_count < rules2->param_count ? -1 : 1;
	}
	int cmp = 0;
	for (size_t i = 0; i < rules1->param_count && cmp == 0; i++) {
		cmp = cmp_span(rules1->params[i].name, rules2->params[i].name);
		if (cmp == 0) {
			cmp = cmp_span(rules1->params[i].value, rules2->params[i].value);
		}
	}
	return cmp;
}

static int switches(const mxp_settings_t *settings)
{
	return settings->rules.marker | settings->rules.filter << 1 | settings->ede << 2 |
	       settings->statistics << 3 | settings->rotation << 4;
}

static int cmp_instances(const void *a, const void *b)
{
	const mxp_settings_t *set1 = &((const mxp_instance_t *)a)->settings;
	const mxp_settings_t *set2 = &((const mxp_instance_t *)b)->settings;

	int cmp = strcmp(set1->rules.builtin, set2->rules.builtin);
	cmp = cmp != 0 ? cmp : cmp_text(set1->rules.preset, set2->rules.preset);
	cmp = cmp != 0 ? cmp : switches(set1) - switches(set2);
	cmp = cmp != 0 ? cmp : cmp_params(&set1->rules, &set2->rules);
	return cmp != 0 ? cmp : strcmp(set1->file, set2->file);
}

static int cmp_files(const void *a, const void *b)
{
	return strcmp(((const mxp_file_t *)a)->path, ((const mxp_file_t *)b)->path);
}

static mxp_file_t *file_get(const char *path)
{
	const mxp_file_t key = { .path = (char *)path };
	void *found = tfind(&key, &files, cmp_files);
	if (found != NULL) {
		return *(mxp_file_t **)found;
	}

	mxp_file_t *file = calloc(1, sizeof(*file));
	if (file == NULL) {
		return NULL;
	}
	file->path = strdup(path);
	if (file->path == NULL || tsearch(file, &files, cmp_files) == NULL) {
		free(file->path);
		free(file);
		return NULL;
	}
	return file;
}

/*! \brief Frees a file that no instance uses. */
static void file_put(mxp_file_t *file)
{
	if (file == NULL || file->instances != NULL) {
		return;
	}
	tdelete(file, &files, cmp_files);
	mxp_map_free(file->map);
	free(file->path);
	free(file);
}

static bool copy_span(mxp_span_t *span)
{
	uint8_t *copy = malloc(span->len);
	if (copy != NULL) {
		memcpy(copy, span->data, span->len);
	}
	span->data = copy;
	return copy != NULL;
}

/*! \brief Copies settings; what could not be copied is NULL. */
static bool copy_settings(const mxp_settings_t *from, mxp_settings_t *to)
{
	const mxp_rules_t *rules = &from->rules;
	*to = *from;
	to->file = strdup(from->file);
	to->rules.builtin = strdup(rules->builtin);
	to->rules.preset = rules->preset != NULL ? strdup(rules->preset) : NULL;
	bool good = to->file != NULL && to->rules.builtin != NULL &&
	            (to->rules.preset != NULL || rules->preset == NULL);

	mxp_param_t *params = calloc(rules->param_count + 1, sizeof(*params));
	to->rules.params = params;
	to->rules.param_count = params != NULL ? rules->param_count : 0;
	good = good && params != NULL;
	for (size_t i = 0; i < to->rules.param_count; i++) {
		params[i] = rules->params[i];
		good = copy_span(&params[i].name) && good;
		good = copy_span(&params[i].value) && good;
	}
	return good;
}

static void clear_settings(mxp_settings_t *settings)
{
	for (size_t i = 0; i < settings->rules.param_count; i++) {
		free((void *)settings->rules.params[i].name.data);
		free((void *)settings->rules.params[i].value.data);
	}
	free((void *)settings->rules.params);
	free((void *)settings->rules.builtin);
	free((void *)settings->rules.preset);
	free((void *)settings->file);
}

static void instance_free(mxp_instance_t *instance)
{
	clear_settings(&instance->settings);
	free(instance->view);
	free(instance);
}

static mxp_instance_t *instance_new(const mxp_settings_t *settings, mxp_file_t *file)
{
	mxp_instance_t *instance = calloc(1, sizeof(*instance));
	if (instance == NULL) {
		return NULL;
	}
	const bool copied = copy_settings(settings, &instance->settings);
	instance->view = copied ? new_view(instance, file->map) : NULL;
	if (instance->view == NULL || tsearch(instance, &instances, cmp_instances) == NULL) {
		instance_free(instance);
		return NULL;
	}
	instance->file = file;
	instance->next = file->instances;
	file->instances = instance;

	return instance;
}

static mxp_instance_t *get_locked(const mxp_settings_t *settings, const logger_t *logger)
{
	const mxp_instance_t key = { .settings = *settings };
	void *found = tfind(&key, &instances, cmp_instances);
	mxp_file_t *file =
		found != NULL ? (*(mxp_instance_t **)found)->file : file_get(settings->file);
	if (file == NULL) {
		return NULL;
	}
	refresh(file, logger);

	mxp_instance_t *instance;
	if (found != NULL) {
		instance = *(mxp_instance_t **)found;
	} else {
		instance = instance_new(settings, file);
		if (instance == NULL) {
			file_put(file);
			return NULL;
		}
		say_missing(logger, instance, instance->view);
	}
	instance->references++;

	return instance;
}

mxp_instance_t *mxp_instance_get(const mxp_settings_t *settings, mxp_log_f log, void *ctx)
{
	const logger_t logger = { log, ctx };

	pthread_mutex_lock(&lock);
	mxp_instance_t *instance = get_locked(settings, &logger);
	pthread_mutex_unlock(&lock);

	return instance;
}

void mxp_instance_put(mxp_instance_t *instance)
{
	if (instance == NULL) {
		return;
	}
	pthread_mutex_lock(&lock);
	if (--instance->references == 0) {
		mxp_file_t *file = instance->file;
		mxp_instance_t **link = &file->instances;
		while (*link != instance) {
			link = &(*link)->next;
		}
		*link = instance->next;
		tdelete(instance, &instances, cmp_instances);
		instance_free(instance);
		file_put(file);
	}
	pthread_mutex_unlock(&lock);
}
