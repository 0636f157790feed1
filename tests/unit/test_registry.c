/* SPDX-License-Identifier: GPL-3.0-or-later */

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

static void log_line(void *ctx, int priority, const char *message)
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

static bool has_logged(size_t infos, size_t errors)
{
	// As a query does.
	mxp_messages_log(log_line, &server_zones[0]);
	pthread_mutex_lock(&logs_lock);
	const bool done = logs.infos >= infos && logs.errors >= errors;
	pthread_mutex_unlock(&logs_lock);
	return done;
}

/*! \brief Takes all lines. */
static lines_t take_lines(void)
{
	pthread_mutex_lock(&logs_lock);
	const lines_t lines = logs;
	memset(&logs, 0, sizeof(logs));
	pthread_mutex_unlock(&logs_lock);
	return lines;
}

/*! \brief Waits for lines, checks that there are no others, and returns them. */
static lines_t expect_logs(size_t infos, size_t errors)
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
static void expect_error(const char *const words[3])
{
	const lines_t lines = expect_logs(0, 1);
	assert_non_null(strstr(lines.last, path));
	for (size_t i = 0; i < 3; i++) {
		assert_non_null(strstr(lines.last, words[i]));
	}
}

static void write_in_place(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void write_map(const char *text)
{
	char aside[128];
	snprintf(aside, sizeof(aside), "%s.new", path);
	write_in_place(aside, text);
	assert_int_equal(rename(aside, path), 0);
}

/*! \brief Moves a symbolic link into the place of the map. */
static void link_map(const char *target)
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

static size_t count_threads(void)
{
	size_t count = 0;
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
		count += (task->d_name[0] != '.');
	}
	closedir(tasks);
	return count;
}

static void *tell_task(void *arg)
{
	snprintf(arg, 64, "/proc/self/task/%d", (int)gettid());
	return NULL;
}

/*! \brief Starts and ends a thread: with the first one, a sanitizer may start one of its own. */
static int warm_up(void **state)
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

static int make_files(void **state)
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
static int remove_files(void **state)
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

static mxp_settings_t settings(void)
{
	return (mxp_settings_t){
		.file = path,
		.rules = { .builtin = "house", .marker = true, .filter = true },
	};
}

/*! \brief No copies of maps are kept. */
static const char *no_storage(void *ctx)
{
	(void)ctx;
	return NULL;
}

static const mxp_server_t server = { .log = log_line, .storage = no_storage };

static mxp_connection_t *connect_as(const mxp_settings_t *set, server_zone_t *server_zone)
{
	mxp_connection_t *zone = malloc(sizeof(*zone));
	if (zone != NULL && !mxp_connect(zone, set, &server, server_zone)) {
		free(zone);
		return NULL;
	}
	return zone;
}

static mxp_connection_t *connect_zone(mxp_settings_t set)
{
	mxp_connection_t *zone = connect_as(&set, &server_zones[0]);
	assert_non_null(zone);
	assert_non_null(zone->instance);
	return zone;
}

static void disconnect_zone(mxp_connection_t *zone)
{
	mxp_disconnect(zone);
	free(zone);
}

/*! \brief Connects and disconnects, as a reload does. */
static void reload(void)
{
	disconnect_zone(connect_zone(settings()));
}

/*! \brief Reads a zone's map as a query thread does; it is only to be compared. */
static const mxp_map_t *map_of(const mxp_connection_t *zone)
{
	rcu_read_lock();
	const mxp_map_t *map = rcu_dereference(zone->instance->snapshot)->view.map;
	rcu_read_unlock();
	return map;
}

/*! \brief Tells if a zone has a built-in and its first exchange is a certain one. */
static bool has_exchange(const mxp_connection_t *zone, const char *exchange)
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
static bool has_preset(const mxp_connection_t *zone, const char *name)
{
	rcu_read_lock();
	const mxp_preset_t *preset = rcu_dereference(zone->instance->snapshot)->view.preset;
	const bool has =
		(name == NULL) ? preset == NULL : preset != NULL && strcmp(preset->name, name) == 0;
	rcu_read_unlock();
	return has;
}

