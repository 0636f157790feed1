/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The marker: a TXT record at the zone apex that picks a preset for that zone.
 *
 * Its strings, joined without a space, are `mx-preset=NAME [PARAM=VALUE ...]`.
 */

#pragma once

#include <stdbool.h>

#include <libknot/mm_ctx.h>
#include <libknot/rdataset.h>

#include "cause.h"
#include "span.h"

/*! \brief What the text of a marker begins with, in any letter case. */
#define MXP_MARKER_PREFIX "mx-preset="

/*! \brief Longest marker, in octets of its text. */
#define MXP_MARKER_MAX 1024

/*! \brief A marker that is well formed. */
typedef struct {
	mxp_span_t name;   /*!< Name of the preset. */
	mxp_span_t params; /*!< All PARAM=VALUE parts. */
	uint8_t *joined;   /*!< The text of a marker of several strings, allocated (or NULL). */
} mxp_marker_t;

/*!
 * \brief Finds the marker among the TXT records of the zone apex.
 *
 * \param txt     TXT records (may be empty).
 * \param marker  Output: marker's RDATA, NULL if there is none.
 *
 * \return MXP_OK, or MXP_TWO_MARKERS.
 */
mxp_cause_t mxp_marker_find(const knot_rdataset_t *txt, const knot_rdata_t **marker);

/*!
 * \brief Parses a marker.
 *
 * \param rdata   RDATA of the marker.
 * \param mm      Memory context for its text when it has several strings (NULL for malloc).
 * \param marker  Output: marker; it points into the RDATA or the joined text, which is the
 *                caller's to free in any case.
 * \param fault   Output: why it cannot be honoured; its text points there, too.
 *
 * \return True if it is well formed.
 */
bool mxp_marker_parse(const knot_rdata_t *rdata, knot_mm_t *mm, mxp_marker_t *marker,
                      mxp_fault_t *fault);

/*!
 * \brief Finds the value of a parameter of a marker.
 *
 * \param marker  Marker (type mxp_marker_t).
 * \param name    Name in lower case.
 *
 * \return Value, without data if the marker does not set the parameter.
 */
mxp_span_t mxp_marker_value(const void *marker, const char *name);
