/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Errors of a preset map, and the first one of them.
 */

#pragma once

#include <stddef.h>

/*!
 * \brief Is told of one error.
 *
 * Errors do not come in the order of their lines.
 *
 * \param ctx     Context.
 * \param line    Line, 0 if the error is about the file as a whole.
 * \param reason  Reason in printable ASCII, valid during the call.
 */
typedef void (*mxp_error_f)(void *ctx, size_t line, const char *reason);

/*! \brief Where errors go. */
typedef struct {
	mxp_error_f error; /*!< Is told of each error. */
	void *ctx;         /*!< Context of the call. */
	size_t count;      /*!< Number of errors so far. */
} mxp_report_t;

/*!
 * \brief Reports an error.
 *
 * \param report  Where errors go.
 * \param line    Line, 0 for the whole file.
 * \param fmt     Reason.
 */
__attribute__((format(printf, 3, 4))) void mxp_report(mxp_report_t *report, size_t line,
                                                      const char *fmt, ...);

/*! \brief First error by line, and the number of all. */
typedef struct {
	size_t count;     /*!< Number of errors. */
	size_t line;      /*!< Line of the first one, 0 if it is about the whole file. */
	char reason[256]; /*!< Its reason. */
} mxp_first_error_t;

/*!
 * \brief Adds one error, as mxp_error_f.
 *
 * \param first   First error (type mxp_first_error_t), zeroed before.
 * \param line    Line.
 * \param reason  Reason.
 */
void mxp_first_error_add(void *first, size_t line, const char *reason);
