/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief A preset map file in use: its last good map, and the instances that look at it.
 *
 * A file that is invalid, empty, cut off, gone, or lacks what an instance takes from the present
 * map changes nothing. The caller keeps others out of all functions.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "file.h"
#include "settings.h"

/*! \brief Instance: what all zones with equal settings share. */
typedef struct mxp_instance {
	mxp_settings_t settings;   /*!< Settings, a copy. */
	mxp_view_t *view;          /*!< View of the current map, never NULL; read with
	                                rcu_dereference(). */
	struct mxp_mapfile *file;  /*!< File of the map. */
	struct mxp_instance *next; /*!< Next instance of the same file. */
	size_t references;         /*!< Number of zones. */
} mxp_instance_t;

/*!
 * \brief Takes a log message.
 *
 * \param ctx       Context.
 * \param priority  Priority as for syslog.
 * \param message   Message.
 */
typedef void (*mxp_log_f)(void *ctx, int priority, const char *message);

/*! \brief Where messages go. */
typedef struct {
	mxp_log_f log; /*!< Takes messages. */
	void *ctx;     /*!< Context of the call. */
} mxp_logger_t;

/*! \brief Preset map file. */
typedef struct mxp_mapfile {
	char *path;          /*!< Path. */
	mxp_map_t *map;      /*!< Last good map (NULL if there was none). */
	mxp_file_id_t taken; /*!< Last state that was read, whatever came of it. */
	mxp_file_id_t seen;  /*!< Last state that was seen. */
	uint64_t seen_at;    /*!< Since when, steady time in milliseconds. */
	uint64_t pending_at; /*!< Since when there is a state that was not taken, likewise; 0 if
	                          there is none. */
	uint64_t hash;       /*!< Hash of the text that was read. */
	bool recheck;        /*!< It was so young that a change since may not show. */
	bool closed;         /*!< The file is complete: renamed, or closed by its writer. */
	bool open;           /*!< A writer was heard of that has not closed it yet. */
	unsigned writes;     /*!< How often it was heard that the file is written. */
	bool refused;        /*!< The last state was refused. */
	bool retry;          /*!< It may be good now. */
	char *real;          /*!< Path without symbolic links when last looked at. */
	mxp_file_id_t folders[2];  /*!< Folders of both paths, only identity counts. */
	int watched[2];            /*!< Numbers of both folders in the watch. */
	size_t references;         /*!< Number of instances, and of those about to be. */
	mxp_instance_t *instances; /*!< Instances that use the file. */
	struct mxp_mapfile *next;  /*!< Next file of the registry. */
} mxp_mapfile_t;

/*! \brief What to do with a file. */
typedef enum {
	MXP_LOOK_LATER, /*!< Nothing. */
	MXP_LOOK_SOON,  /*!< It has changed and may not be complete. */
	MXP_READ,       /*!< Read it. */
	MXP_READ_AGAIN, /*!< Read what may be the same again: a change since may not show, or what
	                     it lacked may no longer be needed. */
} mxp_look_t;

/*! \brief What was read. */
typedef struct {
	int ret;            /*!< KNOT_EOK or an error of errcode.h. */
	const char *reason; /*!< Description of the error. */
	char *data;         /*!< Text. */
	size_t size;        /*!< Its size in octets. */
	mxp_file_id_t id;   /*!< State of the file. */
} mxp_text_t;

/*! \brief What a new map has replaced, to be freed when no query can use it any more. */
typedef struct mxp_garbage {
	struct mxp_garbage *next; /*!< Next one. */
	mxp_map_t *map;           /*!< Map. */
	size_t count;             /*!< Number of views. */
	mxp_view_t *views[];      /*!< Views. */
} mxp_garbage_t;

/*!
 * \brief Makes a map file, and reads it.
 *
 * \param path    Path.
 * \param now     Steady time in milliseconds.
 * \param logger  Takes what is to be said of the map.
 *
 * \return Map file, NULL if memory is exhausted.
 */
mxp_mapfile_t *mxp_mapfile_new(const char *path, uint64_t now, const mxp_logger_t *logger);

/*!
 * \brief Frees a map file without instances.
 *
 * \param file  Map file.
 */
void mxp_mapfile_free(mxp_mapfile_t *file);

/*!
 * \brief Tells if the present state of the file was read.
 *
 * \param file  Map file.
 *
 * \return True if so.
 */
bool mxp_mapfile_current(const mxp_mapfile_t *file);

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
bool mxp_mapfile_moved(mxp_mapfile_t *file);

/*!
 * \brief Looks at the file.
 *
 * \param file  Map file.
 * \param now   Steady time in milliseconds.
 *
 * \return What to do.
 */
mxp_look_t mxp_mapfile_look(mxp_mapfile_t *file, uint64_t now);

/*!
 * \brief Reads the file.
 *
 * \param file  Map file.
 *
 * \return Text; its data are to be freed.
 */
mxp_text_t mxp_mapfile_read(const mxp_mapfile_t *file);

/*!
 * \brief Makes a map of what was read and publishes it, if it is good.
 *
 * \param file     Map file.
 * \param text     What was read.
 * \param again    The same state was read before.
 * \param logger   Takes what is to be said of the map.
 * \param garbage  List that takes what was replaced.
 */
void mxp_mapfile_take(mxp_mapfile_t *file, const mxp_text_t *text, bool again,
                      const mxp_logger_t *logger, mxp_garbage_t **garbage);

/*!
 * \brief Frees what was replaced, after a grace period.
 *
 * \param garbage  List.
 */
void mxp_garbage_free(mxp_garbage_t *garbage);

/*!
 * \brief Adds a new instance with its view of the present map.
 *
 * \param file      Map file.
 * \param settings  Settings, copied.
 * \param logger    Takes what the map lacks for the instance.
 *
 * \return Instance, NULL if memory is exhausted.
 */
mxp_instance_t *mxp_instance_new(mxp_mapfile_t *file, const mxp_settings_t *settings,
                                 const mxp_logger_t *logger);

/*!
 * \brief Takes an instance from its file and frees it.
 *
 * \param instance  Instance that no query can use any more.
 */
void mxp_instance_free(mxp_instance_t *instance);
