/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

/*! Pause between two lines, in nanoseconds. */
#define PAUSE_NS 100000000

static bool shown;

void progress_show(size_t done, size_t all)
{
	static struct timespec last;
	struct timespec now;
	if (isatty(STDERR_FILENO) == 0 || clock_gettime(CLOCK_MONOTONIC, &now) != 0 ||
	    (now.tv_sec == last.tv_sec && now.tv_nsec - last.tv_nsec < PAUSE_NS)) {
		return;
	}
	last = now;
	shown = true;
	fprintf(stderr, "\r%zu of %zu zones", done, all);
}

void progress_clear(void)
{
	if (shown) {
		fputs("\r\033[K", stderr);
		shown = false;
	}
}
