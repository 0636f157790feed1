/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The running server, over its control socket.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libknot/control/control.h>
#include <libknot/dname.h>

#include "names.h"
#include "zone.h"

/*! \brief A connection to the server, about one zone or all. */
typedef struct {
	knot_ctl_t *ctl;    /*!< Connection (NULL if there is none). */
	const char *socket; /*!< Path of the socket. */
	int timeout;        /*!< Longest wait for the server in milliseconds, 0 for ever. */
	name_str_t zone;    /*!< Name of the zone (empty for all). */
	bool open;          /*!< A transaction of ours is open. */
	bool held;          /*!< Signals wait. */
	char error[512];    /*!< Why the last command failed. */
} control_t;

/*! \brief Takes one unit of an answer. */
typedef void (*control_unit_f)(const knot_ctl_data_t *unit, void *ctx);

/*!
 * \brief Connects to the server.
 *
 * \param control  Connection.
 * \param socket   Path of the socket.
 * \param timeout  Longest wait for the server in milliseconds, 0 for ever.
 * \param zone     Name of the zone (NULL for all).
 *
 * \return False if that is not possible, which is reported.
 */
bool control_connect(control_t *control, const char *socket, int timeout, const knot_dname_t *zone);

/*!
 * \brief Lets the server do something.
 *
 * \param control  Connection; its error is set on failure.
 * \param request  Request.
 * \param unit     Called for each unit of the answer (may be NULL).
 * \param ctx      Context of the call.
 *
 * \return False if the server refuses it or does not answer.
 */
bool control_call(control_t *control, knot_ctl_data_t *request, control_unit_f unit, void *ctx);

/*!
 * \brief Reads the zone, within our transaction if there is one.
 *
 * \param control  Connection.
 * \param name     Name of the zone.
 *
 * \return Zone, NULL on any error, which is reported.
 */
zone_t *control_read_zone(control_t *control, const knot_dname_t *name);

/*!
 * \brief Opens a transaction; until it is ended, signals wait.
 *
 * \param control  Connection.
 *
 * \return False if that is not possible, which is reported.
 */
bool control_begin(control_t *control);

/*!
 * \brief Commits our transaction.
 *
 * \param control  Connection.
 *
 * \return False if that is not possible, which is reported.
 */
bool control_commit(control_t *control);

/*!
 * \brief Closes the connection; a transaction of ours that is still open is aborted.
 *
 * \param control  Connection.
 */
void control_close(control_t *control);
