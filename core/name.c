/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include "name.h"

/*! \brief Digit of any label or value, in any letter case. */
static bool is_alnum(uint8_t ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
}

bool mxp_name_is_none(mxp_span_t name)
{
	return mxp_span_is_case(name, "none");
}

bool mxp_name_valid(mxp_span_t name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] <= ' ' || name.data[i] > '~' || name.data[i] == '.') {
			return false;
		}
	}
	return name.len > 0 && name.len <= KNOT_DNAME_MAXLABELLEN && !mxp_name_is_none(name);
}

bool mxp_value_valid(mxp_span_t value)
{
	for (size_t i = 0; i < value.len; i++) {
		const uint8_t ch = value.data[i];
		if (!is_alnum(ch) && ch != '-' && ch != '_') {
			return false;
		}
	}
	return value.len > 0 && value.len <= KNOT_DNAME_MAXLABELLEN;
}

bool mxp_param_name_valid(mxp_span_t name)
{
	for (size_t i = 0; i < name.len; i++) {
		if (!is_alnum(name.data[i])) {
			return false;
		}
	}
	return name.len > 0;
}

bool mxp_param_name_reserved(mxp_span_t name)
{
	return mxp_span_is_case(name, "title") || mxp_span_is_case(name, "note") ||
	       mxp_span_is_case(name, "spf") || mxp_span_is_case(name, "retired");
}

bool mxp_label_param(mxp_span_t label, size_t start, mxp_span_t *ref)
{
	while (start < label.len) {
		const uint8_t *open = memchr(label.data + start, '_', label.len - start);
		if (open == NULL) {
			return false;
		}
		size_t end = (size_t)(open - label.data) + 1;
		start = end;
		while (end < label.len && is_alnum(label.data[end])) {
			end++;
		}
		if (end > start && end < label.len && label.data[end] == '_') {
			*ref = (mxp_span_t){ open, (size_t)(label.data + end + 1 - open) };
			return true;
		}
	}
	return false;
}

bool mxp_label_is_zone(mxp_span_t label)
{
	return mxp_span_is(label, "_zone_");
}

const char *mxp_name_str(const knot_dname_t *name, char *out)
{
	return knot_dname_to_str(out, name, KNOT_DNAME_TXT_MAXLEN + 1) != NULL ? out : "?";
}
