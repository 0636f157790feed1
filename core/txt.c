/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <strings.h>

#include "txt.h"

bool mxp_txt_begins(const knot_rdata_t *txt, const char *prefix, size_t len)
{
	const uint8_t *str = txt->data;
	const uint8_t *end = str + txt->len;
	size_t matched = 0;

	while (str < end && matched < len) {
		const size_t rest = len - matched;
		const size_t part = *str < rest ? *str : rest;
		if (strncasecmp((const char *)str + 1, prefix + matched, part) != 0) {
			return false;
		}
		matched += part;
		str += 1 + *str;
	}
	return matched == len;
}

size_t mxp_txt_len(const knot_rdata_t *txt)
{
	const uint8_t *end = txt->data + txt->len;
	size_t len = 0;
	for (const uint8_t *str = txt->data; str < end; str += 1 + *str) {
		len += *str;
	}
	return len;
}
