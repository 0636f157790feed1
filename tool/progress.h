/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief How far something is that takes its time, for whoever looks at a terminal.
 */

#pragma once

#include <stddef.h>

/*!
 * \brief Tells how far it is, on the standard error output if that is a terminal.
 *
 * \param done  Number of zones that are done.
 * \param all   Number of all zones.
 */
void progress_show(size_t done, size_t all);

/*! \brief Clears what was told, before something else is written there. */
void progress_clear(void);
