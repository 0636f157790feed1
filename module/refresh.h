/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Signing beside the queries: a thread makes the remembered answers anew when the map has
 *        changed, first for the zones that are asked for, then for all that have been.
 *
 * Queries go on with what is remembered meanwhile. The thread holds nothing that a query waits for.
 */

#pragma once

#include <stdbool.h>

#include "memo.h"

/*! \brief Notes that a zone that can be signed has come; the first one starts the thread. */
void mxp_refresh_join(void);

/*! \brief Notes that such a zone has gone; the last one ends the thread. */
void mxp_refresh_leave(void);

/*!
 * \brief Tells if there is a thread.
 *
 * \return True if so.
 */
bool mxp_refresh_runs(void);

/*!
 * \brief Lets the thread look at a zone soon. Takes no lock.
 *
 * \param memo  Memo of the zone.
 *
 * \return False if there is no thread.
 */
bool mxp_refresh_soon(mxp_memo_t *memo);

/*! \brief Lets the thread look at all zones: a map was published. */
void mxp_refresh_all(void);
