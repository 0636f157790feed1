/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief A preset: the named MX RRset of one mail provider, and its expansion for a zone.
 *
 * A preset without parameters holds its RRset ready for use. One with parameters is expanded for
 * each zone: every `_name_` in a label of an exchange is replaced by the value of that parameter.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include <libknot/dname.h>
#include <libknot/mm_ctx.h>
#include <libknot/rdataset.h>

#include "answer.h"
#include "cause.h"

/*! \brief Most records in a preset. */
#define MXP_RECORDS_MAX 255

/*! \brief A piece of text that belongs to somebody else. */
typedef struct {
	const uint8_t *data; /*!< First octet (NULL if there is no text). */
	size_t len;          /*!< Length in octets. */
} mxp_span_t;

/*! \brief A parameter with its value. */
typedef struct {
	mxp_span_t name;  /*!< Name. */
	mxp_span_t value; /*!< Value. */
} mxp_param_t;

/*! \brief A parameter of a preset with its default. */
typedef struct {
	char *name;       /*!< Name: lower-case letters and digits. */
	char *value;      /*!< Default literal (NULL if there is none). */
	bool zone_dashed; /*!< Default is the zone's name with hyphens instead of dots. */
	size_t line;      /*!< Line of the map that sets it. */
} mxp_default_t;

/*! \brief One record of a preset. */
typedef struct {
	uint16_t preference;    /*!< Preference (RFC 1035, section 3.3.9). */
	knot_dname_t *exchange; /*!< Exchange in lower case, parameters in place. */
} mxp_mx_t;

/*! \brief A preset. */
typedef struct mxp_preset {
	char *name;                     /*!< Name in lower case. */
	char *title;                    /*!< Display name (NULL if there is none). */
	const struct mxp_preset *alias; /*!< The preset this name stands for (NULL if itself). */
	uint32_t ttl;                   /*!< TTL in seconds. */
	uint16_t mx_count;              /*!< Number of records. */
	uint16_t default_count;         /*!< Number of parameters with defaults. */
	uint16_t param_count;           /*!< Number of parameters in the exchanges. */
	uint32_t retired_count;         /*!< Number of retired exchanges. */
	uint32_t own_count;             /*!< Number of own names. */
	mxp_mx_t *mx;                   /*!< Records as written in the map. */
	mxp_default_t *defaults;        /*!< Defaults of parameters. */
	char **params;                  /*!< Names of the parameters in the exchanges. */
	knot_dname_t **retired;         /*!< Retired exchanges in lower case. */
	const knot_dname_t **own;       /*!< Own names known without a zone, sorted for search:
	                                     retired exchanges, and exchanges if none has
	                                     a parameter. */
	knot_rdataset_t rrs;            /*!< Records, ready; empty if there are parameters. */
	mxp_answer_t *answer;           /*!< The same in wire form (NULL if not possible). */
} mxp_preset_t;

/*!
 * \brief Makes a piece of text of a string.
 *
 * \param str  String.
 *
 * \return Text without the final NUL.
 */
static inline mxp_span_t mxp_span(const char *str)
{
	return (mxp_span_t){ (const uint8_t *)str, strlen(str) };
}

/*!
 * \brief Tells if a piece of text is a string, in the same letter case.
 *
 * \param span  Text.
 * \param str   String.
 *
 * \return True if it is.
 */
static inline bool mxp_span_is(mxp_span_t span, const char *str)
{
	return strlen(str) == span.len && memcmp(str, span.data, span.len) == 0;
}

/*!
 * \brief Tells if a piece of text is a string, in any letter case.
 *
 * \param span  Text.
 * \param str   String.
 *
 * \return True if it is.
 */
static inline bool mxp_span_is_case(mxp_span_t span, const char *str)
{
	return strlen(str) == span.len && strncasecmp(str, (const char *)span.data, span.len) == 0;
}

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

/*! \brief Finds the value of a parameter by its lower-case name. */
typedef mxp_span_t (*mxp_lookup_f)(const void *ctx, const char *name);

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
 * \brief Makes a preset ready for use: its records if it has no parameters, and its own names.
 *
 * \param preset  Preset as read from the map.
 *
 * \return MXP_OK, MXP_MESSAGE_LENGTH or MXP_NO_MEMORY.
 */
mxp_cause_t mxp_preset_prepare(mxp_preset_t *preset);

/*!
 * \brief Tells if an exchange is one of the preset's own names known without a zone.
 *
 * \param preset    Preset.
 * \param exchange  Exchange in any letter case.
 *
 * \return True if it is.
 */
bool mxp_preset_owns(const mxp_preset_t *preset, const knot_dname_t *exchange);

/*!
 * \brief Frees what a preset holds.
 *
 * \param preset  Preset.
 */
void mxp_preset_clear(mxp_preset_t *preset);
