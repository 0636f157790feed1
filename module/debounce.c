/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "debounce.h"

/*!
 * Longest time in which files that are complete, but follow each other without a pause, are not
 * read.
 */
#define GIVE_WAY_MS 250

/*! \brief How long a file must have been still, in milliseconds, by what was last heard of it. */
static const uint64_t settle_ms[] = {
	[MXP_HEARD_NOTHING] = 300, // Whoever writes it is not heard of, as on another machine.
	[MXP_HEARD_WRITTEN] =
		2000, // Its writer may pause; but one that never closes it is at its end.
	[MXP_HEARD_CLOSED] =
		20, // The next writer may follow; and two steps of a file's time stamp.
};

void mxp_debounce_note(mxp_debounce_t *debounce, mxp_heard_t heard, uint64_t now_ms)
{
	if (!debounce->pending) {
		*debounce = (mxp_debounce_t){ .pending = true };
	}
	if (heard != MXP_HEARD_NOTHING) {
		debounce->heard = heard;
	}
	if (heard == MXP_HEARD_CLOSED && debounce->complete_ms == 0) {
		debounce->complete_ms = now_ms;
	}
	debounce->last_ms = now_ms;
}

/*! \brief When a file that was complete is given way to others no more. */
static uint64_t cap_ms(const mxp_debounce_t *debounce)
{
	return debounce->complete_ms != 0 ? debounce->complete_ms + GIVE_WAY_MS : MXP_NEVER;
}

uint64_t mxp_debounce_due_ms(const mxp_debounce_t *debounce, bool whole)
{
	if (!debounce->pending) {
		return MXP_NEVER;
	}
	if (debounce->heard == MXP_HEARD_CLOSED && whole) {
		const uint64_t due = debounce->last_ms + settle_ms[MXP_HEARD_CLOSED];
		const uint64_t cap =
			cap_ms(debounce) > debounce->last_ms ? cap_ms(debounce) : debounce->last_ms;
		return due < cap ? due : cap;
	}
	// What is gone or empty may be about to come back, whatever was heard.
	const bool written = (debounce->heard == MXP_HEARD_WRITTEN);
	return debounce->last_ms + settle_ms[written ? MXP_HEARD_WRITTEN : MXP_HEARD_NOTHING];
}

bool mxp_debounce_is_restless(const mxp_debounce_t *debounce, uint64_t now_ms)
{
	return debounce->pending && now_ms >= cap_ms(debounce);
}
