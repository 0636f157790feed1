/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Files: what is read is what is there, and of a kept copy nothing but what was kept.
 */

#include <string.h>

#include "file.h"
#include "fuzz.h"
#include "keep.h"

/*! \brief Makes a path in memory that is this run's own. */
static const char *own_path(void)
{
	static char path[64];
	if (*path == '\0') {
		snprintf(path, sizeof(path), "/dev/shm/mxpreset-fuzz.%d", (int)getpid());
	}
	return path;
}

static void write_path(const uint8_t *data, size_t size)
{
	FILE *file = fopen(own_path(), "w");
	require(file != NULL && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

/*! \brief Reads a file in both ways. */
static void check_read(const uint8_t *data, size_t size)
{
	char *copy = NULL;
	size_t copy_size = 0;
	mxp_file_id_t id;
	const char *reason = NULL;
	require(mxp_file_read(own_path(), &copy, &copy_size, &id, &reason) == 0);
	require(copy_size == size && memcmp(copy, data, size) == 0);
	require(id.error == 0 && id.size == (off_t)size);
	free(copy);

	FILE *file = fopen(own_path(), "r");
	require(mxp_file_read_stream(fileno(file), &copy, &copy_size, &reason) == 0);
	require(copy_size == size && (size == 0 || memcmp(copy, data, size) == 0));
	free(copy);
	(void)fclose(file);
}

/*! \brief Reads a copy that was kept, and then one in which an octet is another one. */
static void check_kept(const uint8_t *data, size_t size, size_t place, uint8_t mask)
{
	char *copy = NULL;
	size_t copy_size = 0;
	require(mxp_keep_write(own_path(), (const char *)data, size) == 0);
	require(mxp_keep_read(own_path(), &copy, &copy_size) == (size > 0));
	if (size == 0) {
		return;
	}
	require(copy_size == size && memcmp(copy, data, size) == 0);
	free(copy);

	FILE *file = fopen(own_path(), "r+");
	require(file != NULL && fseek(file, 0, SEEK_END) == 0);
	place %= (size_t)ftell(file);
	require(fseek(file, (long)place, SEEK_SET) == 0);
	const int octet = fgetc(file);
	require(fseek(file, (long)place, SEEK_SET) == 0 && fputc(octet ^ mask, file) != EOF);
	require(fclose(file) == 0);
	const bool good = mxp_keep_read(own_path(), &copy, &copy_size);
	require(good == (mask == 0));
	if (good) {
		free(copy);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3) {
		return -1;
	}
	write_path(data, size);
	check_read(data, size);
	char *copy = NULL;
	size_t copy_size = 0;
	if (mxp_keep_read(own_path(), &copy, &copy_size)) { // Somebody has found a checksum.
		require(copy_size < size);
		free(copy);
	}
	check_kept(data + 3, size - 3, data[0] << 8 | data[1], data[2]);
	require(unlink(own_path()) == 0);

	return 0;
}
