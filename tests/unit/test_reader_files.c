/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/mxpreset-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static void write_file(const char *path)
{
	static const char text[] = "a MX 1 mx.a.example.\n";
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, sizeof(text) - 1, file), sizeof(text) - 1);
	assert_int_equal(fclose(file), 0);
}

static void make_link(const char *path)
{
	char target[128];
	snprintf(target, sizeof(target), "%s.target", path);
	write_file(target);
	assert_int_equal(symlink(target, path), 0);
}

static void make_loop(const char *path)
{
	assert_int_equal(symlink(path, path), 0);
}

static void make_directory(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void make_device_link(const char *path)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static void make_huge(const char *path)
{
	write_file(path);
	assert_int_equal(truncate(path, ((off_t)64 << 20) + 1), 0);
}

static void make_nothing(const char *path)
{
	(void)path;
}

/*! \brief Something that a path can lead to. */
typedef struct {
	const char *name;
	void (*make)(const char *path);
	const char *word; /*!< What the reason holds, NULL if the map is taken. */
} path_t;

static const path_t paths[] = {
	{ "regular file", write_file, NULL },         { "symbolic link", make_link, NULL },
	{ "symbolic link to itself", make_loop, "" }, { "missing file", make_nothing, "exist" },
	{ "directory", make_directory, "regular" },   { "FIFO", make_fifo, "regular" },
	{ "device", make_device_link, "regular" },    { "huge file", make_huge, "64 MiB" },
};

static void check_path(void **state)
{
	const path_t *row = *state;
	char path[96], target[128];
	snprintf(path, sizeof(path), "%s/map", folder);
	snprintf(target, sizeof(target), "%s.target", path);
	row->make(path);

	errors_t errors = { 0 };
	mxp_map_t *map = NULL;
	const int ret = mxp_map_load(&map, path, take_error, &errors);
	print_errors(&errors);
	(void)remove(path);
	(void)remove(target);

	if (row->word == NULL) {
		assert_int_equal(ret, KNOT_EOK);
		assert_int_equal(errors.count, 0);
		assert_int_equal(map->count, 1);
	} else {
		assert_int_not_equal(ret, KNOT_EOK);
		assert_null(map);
		assert_int_equal(errors.count, 1);
		assert_int_equal(errors.list[0].line, 0);
		assert_non_null(strstr(errors.list[0].reason, row->word));
	}
	mxp_map_free(map);
}

static struct CMUnitTest tests[COUNT(paths)];

int main(void)
{
	ADD_ROWS(tests, check_path, paths);

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
