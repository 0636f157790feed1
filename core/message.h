/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Whether records fit in a DNS message.
 */

#pragma once

#include <libknot/rdataset.h>

#include "cause.h"

/*!
 * \brief Checks that MX records fit in a message whose question is of the longest kind, with room
 *        for OPT and TSIG.
 *
 * \param rrs  Records.
 *
 * \return MXP_OK, MXP_MESSAGE_LENGTH or MXP_NO_MEMORY.
 */
mxp_cause_t mxp_message_check(const knot_rdataset_t *rrs);
