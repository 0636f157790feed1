/* SPDX-License-Identifier: GPL-2.0-or-later */

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

#include "clock.h"
#include "keep.h"
#include "maplog.h"
#include "registry.h"
#include "watch.h"

/*! How often files are checked though nothing was heard of them. */
#define POLL_MS 250
/*! How long events are collected at least: a busy folder must not keep the thread busy. */
#define COLLECT_MS 10
/*! Time in which a writer is heard of who began while the file was read. */
#define HEARING_MS 5
/*! Longest wait of a zone for a file that has changed. */
#define PATIENCE_MS 3000
/*! How long messages wait for a hook or a load; then no query is to be expected soon. */
#define IDLE_MS 100
/*! How long no zone must have come or gone before one that is there is logged for all the same. */
#define CALM_MS 500

/*! \brief The thread that watches the files. */
typedef struct {
	pthread_t thread;
	mxp_watch_t watch;
	bool begun; /*!< It has looked what is to be watched. */
	bool stop;
} watcher_t;

/*! \brief All that zones share. */
static struct {
	pthread_mutex_t lock;   /*!< Guards all below; never taken by a query, never held over a
	                             grace period, nor while a changed file is read. */
	pthread_cond_t checked; /*!< Files were checked. */
	mxp_mapfile_t *files;
	void *instances; /*!< Tree of instances by settings. */
	mxp_connection_t *first;
	mxp_connection_t *last;
	const mxp_server_t *server;
	watcher_t *watcher;
	bool unwatched;              /*!< There is no thread, which is logged. */
	bool started;                /*!< The zones of the server's start have come. */
	uint64_t impatient_until_ms; /*!< No more waiting for files before. */
	uint64_t calm_since_ms;      /*!< When the last zone came or went. */
} registry = { .lock = PTHREAD_MUTEX_INITIALIZER };

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init(void)
{
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&registry.checked, &attr);
	pthread_condattr_destroy(&attr);
}

static void note_event(void *ctx, int folder, const char *name, mxp_heard_t heard)
{
	const uint64_t now_ms = *(const uint64_t *)ctx;
	for (mxp_mapfile_t *file = registry.files; file != NULL; file = file->next) {
		if (name == NULL || mxp_mapfile_is(file, folder, name)) {
			mxp_mapfile_note(file, heard, now_ms);
		}
	}
}

static bool is_watched(int folder)
{
	bool found = false;
	for (mxp_mapfile_t *file = registry.files; file != NULL; file = file->next) {
		found |= (file->watched[0] == folder || file->watched[1] == folder);
	}
	return found;
}

/*! \brief Ends the watching of folders that no file is in any more. */
static void unwatch(mxp_watch_t *watch, const int folders[2])
{
	for (size_t i = 0; i < 2; i++) {
		if (folders[i] > 0 && !is_watched(folders[i])) {
			mxp_watch_remove(watch, folders[i]);
		}
	}
}

/*!
 * \brief Watches the folder of a file, and that which symbolic links lead to.
 *
 * What was heard of other files is kept.
 */
static void watch_file(mxp_mapfile_t *file, mxp_watch_t *watch)
{
	int error = 0;
	const int before[] = { file->watched[0], file->watched[1] };
	file->watched[0] = mxp_watch_add(watch, file->path, &error);
	file->watched[1] = file->real != NULL ? mxp_watch_add(watch, file->real, &error) : -1;
	// A folder that is not there can be watched by nobody.
	const bool polled = (error != 0 && error != ENOENT && error != ENOTDIR);
	if (polled && !file->polled) {
		mxp_log_polled(file->path, error);
	}
	file->polled = polled;
	unwatch(watch, before);
}

/*! \brief Drains what was heard, by what symbolic links lead to now. */
static void drain_events(watcher_t *self)
{
	// A file may have been watched by the thread before this one, which was just ending.
	const bool opened = mxp_watch_reopen(&self->watch) || !self->begun;
	self->begun = true;
	for (mxp_mapfile_t *file = registry.files; file != NULL; file = file->next) {
		if (mxp_mapfile_has_moved(file) || opened) {
			watch_file(file, &self->watch);
		}
	}
	uint64_t now_ms = mxp_clock_ms();
	mxp_watch_drain(&self->watch, note_event, &now_ms);
}

/*! \brief Frees a file that nothing refers to any more. */
static void file_put(mxp_mapfile_t *file)
{
	if (--file->references > 0) {
		return;
	}
	mxp_mapfile_t **link = &registry.files;
	while (*link != file) {
		link = &(*link)->next;
	}
	*link = file->next;
	if (registry.watcher != NULL) {
		unwatch(&registry.watcher->watch, file->watched);
	}
	mxp_mapfile_free(file);
}

