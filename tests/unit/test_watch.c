/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"
#include "watch.h"

/*! Longest wait: for ever, so that one that is not ended cannot go unnoticed. */
#define FOREVER (-1)

/* The test is in a folder of its own: with a file, and a subfolder with another one. */

static char folder[64];
static mxp_watch_t watch;

static void write_file(const char *name)
{
	FILE *file = fopen(name, "w");
	assert_non_null(file);
	fputs("text\n", file);
	assert_int_equal(fclose(file), 0);
}

/*! \brief Adds the folder of a file. */
static int add(const char *path)
{
	int error = 0;
	const int number = mxp_watch_add(&watch, path, &error);
	assert_int_equal(error != 0, number < 0);
	return number;
}

static int open_all(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mxpreset-XXXXXX");
	if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("sub", 0777) != 0) {
		return -1;
	}
	write_file("map");
	write_file("sub/map");
	mxp_watch_open(&watch);
	return watch.wake >= 0 && watch.inotify >= 0 ? 0 : -1;
}

static int close_all(void **state)
{
	(void)state;
	static const char *const names[] = { "map", "new", "sub/map", "sub/new" };
	mxp_watch_close(&watch);
	for (size_t i = 0; i < COUNT(names); i++) {
		(void)unlink(names[i]);
	}
	if (rmdir("sub") != 0 || chdir("/") != 0) {
		return -1;
	}
	return rmdir(folder);
}

/*! \brief What was told, as one line: folder:name, with an exclamation mark if complete. */
typedef struct {
	char text[512];
	size_t lost;
} told_t;

static void take(void *ctx, int number, const char *name, mxp_heard_t heard)
{
	told_t *told = ctx;
	const size_t len = strlen(told->text);
	char entry[64];
	snprintf(entry, sizeof(entry), "%d:%s%s ", number, name != NULL ? name : "",
	         heard == MXP_HEARD_CLOSED ? "!" : "");
	told->lost += (name == NULL && heard == MXP_HEARD_NOTHING);
	// The same once more says nothing new.
	if (len < strlen(entry) || strcmp(told->text + len - strlen(entry), entry) != 0) {
		snprintf(told->text + len, sizeof(told->text) - len, "%s", entry);
	}
}

static told_t read_watch(void)
{
	told_t told = { .text = "" };
	mxp_watch_drain(&watch, take, &told);
	return told;
}

static void write_map(void)
{
	write_file("map");
}

static void append_without_close(void)
{
	const int fd = open("map", O_WRONLY | O_APPEND);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_string_equal(read_watch().text, "1:map ");
	assert_int_equal(close(fd), 0);
}

static void rename_into_place(void)
{
	write_file("sub/new");
	assert_int_equal(rename("sub/new", "map"), 0);
}

static void rename_within(void)
{
	assert_int_equal(rename("map", "new"), 0);
}

static void rename_away(void)
{
	assert_int_equal(rename("map", "sub/new"), 0);
}

static void move_link(void)
{
	assert_int_equal(symlink("sub/map", "sub/new"), 0);
	assert_int_equal(rename("sub/new", "map"), 0);
}

static void delete_map(void)
{
	assert_int_equal(unlink("map"), 0);
}

static void write_elsewhere(void)
{
	write_file("sub/map");
}

static void read_map(void)
{
	char octet;
	const int fd = open("map", O_RDONLY);
	assert_int_equal(read(fd, &octet, 1), 1);
	assert_int_equal(close(fd), 0);
}

static void change_mode(void)
{
	assert_int_equal(chmod("map", 0600), 0);
}

/*! \brief Something that happens in a folder, and what is told of it. */
typedef struct {
	const char *name;
	void (*happen)(void);
	const char *told;
} event_t;

static const event_t events[] = {
	{ "a file that is written", write_map, "1:map 1:map! " },
	{ "a file that is written and not closed", append_without_close, "1:map! " },
	{ "a file that is renamed into place", rename_into_place, "1:map! " },
	{ "a file that is renamed", rename_within, "1:new! " },
	{ "a file that is renamed away", rename_away, "" },
	{ "a symbolic link that is moved", move_link, "1:map! " },
	{ "a file that is deleted", delete_map, "" },
	{ "a file in another folder", write_elsewhere, "" },
	{ "a file that is read", read_map, "" },
	{ "a file whose mode is changed", change_mode, "" },
};

static void check_event(void **state)
{
	const event_t *row = *state;
	assert_int_equal(add("map"), 1);
	row->happen();
	if (*row->told != '\0') {
		mxp_watch_wait(&watch, FOREVER, 0);
	}
	const told_t told = read_watch();
	assert_string_equal(told.text, row->told);
	assert_int_equal(told.lost, 0);
	assert_string_equal(read_watch().text, "");
}

