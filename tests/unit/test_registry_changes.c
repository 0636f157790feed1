/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "zones.h"

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

// The first one needs a registry that has never waited in vain: after that, it waits for nothing
// for a while. The last ones may make it so.
static const struct CMUnitTest first[] = {
	cmocka_unit_test(connecting_waits_for_a_change),
	cmocka_unit_test(takes_the_last_of_quick_changes),
	cmocka_unit_test(starts_without_a_good_map),
	cmocka_unit_test(starts_without_the_builtin),
	cmocka_unit_test(takes_a_refused_map_later),
};

static struct CMUnitTest tests[COUNT(first) + COUNT(changes) + COUNT(refused)];

int main(void)
{
	memcpy(tests, first, sizeof(first));
	ADD_ROWS(ADD_ROWS(tests + COUNT(first), check_change, changes), check_refused, refused);

	return run_with_files(tests, COUNT(tests));
}