/*! \brief Finds the file that is to be read first, and when. */
static mxp_mapfile_t *next_due(uint64_t now_ms, uint64_t *due_ms)
{
	mxp_mapfile_t *next = NULL;
	*due_ms = MXP_NEVER;
	for (mxp_mapfile_t *file = registry.files; file != NULL; file = file->next) {
		const uint64_t file_due_ms =
			file->unread ? MXP_NEVER : mxp_mapfile_check(file, now_ms);
		if (file_due_ms < *due_ms) {
			*due_ms = file_due_ms;
			next = file;
		}
	}
	return next;
}

/*!
 * \brief Reads a file and takes what it holds, unless a writer was heard of meanwhile.
 *
 * The lock is open while it is read.
 */
static void read_file(watcher_t *self, mxp_mapfile_t *file)
{
	const size_t writes = file->writes;
	// One writer is heard of right after what it wrote can be read, so that is waited for. If
	// writers never pause, what is heard at once must do: a truncation is, before what follows.
	const bool restless = mxp_debounce_is_restless(&file->changes, mxp_clock_ms());
	file->changes.pending = false;
	file->references++;
	pthread_mutex_unlock(&registry.lock);

	mxp_reading_t reading;
	mxp_reading_make(file->path, &reading);
	if (!restless) {
		const struct timespec hearing = { .tv_nsec = HEARING_MS * 1000000L };
		(void)nanosleep(&hearing, NULL);
	}

	pthread_mutex_lock(&registry.lock);
	drain_events(self);
	const bool emptied = reading.ret == KNOT_EOK && reading.size == 0 && file->seen.size > 0;
	if (file->writes != writes || emptied || reading.ret == KNOT_EAGAIN) {
		mxp_mapfile_note(file, MXP_HEARD_NOTHING, mxp_clock_ms());
	} else {
		const mxp_loaded_t *before = file->loaded;
		mxp_mapfile_apply(file, &reading, mxp_clock_ms());
		if (file->loaded != before && registry.server->published != NULL) {
			registry.server->published();
		}
	}
	mxp_reading_clear(&reading);
	file_put(file);
}

/*! \brief Tells if no zone has come or gone for a while. */
static bool is_calm(uint64_t now_ms)
{
	return now_ms >= registry.calm_since_ms + CALM_MS;
}

/*!
 * \brief Keeps a copy of a file's map, if that is due. The lock is open while it is written.
 *
 * \return True if one was written, or could not be.
 */
static bool keep_copy(mxp_mapfile_t *file)
{
	size_t size;
	char *text = mxp_mapfile_unkept(file, &size);
	if (text == NULL || file->copy == NULL) {
		free(text);
		return false;
	}
	file->references++;
	pthread_mutex_unlock(&registry.lock);

	const int ret = mxp_keep_write(file->copy, text, size);
	free(text);

	pthread_mutex_lock(&registry.lock);
	if (ret != 0 && !file->keep_failed) {
		mxp_log_not_kept(file->copy, ret);
	}
	file->keep_failed = (ret != 0);
	file_put(file);
	return true;
}

/*! \brief Keeps copies of maps, once the zones that are being loaded have come. */
static void keep_copies(uint64_t now_ms)
{
	mxp_mapfile_t *file = is_calm(now_ms) ? registry.files : NULL;
	// Where only observers have come, the zones are still to come that say what is needed.
	while (file != NULL && (file->unread || file->instances == NULL || !keep_copy(file))) {
		file = file->next; // After a copy, the list may be another one.
	}
}

/*!
 * \brief Logs messages that wait although no hook and no load has taken them.
 *
 * A server that nobody asks still has to log what it thinks of a map. The zone that has been there
 * longest is the least likely to go at this very moment: zones that are about to go have mostly
 * come last, and a reload has all of them come and go, during which nothing is logged here.
 */
static void log_idle(uint64_t now_ms)
{
	if (mxp_messages_waiting() && now_ms >= mxp_messages_since_ms() + IDLE_MS &&
	    is_calm(now_ms) && registry.first != NULL) {
		mxp_messages_log(registry.server->log, registry.first->log_ctx);
	}
}

/*! \brief Checks all files, and reads the one that is due. Returns how long to wait then. */
static int check_files(watcher_t *self)
{
	uint64_t due_ms;
	drain_events(self);
	const uint64_t now_ms = mxp_clock_ms();
	mxp_mapfile_t *file = next_due(now_ms, &due_ms);
	if (due_ms <= now_ms) {
		read_file(self, file);
		return 0;
	}
	registry.started |= is_calm(now_ms);
	keep_copies(now_ms);
	log_idle(now_ms);
	return due_ms - now_ms < POLL_MS ? (int)(due_ms - now_ms) : POLL_MS;
}

