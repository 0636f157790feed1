/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief When a file that changes is still enough to be read.
 *
 * How long it must have been still follows from what was last heard of it; each notification
 * starts that time again.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

/*! \brief Nothing is due. */
#define MXP_NEVER UINT64_MAX

/*! \brief What was last heard of a file. */
typedef enum {
	MXP_HEARD_NOTHING, /*!< Nothing: it was seen to have changed, as on a network file system.
	                    */
	MXP_HEARD_WRITTEN, /*!< A writer is at it. */
	MXP_HEARD_CLOSED,  /*!< It is complete: renamed into place, or closed by its writer. */
} mxp_heard_t;

/*! \brief Changes of a file that were not read yet. */
typedef struct {
	bool pending;         /*!< There are such changes. */
	mxp_heard_t heard;    /*!< What was last heard. */
	uint64_t last_ms;     /*!< When the last one came, steady time in milliseconds. */
	uint64_t complete_ms; /*!< When the file was first complete, likewise; 0 if it was not. */
} mxp_debounce_t;

/*!
 * \brief Notes a change.
 *
 * \param debounce  Changes of a file.
 * \param heard     What was heard; what was only seen leaves what was heard before as it is.
 * \param now_ms    Steady time in milliseconds.
 */
void mxp_debounce_note(mxp_debounce_t *debounce, mxp_heard_t heard, uint64_t now_ms);

/*!
 * \brief Tells when the file should be read.
 *
 * \param debounce  Changes of a file.
 * \param whole     The file is there and not empty.
 *
 * \return Steady time in milliseconds, #MXP_NEVER if there is no change.
 */
uint64_t mxp_debounce_due_ms(const mxp_debounce_t *debounce, bool whole);

/*!
 * \brief Tells if changes follow each other without the pause that is waited for.
 *
 * \param debounce  Changes of a file.
 * \param now_ms    Steady time in milliseconds.
 *
 * \return True if they have done so for longer than they are given way.
 */
bool mxp_debounce_is_restless(const mxp_debounce_t *debounce, uint64_t now_ms);
