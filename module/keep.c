/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libknot/errcode.h>

#include "file.h"
#include "hash.h"
#include "keep.h"

#define FOLDER "mxpreset"
#define DIGEST ((size_t)32) // SHA-256
/*! First line of a copy: a comment of a zone file, so that the copy can be looked at as a map. */
#define HEAD     "; copy of a preset map, SHA-256 "
#define HEAD_LEN (sizeof(HEAD) - 1 + 2 * DIGEST + 1)

char *mxp_keep_path(const char *storage, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *out = NULL;
	return asprintf(&out, "%s/" FOLDER "/%.100s.%016" PRIx64, storage,
	                slash != NULL ? slash + 1 : path,
	                mxp_hash(MXP_HASH_START, path, strlen(path))) >= 0
	               ? out
	               : NULL;
}

/*! \brief Writes the first line of a copy. */
static bool make_head(const char *data, size_t size, char *out)
{
	uint8_t digest[DIGEST];
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest) != 0) {
		return false;
	}
	char *pos = stpcpy(out, HEAD);
	for (size_t i = 0; i < DIGEST; i++) {
		pos += sprintf(pos, "%02x", digest[i]);
	}
	*pos++ = '\n';
	*pos = '\0';
	return true;
}

static bool write_all(int fd, const char *data, size_t size)
{
	while (size > 0) {
		const ssize_t ret = write(fd, data, size);
		if (ret < 0 && errno != EINTR) {
			return false;
		}
		data += ret > 0 ? ret : 0;
		size -= ret > 0 ? (size_t)ret : 0;
	}
	return true;
}

/*! \brief Writes a file; it is removed again if that fails. */
static int write_file(const char *path, const char *data, size_t size)
{
	char head[HEAD_LEN + 1];
	if (!make_head(data, size, head)) {
		return ENOMEM;
	}
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		return errno;
	}
	bool good = write_all(fd, head, HEAD_LEN) && write_all(fd, data, size) && fsync(fd) == 0;
	int ret = good ? 0 : errno;
	if (close(fd) != 0 && good) {
		ret = errno;
	}
	if (ret != 0) {
		(void)unlink(path);
	}
	return ret;
}

int mxp_keep_write(const char *path, const char *data, size_t size)
{
	char folder[PATH_MAX];
	char aside[PATH_MAX];
	const int len = snprintf(aside, sizeof(aside), "%s.new", path);
	if (len < 0 || (size_t)len >= sizeof(aside)) {
		return ENAMETOOLONG;
	}
	if (mkdir(mxp_file_folder(path, folder, sizeof(folder)), 0770) != 0 && errno != EEXIST) {
		return errno;
	}
	const int ret = write_file(aside, data, size);
	if (ret == 0 && rename(aside, path) != 0) {
		const int error = errno;
		(void)unlink(aside);
		return error;
	}
	return ret;
}

bool mxp_keep_read(const char *path, char **data, size_t *size)
{
	mxp_file_id_t id;
	const char *reason;
	char *copy = NULL;
	size_t copy_size = 0;
	if (mxp_file_read(path, &copy, &copy_size, &id, &reason) != KNOT_EOK) {
		return false;
	}
	char head[HEAD_LEN + 1];
	if (copy_size <= HEAD_LEN || !make_head(copy + HEAD_LEN, copy_size - HEAD_LEN, head) ||
	    memcmp(copy, head, HEAD_LEN) != 0) {
		free(copy);
		return false;
	}
	memmove(copy, copy + HEAD_LEN, copy_size - HEAD_LEN);
	*data = copy;
	*size = copy_size - HEAD_LEN;

	return true;
}