static void shares_what_is_equal(void **state)
{
	(void)state;
	mxp_param_t params1[] = { { mxp_span("id"), mxp_span("x") },
		                  { mxp_span("n"), mxp_span("1") } };
	mxp_settings_t set = settings();
	set.rules.preset = "gandi";
	set.rules.params = params1;
	set.rules.param_count = COUNT(params1);
	mxp_connection_t *first = connect_zone(set);
	expect_logs(1, 0);

	// Equal by content, not by address.
	char file[sizeof(path)], builtin[] = "house", preset[] = "gandi", id[] = "id", x[] = "x";
	mxp_param_t params2[] = { { mxp_span(id), mxp_span(x) }, { mxp_span("n"), mxp_span("1") } };
	memcpy(file, path, sizeof(path));
	set.file = file;
	set.rules.builtin = builtin;
	set.rules.preset = preset;
	set.rules.params = params2;
	mxp_connection_t *second = connect_zone(set);
	assert_ptr_not_equal(first, second);
	assert_ptr_equal(first->instance, second->instance);
	assert_int_equal(first->instance->references, 2);

	// The settings are copies.
	memset(file, 'x', sizeof(file) - 1);
	memset(builtin, 'x', sizeof(builtin) - 1);
	memset(preset, 'x', sizeof(preset) - 1);
	memset(id, 'x', sizeof(id) - 1);
	x[0] = 'y';
	disconnect_zone(first);
	assert_int_equal(second->instance->references, 1);
	mxp_settings_t expected = settings();
	expected.rules.preset = "gandi";
	expected.rules.params = params1;
	expected.rules.param_count = COUNT(params1);
	assert_int_equal(mxp_settings_cmp(&second->instance->settings, &expected), 0);
	disconnect_zone(second);
	expect_logs(0, 0);
}

static void keeps_apart_what_differs(void **state)
{
	(void)state;
	mxp_settings_t sets[3] = { settings(), settings(), settings() };
	sets[1].rules.preset = "gandi";
	sets[2].rules.builtin = "ours";
	mxp_connection_t *connected[COUNT(sets)];
	for (size_t i = 0; i < COUNT(sets); i++) {
		connected[i] = connect_zone(sets[i]);
		for (size_t j = 0; j < i; j++) {
			assert_ptr_not_equal(connected[j]->instance, connected[i]->instance);
			// All of them share one map.
			assert_ptr_equal(map_of(connected[j]), map_of(connected[i]));
		}
	}
	expect_logs(1, 0);
	assert_true(has_preset(connected[0], NULL));
	assert_true(has_preset(connected[1], "gandi"));
	assert_true(has_exchange(connected[2], "mx.house.test."));
	for (size_t i = 0; i < COUNT(sets); i++) {
		disconnect_zone(connected[i]);
	}
}

static void keeps_files_apart(void **state)
{
	(void)state;
	mxp_settings_t other = settings();
	other.file = other_path;
	mxp_connection_t *zone1 = connect_zone(settings());
	mxp_connection_t *zone2 = connect_zone(other);
	assert_ptr_not_equal(zone1->instance, zone2->instance);
	assert_ptr_not_equal(map_of(zone1), map_of(zone2));
	expect_logs(2, 0);

	write_map(NEW_MAP);
	expect_logs(1, 0);
	assert_true(has_exchange(zone1, "new.house.test."));
	assert_true(has_exchange(zone2, "mx.house.test."));
	write_in_place(other_path, NEW_MAP);
	expect_logs(1, 0);
	assert_true(has_exchange(zone2, "new.house.test."));
	disconnect_zone(zone1);
	disconnect_zone(zone2);
}

static void reads_once_for_many_zones(void **state)
{
	(void)state;
	enum { MANY = 1000 };
	static mxp_connection_t *connected[MANY];
	mxp_settings_t set = settings();
	for (size_t i = 0; i < MANY; i++) {
		set.rules.preset = i % 3 == 0 ? "gandi" : NULL;
		set.ede = (i % 2 == 0);
		connected[i] = connect_zone(set);
		assert_ptr_equal(map_of(connected[i]), map_of(connected[0]));
	}
	assert_int_equal(count_threads(), threads_at_first + 1);
	expect_logs(1, 0);

	write_map(NEW_MAP);
	expect_logs(1, 0);
	for (size_t i = 0; i < MANY; i++) {
		assert_true(has_exchange(connected[i], "new.house.test."));
		assert_ptr_equal(map_of(connected[i]), map_of(connected[0]));
	}
	// In another order than they came, first and last in between.
	for (size_t i = 0; i < MANY; i++) {
		disconnect_zone(connected[(i + 1) * 7 % MANY]);
	}
	expect_logs(0, 0);
}

