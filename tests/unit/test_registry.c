/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>

#include "zones.h"

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

static bool no_threads;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                          void *arg)
{
	return no_threads ? EAGAIN : __real_pthread_create(thread, attr, run, arg);
}

/*! \brief Without a thread, zones are served all the same, and one line is enough for all. */
static void does_without_a_thread(void **state)
{
	(void)state;
	mxp_connection_t *connected[100];
	no_threads = true;
	for (size_t i = 0; i < COUNT(connected); i++) {
		connected[i] = connect_zone(settings());
	}
	assert_true(has_exchange(connected[0], "mx.house.test."));
	assert_int_equal(count_threads(), threads_at_first);
	const lines_t lines = expect_logs(1, 1);
	assert_int_equal(lines.infos, 1);

	// The next zone that comes tries again.
	no_threads = false;
	write_map(NEW_MAP);
	mxp_connection_t *late = connect_zone(settings());
	assert_int_equal(count_threads(), threads_at_first + 1);
	await(has_exchange(connected[0], "new.house.test."));
	expect_logs(1, 0);
	disconnect_zone(late);
	for (size_t i = 0; i < COUNT(connected); i++) {
		disconnect_zone(connected[i]);
	}
}

/*! Inode of a file that takes long to be read: as long as it is here, 0 if there is none. */
static ino_t slow_inode;
static bool is_reading;

ssize_t __real_read(int fd, void *buf, size_t size);
ssize_t __wrap_read(int fd, void *buf, size_t size);

ssize_t __wrap_read(int fd, void *buf, size_t size)
{
	struct stat st;
	if (fstat(fd, &st) == 0 && st.st_ino == __atomic_load_n(&slow_inode, __ATOMIC_RELAXED)) {
		__atomic_store_n(&is_reading, true, __ATOMIC_RELAXED);
		await(__atomic_load_n(&slow_inode, __ATOMIC_RELAXED) == 0);
	}
	return __real_read(fd, buf, size);
}

static void *connect_other(void *arg)
{
	mxp_settings_t set = settings();
	set.file = other_path;
	*(mxp_connection_t **)arg = connect_as(&set, &server_zones[1]);
	return NULL;
}

/*! \brief A file that takes long to be read for the first time holds up those alone who need it.
 */
static void reads_a_slow_file_beside_others(void **state)
{
	(void)state;
	struct stat st;
	mxp_connection_t *slow[2] = { NULL, NULL };
	pthread_t threads[2];
	assert_int_equal(stat(other_path, &st), 0);
	__atomic_store_n(&slow_inode, st.st_ino, __ATOMIC_RELAXED);
	assert_int_equal(pthread_create(&threads[0], NULL, connect_other, &slow[0]), 0);
	await(__atomic_load_n(&is_reading, __ATOMIC_RELAXED));
	assert_int_equal(pthread_create(&threads[1], NULL, connect_other, &slow[1]), 0);

	mxp_connection_t *zone = connect_zone(settings());
	assert_true(has_exchange(zone, "mx.house.test."));
	write_map(NEW_MAP);
	await(has_exchange(zone, "new.house.test."));
	disconnect_zone(zone);

	__atomic_store_n(&slow_inode, 0, __ATOMIC_RELAXED);
	for (size_t i = 0; i < COUNT(threads); i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(has_exchange(slow[i], "mx.house.test."));
	}
	assert_ptr_equal(slow[0]->instance, slow[1]->instance);
	expect_logs(3, 0); // Each file once, and the change.
	disconnect_zone(slow[0]);
	disconnect_zone(slow[1]);
}

/*! \brief Folders that are watched by inotify(7). */
static size_t count_watches(void)
{
	size_t count = 0;
	DIR *infos = opendir("/proc/self/fdinfo");
	for (struct dirent *info; (info = readdir(infos)) != NULL;) {
		char name[320];
		char line[512];
		snprintf(name, sizeof(name), "/proc/self/fdinfo/%s", info->d_name);
		FILE *file = fopen(name, "r");
		while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
			count += (strncmp(line, "inotify wd:", 11) == 0);
		}
		if (file != NULL) {
			fclose(file);
		}
	}
	closedir(infos);
	return count;
}

static void watches_what_is_used(void **state)
{
	(void)state;
	mxp_settings_t other = settings();
	other.file = sub_path;
	mxp_connection_t *zone1 = connect_zone(settings());
	await(count_watches() == 1);
	mxp_connection_t *zone2 = connect_zone(other);
	await(count_watches() == 2);
	disconnect_zone(zone2);
	assert_int_equal(count_watches(), 1);
	disconnect_zone(zone1);
	expect_logs(2, 0);
}

static bool is_joining;

int __real_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_join(pthread_t thread, void **result);

int __wrap_pthread_join(pthread_t thread, void **result)
{
	__atomic_store_n(&is_joining, true, __ATOMIC_RELAXED);
	return __real_pthread_join(thread, result);
}

static void *disconnect_aside(void *arg)
{
	disconnect_zone(arg);
	return NULL;
}

static void *connect_aside(void *arg)
{
	const mxp_settings_t set = settings();
	*(mxp_connection_t **)arg = connect_as(&set, &server_zones[1]);
	return NULL;
}

/*! \brief A file that the ending thread is still reading is watched by the next one. */
static void watches_what_is_being_read(void **state)
{
	(void)state;
	mxp_connection_t *zone = connect_zone(settings());
	expect_logs(1, 0);
	struct stat st;
	char aside[128];
	snprintf(aside, sizeof(aside), "%s.new", path);
	write_in_place(aside, NEW_MAP);
	assert_int_equal(stat(aside, &st), 0);
	__atomic_store_n(&is_reading, false, __ATOMIC_RELAXED);
	__atomic_store_n(&slow_inode, st.st_ino, __ATOMIC_RELAXED);
	assert_int_equal(rename(aside, path), 0);
	await(__atomic_load_n(&is_reading, __ATOMIC_RELAXED));

	pthread_t threads[2];
	__atomic_store_n(&is_joining, false, __ATOMIC_RELAXED);
	assert_int_equal(pthread_create(&threads[0], NULL, disconnect_aside, zone), 0);
	await(__atomic_load_n(&is_joining, __ATOMIC_RELAXED));
	assert_int_equal(pthread_create(&threads[1], NULL, connect_aside, &zone), 0);
	await(count_threads() == threads_at_first + 4); // Two of the registry's.
	__atomic_store_n(&slow_inode, 0, __ATOMIC_RELAXED);
	for (size_t i = 0; i < COUNT(threads); i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_true(has_exchange(zone, "new.house.test."));
	await(count_watches() == 1);
	disconnect_zone(zone);
	expect_logs(1, 0);
}

static struct CMUnitTest tests[] = {
	cmocka_unit_test(shares_what_is_equal),
	cmocka_unit_test(keeps_apart_what_differs),
	cmocka_unit_test(keeps_files_apart),
	cmocka_unit_test(reads_once_for_many_zones),
	cmocka_unit_test(logs_the_counts),
	cmocka_unit_test(last_disconnect_ends_all),
	cmocka_unit_test(logs_for_a_zone_that_is_there),
	cmocka_unit_test(hands_lines_over),
	cmocka_unit_test(does_without_a_thread),
	cmocka_unit_test(reads_a_slow_file_beside_others),
	cmocka_unit_test(watches_what_is_used),
	cmocka_unit_test(watches_what_is_being_read),
};

int main(void)
{
	return run_with_files(tests, COUNT(tests));
}