/*! \brief Frees what queries may still have used a moment ago. */
static void free_retired(void)
{
	mxp_retired_t *retired = mxp_retired_detach();
	if (retired != NULL) {
		synchronize_rcu();
		mxp_retired_free(retired);
	}
}

static void *watch_files(void *arg)
{
	watcher_t *self = arg;
	rcu_register_thread(); // The server's log is read with liburcu.

	pthread_mutex_lock(&registry.lock);
	while (!self->stop) {
		const int wait_ms = check_files(self);
		pthread_cond_broadcast(&registry.checked);
		pthread_mutex_unlock(&registry.lock);

		free_retired();
		if (wait_ms > 0) {
			mxp_watch_wait(&self->watch, wait_ms, COLLECT_MS);
		}
		pthread_mutex_lock(&registry.lock);
	}
	pthread_mutex_unlock(&registry.lock);

	rcu_unregister_thread();
	return NULL;
}

/*! \brief Starts the thread, which takes no signal that is meant for the server. */
static watcher_t *start_watcher(void)
{
	watcher_t *self = calloc(1, sizeof(*self));
	if (self == NULL) {
		return NULL;
	}
	mxp_watch_open(&self->watch);
	sigset_t all;
	sigset_t old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	const int ret = pthread_create(&self->thread, NULL, watch_files, self);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret != 0) {
		mxp_watch_close(&self->watch);
		free(self);
		return NULL;
	}
	return self;
}

static void stop_watcher(watcher_t *self)
{
	mxp_watch_wake(&self->watch);
	pthread_join(self->thread, NULL);
	mxp_watch_close(&self->watch);
	free(self);
}

/*! \brief Waits until the present state of a file was taken. */
static void await_current(const mxp_mapfile_t *file)
{
	const uint64_t end = mxp_clock_ms() + PATIENCE_MS;
	const struct timespec until = { (time_t)(end / 1000), (long)(end % 1000) * 1000000 };

	while (registry.watcher != NULL && mxp_clock_ms() >= registry.impatient_until_ms &&
	       file->attempts == 0 && !mxp_mapfile_is_current(file)) {
		mxp_watch_wake(&registry.watcher->watch);
		if (pthread_cond_timedwait(&registry.checked, &registry.lock, &until) ==
		    ETIMEDOUT) {
			// A writer that does not end must not hold up every single zone.
			registry.impatient_until_ms = mxp_clock_ms() + UINT64_C(10) * PATIENCE_MS;
		}
	}
}

/*! \brief Reads a file for the first time. The lock is open meanwhile: it may be a large one. */
static void read_first(mxp_mapfile_t *file)
{
	pthread_mutex_unlock(&registry.lock);

	mxp_reading_t reading;
	mxp_reading_make_first(file->path, &reading);

	pthread_mutex_lock(&registry.lock);
	mxp_mapfile_begin(file, &reading, mxp_clock_ms());
	mxp_reading_clear(&reading);
	pthread_cond_broadcast(&registry.checked);
}

/*! \brief Makes a file and reads it, to be put back. */
static mxp_mapfile_t *file_new(const char *path, void *ctx)
{
	mxp_mapfile_t *file = mxp_mapfile_new(path, registry.server->storage(ctx));
	if (file != NULL) {
		file->references = 1;
		file->late = registry.started;
		file->next = registry.files;
		registry.files = file;
		read_first(file);
	}
	return file;
}

