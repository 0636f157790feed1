/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The steady clock.
 */

#pragma once

#include <stdint.h>
#include <time.h>

/*!
 * \brief Reads the steady clock.
 *
 * \return Time in microseconds since some moment in the past.
 */
static inline uint64_t mxp_clock_us(void)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/*!
 * \brief Reads the steady clock, likewise.
 *
 * \return Time in milliseconds.
 */
static inline uint64_t mxp_clock_ms(void)
{
	return mxp_clock_us() / 1000;
}
