/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Sharing: one parsed map for each file, one instance for all zones with equal settings.
 *
 * Query threads read an instance's snapshot within the read-side section of liburcu that the server
 * holds around all hooks. One thread for the whole process watches the files, and publishes a new
 * map for all instances of its file at once. It starts with the first zone or observer and is gone
 * when the last one has disconnected, since the server then unloads this code.
 */

#pragma once

#include "mapfile.h"
#include "messages.h"

/*! \brief A zone's connection to the registry; a member of the zone's context. */
typedef struct mxp_connection {
	mxp_instance_t *instance;    /*!< Shared instance. */
	void *log_ctx;               /*!< Context for messages. */
	struct mxp_connection *prev; /*!< Zone that came before. */
	struct mxp_connection *next; /*!< Zone that came after. */
} mxp_connection_t;

/*! \brief Somebody who is told what becomes of a map's file, and keeps it in use. */
typedef struct {
	mxp_observer_t observer;     /*!< Observer, whose function is set. */
	mxp_connection_t connection; /*!< Keeps the file watched; without an instance. */
	mxp_mapfile_t *file;         /*!< File. */
} mxp_watching_t;

/*! \brief What is needed of the server. */
typedef struct {
	mxp_log_f log; /*!< Logs a message. */
	/*! Folder in which copies of maps are kept (`database.storage`), by the context of a zone;
	    NULL if none shall be. */
	const char *(*storage)(void *ctx);
	void (*published)(void); /*!< Called when a map was published (NULL if nobody cares). */
} mxp_server_t;

/*!
 * \brief Connects a zone, and logs in its name what is to be logged of its map.
 *
 * If the file is about to be read, waits for that up to three seconds, so that a reload of the
 * server shows the new map.
 *
 * \param zone      Output: connection; it must stay where it is.
 * \param settings  Settings of the zone's instance.
 * \param server    The server, the same for all zones.
 * \param ctx       Context for messages, valid until the zone disconnects.
 *
 * \return False if memory is exhausted: the zone is not connected.
 */
bool mxp_connect(mxp_connection_t *zone, const mxp_settings_t *settings, const mxp_server_t *server,
                 void *ctx);

/*!
 * \brief Disconnects a zone, and ends what it is the last one to use.
 *
 * \param zone  Zone that no query can use any more.
 */
void mxp_disconnect(mxp_connection_t *zone);

/*!
 * \brief Begins to tell an observer what becomes of a map's file.
 *
 * \param watching  Observer; it must stay where it is.
 * \param path      Path of the file.
 * \param server    The server, the same for all zones.
 * \param ctx       Context for messages, valid until the end.
 *
 * \return False if memory is exhausted: nothing is observed.
 */
bool mxp_observe(mxp_watching_t *watching, const char *path, const mxp_server_t *server, void *ctx);

/*!
 * \brief Ends that: the observer is told nothing any more when this returns.
 *
 * \param watching  Observer.
 */
void mxp_unobserve(mxp_watching_t *watching);

/*!
 * \brief Finds the largest TTL of the presets that a zone can be served with.
 *
 * \param zone       Zone.
 * \param name       Output: name of the preset.
 * \param name_size  Size of the output in octets.
 *
 * \return TTL in seconds, 0 if there is no preset.
 */
uint32_t mxp_longest_ttl(const mxp_connection_t *zone, char *name, size_t name_size);