static void logs_the_counts(void **state)
{
	(void)state;
	reload();
	const lines_t lines = expect_logs(1, 0);
	assert_non_null(strstr(lines.last, path));
	assert_non_null(strstr(lines.last, "2 presets")); // The alias is none.
	assert_non_null(strstr(lines.last, "3 records"));
}

static void last_disconnect_ends_all(void **state)
{
	(void)state;
	for (size_t i = 0; i < 20; i++) {
		mxp_connection_t *zone = connect_zone(settings());
		assert_int_equal(count_threads(), threads_at_first + 1);
		disconnect_zone(zone);
		await(count_threads() == threads_at_first);
		expect_logs(1, 0); // Read again, so it was forgotten.
	}

	mxp_connection_t *zone = connect_zone(settings());
	mxp_settings_t set = settings();
	set.ede = true;
	mxp_connection_t *another = connect_zone(set);
	disconnect_zone(zone);
	assert_true(has_exchange(another, "mx.house.test."));
	reload(); // Still in use by the other one.
	expect_logs(1, 0);
	disconnect_zone(another);
}

/*! \brief Waits for lines that no hook and no load takes. */
static void expect_idle_logs(size_t infos, size_t errors)
{
	bool done = false;
	await((pthread_mutex_lock(&logs_lock), done = logs.infos >= infos && logs.errors >= errors,
	       pthread_mutex_unlock(&logs_lock), done));
	expect_logs(infos, errors);
}

/*! \brief Without queries, lines are logged in the name of a zone that is there, too. */
static void logs_for_a_zone_that_is_there(void **state)
{
	(void)state;
	static const size_t orders[][ZONES] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 } };
	const mxp_settings_t set = settings();
	for (size_t i = 0; i < COUNT(orders); i++) {
		mxp_connection_t *connected[ZONES];
		for (size_t j = 0; j < ZONES; j++) {
			server_zones[j].here = true;
			connected[j] = connect_as(&set, &server_zones[j]);
			assert_non_null(connected[j]);
		}
		expect_logs(1, 0);
		for (size_t j = 0; j < ZONES; j++) {
			write_map(j % 2 == 0 ? NEW_MAP : MAP);
			expect_idle_logs(1, 0);
			disconnect_zone(connected[orders[i][j]]);
			pthread_mutex_lock(&logs_lock);
			server_zones[orders[i][j]].here = false;
			pthread_mutex_unlock(&logs_lock);
		}
	}
	server_zones[0].here = true;
}

/*! \brief A line waits for a hook or a load, and is logged in the name of that zone. */
static void hands_lines_over(void **state)
{
	(void)state;
	mxp_settings_t set = settings();
	set.rules.preset = "none-such";
	mxp_connection_t *first = connect_as(&set, &server_zones[0]);
	expect_logs(1, 1);
	server_zones[0].here = false; // As if its name was gone already.

	// A zone that comes logs what waits; within a moment of that, nobody else does.
	write_map(NEW_MAP);
	mxp_connection_t *second = connect_as(&set, &server_zones[1]);
	assert_true(has_exchange(second, "new.house.test."));
	expect_logs(1, 1);

	// So does a query, for which it can wait as long as zones come and go.
	write_map(MAP);
	while (!has_exchange(second, "mx.house.test.")) {
		disconnect_zone(connect_as(&set, &server_zones[2]));
	}
	mxp_messages_log(log_line, &server_zones[2]);
	expect_logs(1, 1);
	disconnect_zone(second);
	disconnect_zone(first);
	server_zones[0].here = true;
}

/* The ways in which a file changes. Each ends with the new map in place. */

static FILE *open_file;

static void change_by_rename(void)
{
	write_map(NEW_MAP);
}

static void change_in_place(void)
{
	write_in_place(path, NEW_MAP);
}

