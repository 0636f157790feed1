/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "mapfile.h"
#include "messages.h"
#include "put.h"
#include "unit.h"

/* The clock is the test's own. */

#define MAP     "house MX 10 mx.house.test.\ngandi MX 10 a.test.\n"
#define NEW_MAP "house MX 10 new.house.test.\ngandi MX 10 a.test.\n"
#define BAD_MAP "house MX 10 mx\n"

static char folder[64];
static char path[96];
static uint64_t now_ms;
static mxp_mapfile_t *file;

/*! \brief What was logged since it was last looked at. */
static size_t infos;
static size_t errors;
static size_t warnings;
static char last[512];

static void log_line(void *ctx, int priority, const char *message)
{
	(void)ctx;
	infos += (priority == LOG_INFO);
	errors += (priority == LOG_ERR);
	warnings += (priority == LOG_WARNING);
	snprintf(last, sizeof(last), "%s", message);
	print_message("# %s\n", message);
}

static void expect_logs(size_t more_infos, size_t more_errors)
{
	mxp_messages_log(log_line, NULL);
	assert_int_equal(infos, more_infos);
	assert_int_equal(errors, more_errors);
	infos = 0;
	errors = 0;
}

/*! \brief Writes a file in place, each time with another time of its last change. */
static void write_file(const char *text)
{
	static time_t seconds = 1000000000;
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	const struct timespec time = { seconds++, 0 };
	const struct timespec times[] = { time, time };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/*! \brief Makes a map file, and begins with what is there. */
static mxp_mapfile_t *begin(void)
{
	mxp_reading_t reading;
	mxp_mapfile_t *made = mxp_mapfile_new(path, NULL);
	assert_non_null(made);
	assert_true(made->unread);
	mxp_reading_make_first(path, &reading);
	mxp_mapfile_begin(made, &reading, now_ms);
	mxp_reading_clear(&reading);
	assert_false(made->unread);
	return made;
}

static int open_file(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mxpreset-XXXXXX");
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/map", folder);
	write_file(MAP);
	now_ms = 10000;
	infos = 0;
	errors = 0;
	warnings = 0;
	file = begin();
	return file != NULL && file->loaded != NULL ? 0 : -1;
}

static int close_file(void **state)
{
	(void)state;
	mxp_messages_drop();
	mxp_mapfile_free(file);
	mxp_retired_free(mxp_retired_detach());
	(void)unlink(path);
	return rmdir(folder);
}

/*! \brief Reads the file and takes what it holds. */
static void take(void)
{
	mxp_reading_t reading;
	file->changes.pending = false;
	mxp_reading_make(path, &reading);
	mxp_mapfile_apply(file, &reading, now_ms);
	mxp_reading_clear(&reading);
}

/*! \brief Checks the file until nothing is due any more; returns how often it was read. */
static size_t settle(void)
{
	size_t readings = 0;
	uint64_t due_ms;
	while ((due_ms = mxp_mapfile_check(file, now_ms)) != MXP_NEVER) {
		now_ms = due_ms;
		take();
		readings++;
		assert_between(readings, 1, 3);
	}
	return readings;
}

static void expect_exchange(const char *exchange)
{
	knot_dname_storage_t name;
	const mxp_preset_t *house = mxp_map_find(file->loaded->map, mxp_span("house"));
	assert_true(knot_dname_is_equal(house->mx[0].exchange, make_name(exchange, name)));
}

/*! \brief Each preset has its own answer, with its own TTL; aliases and parameters have none. */
static void makes_answers(void **state)
{
	(void)state;
	write_file("a 60 MX 10 a.test.\nb 70 MX 10 b.test.\nc CNAME b\nd 80 MX 1 _id_.test.\n");
	settle();
	const mxp_map_t *map = file->loaded->map;
	assert_int_equal(map->count, 4);
	for (size_t i = 0; i < map->count; i++) {
		knot_dname_storage_t name;
		const mxp_preset_t *preset = &map->presets[i];
		const mxp_answer_t *answer = file->loaded->answers[i].mx;
		if (preset->rrs.count == 0) {
			assert_null(answer);
			continue;
		}
		size_t size;
		const place_t place = { make_name("zone.example.", name), KNOT_WIRE_MAX_PKTSIZE, 0,
			                KNOT_PF_NOTRUNC };
		assert_null(check_put(answer, &preset->rrs, preset->ttl, &place, &size));
	}
}

/*! \brief A file that had just changed when it was read is read once more, as it was not watched.
 */
static void reads_a_young_file_again(void **state)
{
	(void)state;
	expect_logs(1, 0);
	assert_true(mxp_mapfile_is_current(file));
	assert_int_equal(mxp_mapfile_check(file, now_ms), MXP_NEVER);

	FILE *out = fopen(path, "a");
	assert_non_null(out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, NULL, 0), 0);
	mxp_mapfile_t *young = begin();
	assert_non_null(young);
	expect_logs(1, 0);
	assert_int_equal(mxp_mapfile_check(young, now_ms), now_ms + 300);
	mxp_mapfile_free(young);
}

