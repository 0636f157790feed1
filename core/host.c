/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stddef.h>

#include "host.h"
#include "name.h"

static const knot_dname_t *const reserved[] = {
	(const knot_dname_t *)"\007invalid",
	(const knot_dname_t *)"\011localhost",
	(const knot_dname_t *)"\005local",
	(const knot_dname_t *)"\005onion",
};

/*! Names below these prove who owns a domain. */
static const knot_dname_t *const verification[] = {
	(const knot_dname_t *)"\004msv1\007invalid",
	(const knot_dname_t *)"\017mx-verification\006google\003com",
};

static bool is_digit(uint8_t ch)
{
	return ch >= '0' && ch <= '9';
}

static bool is_hex(uint8_t ch)
{
	return is_digit(ch) || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'f');
}

/*!
 * \brief Tells if a label is a number in a notation that programs take for part of an IP address.
 *
 * inet_aton() takes 127.1, 0x7f000001 and 017700000001, and URL parsers follow it, so no top-level
 * domain is ever a number.
 */
static bool is_number(mxp_span_t label)
{
	const bool hex = label.len > 2 && label.data[0] == '0' && (label.data[1] | 0x20) == 'x';
	size_t i = hex ? 2 : 0;
	while (i < label.len && (hex ? is_hex(label.data[i]) : is_digit(label.data[i]))) {
		i++;
	}
	return i == label.len;
}

static bool is_host_label(mxp_span_t label)
{
	for (size_t i = 0; i < label.len; i++) {
		if (!mxp_host_octet(label.data[i])) {
			return false;
		}
	}
	return label.data[0] != '-' && label.data[label.len - 1] != '-';
}

/*! \brief Tells if a name is so many labels or more below one of a list. */
static bool is_below(const knot_dname_t *name, const knot_dname_t *const *list, size_t count,
                     int labels)
{
	for (size_t i = 0; i < count; i++) {
		if (knot_dname_in_bailiwick(name, list[i]) >= labels) {
			return true;
		}
	}
	return false;
}

#define IS_BELOW(name, list, labels) \
	is_below((name), (list), sizeof(list) / sizeof(*(list)), (labels))

mxp_host_t mxp_host_check(const knot_dname_t *name)
{
	if (*name == '\0') {
		return MXP_HOST_NULL;
	}
	knot_dname_storage_t lower;
	knot_dname_copy_lower(lower, name);
	if (IS_BELOW(lower, verification, 1)) {
		return MXP_HOST_VERIFICATION;
	}

	bool host = true;
	const uint8_t *last = lower;
	for (const uint8_t *label = lower; *label != 0; label += 1 + *label) {
		host = host && is_host_label(mxp_label_span(label));
		last = label;
	}
	if (is_number(mxp_label_span(last))) {
		return MXP_HOST_NUMBER;
	}
	if (!host) {
		return MXP_HOST_CHARSET;
	}
	return IS_BELOW(lower, reserved, 0) ? MXP_HOST_RESERVED : MXP_HOST_FINE;
}

bool mxp_host_octet(uint8_t ch)
{
	return is_digit(ch) || ((ch | 0x20) >= 'a' && (ch | 0x20) <= 'z') || ch == '-';
}

const char *mxp_host_str(mxp_host_t host)
{
	static const char *const reasons[] = {
		[MXP_HOST_FINE] = "can be a mail server",
		[MXP_HOST_NULL] = "is the root, which accepts no mail",
		[MXP_HOST_NUMBER] = "ends in a number, as an IP address does",
		[MXP_HOST_CHARSET] = "has other characters than letters, digits and inner hyphens",
		[MXP_HOST_RESERVED] =
			"is or is below a reserved name (invalid, localhost, local, onion)",
		[MXP_HOST_VERIFICATION] = "proves who owns a domain and takes no mail",
	};
	return reasons[host];
}