static void change_without_close(void)
{
	open_file = fopen(path, "w");
	assert_non_null(open_file);
	fputs(NEW_MAP, open_file);
	assert_int_equal(fflush(open_file), 0);
}

/*! \brief Writes in pieces none of which is a whole map. */
static void change_in_pieces(void)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	setbuf(file, NULL);
	for (const char *pos = NEW_MAP; *pos != '\0'; pos++) {
		fputc(*pos, file);
		usleep(500);
	}
	assert_int_equal(fclose(file), 0);
}

static void change_by_older_file(void)
{
	write_in_place(other_path, NEW_MAP);
	const struct timespec past[2] = { { 1000000000, 0 }, { 1000000000, 0 } };
	assert_int_equal(utimensat(AT_FDCWD, other_path, past, 0), 0);
	assert_int_equal(rename(other_path, path), 0);
}

static void change_by_hard_link(void)
{
	assert_int_equal(unlink(path), 0);
	write_in_place(other_path, NEW_MAP);
	assert_int_equal(link(other_path, path), 0);
}

static void change_by_link(void)
{
	write_in_place(other_path, NEW_MAP);
	link_map(other_path);
}

static void change_by_relative_link(void)
{
	write_in_place(sub_path, NEW_MAP);
	link_map("sub/third");
}

/*! \brief The link stays, what it leads to changes in another folder. */
static void change_behind_link(void)
{
	link_map(sub_path);
	await(has_logged(1, 0)); // The map that is there is taken first.
	expect_logs(1, 0);
	write_in_place(sub_path, NEW_MAP);
}

static void delete_and_restore(void)
{
	static const char *const words[3] = { "last good", "", "" };
	assert_int_equal(unlink(path), 0);
	expect_error(words);
	write_in_place(path, NEW_MAP);
}

/*! \brief The folder goes as well, and so does what watches it. */
static void delete_folder_and_restore(void)
{
	static const char *const words[3] = { "last good", "", "" };
	char away[128];
	snprintf(away, sizeof(away), "%s.away", folder);
	assert_int_equal(rename(folder, away), 0);
	expect_error(words);
	assert_int_equal(rename(away, folder), 0);
	expect_logs(1, 0);
	write_map(NEW_MAP);
}

/*! \brief A way in which a file changes. */
typedef struct {
	const char *name;
	void (*change)(void);
} change_t;

static const change_t changes[] = {
	{ "takes a file that is renamed into place", change_by_rename },
	{ "takes a file that is written in place", change_in_place },
	{ "takes a file that is written and not closed", change_without_close },
	{ "takes a file that is written in pieces", change_in_pieces },
	{ "takes a file that is older", change_by_older_file },
	{ "takes a hard link", change_by_hard_link },
	{ "takes a symbolic link that is moved", change_by_link },
	{ "takes a relative symbolic link", change_by_relative_link },
	{ "takes what a symbolic link leads to", change_behind_link },
	{ "takes a file that was deleted and is back", delete_and_restore },
	{ "takes a file whose folder was gone", delete_folder_and_restore },
};

static void check_change(void **state)
{
	const change_t *row = *state;
	mxp_settings_t set = settings();
	set.rules.preset = "gandi";
	mxp_connection_t *zone1 = connect_zone(settings());
	mxp_connection_t *zone2 = connect_zone(set);
	expect_logs(1, 0);

	open_file = NULL;
	row->change();
	expect_logs(1, 0);
	assert_true(has_exchange(zone1, "new.house.test."));
	assert_true(has_exchange(zone2, "new.house.test."));
	assert_true(has_preset(zone2, "gandi"));
	assert_ptr_equal(map_of(zone1), map_of(zone2));
	if (open_file != NULL) {
		assert_int_equal(fclose(open_file), 0);
	}

	// And back again, with nothing left over from before.
	write_map(MAP);
	expect_logs(1, 0);
	assert_true(has_exchange(zone1, "mx.house.test."));
	disconnect_zone(zone1);
	disconnect_zone(zone2);
}

