/* SPDX-License-Identifier: GPL-3.0-or-later */

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

/*! \brief Watch. */
typedef struct {
	int inotify; /*!< Descriptor of inotify, -1 if there is none. */
	int wake;    /*!< Descriptor that ends a wait. */
} mxp_watch_t;

/*!
 * \brief Takes the name of an entry of a folder.
 *
 * It was renamed into place, or closed by its writer, or is a new symbolic or hard link.
 *
 * \param ctx   Context.
 * \param name  Name of the entry, NULL if names were lost.
 */
typedef void (*mxp_watch_f)(void *ctx, const char *name);

/*!
 * \brief Opens a watch.
 *
 * \param watch  Output: watch.
 *
 * \return False if it cannot even be woken.
 */
bool mxp_watch_open(mxp_watch_t *watch);

/*!
 * \brief Closes a watch.
 *
 * \param watch  Watch.
 */
void mxp_watch_close(mxp_watch_t *watch);

/*!
 * \brief Forgets all folders.
 *
 * \param watch  Watch.
 */
void mxp_watch_reset(mxp_watch_t *watch);

/*!
 * \brief Adds the folder of a file.
 *
 * \param watch  Watch.
 * \param path   Path of the file.
 */
void mxp_watch_add(mxp_watch_t *watch, const char *path);

/*!
 * \brief Waits for a change, or to be woken.
 *
 * \param watch    Watch.
 * \param timeout  Longest wait in milliseconds.
 * \param changed  Called for each entry that has changed.
 * \param ctx      Context of the call.
 */
void mxp_watch_wait(mxp_watch_t *watch, int timeout, mxp_watch_f changed, void *ctx);

/*!
 * \brief Ends a wait; may be called from any thread.
 *
 * \param watch  Watch.
 */
void mxp_watch_wake(mxp_watch_t *watch);
