/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <string.h>

#include "cause.h"

/*! Longest piece of a zone's text in a message, in octets. */
#define TEXT_MAX 64

#define UNSIGNED "signed zone is served as stored, the answer cannot be signed: "

static const char *const causes[MXP_CAUSES] = {
	[MXP_OK] = "no error",
	[MXP_TWO_MARKERS] = "more than one marker",
	[MXP_MARKER_LENGTH] = "marker longer than 1,024 octets",
	[MXP_MARKER_CUT] = "marker in a malformed TXT record",
	[MXP_NO_NAME] = "marker without a preset's name",
	[MXP_NO_PARAM] = "marker with a part that is not PARAM=VALUE",
	[MXP_PARAM_ZONE] = "marker sets the predefined parameter",
	[MXP_PARAM_VALUE] = "invalid value of parameter",
	[MXP_PARAM_TWICE] = "parameter given twice",
	[MXP_UNKNOWN_PRESET] = "unknown preset",
	[MXP_PARAM_UNSET] = "no value and no usable default of parameter",
	[MXP_LABEL_LENGTH] = "label longer than 63 octets in exchange of preset",
	[MXP_NAME_LENGTH] = "exchange longer than 255 octets in preset",
	[MXP_EXCHANGE_TWICE] = "the same exchange twice in preset",
	[MXP_MESSAGE_LENGTH] = "answer too large for a DNS message, preset",
	[MXP_NO_MAP] = "no valid preset map",
	[MXP_NO_BUILTIN] = "preset map lacks the built-in",
	[MXP_NO_PRESET] = "preset map lacks the preset",
	[MXP_NO_MEMORY] = "not enough memory",
	[MXP_DNSSEC_OFF] = (UNSIGNED "dnssec is off"),
	[MXP_NOT_SIGNING] = (UNSIGNED "this server does not sign the zone"),
	[MXP_NO_KEY] = (UNSIGNED "no private key at hand"),
	[MXP_KEY_AWAY] = "the answer cannot be signed: no private key at hand",
	[MXP_SIGNING] = "the answer is still being signed",
	[MXP_KEY_AWAY_ANSWER] = "no private key at hand, served is what was signed before",
	[MXP_MAX_TTL] = "TTL larger than the policy's zone-max-ttl, preset",
	[MXP_ONLINE_FIRST] = "mod-onlinesign has to come after this module",
	[MXP_ONLINE_BITMAP] = "nsec-bitmap of mod-onlinesign has to list MX",
	[MXP_ONLINE_NO_TXT] = "nsec-bitmap of mod-onlinesign has to list TXT",
};

const char *mxp_cause_str(mxp_cause_t cause)
{
	return causes[cause];
}

const char *mxp_quote(const uint8_t *text, size_t text_len, char *out, size_t out_len)
{
	size_t pos = 0;

	// Room for the longest escape, the cut mark and the end is kept at each step.
	out[pos++] = '\'';
	for (size_t i = 0; i < text_len && i < TEXT_MAX && pos + 9 < out_len; i++) {
		const uint8_t ch = text[i];
		if (ch == '\'' || ch == '\\') {
			out[pos++] = '\\';
			out[pos++] = (char)ch;
		} else if (ch >= 0x20 && ch < 0x7f) {
			out[pos++] = (char)ch;
		} else {
			pos += (size_t)snprintf(out + pos, out_len - pos, "\\%03u", ch);
		}
	}
	out[pos++] = '\'';
	snprintf(out + pos, out_len - pos, "%s", text_len > TEXT_MAX ? "..." : "");

	return out;
}

const char *mxp_fault_str(const mxp_fault_t *fault, char *out)
{
	int len = snprintf(out, MXP_FAULT_STR_LEN, "%s", mxp_cause_str(fault->cause));
	if (fault->text != NULL) {
		out[len++] = ' ';
		mxp_quote(fault->text, fault->text_len, out + len, MXP_FAULT_STR_LEN - (size_t)len);
	}
	return out;
}
