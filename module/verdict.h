/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the zone of a query is served with: the decision, and its signatures.
 */

#pragma once

#include <stdbool.h>

#include <knot/module.h>

#include "decision.h"
#include "instance.h"
#include "signer.h"

/*! \brief A decision, with what signs it. */
typedef struct {
	uint16_t type;                  /*!< Type of the records: MX or TXT. */
	mxp_decision_t decision;        /*!< Decision: this alone tells what is served. */
	mxp_apex_t apex;                /*!< What the zone stores. */
	knot_rdataset_t stored;         /*!< Of that, the records of the type. */
	const mxp_snapshot_t *snapshot; /*!< What the instance is served from. */
	bool is_signed;                 /*!< The zone is signed. */
	knot_rdataset_t apex_rrsigs;    /*!< RRSIG records of the apex. */
	knot_rdataset_t rrsigs;         /*!< RRSIG records of the answer, none if it has none. */
	const char *text;               /*!< Where a remembered answer is from (NULL otherwise). */
} mxp_verdict_t;

/*!
 * \brief Tells if the zone of a query is signed.
 *
 * \param qdata  Query.
 *
 * \return True if so.
 */
bool mxp_verdict_is_signed(knotd_qdata_t *qdata);

/*!
 * \brief Decides for the zone of a query.
 *
 * \param type   Type of the records: MX, or TXT if the SPF record follows the preset.
 * \param pkt    Response; its memory context is used.
 * \param qdata  Query.
 * \param mod    Module.
 * \param out    Output: verdict, not signed yet.
 */
void mxp_verdict_decide(uint16_t type, knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                        mxp_verdict_t *out);

/*!
 * \brief Signs what was decided for a signed zone, unless that is what it stores.
 *
 * What cannot be signed becomes the decision: what was signed before, if nothing but the map has
 * changed since; or else a failure, if the server signs the zone or the module has signed for it,
 * and the type is MX; or else what the zone stores. A failure is signed, too, if that tells which
 * of these it is.
 *
 * \param pkt      Response; its memory context is used.
 * \param qdata    Query.
 * \param mod      Module.
 * \param verdict  Verdict.
 */
void mxp_verdict_sign(knot_pkt_t *pkt, knotd_qdata_t *qdata, knotd_mod_t *mod,
                      mxp_verdict_t *verdict);

/*!
 * \brief Gives up what was decided, because it cannot be served: MX fail, TXT are what the zone
 *        stores.
 *
 * \param pkt      Response; its memory context is used.
 * \param cause    Why.
 * \param verdict  Verdict.
 */
void mxp_verdict_give_up(knot_pkt_t *pkt, mxp_cause_t cause, mxp_verdict_t *verdict);

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
 * \brief Tells if signatures have to be made for a zone, so that one that cannot is a failure.
 *
 * \param keys  Keys of the zone.
 * \param mod   Module.
 *
 * \return True if so.
 */
bool mxp_verdict_has_to_sign(const mxp_keys_t *keys, knotd_mod_t *mod);

/*!
 * \brief Logs that signing works again, if it did not before.
 *
 * \param keys  Keys of the zone.
 * \param mod   Module.
 */
void mxp_verdict_log_back(const mxp_keys_t *keys, knotd_mod_t *mod);

/*!
 * \brief Keys of the zone of a query.
 *
 * \param qdata  Query.
 * \param mod    Module whose settings have a keystore.
 *
 * \return Keys.
 */
mxp_keys_t mxp_verdict_keys(knotd_qdata_t *qdata, knotd_mod_t *mod);
