/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Names: those of presets and parameters, parameters in labels, and host names as text.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <libknot/dname.h>

#include "span.h"

/*!
 * \brief Checks the name of a preset: one label that a marker can spell, and not `none`.
 *
 * \param name  Name: 1 to 63 printable characters but dot and space.
 *
 * \return True if it is valid.
 */
bool mxp_name_valid(mxp_span_t name);

/*!
 * \brief Tells if a name is the reserved `none`.
 *
 * \param name  Name in any letter case.
 *
 * \return True if it is.
 */
bool mxp_name_is_none(mxp_span_t name);

/*!
 * \brief Checks the value of a parameter: letters, digits, hyphens and underscores, 1 to 63 octets.
 *
 * \param value  Value.
 *
 * \return True if it is valid.
 */
bool mxp_value_valid(mxp_span_t value);

/*!
 * \brief Checks the name of a parameter: letters (any case) and digits.
 *
 * \param name  Name.
 *
 * \return True if it is valid.
 */
bool mxp_param_name_valid(mxp_span_t name);

/*!
 * \brief Tells if a name is reserved for what is no parameter: `title`, `note`, `spf`, `retired`.
 *
 * \param name  Name in any letter case.
 *
 * \return True if it is.
 */
bool mxp_param_name_reserved(mxp_span_t name);

/*!
 * \brief Finds the next parameter in a label.
 *
 * \param label  Label in lower case, without its length octet.
 * \param start  Offset to search from.
 * \param ref    Output: `_name_` with its underscores.
 *
 * \return True if there is one.
 */
bool mxp_label_param(mxp_span_t label, size_t start, mxp_span_t *ref);

/*!
 * \brief Tells if a label is `_zone_`.
 *
 * \param label  Label in lower case, without its length octet.
 *
 * \return True if it is.
 */
bool mxp_label_is_zone(mxp_span_t label);

/*!
 * \brief Name of a parameter.
 *
 * \param ref  `_name_` with its underscores.
 *
 * \return Name.
 */
static inline mxp_span_t mxp_span_inner(mxp_span_t ref)
{
	return (mxp_span_t){ ref.data + 1, ref.len - 2 };
}

/*!
 * \brief Piece of text of a label.
 *
 * \param label  Label with its length octet.
 *
 * \return Text without it.
 */
static inline mxp_span_t mxp_label_span(const uint8_t *label)
{
	return (mxp_span_t){ label + 1, *label };
}

/*!
 * \brief Writes a name as text.
 *
 * \param name  Name.
 * \param out   Output buffer of type knot_dname_txt_storage_t.
 *
 * \return Text.
 */
const char *mxp_name_str(const knot_dname_t *name, char *out);