/*! \brief What is seen to have changed has to be still. */
static void waits_for_a_file_that_changes(void **state)
{
	(void)state;
	settle();
	expect_logs(1, 0);
	write_file(NEW_MAP);
	assert_false(mxp_mapfile_is_current(file));
	now_ms += 50;
	assert_int_equal(mxp_mapfile_check(file, now_ms), now_ms + 300);
	assert_int_equal(mxp_mapfile_check(file, now_ms + 200), now_ms + 300);
	write_file(NEW_MAP "\n");
	assert_int_equal(mxp_mapfile_check(file, now_ms + 200), now_ms + 500);
	assert_int_equal(settle(), 1);
	assert_true(mxp_mapfile_is_current(file));
	expect_exchange("new.house.test.");
	expect_logs(1, 0);
}

/*! \brief What is heard says how long; that it is seen as well changes nothing. */
static void waits_by_what_was_heard(void **state)
{
	(void)state;
	settle();
	write_file(NEW_MAP);
	mxp_mapfile_note(file, MXP_HEARD_WRITTEN, now_ms);
	assert_int_equal(mxp_mapfile_check(file, now_ms), now_ms + 2000);
	assert_int_equal(mxp_mapfile_check(file, now_ms + 1), now_ms + 2000);
	mxp_mapfile_note(file, MXP_HEARD_CLOSED, now_ms + 30);
	assert_int_equal(mxp_mapfile_check(file, now_ms + 31), now_ms + 50);
	write_file(NEW_MAP "\n");
	assert_int_equal(mxp_mapfile_check(file, now_ms + 32), now_ms + 50);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mxp_mapfile_check(file, now_ms + 33), now_ms + 330);
}

/*! \brief What was heard while it was read belongs to the next reading. */
static void keeps_what_came_meanwhile(void **state)
{
	(void)state;
	settle();
	mxp_reading_t reading;
	write_file(NEW_MAP);
	file->changes.pending = false;
	mxp_reading_make(path, &reading);
	mxp_mapfile_note(file, MXP_HEARD_CLOSED, now_ms);
	mxp_mapfile_apply(file, &reading, now_ms);
	mxp_reading_clear(&reading);
	expect_exchange("new.house.test.");
	assert_int_equal(mxp_mapfile_check(file, now_ms), now_ms + 20);
}

/*! \brief What changes nothing but the inode is no news, unless the text has changed as well. */
static void logs_nothing_new_of_an_inode(void **state)
{
	(void)state;
	settle();
	write_file(BAD_MAP);
	settle();
	expect_logs(1, 1);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(settle(), 1);
	expect_logs(0, 0);

	struct stat before;
	assert_int_equal(stat(path, &before), 0);
	write_file("house MX 20 my\n"); // As long as before, and as old.
	const struct timespec times[] = { before.st_mtim, before.st_mtim };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	assert_int_equal(settle(), 1);
	expect_logs(0, 1);

	// A file that was put there anew is.
	write_file("house MX 20 my\n");
	assert_int_equal(settle(), 1);
	expect_logs(0, 1);
}

