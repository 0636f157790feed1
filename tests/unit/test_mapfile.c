/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "mapfile.h"
#include "unit.h"

/*
 * The clock is the test's own: a moment is shorter than any wait of the module, ages are longer,
 * and a pause is longer than that for a writer that is not heard of.
 */
#define MOMENT  1
#define PAUSE   500
#define AGES    10000

#define MAP     "house MX 10 mx.house.test.\ngandi MX 10 a.test.\n"
#define NEW_MAP "house MX 10 new.house.test.\ngandi MX 10 a.test.\n"
#define BAD_MAP "house MX 10 mx\n"

static char folder[64];
static char path[96];
static uint64_t now;
static mxp_mapfile_t *file;
static mxp_garbage_t *garbage;

/*! \brief What was logged since it was last looked at. */
static size_t infos;
static size_t errors;

static void take_log(void *ctx, int priority, const char *message)
{
	(void)ctx;
	infos += (priority == LOG_INFO);
	errors += (priority == LOG_ERR);
	print_message("# %s\n", message);
}

static const mxp_logger_t logger = { take_log, NULL };

static void expect_logs(size_t more_infos, size_t more_errors)
{
	assert_int_equal(infos, more_infos);
	assert_int_equal(errors, more_errors);
	infos = 0;
	errors = 0;
}

