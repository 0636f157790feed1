/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The server itself, as queries reach it.
 */

#pragma once

#include <stdbool.h>

#include "ask.h"
#include "control.h"

/*!
 * \brief Finds an address that the server listens at (`server.listen`) and answers.
 *
 * \param control  Connection.
 * \param zone     Name of one of its zones.
 * \param server   Output: server with that address.
 *
 * \return False if there is none.
 */
bool own_find(control_t *control, const knot_dname_t *zone, ask_server_t *server);