/*! \brief Finds or makes a file, to be put back. */
static mxp_mapfile_t *file_get(const char *path, void *ctx)
{
	mxp_mapfile_t *file = registry.files;
	while (file != NULL && strcmp(file->path, path) != 0) {
		file = file->next;
	}
	if (file == NULL) {
		return file_new(path, ctx);
	}
	file->references++;
	while (file->unread) { // By another thread.
		pthread_cond_wait(&registry.checked, &registry.lock);
	}
	mxp_mapfile_hurry(file);

	return file;
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
	void *found = tfind(&key, &registry.instances, cmp_instances);
	if (found != NULL) {
		mxp_instance_t *instance = *(mxp_instance_t **)found;
		instance->references++;
		return instance;
	}
	mxp_instance_t *instance = mxp_mapfile_add(file, settings, mxp_clock_ms());
	if (instance != NULL && tsearch(instance, &registry.instances, cmp_instances) == NULL) {
		mxp_mapfile_remove(instance);
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
	tdelete(instance, &registry.instances, cmp_instances);
	mxp_mapfile_remove(instance);
	// What has gone may be what a refused map lacked.
	file->retry = file->refused;
	if (file->retry && registry.watcher != NULL) {
		mxp_watch_wake(&registry.watcher->watch);
	}
	file_put(file);
}

static void link_zone(mxp_connection_t *zone)
{
	zone->prev = registry.last;
	zone->next = NULL;
	*(zone->prev != NULL ? &zone->prev->next : &registry.first) = zone;
	registry.last = zone;
	registry.calm_since_ms = mxp_clock_ms();
}

static void unlink_zone(mxp_connection_t *zone)
{
	*(zone->prev != NULL ? &zone->prev->next : &registry.first) = zone->next;
	*(zone->next != NULL ? &zone->next->prev : &registry.last) = zone->prev;
	registry.calm_since_ms = mxp_clock_ms();
}

/*! \brief Takes the thread away if there is no zone left; it is to be stopped without the lock. */
static watcher_t *detach_unused_watcher(void)
{
	watcher_t *unused = NULL;
	if (registry.first == NULL) {
		unused = registry.watcher;
		registry.watcher = NULL;
	}
	if (unused != NULL) {
		unused->stop = true;
	}
	return unused;
}

/*! \brief Links a zone, takes the lock, and sees to it that there is a thread. */
static void enter(mxp_connection_t *zone, const mxp_server_t *server, void *ctx)
{
	*zone = (mxp_connection_t){ .log_ctx = ctx };

	pthread_once(&once, init);
	pthread_mutex_lock(&registry.lock);
	registry.server = server;
	link_zone(zone);
	if (registry.watcher == NULL) {
		registry.watcher = start_watcher();
		if (registry.watcher == NULL && !registry.unwatched) {
			mxp_messages_add(LOG_ERR, "preset maps are not watched for changes: "
			                          "no thread can be started");
		}
		registry.unwatched = (registry.watcher == NULL);
	}
}

bool mxp_connect(mxp_connection_t *zone, const mxp_settings_t *settings, const mxp_server_t *server,
                 void *ctx)
{
	enter(zone, server, ctx);
	mxp_mapfile_t *file = file_get(settings->file, ctx);
	if (file != NULL) {
		await_current(file);
		zone->instance = instance_get(settings, file);
		file_put(file);
	}
	pthread_mutex_unlock(&registry.lock);

	mxp_messages_log(server->log, ctx);
	if (zone->instance == NULL) {
		mxp_disconnect(zone);
		return false;
	}
	return true;
}

/*! \brief Drops messages if there is no zone left; the thread may have had some to the last. */
static void drop_messages(void)
{
	pthread_mutex_lock(&registry.lock);
	if (registry.first == NULL) {
		mxp_messages_drop();
	}
	pthread_mutex_unlock(&registry.lock);
}

void mxp_disconnect(mxp_connection_t *zone)
{
	pthread_mutex_lock(&registry.lock);
	if (zone->instance != NULL) {
		instance_put(zone->instance);
	}
	unlink_zone(zone);
	watcher_t *unused = detach_unused_watcher();
	const bool is_last = (registry.first == NULL);
	pthread_mutex_unlock(&registry.lock);

	if (unused != NULL) {
		stop_watcher(unused);
	}
	if (is_last) {
		free_retired(); // A zone that another thread has loaded meanwhile may retire, too.
	}
	drop_messages();
}

bool mxp_observe(mxp_watching_t *watching, const char *path, const mxp_server_t *server, void *ctx)
{
	enter(&watching->connection, server, ctx);
	watching->file = file_get(path, ctx);
	if (watching->file != NULL) {
		mxp_observer_add(&watching->file->observed, &watching->observer);
	}
	pthread_mutex_unlock(&registry.lock);

	mxp_messages_log(server->log, ctx);
	if (watching->file == NULL) {
		mxp_disconnect(&watching->connection);
		return false;
	}
	return true;
}

void mxp_unobserve(mxp_watching_t *watching)
{
	pthread_mutex_lock(&registry.lock);
	mxp_observer_remove(&watching->file->observed, &watching->observer);
	file_put(watching->file);
	pthread_mutex_unlock(&registry.lock);

	mxp_disconnect(&watching->connection);
}

uint32_t mxp_longest_ttl(const mxp_connection_t *zone, char *name, size_t name_size)
{
	uint32_t ttl = 0;

	pthread_mutex_lock(&registry.lock);
	const mxp_instance_t *instance = zone->instance;
	const mxp_preset_t *preset =
		mxp_view_longest(&instance->snapshot->view, &instance->settings.rules);
	if (preset != NULL) {
		ttl = preset->ttl;
		snprintf(name, name_size, "%s", preset->name);
	}
	pthread_mutex_unlock(&registry.lock);

	return ttl;
}
