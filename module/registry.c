/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <errno.h>
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <urcu.h>

#include <libknot/errcode.h>

#include "registry.h"
#include "watch.h"

/*! How often files are looked at though nothing was heard of them, in milliseconds. */
#define LOOK 250
/*! How often a file is looked at that has changed and is not complete, in milliseconds. */
#define LOOK_SOON 20
/*! Age of a text that its writer may still be at, in milliseconds. */
#define YOUNG 50
/*! Time in which a writer is heard of, in milliseconds. */
#define HEARING 5
/*! How long writers that follow each other without a pause are given way, in milliseconds. */
#define GIVE_WAY 250
/*! Longest wait for a file that has changed, in milliseconds. */
#define PATIENCE UINT64_C(3000)

/*! \brief The thread that watches the files. */
typedef struct {
	pthread_t thread;
	mxp_watch_t watch;
	bool stop;
} watcher_t;

/*! Guards all below; never taken by a query, and never held over a grace period. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/*! Files were looked at. */
static pthread_cond_t looked;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static mxp_mapfile_t *files;
static void *instances; /*!< Tree of instances by settings. */
static mxp_user_t *users;
static mxp_log_f user_log;
static watcher_t *watcher;
static uint64_t impatient_until; /*!< No more waiting for files before. */

static void init(void)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&looked, &attr);
	pthread_condattr_destroy(&attr);
}

static uint64_t steady_ms(void)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*!
 * \brief Logs on behalf of a zone, since the server knows no other way.
 *
 * It frees a zone's name shortly before the zone leaves here, so one that waits for the lock to
 * leave cannot be named. The zone that came last is the one least likely to be about to go.
 */
static void speak(void *ctx, int priority, const char *message)
{
	(void)ctx;
	const mxp_user_t *user = users;
	while (user != NULL && __atomic_load_n(&user->leaving, __ATOMIC_RELAXED)) {
		user = user->next;
	}
	if (user != NULL) {
		user_log(user->ctx, priority, message);
	}
}

static const mxp_logger_t logger = { .log = speak };

static void file_changed(void *ctx, int folder, const char *name, bool complete)
{
	(void)ctx;
	for (mxp_mapfile_t *file = files; file != NULL; file = file->next) {
		if (name == NULL || mxp_mapfile_is(file, folder, name)) {
			file->closed = complete;
			file->open = !complete;
			file->writes += !complete;
		}
	}
}

static bool is_watched(int folder)
{
	bool found = false;
	for (mxp_mapfile_t *file = files; file != NULL; file = file->next) {
		found |= (file->watched[0] == folder || file->watched[1] == folder);
	}
	return found;
}

/*!
 * \brief Watches the folder of a file, and that which symbolic links lead to.
 *
 * What was heard of other files is kept.
 */
static void watch_file(mxp_mapfile_t *file, mxp_watch_t *watch)
{
	const int before[] = { file->watched[0], file->watched[1] };
	file->open = false;
	file->watched[0] = mxp_watch_add(watch, file->path);
	file->watched[1] = file->real != NULL ? mxp_watch_add(watch, file->real) : -1;
	for (size_t i = 0; i < 2; i++) {
		if (before[i] > 0 && !is_watched(before[i])) {
			mxp_watch_remove(watch, before[i]);
		}
	}
}

/*! \brief Takes what was heard, by what symbolic links lead to now. */
static void hear(watcher_t *self)
{
	for (mxp_mapfile_t *file = files; file != NULL; file = file->next) {
		if (mxp_mapfile_moved(file)) {
			watch_file(file, &self->watch);
		}
	}
	mxp_watch_read(&self->watch, file_changed, NULL);
}

