/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The grammar of SPF records (RFC 7208), for the `spf` of a preset.
 */

#pragma once

#include "span.h"

/*! \brief Most octets of the terms: with the version before them they fit in one string. */
#define MXP_SPF_MAX 240

/*!
 * \brief Checks the terms of an SPF record: the text after `v=spf1 `.
 *
 * \param terms  Terms, separated by single spaces.
 * \param term   Output: the term that is wrong; without data if it is the text as a whole.
 *
 * \return NULL if all is well, or a static string that tells what is wrong.
 */
const char *mxp_spf_check(mxp_span_t terms, mxp_span_t *term);
