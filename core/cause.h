/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Why a marker or a preset cannot be served for a zone.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

/*! \brief Causes, in the order in which they can be met. */
typedef enum {
	MXP_OK = 0,          /*!< Nothing is wrong. */
	MXP_TWO_MARKERS,     /*!< The zone has more than one marker. */
	MXP_MARKER_LENGTH,   /*!< The marker is longer than 1,024 octets. */
	MXP_MARKER_CUT,      /*!< The marker's record ends within a string. */
	MXP_NO_NAME,         /*!< The marker names no preset. */
	MXP_NO_PARAM,        /*!< A part of the marker is not PARAM=VALUE. */
	MXP_PARAM_ZONE,      /*!< The predefined parameter "zone" is given. */
	MXP_PARAM_VALUE,     /*!< A parameter has an empty or otherwise invalid value. */
	MXP_PARAM_TWICE,     /*!< A parameter is given twice. */
	MXP_UNKNOWN_PRESET,  /*!< The map has no such preset. */
	MXP_PARAM_UNSET,     /*!< A parameter has neither value nor default for this zone. */
	MXP_LABEL_LENGTH,    /*!< A label would exceed 63 octets. */
	MXP_NAME_LENGTH,     /*!< An exchange would exceed 255 octets. */
	MXP_EXCHANGE_TWICE,  /*!< Two exchanges expand to the same name. */
	MXP_MESSAGE_LENGTH,  /*!< The answer would not fit in a DNS message. */
	MXP_NO_MAP,          /*!< No good map was ever loaded. */
	MXP_NO_BUILTIN,      /*!< The map lacks the instance's built-in. */
	MXP_NO_PRESET,       /*!< The map lacks the instance's preset. */
	MXP_NO_MEMORY,       /*!< Memory exhausted. */
	MXP_DNSSEC_OFF,      /*!< The zone is signed and the module must not sign. */
	MXP_NOT_SIGNING,     /*!< The zone is signed, and not by this server. */
	MXP_NO_KEY,          /*!< The zone is signed and its private key is not at hand. */
	MXP_KEY_AWAY,        /*!< The same where it was at hand, or has to be. */
	MXP_SIGNING,         /*!< The answer is being signed beside the queries. */
	MXP_KEY_AWAY_ANSWER, /*!< As #MXP_KEY_AWAY, beside an answer that was signed before. */
	MXP_MAX_TTL,         /*!< A preset's TTL is larger than the policy's zone-max-ttl. */
	MXP_ONLINE_FIRST,    /*!< mod-onlinesign comes before this module. */
	MXP_ONLINE_BITMAP,   /*!< mod-onlinesign denies MX. */
	MXP_ONLINE_NO_TXT,   /*!< mod-onlinesign denies TXT. */
	MXP_CAUSES           /*!< Number of causes. */
} mxp_cause_t;

/*! \brief A cause and the piece of text it is about. */
typedef struct {
	mxp_cause_t cause;   /*!< What is wrong. */
	const uint8_t *text; /*!< What it is about, as it stands in the zone (may be NULL). */
	size_t text_len;     /*!< Length of the text in octets. */
	uint8_t of; /*!< Whose it is: the same cause can be met by marker, preset and built-in. */
} mxp_fault_t;

/*!
 * \brief Makes a fault.
 *
 * \param cause     Cause.
 * \param text      What it is about (may be NULL).
 * \param text_len  Length of the text in octets.
 *
 * \return Fault, of nobody yet.
 */
static inline mxp_fault_t mxp_fault(mxp_cause_t cause, const uint8_t *text, size_t text_len)
{
	return (mxp_fault_t){ .cause = cause, .text = text, .text_len = text_len };
}

/*!
 * \brief Describes a cause.
 *
 * \param cause  Cause.
 *
 * \return Static string, to be followed by the text of the fault if there is one.
 */
const char *mxp_cause_str(mxp_cause_t cause);

/*! \brief Size of the buffer for #mxp_fault_str, in octets. */
#define MXP_FAULT_STR_LEN 384

/*!
 * \brief Describes a fault in one line of printable ASCII.
 *
 * The text is cut at 64 octets; octets that are no printable ASCII, quotes and backslashes are
 * written as in RFC 1035, section 5.1.
 *
 * \param fault  Fault.
 * \param out    Output buffer of #MXP_FAULT_STR_LEN octets.
 *
 * \return The output buffer.
 */
const char *mxp_fault_str(const mxp_fault_t *fault, char *out);

/*!
 * \brief Writes a text as a quoted string of printable ASCII, cut at 64 octets.
 *
 * \param text      Text.
 * \param text_len  Length of the text in octets.
 * \param out       Output buffer.
 * \param out_len   Size of the output buffer, at least 264 octets for any text to fit.
 *
 * \return The output buffer.
 */
const char *mxp_quote(const uint8_t *text, size_t text_len, char *out, size_t out_len);