static void numbers_folders(void **state)
{
	(void)state;
	char path[96];
	const int here = add("map");
	const int sub = add("sub/map");
	const int root = add("/map");
	assert_true(here > 0 && sub > 0 && root > 0);
	assert_int_not_equal(here, sub);
	assert_int_not_equal(here, root);
	assert_int_not_equal(sub, root);
	snprintf(path, sizeof(path), "%s/other", folder);
	assert_int_equal(add(path), here);
	assert_int_equal(add("sub/../map"), here);
	assert_true(add("nowhere/map") < 0);
	assert_true(add("map/map") < 0);

	mxp_watch_remove(&watch, root); // Others may write there.
	write_file("sub/map");
	write_file("map");
	assert_string_equal(read_watch().text, "2:map 2:map! 1:map 1:map! ");
}

static void forgets_a_folder(void **state)
{
	(void)state;
	const int here = add("map");
	const int sub = add("sub/map");
	mxp_watch_remove(&watch, here);
	write_file("map");
	write_file("sub/map");
	assert_string_equal(read_watch().text, "2:map 2:map! ");

	// A new number, and the other folder is still watched.
	assert_false(add("map") == here);
	mxp_watch_remove(&watch, sub);
	mxp_watch_remove(&watch, -1);
	write_file("map");
	assert_string_equal(read_watch().text, "3:map 3:map! ");
}

/*! \brief Too many events: some are lost, and that is told. */
static void tells_that_names_were_lost(void **state)
{
	(void)state;
	unsigned limit = 0;
	FILE *file = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	if (file == NULL || fscanf(file, "%u", &limit) != 1 || limit > 200000) {
		limit = 0;
	}
	if (file != NULL) {
		fclose(file);
	}
	if (limit == 0) {
		skip();
	}
	assert_int_equal(add("map"), 1);
	for (unsigned i = 0; i <= limit; i++) {
		assert_int_equal(rename(i % 2 == 0 ? "map" : "new", i % 2 == 0 ? "new" : "map"), 0);
	}
	assert_int_equal(read_watch().lost, 1);
	write_file("sub/new");
	assert_int_equal(rename("sub/new", "map"), 0);
	assert_string_equal(read_watch().text, "1:map! ");
}

static void *wake(void *arg)
{
	(void)arg;
	mxp_watch_wake(&watch);
	return NULL;
}

static bool is_awake(void)
{
	struct pollfd fd = { .fd = watch.wake, .events = POLLIN };
	return poll(&fd, 1, 0) > 0;
}

static void is_woken(void **state)
{
	(void)state;
	// Before it waits, more than once, and by another thread.
	mxp_watch_wake(&watch);
	mxp_watch_wake(&watch);
	mxp_watch_wait(&watch, FOREVER, 0);
	assert_false(is_awake());
	for (size_t i = 0; i < 100; i++) {
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, wake, NULL), 0);
		mxp_watch_wait(&watch, FOREVER, 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_false(is_awake());
	}
	assert_string_equal(read_watch().text, "");
	mxp_watch_wait(&watch, 0, 0);
}

/*! \brief Without inotify, nothing is told, and it can be woken all the same. */
static void does_without_inotify(void **state)
{
	(void)state;
	assert_int_equal(close(watch.inotify), 0);
	watch.inotify = -1;
	watch.error = EMFILE;
	assert_true(add("map") < 0);
	write_file("map");
	mxp_watch_wake(&watch);
	mxp_watch_wait(&watch, FOREVER, 0);
	assert_string_equal(read_watch().text, "");
	mxp_watch_remove(&watch, 1);

	assert_true(mxp_watch_reopen(&watch));
	assert_false(mxp_watch_reopen(&watch));
	assert_int_equal(add("map"), 1);
	write_file("map");
	assert_string_not_equal(read_watch().text, "");
}

/*! \brief Without any descriptor, waiting takes its time. */
static void does_without_descriptors(void **state)
{
	(void)state;
	mxp_watch_close(&watch);
	watch = (mxp_watch_t){ .wake = -1, .inotify = -1, .error = EMFILE };
	assert_true(add("map") < 0);
	mxp_watch_wake(&watch);
	mxp_watch_wait(&watch, 1, 0);
	assert_string_equal(read_watch().text, "");
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(numbers_folders),
	cmocka_unit_test(forgets_a_folder),
	cmocka_unit_test(tells_that_names_were_lost),
	cmocka_unit_test(is_woken),
	cmocka_unit_test(does_without_inotify),
	cmocka_unit_test(does_without_descriptors),
};

static struct CMUnitTest tests[COUNT(events) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_event, events), others, sizeof(others));
	for (size_t i = 0; i < COUNT(tests); i++) {
		tests[i].setup_func = open_all;
		tests[i].teardown_func = close_all;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
