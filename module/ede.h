/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Extended DNS Errors with a text (RFC 8914).
 *
 * The server itself can only put a code, so the option is added to the OPT record that it is going
 * to put. Nothing of an answer ever gives way to it.
 */

#pragma once

#include <knot/module.h>

#include "decision.h"
#include "instance.h"

/*! \brief Longest EXTRA-TEXT, in octets. */
#define MXP_EDE_TEXT_MAX 128

/*!
 * \brief Adds an Extended DNS Error to a response that is complete but for the server's own
 * records.
 *
 * \param pkt    Response.
 * \param qdata  Query.
 * \param code   INFO-CODE.
 * \param text   EXTRA-TEXT, cut at #MXP_EDE_TEXT_MAX octets.
 */
void mxp_ede_add(knot_pkt_t *pkt, knotd_qdata_t *qdata, uint16_t code, const char *text);

/*!
 * \brief Adds an Extended DNS Error to the SERVFAIL that a response becomes, instead of one that
 *        was added before.
 *
 * \param pkt    Response.
 * \param qdata  Query.
 * \param code   INFO-CODE.
 * \param text   EXTRA-TEXT, cut at #MXP_EDE_TEXT_MAX octets.
 */
void mxp_ede_add_failure(knot_pkt_t *pkt, knotd_qdata_t *qdata, uint16_t code, const char *text);

/*!
 * \brief Writes where a preset's answer is from, as for an Extended DNS Error.
 *
 * \param decision  Decision.
 * \param snapshot  What it was made by.
 * \param out       Output buffer; empty if no preset is served.
 * \param out_len   Size of the output buffer in octets.
 */
void mxp_ede_explain(const mxp_decision_t *decision, const mxp_snapshot_t *snapshot, char *out,
                     size_t out_len);
