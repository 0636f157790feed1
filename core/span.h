/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Pieces of text that belong to somebody else, and `name=value` among them.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/*! \brief A piece of text that belongs to somebody else. */
typedef struct {
	const uint8_t *data; /*!< First octet (NULL if there is no text). */
	size_t len;          /*!< Length in octets. */
} mxp_span_t;

/*! \brief A parameter with its value, or a key of the map with its value. */
typedef struct {
	mxp_span_t name;  /*!< Name. */
	mxp_span_t value; /*!< Value; without data if there was no equals sign. */
} mxp_param_t;

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
 * \brief Splits `name=value` at its first equals sign.
 *
 * \param text  Text.
 *
 * \return Name and value; all of the text is the name if there is no equals sign.
 */
static inline mxp_param_t mxp_span_split(mxp_span_t text)
{
	const uint8_t *equals = memchr(text.data, '=', text.len);
	if (equals == NULL) {
		return (mxp_param_t){ .name = text };
	}
	const size_t name_len = (size_t)(equals - text.data);
	return (mxp_param_t){
		.name = { text.data, name_len },
		.value = { equals + 1, text.len - name_len - 1 },
	};
}