/*! \brief Looks at a file. Returns false if it has to be looked at again soon. */
static bool look_at(mxp_mapfile_t *file, watcher_t *self, mxp_garbage_t **garbage)
{
	const mxp_look_t look = mxp_mapfile_look(file, steady_ms());
	if (look == MXP_LOOK_LATER || look == MXP_LOOK_SOON) {
		return look == MXP_LOOK_LATER;
	}
	// That one writer has finished says nothing of the next one. It is heard of right after
	// what it wrote can be read, so a text this young is not trusted before. If they never
	// pause, what is heard without waiting must do: a truncation is, before what follows it.
	const unsigned writes = file->writes;
	const bool patient = file->pending_at == 0 || steady_ms() < file->pending_at + GIVE_WAY;
	const mxp_text_t text = mxp_mapfile_read(file);
	if (patient && text.ret == KNOT_EOK && !mxp_file_older(&text.id, YOUNG)) {
		const struct timespec hearing = { .tv_nsec = HEARING * 1000000 };
		(void)nanosleep(&hearing, NULL);
	}
	hear(self);
	const bool emptied = text.ret == KNOT_EOK && text.size == 0 && file->seen.size > 0;
	if (text.ret != KNOT_EAGAIN && writes == file->writes && !emptied) {
		mxp_mapfile_take(file, &text, look == MXP_READ_AGAIN, &logger, garbage);
	}
	free(text.data);

	return !file->recheck && writes == file->writes && !emptied;
}

/*! \brief Looks at all files. Returns the time until they should be looked at again. */
static int look_at_all(watcher_t *self, mxp_garbage_t **garbage)
{
	int wait = LOOK;
	hear(self);
	for (mxp_mapfile_t *file = files; file != NULL; file = file->next) {
		if (!look_at(file, self, garbage)) {
			wait = LOOK_SOON;
		}
	}
	return wait;
}

/*! \brief Frees what queries may still have used a moment ago. */
static void free_replaced(mxp_garbage_t *garbage)
{
	mxp_signature_t *signatures = mxp_signatures_forgotten();
	if (garbage != NULL || signatures != NULL) {
		synchronize_rcu();
		mxp_garbage_free(garbage);
		mxp_signatures_free(signatures);
	}
}

static void *watch_files(void *arg)
{
	watcher_t *self = arg;
	rcu_register_thread(); // The server's log is read with liburcu.

	pthread_mutex_lock(&lock);
	while (!self->stop) {
		mxp_garbage_t *garbage = NULL;
		const int wait = look_at_all(self, &garbage);
		pthread_cond_broadcast(&looked);
		pthread_mutex_unlock(&lock);

		free_replaced(garbage);
		mxp_watch_wait(&self->watch, wait);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);

	rcu_unregister_thread();
	return NULL;
}

/*! \brief Starts the thread, which takes no signal that is meant for the server. */
static void start_watcher(void)
{
	watcher_t *self = calloc(1, sizeof(*self));
	if (self == NULL || !mxp_watch_open(&self->watch)) {
		speak(NULL, LOG_ERR, "preset maps are not watched for changes");
		free(self);
		return;
	}
	sigset_t all;
	sigset_t old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	const int ret = pthread_create(&self->thread, NULL, watch_files, self);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret != 0) {
		speak(NULL, LOG_ERR, "preset maps are not watched for changes");
		mxp_watch_close(&self->watch);
		free(self);
		return;
	}
	watcher = self;
}

static void stop_watcher(watcher_t *self)
{
	mxp_watch_wake(&self->watch);
	pthread_join(self->thread, NULL);
	mxp_watch_close(&self->watch);
	free(self);
}

/*! \brief Waits until the present state of a file was read. */
static void await(const mxp_mapfile_t *file)
{
	const uint64_t end = steady_ms() + PATIENCE;
	const struct timespec until = { (time_t)(end / 1000), (long)(end % 1000) * 1000000 };

	while (watcher != NULL && steady_ms() >= impatient_until && !mxp_mapfile_current(file)) {
		mxp_watch_wake(&watcher->watch);
		if (pthread_cond_timedwait(&looked, &lock, &until) == ETIMEDOUT) {
			// A writer that does not end must not hold up every single zone.
			impatient_until = steady_ms() + 10 * PATIENCE;
		}
	}
}

/*! \brief Finds or makes a file, to be put back. */
static mxp_mapfile_t *file_get(const char *path)
{
	mxp_mapfile_t *file = files;
	while (file != NULL && strcmp(file->path, path) != 0) {
		file = file->next;
	}
	if (file == NULL) {
		file = mxp_mapfile_new(path, steady_ms(), &logger);
		if (file == NULL) {
			return NULL;
		}
		file->next = files;
		files = file;
	}
	file->references++;

	return file;
}

