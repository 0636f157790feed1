/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The expansion of a preset for a zone.
 *
 * A preset without parameters is expanded once, when the map is read. One with parameters is
 * expanded for each zone: every `_name_` in a label of an exchange is replaced by the value of that
 * parameter, and every label `_zone_` by all labels of the zone's name.
 *
 * What comes out is not held against the rule of host.h again: the map's reader has refused what is
 * wrong for every value, and a value may have what that rule does not allow (an underscore, a
 * hyphen at its end), because providers have such ids. So a query costs no check, and the tool
 * warns.
 */

#pragma once

#include <stdbool.h>

#include <libknot/dname.h>
#include <libknot/mm_ctx.h>
#include <libknot/rdataset.h>

#include "cause.h"
#include "preset.h"
#include "span.h"

/*! \brief Finds the value of a parameter by its lower-case name. */
typedef mxp_span_t (*mxp_lookup_f)(const void *ctx, const char *name);

/*!
 * \brief Expands a preset that has parameters for a zone.
 *
 * The records are ordered as Knot DNS orders the records of an RRset.
 *
 * \param preset  Preset.
 * \param zone    Name of the zone in lower case.
 * \param lower   Write exchanges in lower case, as a signature needs them.
 * \param lookup  Finds values that go before the defaults (NULL if there are none).
 * \param ctx     Context of the lookup.
 * \param mm      Memory context for the records (NULL for malloc).
 * \param rrs     Output: records.
 * \param fault   Output: why it cannot be expanded; its text lives as long as the preset.
 *
 * \return True if expanded.
 */
bool mxp_preset_expand(const mxp_preset_t *preset, const knot_dname_t *zone, bool lower,
                       mxp_lookup_f lookup, const void *ctx, knot_mm_t *mm, knot_rdataset_t *rrs,
                       mxp_fault_t *fault);

/*!
 * \brief Makes a preset ready for use: its records if it has no parameters, its SPF record, and its
 *        own names.
 *
 * \param preset  Preset as read from the map.
 *
 * \return MXP_OK, MXP_MESSAGE_LENGTH or MXP_NO_MEMORY.
 */
mxp_cause_t mxp_preset_prepare(mxp_preset_t *preset);
