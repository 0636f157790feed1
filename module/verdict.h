/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief What the zone of a query is served with: the decision, and its signatures.
 */

#pragma once

#include <stdbool.h>

#include <knot/module.h>

#include "decision.h"
#include "mapfile.h"
#include "signer.h"

/*! \brief A decision, with what signs it. */
typedef struct {
	mxp_decision_t decision;        /*!< Decision: this alone tells what is served. */
	mxp_apex_t apex;                /*!< What the zone stores. */
	const mxp_snapshot_t *snapshot; /*!< What the instance is served from. */
	bool is_signed;                 /*!< The zone is signed. */
	knot_rdataset_t apex_rrsigs;    /*!< RRSIG records of the apex. */
	knot_rdataset_t rrsigs;         /*!< RRSIG records of the answer, none if it has none. */
} mxp_verdict_t;

/*!
 * \brief Decides for the zone of a query.
 *
 * \param mx     MX records of the apex.
 * \param pkt    Response; its memory context is used.
 * \param qdata  Query.
 * \param mod    Module.
 * \param out    Output: verdict, not signed yet.
 */
void mxp_verdict_decide(const knot_rrset_t *mx, knot_pkt_t *pkt, knotd_qdata_t *qdata,
                        knotd_mod_t *mod, mxp_verdict_t *out);

/*!
 * \brief Signs what was decided for a signed zone, unless that is what it stores.
 *
 * A failure is signed, too, in order to know: without keys, the zone is served as it is stored,
 * which becomes the decision.
 *
 * \param pkt      Response; its memory context is used.
 * \param qdata    Query.
 * \param mod      Module.
 * \param verdict  Verdict.
 */
void mxp_verdict_sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                      mxp_verdict_t *verdict);

/*!
 * \brief Fails with a query: SERVFAIL, and the reason in the response.
 *
 * \param fault  Why.
 * \param pkt    Response.
 * \param qdata  Query.
 *
 * \return State of a hook.
 */
knotd_in_state_t mxp_verdict_fail(const mxp_fault_t *fault, knot_pkt_t *pkt, knotd_qdata_t *qdata);

/*!
 * \brief Keys of the zone of a query.
 *
 * \param qdata  Query.
 * \param mod    Module whose settings have a keystore.
 *
 * \return Keys.
 */
mxp_keys_t mxp_verdict_keys(knotd_qdata_t *qdata, knotd_mod_t *mod);
