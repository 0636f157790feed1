/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdarg.h>
#include <stdio.h>

#include "report.h"

void mxp_report(mxp_report_t *report, size_t line, const char *fmt, ...)
{
	char reason[1024];
	va_list args;
	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);

	report->error(report->ctx, line, reason);
	report->count++;
}

void mxp_first_error_add(void *first, size_t line, const char *reason)
{
	mxp_first_error_t *this = first;
	if (this->count++ == 0 || line < this->line) {
		this->line = line;
		snprintf(this->reason, sizeof(this->reason), "%s", reason);
	}
}