/*! \brief Changes of one octet, of the same size, one hard upon the other. */
static void takes_the_last_of_quick_changes(void **state)
{
	(void)state;
	mxp_connection_t *zone = connect_zone(settings());
	for (unsigned i = 0; i < 20; i++) {
		char exchange[32];
		for (unsigned j = 0; j <= i; j++) {
			char text[64];
			snprintf(exchange, sizeof(exchange), "mx%u.house.test.", (i + j) % 10);
			snprintf(text, sizeof(text), "house MX 10 %s\n", exchange);
			write_in_place(path, text);
		}
		await(has_exchange(zone, exchange));
	}
	disconnect_zone(zone);
}

/*! \brief A change that cannot be taken, and the words of its error line. */
typedef struct {
	const char *name;
	const char *text; /*!< NULL: the file is gone. */
	const char *words[3];
} refused_t;

static const refused_t refused[] = {
	{ "keeps serving beside an invalid map",
	  BAD_MAP,
	  { "map:2: ", "final dot", "and 2 more" } },
	{ "keeps serving beside one error",
	  "house MX 1 mx\n",
	  { "map:1: ", "final dot", "last good" } },
	{ "keeps serving beside a cut off map",
	  "house MX 1 mx.house.test.\ngandi M",
	  { "map:2: ", "newline", "" } },
	{ "keeps serving beside an empty map", "", { "empty", "", "" } },
	{ "keeps serving beside a map of comments", "; none\n", { "no preset", "", "" } },
	{ "keeps serving beside a map without the built-in",
	  "gandi MX 1 a.test.\n",
	  { "builtin", "'house'", "" } },
	{ "keeps serving beside a map without the preset",
	  "house MX 1 a.test.\n",
	  { "preset", "'gandi'", "" } },
	{ "keeps serving beside a map without both",
	  "x MX 1 a.test.\n",
	  { "builtin", "'house'", "and 1 more error)" } },
	{ "keeps serving without a file", NULL, { "", "", "" } },
};

static void check_refused(void **state)
{
	const refused_t *row = *state;
	mxp_settings_t set = settings();
	set.rules.preset = "gandi";
	mxp_connection_t *zone = connect_zone(set);
	const mxp_map_t *map = map_of(zone);
	expect_logs(1, 0);

	if (row->text != NULL) {
		write_map(row->text);
	} else {
		assert_int_equal(unlink(path), 0);
	}
	expect_error(row->words);
	assert_ptr_equal(map_of(zone), map);
	assert_true(has_exchange(zone, "mx.house.test."));
	assert_true(has_preset(zone, "gandi"));

	// A reload says nothing new, and a zone that comes gets the last good map.
	mxp_connection_t *another = connect_zone(set);
	assert_ptr_equal(map_of(another), map);
	disconnect_zone(another);

	// Repaired, it is taken; meanwhile there was no second line.
	write_map(NEW_MAP);
	expect_logs(1, 0);
	assert_true(has_exchange(zone, "new.house.test."));
	disconnect_zone(zone);
}

static void starts_without_a_good_map(void **state)
{
	(void)state;
	write_map(BAD_MAP);
	mxp_connection_t *zone = connect_zone(settings());
	expect_error((const char *const[]){ "map:2: ", "final dot", "and 2 more" });
	assert_null(map_of(zone));

	assert_int_equal(unlink(path), 0);
	expect_logs(0, 1);
	assert_null(map_of(zone));

	write_map(MAP);
	expect_logs(1, 0);
	assert_true(has_exchange(zone, "mx.house.test."));
	disconnect_zone(zone);
}

/*! \brief A map that never had a built-in may go on without it. */
static void starts_without_the_builtin(void **state)
{
	(void)state;
	write_map("gandi MX 10 a.test.\n");
	mxp_connection_t *zone = connect_zone(settings());
	expect_logs(1, 1);
	const mxp_map_t *map = map_of(zone);
	assert_non_null(map);
	assert_false(has_exchange(zone, "a.test."));

	write_map("gandi MX 10 b.test.\n");
	expect_logs(1, 1);

	write_map(MAP);
	expect_logs(1, 0);
	assert_true(has_exchange(zone, "mx.house.test."));
	disconnect_zone(zone);
}

/*! \brief A map that lacks what only some server_zones use is taken when the last of these has
 * left. */
