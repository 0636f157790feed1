/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Numbers as people write them.
 *
 * What cannot be read is refused with a line on the standard error output that names the argument
 * and says what to write instead.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/*!
 * \brief Reads a priority.
 *
 * \param text      Argument.
 * \param priority  Output: number.
 *
 * \return False if refused.
 */
bool number_read_priority(const char *text, uint16_t *priority);

/*!
 * \brief Reads a TTL: a number of seconds, or times with units such as `1h30m`.
 *
 * \param text  Argument.
 * \param ttl   Output: seconds.
 *
 * \return False if refused.
 */
bool number_read_ttl(const char *text, uint32_t *ttl);
