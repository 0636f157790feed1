/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "clock.h"
#include "warn.h"
#include "warning.h"

/*! \brief Memory of warnings of the whole server. */
static mxp_warnings_t warnings = { .lock = PTHREAD_MUTEX_INITIALIZER };

void mxp_warn(knotd_mod_t *mod, const knot_dname_t *zone, const mxp_fault_t *fault)
{
	if (mxp_warning_allowed(&warnings, zone, fault, mxp_clock_ms())) {
		char text[MXP_FAULT_STR_LEN];
		knotd_mod_log(mod, LOG_WARNING, "MX, %s", mxp_fault_str(fault, text));
	}
}