/*! \brief A file that is gone is logged once, and is taken when it is back. */
static void logs_once_that_a_file_is_gone(void **state)
{
	(void)state;
	settle();
	expect_logs(1, 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(settle(), 1);
	expect_exchange("mx.house.test.");
	expect_logs(0, 1);
	now_ms += 100000;
	assert_int_equal(mxp_mapfile_check(file, now_ms), MXP_NEVER);
	write_file(MAP);
	settle();
	expect_logs(1, 0);
}

/*! \brief A text that cannot be taken. */
typedef struct {
	const char *name;
	const char *text;
} refused_t;

static const refused_t refused[] = {
	{ "refuses an invalid map once", BAD_MAP },
	{ "refuses an empty map once", "" },
	{ "refuses a cut off map once", "house MX 10 mx.house.test." },
	{ "refuses a map without the built-in once", "gandi MX 10 a.test.\n" },
	{ "refuses a map without the preset once", "house MX 10 new.house.test.\n" },
};

static void check_refused(void **state)
{
	const refused_t *row = *state;
	const mxp_settings_t settings = { .file = path,
		                          .rules = { .builtin = "house", .preset = "gandi" } };
	mxp_instance_t *instance = mxp_mapfile_add(file, &settings, now_ms);
	assert_non_null(instance);
	settle();
	expect_logs(1, 0);
	const mxp_snapshot_t *snapshot = instance->snapshot;

	write_file(row->text);
	settle();
	expect_logs(0, 1);
	assert_true(mxp_mapfile_is_current(file));
	assert_true(file->refused);
	assert_null(mxp_retired_detach());
	assert_ptr_equal(instance->snapshot, snapshot);
	expect_exchange("mx.house.test.");

	// Asked again, it says nothing new.
	file->retry = true;
	assert_int_equal(mxp_mapfile_check(file, now_ms), now_ms);
	settle();
	expect_logs(0, 0);

	// Good again, though it is the text that is in use.
	write_file(MAP);
	settle();
	expect_logs(1, 0);
	assert_false(file->refused);
	assert_ptr_not_equal(instance->snapshot, snapshot);
	assert_ptr_equal(instance->snapshot->loaded, file->loaded);
	mxp_mapfile_remove(instance);
}

/*! \brief What was refused for the sake of an instance is taken when that is gone. */
static void retries_what_lacked_something(void **state)
{
	(void)state;
	mxp_settings_t settings = { .file = path, .rules = { .builtin = "house" } };
	mxp_instance_t *instance = mxp_mapfile_add(file, &settings, now_ms);
	settings.rules.builtin = "gandi";
	mxp_instance_t *other = mxp_mapfile_add(file, &settings, now_ms);
	settle();
	write_file("house MX 10 new.house.test.\n");
	settle();
	expect_logs(1, 1);

	mxp_mapfile_remove(other);
	file->retry = true;
	settle();
	expect_logs(1, 0);
	expect_exchange("new.house.test.");
	assert_ptr_equal(instance->snapshot->view.map, file->loaded->map);
	mxp_mapfile_remove(instance);
}

/*! \brief Leaves no descriptor for another file, or lets there be some again. */
static void limit_files(bool limited)
{
	static rlim_t before;
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limited) {
		before = limit.rlim_cur;
	}
	limit.rlim_cur = limited ? 0 : before;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/*! \brief Why a file cannot be read may pass: that is logged once, and tried again. */
static void tries_again_what_passes(void **state)
{
	(void)state;
	static const uint64_t waits_ms[] = {
		500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 64000
	};
	static const char *const texts[] = { NEW_MAP, MAP, BAD_MAP };
	settle();
	expect_logs(1, 0);
	for (size_t i = 0; i < COUNT(texts); i++) {
		const mxp_loaded_t *loaded = file->loaded;
		write_file(texts[i]);
		(void)mxp_mapfile_check(file, now_ms);
		limit_files(true);
		for (size_t j = 0; j < COUNT(waits_ms); j++) {
			take();
			assert_int_equal(mxp_mapfile_check(file, now_ms), now_ms + waits_ms[j]);
			now_ms += waits_ms[j];
		}
		mxp_mapfile_hurry(file);
		assert_int_equal(mxp_mapfile_check(file, now_ms), now_ms - 64000 + 500);
		limit_files(false);
		expect_logs(0, 1);
		assert_non_null(strstr(last, "too many open files"));
		assert_ptr_equal(file->loaded, loaded);

		take();
		const bool good = (strcmp(texts[i], BAD_MAP) != 0);
		expect_logs(good, !good);
		assert_int_equal(file->loaded != loaded, good);
		assert_int_equal(file->refused, !good);
		mxp_mapfile_hurry(file);
		assert_int_equal(mxp_mapfile_check(file, now_ms), MXP_NEVER);
	}
}

/*! \brief A file that did not change while it could not be read is taken again. */
static void logs_the_end_of_what_passes(void **state)
{
	(void)state;
	settle();
	expect_logs(1, 0);
	limit_files(true);
	take();
	limit_files(false);
	expect_logs(0, 1);
	take();
	expect_logs(1, 0);
	assert_false(file->refused);
	take();
	expect_logs(0, 0);
}

/*! \brief That others can write a map is a warning, once for each way. */
static void warns_of_writers(void **state)
{
	(void)state;
	settle();
	expect_logs(1, 0);
	assert_int_equal(warnings, 0);
	static const struct {
		bool is_folder;
		mode_t mode;
		const char *word; // NULL if there is no warning.
	} steps[] = {
		{ false, 0664, NULL }, // The group is the server's own, or root's.
		{ false, 0666, "others can write it" },
		{ false, 0666, NULL },
		{ false, 0644, NULL },
		{ true, 0777, "others can write its folder" },
		{ true, 01777, NULL },
		{ true, 0700, NULL },
	};
	for (size_t i = 0; i < COUNT(steps); i++) {
		warnings = 0;
		assert_int_equal(chmod(steps[i].is_folder ? folder : path, steps[i].mode), 0);
		take();
		expect_logs(0, 0);
		assert_int_equal(warnings, steps[i].word != NULL);
		assert_true(warnings == 0 || strstr(last, steps[i].word) != NULL);
	}
	if (geteuid() == 0) { // Nobody else can give a file away.
		warnings = 0;
		assert_int_equal(chown(path, 65534, 65534), 0);
		take();
		expect_logs(0, 0);
		assert_int_equal(warnings, 1);
		assert_non_null(strstr(last, "another user"));
	}
}

static void knows_its_entries(void **state)
{
	(void)state;
	assert_true(mxp_mapfile_has_moved(file));
	assert_false(mxp_mapfile_has_moved(file));
	file->watched[0] = 5;
	file->watched[1] = 7;
	assert_true(mxp_mapfile_is(file, 5, "map"));
	assert_false(mxp_mapfile_is(file, 5, "map.new"));
	assert_false(mxp_mapfile_is(file, 5, "ap"));
	assert_false(mxp_mapfile_is(file, 6, "map"));

	// A link into another folder and back: both its own name and what it leads to count.
	char sub[96];
	char target[128];
	snprintf(sub, sizeof(sub), "%s/sub", folder);
	snprintf(target, sizeof(target), "%s/third", sub);
	assert_int_equal(mkdir(sub, 0777), 0);
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink("sub/third", path), 0);
	assert_true(mxp_mapfile_has_moved(file));
	assert_false(mxp_mapfile_has_moved(file));
	assert_true(mxp_mapfile_is(file, 5, "map"));
	assert_true(mxp_mapfile_is(file, 7, "third"));
	assert_false(mxp_mapfile_is(file, 5, "third"));
	assert_false(mxp_mapfile_is(file, 7, "map"));

	// A link to nothing.
	assert_int_equal(unlink(target), 0);
	assert_int_equal(rmdir(sub), 0);
	(void)mxp_mapfile_has_moved(file);
	assert_true(mxp_mapfile_is(file, 5, "map"));
	assert_false(mxp_mapfile_is(file, 7, "third"));
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(makes_answers),
	cmocka_unit_test(reads_a_young_file_again),
	cmocka_unit_test(waits_for_a_file_that_changes),
	cmocka_unit_test(waits_by_what_was_heard),
	cmocka_unit_test(keeps_what_came_meanwhile),
	cmocka_unit_test(logs_nothing_new_of_an_inode),
	cmocka_unit_test(logs_once_that_a_file_is_gone),
	cmocka_unit_test(retries_what_lacked_something),
	cmocka_unit_test(tries_again_what_passes),
	cmocka_unit_test(logs_the_end_of_what_passes),
	cmocka_unit_test(warns_of_writers),
	cmocka_unit_test(knows_its_entries),
};

static struct CMUnitTest tests[COUNT(refused) + COUNT(others)];

int main(void)
{
	memcpy(ADD_ROWS(tests, check_refused, refused), others, sizeof(others));
	for (size_t i = 0; i < COUNT(tests); i++) {
		tests[i].setup_func = open_file;
		tests[i].teardown_func = close_file;
	}

	return cmocka_run_group_tests(tests, NULL, NULL);
}
