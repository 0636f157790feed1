/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "file.h"
#include "watch.h"

void mxp_watch_open(mxp_watch_t *watch)
{
	*watch = (mxp_watch_t){ .wake = -1, .inotify = -1 };
	(void)mxp_watch_reopen(watch);
}

bool mxp_watch_reopen(mxp_watch_t *watch)
{
	if (watch->wake < 0) {
		// Whoever wakes it may be another thread.
		__atomic_store_n(&watch->wake, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		                 __ATOMIC_RELAXED);
	}
	if (watch->inotify >= 0) {
		return false;
	}
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	watch->error = errno;
	return watch->inotify >= 0;
}

void mxp_watch_close(mxp_watch_t *watch)
{
	if (watch->inotify >= 0) {
		close(watch->inotify);
	}
	if (watch->wake >= 0) {
		close(watch->wake);
	}
}

void mxp_watch_remove(mxp_watch_t *watch, int folder)
{
	(void)inotify_rm_watch(watch->inotify, folder);
}

int mxp_watch_add(mxp_watch_t *watch, const char *path, int *error)
{
	char folder[PATH_MAX];
	if (watch->inotify < 0) {
		*error = watch->error;
		return -1;
	}
	const int added = inotify_add_watch(
		watch->inotify, mxp_file_folder(path, folder, sizeof(folder)),
		IN_CLOSE_WRITE | IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR);
	*error = added < 0 ? errno : *error;
	return added;
}

static void report_events(const char *buf, size_t len, mxp_watch_f changed, void *ctx)
{
	const struct inotify_event *event;
	for (const char *pos = buf; pos < buf + len; pos += sizeof(*event) + event->len) {
		event = (const struct inotify_event *)pos;
		if (event->mask & IN_Q_OVERFLOW) {
			changed(ctx, event->wd, NULL, MXP_HEARD_NOTHING);
		} else if (event->len > 0 && event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) {
			changed(ctx, event->wd, event->name, MXP_HEARD_CLOSED);
		} else if (event->len > 0 && event->mask & IN_MODIFY) {
			changed(ctx, event->wd, event->name, MXP_HEARD_WRITTEN);
		}
	}
}

void mxp_watch_wait(mxp_watch_t *watch, int timeout_ms, int collect_ms)
{
	struct pollfd fds[] = {
		// Ignored if negative.
		{ .fd = watch->wake, .events = POLLIN },
		{ .fd = watch->inotify, .events = POLLIN },
	};
	int ready = poll(fds, 2, timeout_ms);
	if (ready > 0 && fds[0].revents == 0) {
		ready = poll(fds, 1, collect_ms);
	}
	if (ready > 0) {
		uint64_t count;
		(void)!read(watch->wake, &count, sizeof(count));
	}
}

void mxp_watch_drain(mxp_watch_t *watch, mxp_watch_f changed, void *ctx)
{
	char buf[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)]
		__attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t len;
	while (watch->inotify >= 0 && (len = read(watch->inotify, buf, sizeof(buf))) > 0) {
		report_events(buf, (size_t)len, changed, ctx);
	}
}

void mxp_watch_wake(mxp_watch_t *watch)
{
	const uint64_t one = 1;
	(void)!write(__atomic_load_n(&watch->wake, __ATOMIC_RELAXED), &one, sizeof(one));
}
