/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Reading a whole regular file, and knowing it again.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

/*! \brief What tells one state of a file from another. */
typedef struct {
	int error;             /*!< Why the file cannot be looked at (errno), 0 if it can. */
	dev_t dev;             /*!< Device. */
	ino_t ino;             /*!< Inode. */
	off_t size;            /*!< Size in octets. */
	struct timespec mtime; /*!< Last change of the content. */
	struct timespec ctime; /*!< Last change of the inode. */
} mxp_file_id_t;

/*!
 * \brief Looks at the present state of a file.
 *
 * \param path  Path; symbolic links are followed.
 *
 * \return State.
 */
mxp_file_id_t mxp_file_id(const char *path);

/*!
 * \brief Folder of a file, as it stands in the file's path.
 *
 * \param path     Path.
 * \param out      Output buffer.
 * \param out_len  Size of the output buffer in octets.
 *
 * \return The output buffer.
 */
const char *mxp_file_folder(const char *path, char *out, size_t out_len);

/*!
 * \brief Tells if somebody beside the user of this process and root can change a file, by its mode
 *        or owner, or those of its folder.
 *
 * \param path  Path; symbolic links are followed.
 *
 * \return Static string that tells how, NULL if nobody can.
 */
const char *mxp_file_writers(const char *path);

/*!
 * \brief Tells if the content of a file has just changed: a change since may have the same time.
 *
 * \param id  State.
 *
 * \return True if so, also if the time of the last change is still to come.
 */
bool mxp_file_is_young(const mxp_file_id_t *id);

/*!
 * \brief Compares two states of a file but for the last change of the inode.
 *
 * A file that is about to be replaced has another one for a moment.
 *
 * \param id1  First state.
 * \param id2  Second state.
 *
 * \return True if nothing else differs.
 */
bool mxp_file_alike(const mxp_file_id_t *id1, const mxp_file_id_t *id2);

/*!
 * \brief Compares two states of a file.
 *
 * \param id1  First state.
 * \param id2  Second state.
 *
 * \return True if they are the same.
 */
bool mxp_file_same(const mxp_file_id_t *id1, const mxp_file_id_t *id2);

/*!
 * \brief Reads a regular file of at most 64 MiB, without ever blocking on another kind of file.
 *
 * \param path    Path.
 * \param data    Output: content, to be freed; NULL if it was not read.
 * \param size    Output: size of the content in octets, 0 if it was not read.
 * \param id      Output: state that was read, or why there is none.
 * \param reason  Output: static string that tells what is wrong.
 *
 * \return KNOT_EOK or an error of errcode.h; KNOT_EAGAIN if the file changed meanwhile, KNOT_EBUSY
 *         for a cause that is not the file's and passes: descriptors, memory, or the device.
 */
int mxp_file_read(const char *path, char **data, size_t *size, mxp_file_id_t *id,
                  const char **reason);

/*!
 * \brief Reads a stream, such as the standard input, to its end.
 *
 * \param fd      File descriptor.
 * \param data    Output: content, to be freed.
 * \param size    Output: size of the content in octets.
 * \param reason  Output: static string that tells what is wrong.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_file_read_stream(int fd, char **data, size_t *size, const char **reason);
