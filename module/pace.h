/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief How much a query thread signs: a large key or a slow token must not stop the zones of
 *        others.
 */

#pragma once

#include <stdbool.h>

#include "memo.h"

/*!
 * \brief Signs an answer, and notes how long that took.
 *
 * \param memo    Memo of the zone.
 * \param type    Type of the answer.
 * \param answer  Answer.
 *
 * \return As mxp_rrsig_make().
 */
int mxp_pace_make(mxp_memo_t *memo, mxp_answer_type_t type, mxp_signed_t *answer);

/*!
 * \brief Tells if this thread shall leave a signature to others.
 *
 * So it is if the keystores are known to be slow, or if the signature is a costly one and the
 * thread has made such ones for half of the present tenth of a second.
 *
 * \param keystores  Keystores, as mxp_settings_t has them.
 * \param len        Length of the signature in octets.
 *
 * \return True if so.
 */
bool mxp_pace_is_over(const char *keystores, size_t len);
