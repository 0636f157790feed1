/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Copies of the last good maps, which survive a restart of the server.
 *
 * A copy is the text of the map, after one line with a checksum of it. Its name is that of the map
 * and a hash of the whole path, so maps of the same name do not share one.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

/*!
 * \brief Path of the copy of a map.
 *
 * \param storage  The server's `database.storage`.
 * \param path     Path of the map.
 *
 * \return Path, to be freed; NULL if memory is exhausted.
 */
char *mxp_keep_path(const char *storage, const char *path);

/*!
 * \brief Writes a copy aside, and renames it into place.
 *
 * \param path  Path of the copy.
 * \param data  Text of the map.
 * \param size  Its size in octets.
 *
 * \return 0 if success, otherwise an error number (errno).
 */
int mxp_keep_write(const char *path, const char *data, size_t size);

/*!
 * \brief Reads a copy.
 *
 * \param path  Path of the copy.
 * \param data  Output: text of the map, to be freed.
 * \param size  Output: its size in octets.
 *
 * \return False if there is no copy, or if it is damaged.
 */
bool mxp_keep_read(const char *path, char **data, size_t *size);
