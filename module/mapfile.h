/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief A preset map file in use: its last good map, and the instances that are served from it.
 *
 * A file that is invalid, empty, cut off, gone, or lacks what an instance takes from the present
 * map changes nothing. When the server starts with such a file, a copy of the last good map is
 * served instead. The caller keeps others out of all functions.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "debounce.h"
#include "instance.h"
#include "observer.h"
#include "reading.h"
#include "settings.h"

/*! \brief Preset map file. */
typedef struct mxp_mapfile {
	char *path;               /*!< Path. */
	mxp_loaded_t *loaded;     /*!< Last good map (NULL if there was none). */
	mxp_debounce_t changes;   /*!< Changes that were not read yet. */
	mxp_file_id_t seen;       /*!< State in which it was last seen. */
	mxp_reading_t applied;    /*!< What was last applied, good or not; its map is not kept. */
	mxp_first_error_t error;  /*!< Why that was refused. */
	uint64_t logged_ms;       /*!< When that was last logged, steady time in milliseconds. */
	bool refused;             /*!< That was refused: it is not what is served. */
	bool retry;               /*!< It may be good now: what it lacked is not needed any more. */
	bool unread;              /*!< It is being read for the first time. */
	bool late;                /*!< That is after the server's start. */
	unsigned attempts;        /*!< Attempts to read it in vain, for a cause that passes. */
	uint64_t tried_ms;        /*!< When the last one was made, likewise. */
	const char *writers;      /*!< How others can change it (NULL if they cannot). */
	char *copy;               /*!< Path of the copy that is kept (NULL if none is). */
	bool starting;            /*!< Zones are still being loaded: the copy may be needed. */
	bool is_copy;             /*!< What is served is the copy. */
	bool unannounced;         /*!< No instance has come yet for the map of the file. */
	bool keep_failed;         /*!< A copy could not be written, which is logged. */
	char *unkept;             /*!< Text of the map that is served and not kept yet. */
	size_t unkept_size;       /*!< Its size in octets. */
	size_t writes;            /*!< How often it was heard that the file is written. */
	char *real;               /*!< Path without symbolic links when last checked. */
	mxp_file_id_t folders[2]; /*!< Folders of both paths; only their identity counts. */
	int watched[2];           /*!< Numbers of both folders in the watch. */
	bool polled;              /*!< They cannot be watched, which is logged. */
	mxp_observed_t observed;  /*!< Counts and observers. */
	size_t references; /*!< Number of instances and observers, and of those about to be. */
	mxp_instance_t *instances; /*!< Instances that use the file. */
	struct mxp_mapfile *next;  /*!< Next file of the registry. */
} mxp_mapfile_t;

/*!
 * \brief Makes a map file that was not read yet.
 *
 * \param path     Path.
 * \param storage  Folder in which a copy is kept (NULL if none shall be).
 *
 * \return Map file, NULL if memory is exhausted.
 */
mxp_mapfile_t *mxp_mapfile_new(const char *path, const char *storage);

/*!
 * \brief Begins with what was read of a file for the first time.
 *
 * \param file     Map file.
 * \param reading  What was read.
 * \param now_ms   Steady time in milliseconds.
 */
void mxp_mapfile_begin(mxp_mapfile_t *file, mxp_reading_t *reading, uint64_t now_ms);

/*!
 * \brief Lets a file that could not be read for a cause that passes be tried again soon.
 *
 * \param file  Map file.
 */
void mxp_mapfile_hurry(mxp_mapfile_t *file);

/*!
 * \brief Frees a map file without instances.
 *
 * \param file  Map file.
 */
void mxp_mapfile_free(mxp_mapfile_t *file);

/*!
 * \brief Tells if the present state of the file was read and applied.
 *
 * \param file  Map file.
 *
 * \return True if so.
 */
bool mxp_mapfile_is_current(const mxp_mapfile_t *file);

/*!
 * \brief Tells if an entry of a watched folder is the file.
 *
 * \param file    Map file.
 * \param folder  Number of the folder.
 * \param name    Name of the entry.
 *
 * \return True if so.
 */
bool mxp_mapfile_is(const mxp_mapfile_t *file, int folder, const char *name);

/*!
 * \brief Tells if the folders that have to be watched are others than before.
 *
 * \param file  Map file.
 *
 * \return True if so.
 */
bool mxp_mapfile_has_moved(mxp_mapfile_t *file);

/*!
 * \brief Notes what was heard of the file.
 *
 * \param file    Map file.
 * \param heard   What was heard.
 * \param now_ms  Steady time in milliseconds.
 */
void mxp_mapfile_note(mxp_mapfile_t *file, mxp_heard_t heard, uint64_t now_ms);

/*!
 * \brief Checks the present state of the file.
 *
 * \param file    Map file.
 * \param now_ms  Steady time in milliseconds.
 *
 * \return When the file should be read, likewise; #MXP_NEVER if it has not changed.
 */
uint64_t mxp_mapfile_check(mxp_mapfile_t *file, uint64_t now_ms);

/*!
 * \brief Applies what was read: publishes it if it is good; what it replaces is retired.
 *
 * \param file     Map file.
 * \param reading  What was read.
 * \param now_ms   Steady time in milliseconds.
 */
void mxp_mapfile_apply(mxp_mapfile_t *file, mxp_reading_t *reading, uint64_t now_ms);

/*!
 * \brief Takes the text of which a copy is to be kept: it has what all instances in use take.
 *
 * From now on, the copy of an earlier start is not needed any more.
 *
 * \param file  Map file, whose zones have all come.
 * \param size  Output: size of the text in octets.
 *
 * \return Text, to be freed; NULL if there is nothing to be kept.
 */
char *mxp_mapfile_unkept(mxp_mapfile_t *file, size_t *size);

/*!
 * \brief Adds an instance, served from the present map.
 *
 * \param file      Map file.
 * \param settings  Settings, copied.
 * \param now_ms    Steady time in milliseconds.
 *
 * \return Instance, NULL if memory is exhausted.
 */
mxp_instance_t *mxp_mapfile_add(mxp_mapfile_t *file, const mxp_settings_t *settings,
                                uint64_t now_ms);

/*!
 * \brief Removes an instance from its file and retires it.
 *
 * \param instance  Instance that no query can use any more.
 */
void mxp_mapfile_remove(mxp_instance_t *instance);
