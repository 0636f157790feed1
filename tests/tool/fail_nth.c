/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * To be preloaded into the tool: the allocation of the number $FAIL_NTH fails, counted from 0. With
 * a crash, where it was is written to the standard error. An exit status of 99 says that there are
 * fewer allocations.
 */

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define FRAMES 32

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *ptr, size_t size);

static long left = -1;
static bool failed;

static bool is_due(void)
{
	const bool due = (left == 0);
	left -= (left >= 0);
	failed |= due;
	return due;
}

static void *fail(void)
{
	errno = ENOMEM;
	return NULL;
}

void *malloc(size_t size)
{
	return is_due() ? fail() : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_due() ? fail() : __libc_calloc(count, size);
}

void *realloc(void *ptr, size_t size)
{
	return is_due() ? fail() : __libc_realloc(ptr, size);
}

/*! \brief Writes where it was, and ends as if there were no handler. */
static void tell(int signal)
{
	void *frames[FRAMES];
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES), STDERR_FILENO);
	raise(signal);
}

__attribute__((constructor)) static void begin(void)
{
	void *frames[1];
	(void)backtrace(frames, 1); // The first one allocates.
	const struct sigaction action = { .sa_handler = tell, .sa_flags = (int)SA_RESETHAND };
	(void)sigaction(SIGSEGV, &action, NULL);
	(void)sigaction(SIGABRT, &action, NULL);
	const char *number = getenv("FAIL_NTH");
	left = number != NULL ? strtol(number, NULL, 10) : -1;
}

__attribute__((destructor)) static void end(void)
{
	if (!failed && getenv("FAIL_NTH") != NULL) {
		_exit(99);
	}
}
