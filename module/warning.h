/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Limits of warnings: the same zone and cause once in ten minutes, ten a second in all.
 */

#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <libknot/dname.h>

#include "cause.h"

/*! \brief Most warnings in a second. */
#define MXP_WARNINGS_A_SECOND 10
/*! \brief Time before the same warning may come again, in milliseconds. */
#define MXP_WARNING_PAUSE_MS UINT64_C(600000)

/*!
 * \brief Memory of warnings.
 *
 * Ten a second for ten minutes are 6,000: the table is larger, so it hardly ever has no room for
 * one, and then the warning is left out.
 */
typedef struct {
	pthread_mutex_t lock; /*!< Taken by whoever is about to warn. */
	struct {
		uint64_t key;   /*!< Hash of zone and cause. */
		uint64_t until; /*!< End of the pause in milliseconds. */
	} slots[1024][16];
	uint64_t last[MXP_WARNINGS_A_SECOND]; /*!< When the next warnings may come, a ring. */
	unsigned next;                        /*!< Oldest of them. */
} mxp_warnings_t;

/*!
 * \brief Asks if a warning may be logged, and remembers that it was.
 *
 * Waits for nobody: if another thread is about to warn, the answer is no.
 *
 * \param warnings  Memory of warnings, zeroed at first.
 * \param zone      Name of the zone in lower case.
 * \param fault     Fault; its text does not count.
 * \param now_ms    Steady time in milliseconds.
 *
 * \return True if it may.
 */
bool mxp_warning_allowed(mxp_warnings_t *warnings, const knot_dname_t *zone,
                         const mxp_fault_t *fault, uint64_t now_ms);
