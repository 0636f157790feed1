/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What is served for a zone and why, and the mistakes in its MX records.
 */

#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "instance.h"
#include "zone.h"

/*!
 * \brief Decides what is served for a zone, without a word.
 *
 * \param zone      Name of the zone.
 * \param apex      What it stores at its apex.
 * \param instance  The instance of the module that it uses.
 * \param decision  Output: decision, to be cleared.
 *
 * \return Records that are served, which belong to decision or apex.
 */
knot_rdataset_t lint_decide(const knot_dname_t *zone, const node_t *apex,
                            const instance_t *instance, mxp_decision_t *decision);

/*!
 * \brief Decides which TXT records are served for a zone.
 *
 * \param zone      Name of the zone.
 * \param apex      What it stores at its apex.
 * \param instance  The instance of the module that it uses.
 * \param decision  Output: decision, to be cleared.
 *
 * \return Records that are served, which belong to decision or apex.
 */
knot_rdataset_t lint_decide_txt(const knot_dname_t *zone, const node_t *apex,
                                const instance_t *instance, mxp_decision_t *decision);

/*!
 * \brief Reports on a zone.
 *
 * What is beyond the zone (no map, no module) is told on the standard error output.
 *
 * \param zone      Zone.
 * \param instance  The instance of the module that it uses.
 * \param wrong     Output: something is wrong.
 *
 * \return Report in the form of the JSON output.
 */
json_t *lint_report(const zone_t *zone, const instance_t *instance, bool *wrong);
