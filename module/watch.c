/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "file.h"
#include "watch.h"

bool mxp_watch_open(mxp_watch_t *watch)
{
	watch->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (watch->wake < 0) {
		mxp_watch_close(watch);
		return false;
	}
	return true;
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

int mxp_watch_add(mxp_watch_t *watch, const char *path)
{
	char folder[PATH_MAX];
	if (watch->inotify < 0) {
		return -1;
	}
	return inotify_add_watch(watch->inotify, mxp_file_folder(path, folder, sizeof(folder)),
	                         IN_CLOSE_WRITE | IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR);
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
		{ .fd = watch->wake, .events = POLLIN },
		{ .fd = watch->inotify, .events = POLLIN }, // Ignored if negative.
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
	(void)!write(watch->wake, &one, sizeof(one));
}
