/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libknot/errcode.h>
#include <libknot/error.h>

#include "file.h"

/*! Some steps of the time stamps of files. */
#define YOUNG_MS 100
/*! A map of this size would have a million presets. */
#define SIZE_LIMIT ((size_t)64 << 20)
#define TOO_LARGE  "larger than 64 MiB"

static mxp_file_id_t stat_id(const struct stat *st)
{
	return (mxp_file_id_t){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
}

mxp_file_id_t mxp_file_id(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		return (mxp_file_id_t){ .error = errno };
	}
	return stat_id(&st);
}

const char *mxp_file_folder(const char *path, char *out, size_t out_len)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL) {
		snprintf(out, out_len, ".");
	} else {
		snprintf(out, out_len, "%.*s", slash > path ? (int)(slash - path) : 1, path);
	}
	return out;
}

/*! \brief Tells who can write something, beside the server itself and root. */
static const char *writers(const struct stat *st, const char *others, const char *owner)
{
	// Whoever can write a sticky folder cannot replace what is in it.
	const bool sticky = S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX);
	const bool by_all = (st->st_mode & S_IWOTH) && !sticky;
	const bool by_group =
		(st->st_mode & S_IWGRP) && !sticky && st->st_gid != 0 && st->st_gid != getegid();
	return (by_all || by_group)                         ? others
	       : st->st_uid != 0 && st->st_uid != geteuid() ? owner
	                                                    : NULL;
}

static const char *folder_writers(const char *path)
{
	struct stat st;
	char folder[PATH_MAX];
	return stat(mxp_file_folder(path, folder, sizeof(folder)), &st) == 0
	               ? writers(&st, "others can write its folder",
	                         "its folder belongs to another user")
	               : NULL;
}

const char *mxp_file_writers(const char *path)
{
	struct stat st;
	char real[PATH_MAX];
	const char *found = NULL;
	if (stat(path, &st) == 0) {
		found = writers(&st, "others can write it", "it belongs to another user");
	}
	if (found == NULL) {
		found = folder_writers(path);
	}
	if (found == NULL && realpath(path, real) != NULL) {
		found = folder_writers(real);
	}
	return found;
}

bool mxp_file_is_young(const mxp_file_id_t *id)
{
	struct timespec now;
	if (id->error != 0 || clock_gettime(CLOCK_REALTIME, &now) != 0) {
		return id->error == 0;
	}
	const int64_t age_ms = ((int64_t)now.tv_sec - id->mtime.tv_sec) * 1000 +
	                       ((int64_t)now.tv_nsec - id->mtime.tv_nsec) / 1000000;
	return age_ms < YOUNG_MS;
}

static bool same_time(const struct timespec *time1, const struct timespec *time2)
{
	return time1->tv_sec == time2->tv_sec && time1->tv_nsec == time2->tv_nsec;
}

bool mxp_file_alike(const mxp_file_id_t *id1, const mxp_file_id_t *id2)
{
	return id1->error == id2->error && id1->dev == id2->dev && id1->ino == id2->ino &&
	       id1->size == id2->size && same_time(&id1->mtime, &id2->mtime);
}

bool mxp_file_same(const mxp_file_id_t *id1, const mxp_file_id_t *id2)
{
	return mxp_file_alike(id1, id2) && same_time(&id1->ctime, &id2->ctime);
}

/*! \brief Tells if an error of a system call passes by itself: it is not about the file. */
static bool passes(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EIO ||
	       error == EINTR;
}

/*! \brief Takes the error of a system call; Knot's library has no words for all of them. */
static int system_error(const char **reason)
{
	const int error = errno;
	const int ret = knot_map_errno();
	*reason = (ret != KNOT_ERRNO_ERROR) ? knot_strerror(ret) : strerrordesc_np(error);
	return passes(error) ? KNOT_EBUSY : ret;
}

static int no_memory(const char **reason)
{
	*reason = "not enough memory";
	return KNOT_EBUSY;
}

static int changed(const char **reason)
{
	*reason = "changed while being read";
	return KNOT_EAGAIN;
}

static int read_all(int fd, char *data, size_t size, const char **reason)
{
	size_t done = 0;
	while (done < size) {
		const ssize_t ret = read(fd, data + done, size - done);
		if (ret < 0 && errno == EINTR) {
			continue;
		} else if (ret < 0) {
			return system_error(reason);
		} else if (ret == 0) {
			return changed(reason);
		}
		done += (size_t)ret;
	}
	return KNOT_EOK;
}

static int read_open(int fd, char **data, size_t *size, mxp_file_id_t *id, const char **reason)
{
	struct stat st;
	if (fstat(fd, &st) != 0) {
		return system_error(reason);
	}
	*id = stat_id(&st);
	if (!S_ISREG(st.st_mode)) {
		*reason = "not a regular file";
		return KNOT_EFILE;
	}
	if (st.st_size > (off_t)SIZE_LIMIT) {
		*reason = TOO_LARGE;
		return KNOT_ERANGE;
	}

	const size_t len = (size_t)st.st_size;
	char *text = malloc(len + 1);
	if (text == NULL) {
		return no_memory(reason);
	}
	int ret = read_all(fd, text, len, reason);
	if (ret == KNOT_EOK && fstat(fd, &st) == 0) {
		const mxp_file_id_t after = stat_id(&st);
		ret = mxp_file_same(id, &after) ? KNOT_EOK : changed(reason);
	}
	if (ret != KNOT_EOK) {
		free(text);
		return ret;
	}
	*data = text;
	*size = len;

	return KNOT_EOK;
}

int mxp_file_read(const char *path, char **data, size_t *size, mxp_file_id_t *id,
                  const char **reason)
{
	*data = NULL;
	*size = 0;
	// Opening some devices has effects of its own, so look before.
	struct stat st;
	const bool found = (stat(path, &st) == 0);
	*id = found ? stat_id(&st) : (mxp_file_id_t){ .error = errno };
	if (found && !S_ISREG(st.st_mode)) {
		*reason = "not a regular file";
		return KNOT_EFILE;
	}
	// Nothing but a FIFO put there meanwhile could block: hence O_NONBLOCK.
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		return system_error(reason);
	}
	const int ret = read_open(fd, data, size, id, reason);
	close(fd);

	return ret;
}

int mxp_file_read_stream(int fd, char **data, size_t *size, const char **reason)
{
	int ret = KNOT_EOK;
	size_t capacity = 0;
	*data = NULL;
	*size = 0;
	while (ret == KNOT_EOK) {
		if (*size == capacity) {
			capacity = 2 * capacity + 65536;
			char *more = realloc(*data, capacity);
			if (more == NULL) {
				ret = no_memory(reason);
				break;
			}
			*data = more;
		}
		const ssize_t got = read(fd, *data + *size, capacity - *size);
		if (got == 0) {
			return KNOT_EOK;
		} else if (got > 0) {
			*size += (size_t)got;
		} else if (errno != EINTR) {
			ret = system_error(reason);
		}
		if (*size > SIZE_LIMIT) {
			*reason = TOO_LARGE;
			ret = KNOT_ERANGE;
		}
	}
	free(*data);
	*data = NULL;
	*size = 0;

	return ret;
}