/*! \brief Writes a file in place that looks as if it was written in the year 2100, or in 2001. */
static void write_at(const char *text, bool young)
{
	FILE *out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	const struct timespec time = { young ? 4102444800 : 1000000000, 0 };
	const struct timespec times[] = { time, time };
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static int open_file(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mxpreset-XXXXXX");
	if (mkdtemp(folder) == NULL) {
		return -1;
	}
	snprintf(path, sizeof(path), "%s/map", folder);
	write_at(MAP, true);
	now = AGES;
	infos = 0;
	errors = 0;
	garbage = NULL;
	file = mxp_mapfile_new(path, now, &logger);
	return file != NULL && file->map != NULL ? 0 : -1;
}

static int close_file(void **state)
{
	(void)state;
	mxp_garbage_free(garbage);
	mxp_mapfile_free(file);
	(void)unlink(path);
	return rmdir(folder);
}

static mxp_look_t look(uint64_t later)
{
	now += later;
	return mxp_mapfile_look(file, now);
}

/*! \brief Reads the file and takes what it holds. */
static void take(mxp_look_t why)
{
	mxp_text_t text = mxp_mapfile_read(file);
	mxp_mapfile_take(file, &text, why == MXP_READ_AGAIN, &logger, &garbage);
	free(text.data);
}

/*! \brief Reads the file as often as that takes, until nothing is left to do. */
static void settle(void)
{
	mxp_look_t what;
	size_t steps = 0;
	while ((what = look(AGES)) != MXP_LOOK_LATER) {
		take(what);
		assert_in_range(++steps, 1, 3);
	}
}

static void expect_exchange(const char *exchange)
{
	knot_dname_storage_t name;
	const mxp_preset_t *house = mxp_map_find(file->map, mxp_span("house"));
	assert_true(knot_dname_is_equal(house->mx[0].exchange, make_name(exchange, name)));
}

/*! \brief A text that was read when it was young is read once more, and is nothing new then. */
static void reads_a_young_file_again(void **state)
{
	(void)state;
	expect_logs(1, 0);
	assert_true(mxp_mapfile_current(file));
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
	assert_int_equal(look(AGES), MXP_READ_AGAIN);
	const mxp_map_t *map = file->map;
	take(MXP_READ_AGAIN);
	assert_ptr_equal(file->map, map);
	assert_int_equal(look(MOMENT), MXP_LOOK_LATER);
	assert_int_equal(look(AGES), MXP_LOOK_LATER);
	expect_logs(0, 0);
}

/*! \brief A change that does not show in size and time is found by reading again. */
static void finds_a_hidden_change(void **state)
{
	(void)state;
	expect_logs(1, 0);
	mxp_text_t text = { .ret = KNOT_EOK, .data = strdup(NEW_MAP), .size = strlen(NEW_MAP) };
	text.id = file->taken;
	assert_int_equal(look(AGES), MXP_READ_AGAIN);
	mxp_mapfile_take(file, &text, true, &logger, &garbage);
	free(text.data);
	expect_exchange("new.house.test.");
	expect_logs(1, 0);
}

static void waits_for_a_writer(void **state)
{
	(void)state;
	settle();
	expect_logs(1, 0);
	write_at(NEW_MAP, true);
	assert_false(mxp_mapfile_current(file));
	assert_int_equal(look(AGES), MXP_LOOK_SOON);
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
	// It goes on writing.
	write_at(NEW_MAP "\n", true);
	assert_int_equal(look(AGES), MXP_LOOK_SOON);
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
	assert_int_equal(look(AGES), MXP_READ);
	take(MXP_READ);
	assert_true(mxp_mapfile_current(file));
	expect_exchange("new.house.test.");
	expect_logs(1, 0);
}

static void reads_a_closed_file_at_once(void **state)
{
	(void)state;
	settle();
	write_at(NEW_MAP, true);
	file->closed = true;
	assert_int_equal(look(MOMENT), MXP_READ);
	// That it was closed says nothing of the next change.
	take(MXP_READ);
	write_at(MAP "\n", true);
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
}

/*! \brief A writer that pauses is waited for, but one that never closes the file not for ever. */
static void gives_an_open_file_time(void **state)
{
	(void)state;
	settle();
	write_at(NEW_MAP, true);
	file->open = true;
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
	assert_int_equal(look(PAUSE), MXP_LOOK_SOON);
	write_at(NEW_MAP "\n", true);
	assert_int_equal(look(PAUSE), MXP_LOOK_SOON);
	assert_int_equal(look(PAUSE), MXP_LOOK_SOON);
	file->open = false;
	assert_int_equal(look(MOMENT), MXP_READ);
	file->open = true;
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
	assert_int_equal(look(AGES), MXP_READ);
}

/*! \brief What changes nothing but the inode is no news, unless the text has changed as well. */
static void says_nothing_new_of_an_inode(void **state)
{
	(void)state;
	settle();
	write_at(BAD_MAP, false);
	settle();
	expect_logs(1, 1);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(look(AGES), MXP_READ_AGAIN);
	settle();
	expect_logs(0, 0);
	write_at("house MX 20 my\n", false); // As long as before, and as old.
	assert_int_equal(look(AGES), MXP_READ_AGAIN);
	settle();
	expect_logs(0, 1);
}

static void reads_an_old_file_at_once(void **state)
{
	(void)state;
	settle();
	write_at(NEW_MAP, false);
	assert_int_equal(look(MOMENT), MXP_READ);
}

/*! \brief A file that is gone may be back soon: its writer has only half of its work done. */
static void waits_for_a_file_that_is_gone(void **state)
{
	(void)state;
	settle();
	expect_logs(1, 0);
	assert_int_equal(unlink(path), 0);
	file->closed = true;
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
	assert_int_equal(look(MOMENT), MXP_LOOK_SOON);
	assert_int_equal(look(AGES), MXP_READ);
	take(MXP_READ);
	expect_exchange("mx.house.test.");
	expect_logs(0, 1);
	// One line is enough, however long that lasts.
	assert_int_equal(look(AGES), MXP_LOOK_LATER);
	assert_int_equal(look(AGES), MXP_LOOK_LATER);
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
	mxp_instance_t *instance = mxp_instance_new(file, &settings, &logger);
	assert_non_null(instance);
	settle();
	expect_logs(1, 0);
	const mxp_view_t *view = instance->view;

	write_at(row->text, true);
	settle();
	expect_logs(0, 1);
	assert_true(mxp_mapfile_current(file));
	assert_true(file->refused);
	assert_null(garbage);
	assert_ptr_equal(instance->view, view);
	expect_exchange("mx.house.test.");

	// Asked again, it says nothing new.
	file->retry = true;
	assert_int_equal(look(MOMENT), MXP_READ_AGAIN);
	settle();
	expect_logs(0, 0);

	// Good again, though it is the text that is in use.
	write_at(MAP, true);
	settle();
	expect_logs(1, 0);
	assert_false(file->refused);
	assert_ptr_not_equal(instance->view, view);
	assert_ptr_equal(instance->view->map, file->map);
	mxp_instance_free(instance);
}

/*! \brief What was refused for the sake of an instance is taken when that is gone. */
static void retries_what_lacked_something(void **state)
{
	(void)state;
	mxp_settings_t settings = { .file = path, .rules = { .builtin = "house" } };
	mxp_instance_t *instance = mxp_instance_new(file, &settings, &logger);
	settings.rules.builtin = "gandi";
	mxp_instance_t *other = mxp_instance_new(file, &settings, &logger);
	settle();
	write_at("house MX 10 new.house.test.\n", true);
	settle();
	expect_logs(1, 1);

	mxp_instance_free(other);
	file->retry = true;
	settle();
	expect_logs(1, 0);
	expect_exchange("new.house.test.");
	assert_ptr_equal(instance->view->map, file->map);
	mxp_instance_free(instance);
}

static void knows_its_entries(void **state)
{
	(void)state;
	assert_true(mxp_mapfile_moved(file));
	assert_false(mxp_mapfile_moved(file));
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
	assert_true(mxp_mapfile_moved(file));
	assert_false(mxp_mapfile_moved(file));
	assert_true(mxp_mapfile_is(file, 5, "map"));
	assert_true(mxp_mapfile_is(file, 7, "third"));
	assert_false(mxp_mapfile_is(file, 5, "third"));
	assert_false(mxp_mapfile_is(file, 7, "map"));

	// A link to nothing.
	assert_int_equal(unlink(target), 0);
	assert_int_equal(rmdir(sub), 0);
	(void)mxp_mapfile_moved(file);
	assert_true(mxp_mapfile_is(file, 5, "map"));
	assert_false(mxp_mapfile_is(file, 7, "third"));
}

static const struct CMUnitTest others[] = {
	cmocka_unit_test(reads_a_young_file_again),
	cmocka_unit_test(finds_a_hidden_change),
	cmocka_unit_test(waits_for_a_writer),
	cmocka_unit_test(reads_a_closed_file_at_once),
	cmocka_unit_test(gives_an_open_file_time),
	cmocka_unit_test(says_nothing_new_of_an_inode),
	cmocka_unit_test(reads_an_old_file_at_once),
	cmocka_unit_test(waits_for_a_file_that_is_gone),
	cmocka_unit_test(retries_what_lacked_something),
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
