/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief Sharing: one parsed map for each file, one instance for all zones with equal settings.
 *
 * Query threads read an instance's view within the read-side section of liburcu that the server
 * holds around all hooks. One thread for the whole process watches the files, and publishes a new
 * map for all instances of its file at once. It starts with the first zone and is gone when the
 * last one has left, since the server then unloads this code.
 */

#pragma once

#include "mapfile.h"
#include "signer.h"

/*! \brief A zone that uses the module. */
typedef struct mxp_user {
	mxp_instance_t *instance; /*!< Shared instance. */
	void *ctx;                /*!< Context for messages. */
	struct mxp_user *prev;    /*!< Zone that came after. */
	struct mxp_user *next;    /*!< Zone that came before. */
	uint8_t zone_size;        /*!< Size of the zone's name, for the caller's use. */
	bool leaving;             /*!< It has no name any more that could be logged. */
	bool online;              /*!< mod-onlinesign signs the zone, for the caller's use. */
	bool online_first;        /*!< It comes before this module, likewise. */
	mxp_memo_t *memo[];       /*!< Remembered signatures, if the settings have a keystore; most
	                               zones have none and no memory to waste. */
} mxp_user_t;

/*!
 * \brief Adds a zone, and with it what it is the first one to use.
 *
 * If the file is about to be read, waits for that up to three seconds, so that a reload of the
 * server shows the new map.
 *
 * \param settings  Settings of the zone's instance.
 * \param log       Takes messages, the same function for all zones.
 * \param ctx       Context for messages, valid until the zone leaves.
 *
 * \return Zone, NULL if memory is exhausted.
 */
mxp_user_t *mxp_join(const mxp_settings_t *settings, mxp_log_f log, void *ctx);

/*!
 * \brief Finds the largest TTL of the presets that a zone can be served with.
 *
 * \param user       Zone.
 * \param name       Output: name of the preset.
 * \param name_size  Size of the output in octets.
 *
 * \return TTL in seconds, 0 if there is no preset.
 */
uint32_t mxp_longest_ttl(const mxp_user_t *user, char *name, size_t name_size);

/*!
 * \brief Removes a zone, and with it what it is the last one to use.
 *
 * \param user  Zone that no query can use any more (may be NULL).
 */
void mxp_leave(mxp_user_t *user);
