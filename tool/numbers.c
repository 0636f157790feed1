/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>

#include "numbers.h"
#include "text.h"

/*! Largest TTL (RFC 2181, section 8). */
#define TTL_MAX INT32_MAX

/*! \brief Reads digits. Returns false if there are none, or if the number is too large. */
static bool read_number(const char **text, uint64_t max, uint64_t *number)
{
	const char *start = *text;
	*number = 0;
	while (isdigit((unsigned char)**text) && *number <= max) {
		*number = 10 * *number + (uint64_t)(**text - '0');
		(*text)++;
	}
	return *text > start && *number <= max;
}

bool number_read_priority(const char *text, uint16_t *priority)
{
	const char *end = text;
	uint64_t number;
	if (!read_number(&end, UINT16_MAX, &number) || *end != '\0') {
		text_error("PRIORITY '%s' is not a number from 0 to 65535; the lowest one is tried "
		           "first, 10 is usual",
		           text);
		return false;
	}
	*priority = (uint16_t)number;
	return true;
}

static uint64_t unit_seconds(char unit)
{
	switch (tolower((unsigned char)unit)) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 604800;
	default:
		return 0;
	}
}

bool number_read_ttl(const char *text, uint32_t *ttl)
{
	const char *end = text;
	uint64_t sum = 0;
	do {
		uint64_t number;
		const bool good = read_number(&end, TTL_MAX, &number);
		const bool last = (*end == '\0');
		const uint64_t unit = last ? 1 : unit_seconds(*end);
		sum += number * unit;
		if (!good || unit == 0 || sum > TTL_MAX) {
			text_error("TTL '%s' is not a number of seconds up to %d; write it like "
			           "3600 or 1h",
			           text, TTL_MAX);
			return false;
		}
		end += !last;
	} while (*end != '\0');
	*ttl = (uint32_t)sum;

	return true;
}
