/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief From the records of one name to a preset.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "draft.h"
#include "preset.h"
#include "report.h"

/*!
 * \brief Makes a preset or an alias of the records of one name.
 *
 * \param records  Records, in the order of the file.
 * \param count    Number of records, at least one.
 * \param origin   Origin of the map in lower case.
 * \param report   Where errors go.
 * \param preset   Output: preset, zeroed before.
 * \param draft    Output: what is known of it only now, zeroed before.
 *
 * \return False if memory is exhausted.
 */
bool mxp_read_preset(const mxp_record_t *const *records, size_t count, const knot_dname_t *origin,
                     mxp_report_t *report, mxp_preset_t *preset, mxp_draft_t *draft);