static void takes_a_refused_map_later(void **state)
{
	(void)state;
	mxp_settings_t set1 = settings();
	set1.rules.builtin = "gandi";
	mxp_settings_t set2 = settings();
	set2.rules.preset = "gandi";
	mxp_connection_t *zone = connect_zone(settings());
	mxp_connection_t *zone1 = connect_zone(set1);
	mxp_connection_t *zone2 = connect_zone(set2);
	mxp_connection_t *zone3 = connect_zone(set2);
	expect_logs(1, 0);

	write_map("house MX 10 new.house.test.\n");
	expect_error((const char *const[]){ "'gandi' is missing", "and 1 more", "last good" });
	disconnect_zone(zone1);
	disconnect_zone(zone2);
	reload();
	assert_true(has_exchange(zone, "mx.house.test."));
	disconnect_zone(zone3);
	expect_logs(1, 0);
	assert_true(has_exchange(zone, "new.house.test."));

	// An instance that comes later gets what there is, and a line about what there is not.
	mxp_connection_t *late = connect_zone(set2);
	expect_logs(0, 1);
	assert_true(has_preset(late, NULL));
	assert_true(has_exchange(late, "new.house.test."));
	disconnect_zone(late);
	disconnect_zone(zone);
}

/*!
 * \brief A zone that comes right after a change has the new map, as a reload should show it.
 *
 * Connecting waits for three seconds at most: this may fail on a machine that stands still.
 */
static void connecting_waits_for_a_change(void **state)
{
	(void)state;
	mxp_connection_t *zone = connect_zone(settings());
	for (size_t i = 0; i < 10; i++) {
		const char *exchange = (i % 2 == 0) ? "new.house.test." : "mx.house.test.";
		write_map(i % 2 == 0 ? NEW_MAP : MAP);
		mxp_connection_t *another = connect_zone(settings());
		assert_true(has_exchange(another, exchange));
		assert_true(has_exchange(zone, exchange));
		disconnect_zone(another);
	}

	change_without_close();
	mxp_connection_t *another = connect_zone(settings());
	assert_true(has_exchange(another, "new.house.test."));
	assert_int_equal(fclose(open_file), 0);
	disconnect_zone(another);

	// A refused file is no reason to wait either.
	write_map(BAD_MAP);
	another = connect_zone(settings());
	expect_logs(1 + 10 + 1, 1);
	disconnect_zone(another);
	disconnect_zone(zone);
}

/* Many threads at once. */

#define READERS 2
#define LOADERS 3
#define CHANGES 100

static bool finished;
static size_t loaded;

/*! \brief Tells if a zone's view is wrong: old or new, it must be whole. */
static bool is_torn(const mxp_connection_t *zone)
{
	rcu_read_lock();
	const mxp_view_t *view = &rcu_dereference(zone->instance->snapshot)->view;
	// The maps have as many records as their title says.
	const mxp_preset_t *preset =
		view->map != NULL ? mxp_map_find(view->map, mxp_span("house")) : NULL;
	const bool torn = preset == NULL || preset != view->builtin || preset->title == NULL ||
	                  preset->rrs.count != (unsigned)atoi(preset->title);
	rcu_read_unlock();
	return torn;
}

/*! \brief Reads as a query thread does. */
static void *read_views(void *arg)
{
	size_t bad = 0;
	rcu_register_thread();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		bad += is_torn(arg);
	}
	rcu_unregister_thread();
	return (void *)bad;
}

/*! \brief Loads, answers and unloads as catalog members do. */
static void *load_often(void *arg)
{
	mxp_settings_t set = settings();
	set.statistics = *(const bool *)arg;
	size_t bad = 0;
	rcu_register_thread();
	while (!__atomic_load_n(&finished, __ATOMIC_RELAXED)) {
		mxp_connection_t *zone = connect_as(&set, &server_zones[0]);
		bad += (zone == NULL || is_torn(zone));
		disconnect_zone(zone);
		__atomic_add_fetch(&loaded, 1, __ATOMIC_RELAXED);
	}
	rcu_unregister_thread();
	return (void *)bad;
}

static const char *const numbered_maps[] = {
	"house MX 10 a.test.\n TXT \"title=1\"\n",
	"house MX 10 a.test.\n MX 20 b.test.\n TXT \"title=2\"\n",
	"house MX 10 a.test.\n MX 20 b.test.\n MX 30 c.test.\n TXT \"title=3\"\n",
	BAD_MAP,
};

