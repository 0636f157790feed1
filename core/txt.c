/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>
#include <strings.h>

#include "txt.h"

bool mxp_txt_is_whole(const knot_rdata_t *txt)
{
	const uint8_t *str = txt->data;
	const uint8_t *end = str + txt->len;
	while (str < end && mxp_txt_string_len(str, end) == *str) {
		str += 1 + *str;
	}
	return txt->len > 0 && str == end;
}

bool mxp_txt_begins(const knot_rdata_t *txt, const char *prefix, size_t len)
{
	const uint8_t *str = txt->data;
	const uint8_t *end = str + txt->len;
	size_t matched = 0;

	while (str < end && matched < len) {
		const size_t rest = len - matched;
		const size_t str_len = mxp_txt_string_len(str, end);
		const size_t part = str_len < rest ? str_len : rest;
		if (strncasecmp((const char *)str + 1, prefix + matched, part) != 0) {
			return false;
		}
		matched += part;
		str += 1 + str_len;
	}
	return matched == len;
}

size_t mxp_txt_len(const knot_rdata_t *txt)
{
	const uint8_t *end = txt->data + txt->len;
	size_t len = 0;
	for (const uint8_t *str = txt->data; str < end;) {
		const size_t str_len = mxp_txt_string_len(str, end);
		len += str_len;
		str += 1 + str_len;
	}
	return len;
}

size_t mxp_txt_join(const knot_rdata_t *txt, uint8_t *out)
{
	const uint8_t *end = txt->data + txt->len;
	size_t len = 0;
	for (const uint8_t *str = txt->data; str < end;) {
		const size_t str_len = mxp_txt_string_len(str, end);
		memcpy(out + len, str + 1, str_len);
		len += str_len;
		str += 1 + str_len;
	}
	return len;
}
