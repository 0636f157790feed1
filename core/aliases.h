/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Aliases: which preset each of them stands for.
 */

#pragma once

#include <libknot/dname.h>

#include "draft.h"
#include "map.h"
#include "report.h"

/*! \brief A map whose aliases are to be resolved. */
typedef struct {
	mxp_map_t *map;             /*!< Indexed map. */
	mxp_draft_t *drafts;        /*!< One for each of its entries. */
	const knot_dname_t *origin; /*!< Its origin in lower case. */
	mxp_report_t *report;       /*!< Where errors go. */
} mxp_aliases_t;

/*!
 * \brief Finds the presets that aliases stand for; reports loops, and aliases to nothing.
 *
 * \param aliases  Map with its drafts.
 */
void mxp_aliases_resolve(const mxp_aliases_t *aliases);
