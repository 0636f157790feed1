/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Waiting for changes in folders, by inotify(7).
 *
 * A hint, no more: some file systems tell nothing, so whoever waits looks at the files from time
 * to time as well.
 */

#pragma once

#include <stdbool.h>

#include "debounce.h"

/*! \brief Watch. */
typedef struct {
	int inotify; /*!< Descriptor of inotify, -1 if there is none. */
	int wake;    /*!< Descriptor that ends a wait, likewise. */
	int error;   /*!< Why there is no descriptor of inotify (errno). */
} mxp_watch_t;

/*!
 * \brief Notes what has happened to an entry of a folder.
 *
 * \param ctx     Context.
 * \param folder  Folder, as mxp_watch_add() has numbered it.
 * \param name    Name of the entry, NULL if something may have happened to any.
 * \param heard   What has happened.
 */
typedef void (*mxp_watch_f)(void *ctx, int folder, const char *name, mxp_heard_t heard);

/*!
 * \brief Opens a watch.
 *
 * Without descriptors it hears of nothing and cannot be woken: then waiting takes its time.
 *
 * \param watch  Output: watch.
 */
void mxp_watch_open(mxp_watch_t *watch);

/*!
 * \brief Opens what could not be opened yet.
 *
 * \param watch  Watch.
 *
 * \return True if folders can be added from now on; none is there yet.
 */
bool mxp_watch_reopen(mxp_watch_t *watch);

/*!
 * \brief Closes a watch.
 *
 * \param watch  Watch.
 */
void mxp_watch_close(mxp_watch_t *watch);

/*!
 * \brief Forgets a folder.
 *
 * \param watch   Watch.
 * \param folder  Number of the folder.
 */
void mxp_watch_remove(mxp_watch_t *watch, int folder);

/*!
 * \brief Adds the folder of a file; a folder that was added before keeps its number.
 *
 * \param watch  Watch.
 * \param path   Path of the file.
 * \param error  Output: why it cannot be watched (errno), unchanged if it can.
 *
 * \return Number of the folder, negative if it cannot be watched.
 */
int mxp_watch_add(mxp_watch_t *watch, const char *path, int *error);

/*!
 * \brief Waits for something to happen, or to be woken.
 *
 * \param watch       Watch.
 * \param timeout_ms  Longest wait in milliseconds.
 * \param collect_ms  How long to wait for more once something has happened, likewise.
 */
void mxp_watch_wait(mxp_watch_t *watch, int timeout_ms, int collect_ms);

/*!
 * \brief Drains what has happened until now, in order. Does not wait.
 *
 * \param watch    Watch.
 * \param changed  Called for each event.
 * \param ctx      Context of the call.
 */
void mxp_watch_drain(mxp_watch_t *watch, mxp_watch_f changed, void *ctx);

/*!
 * \brief Ends a wait; may be called from any thread.
 *
 * \param watch  Watch.
 */
void mxp_watch_wake(mxp_watch_t *watch);
