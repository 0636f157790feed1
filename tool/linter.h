/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The parts of a report on a zone: each looks for mistakes of its own.
 */

#pragma once

#include <stdbool.h>

#include <jansson.h>

#include "instance.h"
#include "zone.h"

/*! \brief A report in the making. */
typedef struct {
	const zone_t *zone;         /*!< Zone. */
	const node_t *apex;         /*!< Its apex. */
	const instance_t *instance; /*!< Instance of the module. */
	mxp_view_t view;            /*!< The instance's view of its map. */
	json_t *warnings;           /*!< Warnings so far. */
	bool wrong;                 /*!< Something is wrong. */
} linter_t;

/*!
 * \brief Adds a warning.
 *
 * \param linter  Report.
 * \param code    Code.
 * \param owner   Name that it is about.
 * \param text    Text, which is freed.
 */
void linter_warn(linter_t *linter, const char *code, const knot_dname_t *owner, char *text);

/*!
 * \brief Text of a TXT record, its strings joined.
 *
 * \param rdata  RDATA.
 *
 * \return Text, to be freed; cut at a NUL octet.
 */
char *linter_text(const knot_rdata_t *rdata);

/*!
 * \brief Looks for mistakes in all names of the zone, and in the exchanges that are served.
 *
 * \param linter    Report.
 * \param decision  What is served.
 */
void lint_names(linter_t *linter, const mxp_decision_t *decision);

/*!
 * \brief Looks for a marker that does not count or cannot be honoured, and for what only looks like
 *        one.
 *
 * \param linter    Report.
 * \param decision  What is served.
 */
void lint_markers(linter_t *linter, const mxp_decision_t *decision);

/*!
 * \brief Looks at what else than MX belongs to mail: SPF records, and MTA-STS.
 *
 * \param linter    Report.
 * \param decision  What is served.
 */
void lint_policies(linter_t *linter, const mxp_decision_t *decision);

/*!
 * \brief Finds the SPF record among TXT records.
 *
 * \param txt    TXT records.
 * \param count  Output: number of SPF records.
 *
 * \return Text of the first one, to be freed; NULL if there is none.
 */
char *lint_find_spf(const knot_rdataset_t *txt, size_t *count);
