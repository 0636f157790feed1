/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the tests of the registry share: maps in a folder, zones that come and go, the log.
 */

#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>
#include <urcu.h>

#include "registry.h"
#include "unit.h"

/* A folder with the map, another map, and a subfolder with a third one. */

static char folder[64];
static char path[96];
static char other_path[96];
static char subfolder[96];
static char sub_path[128];

/*! \brief A zone as the server knows it: what messages are logged on behalf of. */
typedef struct {
	bool here;
} server_zone_t;

#define ZONES 4
static server_zone_t server_zones[ZONES];

/*! \brief Lines of the log. */
typedef struct {
	size_t infos, errors, others;
	size_t strangers; /*!< On behalf of a zone that has left. */
	char last[1024];
} lines_t;

/*! \brief What was logged since the last #expect_logs. */
static lines_t logs;
static pthread_mutex_t logs_lock = PTHREAD_MUTEX_INITIALIZER;

static inline void log_line(void *ctx, int priority, const char *message)
{
	pthread_mutex_lock(&logs_lock);
	logs.infos += (priority == LOG_INFO);
	logs.errors += (priority == LOG_ERR);
	// Which names of a map are gone is not looked at here.
	logs.others += (priority != LOG_INFO && priority != LOG_ERR && priority != LOG_WARNING);
	logs.strangers += !((const server_zone_t *)ctx)->here;
	if (priority != LOG_WARNING) {
		snprintf(logs.last, sizeof(logs.last), "%s", message);
	}
	pthread_mutex_unlock(&logs_lock);
}

/*!
 * \brief Waits for a condition, and fails if it takes forever.
 *
 * The limit is for a machine that hardly runs at all.
 */
#define await(condition)                                     \
	do {                                                 \
		const time_t await_end = time(NULL) + 30;    \
		while (!(condition)) {                       \
			assert_true(time(NULL) < await_end); \
			usleep(1000);                        \
		}                                            \
	} while (0)

static inline bool has_logged(size_t infos, size_t errors)
{
	// As a query does.
	mxp_messages_log(log_line, &server_zones[0]);
	pthread_mutex_lock(&logs_lock);
	const bool done = logs.infos >= infos && logs.errors >= errors;
	pthread_mutex_unlock(&logs_lock);
	return done;
}

/*! \brief Takes all lines. */
static inline lines_t take_lines(void)
{
	pthread_mutex_lock(&logs_lock);
	const lines_t lines = logs;
	memset(&logs, 0, sizeof(logs));
	pthread_mutex_unlock(&logs_lock);
	return lines;
}

/*! \brief Waits for lines, checks that there are no others, and returns them. */
static inline lines_t expect_logs(size_t infos, size_t errors)
{
	await(has_logged(infos, errors));
	const lines_t lines = take_lines();
	if (lines.infos != infos || lines.errors != errors) {
		print_message("# %s\n", lines.last);
	}
	assert_int_equal(lines.infos, infos);
	assert_int_equal(lines.errors, errors);
	assert_int_equal(lines.others, 0);
	assert_int_equal(lines.strangers, 0);
	return lines;
}

/*! \brief Waits for one error whose line holds all words. */
static inline void expect_error(const char *const words[3])
{
	const lines_t lines = expect_logs(0, 1);
	assert_non_null(strstr(lines.last, path));
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(strstr(lines.last, words[i]));
	}
}

static inline void write_in_place(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static inline void write_map(const char *text)
{
	char aside[128];
	snprintf(aside, sizeof(aside), "%s.new", path);
	write_in_place(aside, text);
	assert_int_equal(rename(aside, path), 0);
}

/*! \brief Moves a symbolic link into the place of the map. */
static inline void link_map(const char *target)
{
	char aside[128];
	snprintf(aside, sizeof(aside), "%s.new", path);
	assert_int_equal(symlink(target, aside), 0);
	assert_int_equal(rename(aside, path), 0);
}

#define MAP \
	"house MX 10 mx.house.test.\ngandi MX 10 a.test.\ngandi MX 20 b.test.\nours CNAME house\n"
#define NEW_MAP "house MX 10 new.house.test.\ngandi MX 10 a.test.\n"
#define BAD_MAP "house MX 10 mx.house.test.\nhouse MX 10 mx\nhouse MX 10 my\nhouse A 192.0.2.1\n"

static size_t threads_at_first;

static inline size_t count_threads(void)
{
	size_t count = 0;
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
		count += (task->d_name[0] != '.');
	}
	closedir(tasks);
	return count;
}