/*! \brief Starts all threads; readers only if there is a zone that stays. */
static size_t start_threads(pthread_t *threads, mxp_connection_t *zone)
{
	static const bool switches[LOADERS] = { false, true, false };
	size_t count = 0;
	__atomic_store_n(&finished, false, __ATOMIC_RELAXED);
	for (size_t i = 0; i < LOADERS; i++) {
		assert_int_equal(
			pthread_create(&threads[count++], NULL, load_often, (void *)&switches[i]),
			0);
	}
	for (size_t i = 0; i < READERS && zone != NULL; i++) {
		assert_int_equal(pthread_create(&threads[count++], NULL, read_views, zone), 0);
	}
	return count;
}

/*! \brief Joins all threads; returns how much was wrong in them. */
static size_t join_threads(const pthread_t *threads, size_t count)
{
	size_t bad = 0;
	__atomic_store_n(&finished, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < count; i++) {
		void *result;
		assert_int_equal(pthread_join(threads[i], &result), 0);
		bad += (size_t)result;
	}
	return bad;
}

static void publishes_to_readers(void **state)
{
	(void)state;
	write_map(numbered_maps[0]);
	mxp_connection_t *zone = connect_zone(settings());
	expect_logs(1, 0);

	pthread_t threads[LOADERS + READERS];
	const size_t count = start_threads(threads, zone);
	for (size_t i = 1; i <= CHANGES; i++) {
		const size_t kind = i % COUNT(numbered_maps);
		write_map(numbered_maps[kind]);
		await(has_logged(kind < 3, kind == 3));
		(void)take_lines();
	}
	assert_int_equal(join_threads(threads, count), 0);
	assert_int_equal(zone->instance->references, 1);
	disconnect_zone(zone);
}

/*! \brief Without a zone that stays, the thread starts and ends all the time. */
static void starts_and_ends_in_many_threads(void **state)
{
	(void)state;
	write_map(numbered_maps[0]);
	pthread_t threads[LOADERS + READERS];
	const size_t count = start_threads(threads, NULL);
	for (size_t i = 1; i <= CHANGES; i++) {
		const size_t before = __atomic_load_n(&loaded, __ATOMIC_RELAXED);
		write_map(numbered_maps[i % 3]);
		await(__atomic_load_n(&loaded, __ATOMIC_RELAXED) > before + LOADERS);
	}
	assert_int_equal(join_threads(threads, count), 0);
	await(count_threads() == threads_at_first);
}

// The first one needs a registry that has never waited in vain: after that, it waits for nothing
// for a while. The last ones may make it so.
static const struct CMUnitTest first[] = {
	cmocka_unit_test(connecting_waits_for_a_change),
	cmocka_unit_test(shares_what_is_equal),
	cmocka_unit_test(keeps_apart_what_differs),
	cmocka_unit_test(keeps_files_apart),
	cmocka_unit_test(reads_once_for_many_zones),
	cmocka_unit_test(logs_the_counts),
	cmocka_unit_test(last_disconnect_ends_all),
	cmocka_unit_test(logs_for_a_zone_that_is_there),
	cmocka_unit_test(hands_lines_over),
	cmocka_unit_test(takes_the_last_of_quick_changes),
	cmocka_unit_test(starts_without_a_good_map),
	cmocka_unit_test(starts_without_the_builtin),
	cmocka_unit_test(takes_a_refused_map_later),
	cmocka_unit_test(publishes_to_readers),
	cmocka_unit_test(starts_and_ends_in_many_threads),
};

static struct CMUnitTest tests[COUNT(first) + COUNT(changes) + COUNT(refused)];

int main(void)
{
	memcpy(tests, first, sizeof(first));
	ADD_ROWS(ADD_ROWS(tests + COUNT(first), check_change, changes), check_refused, refused);
	for (size_t i = 0; i < COUNT(tests); i++) {
		tests[i].setup_func = make_files;
		tests[i].teardown_func = remove_files;
	}

	rcu_register_thread();
	const int failed = cmocka_run_group_tests(tests, warm_up, NULL);
	rcu_unregister_thread();

	return failed;
}
