/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Whether the server is of the series of Knot that the module was built for.
 */

#pragma once

#include <stdbool.h>

/*!
 * \brief Tells if the process has more than one libknot: the server's and another one, which came
 *        with this module.
 *
 * Knot's own number of its interface to modules is the same in series whose structures differ.
 *
 * \return True if so.
 */
bool mxp_libknots_differ(void);