static inline void *tell_task(void *arg)
{
	snprintf(arg, 64, "/proc/self/task/%d", (int)gettid());
	return NULL;
}

/*! \brief Starts and ends a thread: with the first one, a sanitizer may start one of its own. */
static inline int warm_up(void **state)
{
	(void)state;
	char task[64];
	pthread_t thread;
	if (pthread_create(&thread, NULL, tell_task, task) != 0 ||
	    pthread_join(thread, NULL) != 0) {
		return -1;
	}
	await(access(task, F_OK) != 0);
	return 0;
}

static inline int make_files(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mxpreset-XXXXXX");
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/map", folder);
	snprintf(other_path, sizeof(other_path), "%s/other", folder);
	snprintf(subfolder, sizeof(subfolder), "%s/sub", folder);
	snprintf(sub_path, sizeof(sub_path), "%s/third", subfolder);
	if (mkdir(subfolder, 0777) != 0) {
		return -1;
	}
	for (size_t i = 0; i < ZONES; i++) {
		server_zones[i].here = true;
	}
	(void)take_lines();
	write_map(MAP);
	write_in_place(other_path, MAP);
	write_in_place(sub_path, MAP);
	threads_at_first = count_threads();
	return 0;
}

/*! \brief Removes all, and sees to it that the thread is gone as well. */
static inline int remove_files(void **state)
{
	(void)state;
	(void)unlink(path);
	(void)unlink(other_path);
	(void)unlink(sub_path);
	(void)rmdir(subfolder);
	// A thread that was joined may be listed for a moment.
	await(count_threads() == threads_at_first);
	return rmdir(folder);
}

static inline mxp_settings_t settings(void)
{
	return (mxp_settings_t){
		.file = path,
		.rules = { .builtin = "house", .marker = true, .filter = true },
	};
}

/*! \brief No copies of maps are kept. */
static inline const char *no_storage(void *ctx)
{
	(void)ctx;
	return NULL;
}

static const mxp_server_t server = { .log = log_line, .storage = no_storage };

static inline mxp_connection_t *connect_as(const mxp_settings_t *set, server_zone_t *server_zone)
{
	mxp_connection_t *zone = malloc(sizeof(*zone));
	if (zone != NULL && !mxp_connect(zone, set, &server, server_zone)) {
		free(zone);
		return NULL;
	}
	return zone;
}

static inline mxp_connection_t *connect_zone(mxp_settings_t set)
{
	mxp_connection_t *zone = connect_as(&set, &server_zones[0]);
	assert_non_null(zone);
	assert_non_null(zone->instance);
	return zone;
}

static inline void disconnect_zone(mxp_connection_t *zone)
{
	mxp_disconnect(zone);
	free(zone);
}

/*! \brief Connects and disconnects, as a reload does. */
static inline void reload(void)
{
	disconnect_zone(connect_zone(settings()));
}

/*! \brief Reads a zone's map as a query thread does; it is only to be compared. */
static inline const mxp_map_t *map_of(const mxp_connection_t *zone)
{
	rcu_read_lock();
	const mxp_map_t *map = rcu_dereference(zone->instance->snapshot)->view.map;
	rcu_read_unlock();
	return map;
}

/*! \brief Tells if a zone has a built-in and its first exchange is a certain one. */
static inline bool has_exchange(const mxp_connection_t *zone, const char *exchange)
{
	knot_dname_storage_t name;
	make_name(exchange, name);
	rcu_read_lock();
	const mxp_preset_t *builtin = rcu_dereference(zone->instance->snapshot)->view.builtin;
	const bool has = builtin != NULL && knot_dname_is_equal(builtin->mx[0].exchange, name);
	rcu_read_unlock();
	return has;
}

/*! \brief Tells if a zone's instance has a preset. */
static inline bool has_preset(const mxp_connection_t *zone, const char *name)
{
	rcu_read_lock();
	const mxp_preset_t *preset = rcu_dereference(zone->instance->snapshot)->view.preset;
	const bool has =
		(name == NULL) ? preset == NULL : preset != NULL && strcmp(preset->name, name) == 0;
	rcu_read_unlock();
	return has;
}

/*! \brief Runs tests, each with its own files and in a thread that liburcu knows. */
static inline int run_with_files(struct CMUnitTest *tests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		tests[i].setup_func = make_files;
		tests[i].teardown_func = remove_files;
	}

	rcu_register_thread();
	const int failed = _cmocka_run_group_tests("tests", tests, count, warm_up, NULL);
	rcu_unregister_thread();

	return failed;
}