/*! \brief Puts a file back; the last one frees it. */
static void file_put(mxp_mapfile_t *file)
{
	if (--file->references > 0) {
		return;
	}
	mxp_mapfile_t **link = &files;
	while (*link != file) {
		link = &(*link)->next;
	}
	*link = file->next;
	mxp_mapfile_free(file);
}

static int cmp_instances(const void *a, const void *b)
{
	return mxp_settings_cmp(&((const mxp_instance_t *)a)->settings,
	                        &((const mxp_instance_t *)b)->settings);
}

/*! \brief Finds or makes the instance for settings. */
static mxp_instance_t *instance_get(const mxp_settings_t *settings, mxp_mapfile_t *file)
{
	const mxp_instance_t key = { .settings = *settings };
	void *found = tfind(&key, &instances, cmp_instances);
	if (found != NULL) {
		mxp_instance_t *instance = *(mxp_instance_t **)found;
		instance->references++;
		return instance;
	}
	mxp_instance_t *instance = mxp_instance_new(file, settings, &logger);
	if (instance != NULL && tsearch(instance, &instances, cmp_instances) == NULL) {
		mxp_instance_free(instance);
		return NULL;
	}
	if (instance != NULL) {
		instance->references++;
		file->references++;
	}
	return instance;
}

static void instance_put(mxp_instance_t *instance)
{
	if (--instance->references > 0) {
		return;
	}
	mxp_mapfile_t *file = instance->file;
	tdelete(instance, &instances, cmp_instances);
	mxp_instance_free(instance);
	// What has left may be what a refused map lacked.
	file->retry = file->refused;
	if (file->retry && watcher != NULL) {
		mxp_watch_wake(&watcher->watch);
	}
	file_put(file);
}

static void link_user(mxp_user_t *user)
{
	user->next = users;
	if (users != NULL) {
		users->prev = user;
	}
	users = user;
}

static void unlink_user(mxp_user_t *user)
{
	*(user->prev != NULL ? &user->prev->next : &users) = user->next;
	if (user->next != NULL) {
		user->next->prev = user->prev;
	}
}

mxp_user_t *mxp_join(const mxp_settings_t *settings, mxp_log_f log, void *ctx)
{
	const size_t memo = settings->keystore != NULL ? sizeof(*((mxp_user_t *)NULL)->memo) : 0;
	mxp_user_t *user = calloc(1, sizeof(*user) + memo);
	if (user == NULL) {
		return NULL;
	}
	user->ctx = ctx;

	pthread_once(&once, init);
	pthread_mutex_lock(&lock);
	user_log = log;
	link_user(user);
	mxp_mapfile_t *file = file_get(settings->file);
	if (file != NULL) {
		if (watcher == NULL) {
			start_watcher();
		}
		await(file);
		user->instance = instance_get(settings, file);
		file_put(file);
	}
	pthread_mutex_unlock(&lock);

	if (user->instance == NULL) {
		mxp_leave(user);
		return NULL;
	}
	return user;
}

uint32_t mxp_longest_ttl(const mxp_user_t *user, char *name, size_t name_size)
{
	uint32_t ttl = 0;

	pthread_mutex_lock(&lock);
	const mxp_instance_t *instance = user->instance;
	const mxp_preset_t *preset = mxp_view_longest(instance->view, &instance->settings.rules);
	if (preset != NULL) {
		ttl = preset->ttl;
		snprintf(name, name_size, "%s", preset->name);
	}
	pthread_mutex_unlock(&lock);

	return ttl;
}

void mxp_leave(mxp_user_t *user)
{
	if (user == NULL) {
		return;
	}
	watcher_t *last = NULL;
	const bool signs = user->instance != NULL && user->instance->settings.keystore != NULL;

	__atomic_store_n(&user->leaving, true, __ATOMIC_RELAXED);
	pthread_mutex_lock(&lock);
	if (user->instance != NULL) {
		instance_put(user->instance);
	}
	unlink_user(user);
	if (users == NULL && watcher != NULL) {
		last = watcher;
		last->stop = true;
		watcher = NULL;
	}
	pthread_mutex_unlock(&lock);

	if (last != NULL) {
		stop_watcher(last);
		mxp_signatures_free(mxp_signatures_forgotten());
	}
	if (signs) {
		mxp_memo_free(*user->memo);
	}
	free(user);
}
