/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * To be preloaded into a server: lets it fail to open files, and to copy texts. As long as the file
 * $FAIL_SWITCH exists, paths that hold the first line of it cannot be opened, and errno is the
 * number in the second one. "inotify" stands for inotify(7), "strdup TEXT" for strdup(3) of a text
 * that begins with TEXT.
 */

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*open_f)(const char *path, int flags, ...);

int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
int inotify_init1(int flags);
char *strdup(const char *text);

static open_f find_open(void)
{
	static open_f found;
	if (found == NULL) {
		*(void **)&found = dlsym(RTLD_NEXT, "open64");
	}
	return found;
}

/*! \brief Tells if a path cannot be opened, and why. */
static bool fails(const char *path)
{
	char text[512] = "";
	const char *name = getenv("FAIL_SWITCH");
	const int fd = name != NULL ? find_open()(name, O_RDONLY | O_CLOEXEC) : -1;
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
	if (file == NULL) {
		return false;
	}
	const size_t len = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[len] = '\0';
	char *end = strchr(text, '\n');
	if (end == NULL) {
		return false;
	}
	*end = '\0';
	if (strstr(path, text) == NULL) {
		return false; // What succeeds leaves errno alone, as the module relies on.
	}
	errno = atoi(end + 1);
	return true;
}

static int open_or_fail(const char *path, int flags, mode_t mode)
{
	return fails(path) ? -1 : find_open()(path, flags, mode);
}

#define OPEN                                           \
	mode_t mode = 0;                               \
	if (flags & (O_CREAT | O_TMPFILE)) {           \
		va_list args;                          \
		va_start(args, flags);                 \
		mode = (mode_t)va_arg(args, unsigned); \
		va_end(args);                          \
	}                                              \
	return open_or_fail(path, flags, mode)

int open(const char *path, int flags, ...)
{
	OPEN;
}

int open64(const char *path, int flags, ...)
{
	OPEN;
}

int inotify_init1(int flags)
{
	int (*init)(int) = NULL;
	*(void **)&init = dlsym(RTLD_NEXT, "inotify_init1");
	return fails("inotify") ? -1 : init(flags);
}

char *strdup(const char *text)
{
	char *(*copy)(const char *) = NULL;
	*(void **)&copy = dlsym(RTLD_NEXT, "strdup");
	char call[64];
	(void)snprintf(call, sizeof(call), "strdup %s", text);
	return fails(call) ? NULL : copy(text);
}
