/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What was found at a large apex, so that a customer's thousands of records cost a query
 *        little.
 *
 * It is remembered with the records that were looked through: comparing them is many times cheaper
 * than looking through them again, and whatever changes is something else by itself.
 */

#pragma once

#include "decision.h"
#include "instance.h"
#include "retire.h"

/*! Octets of RDATA at the apex from which on it is large: some markers and records. */
#define MXP_SCAN_LARGE 512

/*! Scans of a zone: for MX, and for TXT. */
#define MXP_SCANS 2

/*! \brief What was found at an apex. */
typedef struct {
	mxp_retired_t retired;   /*!< For its end. */
	uint64_t generation;     /*!< Of the snapshot. */
	mxp_apex_t apex;         /*!< What was looked through, a copy. */
	mxp_decision_t decision; /*!< What was decided. */
	uint8_t bytes[];         /*!< RDATA of all, and the text of a fault. */
} mxp_scan_t;

/*!
 * \brief Decides for a zone, as mxp_decide() and mxp_decide_txt() do.
 *
 * \param type   Type of the records: MX or TXT.
 * \param rules  Instance's rules.
 * \param view   Instance's view of the map.
 * \param apex   What the zone stores.
 * \param mm     Memory context for records (NULL for malloc).
 * \param out    Output: decision.
 */
void mxp_decide_type(uint16_t type, const mxp_rules_t *rules, const mxp_view_t *view,
                     const mxp_apex_t *apex, knot_mm_t *mm, mxp_decision_t *out);

/*!
 * \brief Decides for a zone with a large apex, as mxp_decide() and mxp_decide_txt() do.
 *
 * To be called within a read-side section of liburcu.
 *
 * \param scans     What is remembered of the zone; replaced if that is something else.
 * \param type      Type of the records: MX or TXT.
 * \param rules     Instance's rules.
 * \param snapshot  What the instance is served from.
 * \param apex      What the zone stores.
 * \param mm        Memory context for records.
 * \param out       Output: decision, valid within the section.
 */
void mxp_scan_decide(mxp_scan_t **scans, uint16_t type, const mxp_rules_t *rules,
                     const mxp_snapshot_t *snapshot, const mxp_apex_t *apex, knot_mm_t *mm,
                     mxp_decision_t *out);
