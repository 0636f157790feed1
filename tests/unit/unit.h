/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the unit tests share: tables of cases, and the module's data made of text.
 */

#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libknot/descriptor.h>
#include <libknot/dname.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>
#include <libknot/rdataset.h>
#include <libzscanner/scanner.h>

#include "reader.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/*! \brief Asserts that a number is within limits (cmocka has no one name for that in all releases).
 */
#define assert_between(value, min, max)                            \
	do {                                                       \
		const __typeof__(value) between = (value);         \
		assert_true(between >= (min) && between <= (max)); \
	} while (0)

/* Labels of a known length. */
#define L10 "aaaaaaaaaa"
#define L20 L10 L10
#define L60 L20 L20 L20
#define L63 L60 "aaa"

/*! \brief Makes a test of each row of a table; a row's first member is its name. */
#define ADD_ROWS(tests, check, rows) \
	add_rows((tests), (check), (rows), COUNT(rows), sizeof(*(rows)))

static inline struct CMUnitTest *add_rows(struct CMUnitTest *tests, CMUnitTestFunction check,
                                          const void *rows, size_t count, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		const char *row = (const char *)rows + i * size;
		*tests++ = (struct CMUnitTest){
			.name = *(const char *const *)row,
			.test_func = check,
			.initial_state = (void *)row,
		};
	}
	return tests;
}

/*! \brief Makes a name of text, in the letter case it has. */
static inline const knot_dname_t *make_name(const char *text, knot_dname_storage_t name)
{
	assert_non_null(knot_dname_from_str(name, text, sizeof(knot_dname_storage_t)));
	return name;
}

/*!
 * \brief Makes an RRset of text, one RDATA a line, in the order in which Knot DNS stores it.
 *
 * NULL makes an empty one. Names keep their letter case.
 */
static inline knot_rdataset_t make_rrs(const char *type, const char *lines)
{
	knot_rdataset_t rrs = { 0 };
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	while (lines != NULL && *lines != '\0') {
		const size_t len = strcspn(lines, "\n");
		fprintf(file, "@ %s %.*s\n", type, (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
	fclose(file);

	zs_scanner_t *scanner = malloc(sizeof(*scanner));
	assert_int_equal(zs_init(scanner, ".", KNOT_CLASS_IN, 3600), 0);
	assert_int_equal(zs_set_input_string(scanner, text, size), 0);
	while (size > 0 && zs_parse_record(scanner) == 0 && scanner->state == ZS_STATE_DATA) {
		uint8_t rdata[sizeof(knot_rdata_t) + UINT16_MAX + 1];
		knot_rdata_init((knot_rdata_t *)rdata, (uint16_t)scanner->r_data_length,
		                scanner->r_data);
		assert_int_equal(knot_rdataset_add(&rrs, (knot_rdata_t *)rdata, NULL), KNOT_EOK);
	}
	assert_int_equal(scanner->error.counter, 0);
	zs_deinit(scanner);
	free(scanner);
	free(text);

	return rrs;
}

/*! \brief Errors of a map, ordered by line. */
typedef struct {
	size_t count;
	struct {
		size_t line;
		char reason[512];
	} list[16];
} errors_t;

static inline void take_error(void *ctx, size_t line, const char *reason)
{
	errors_t *errors = ctx;
	size_t at = errors->count++;
	if (at >= COUNT(errors->list)) {
		return;
	}
	for (; at > 0 && errors->list[at - 1].line > line; at--) {
		errors->list[at] = errors->list[at - 1];
	}
	errors->list[at].line = line;
	snprintf(errors->list[at].reason, sizeof(errors->list[at].reason), "%s", reason);
}

static inline void print_errors(const errors_t *errors)
{
	for (size_t i = 0; i < errors->count && i < COUNT(errors->list); i++) {
		print_message("# %zu: %s\n", errors->list[i].line, errors->list[i].reason);
	}
}

/*! \brief Reads a map of text that holds no error. NULL makes none. */
static inline mxp_map_t *make_map(const char *text)
{
	if (text == NULL) {
		return NULL;
	}
	errors_t errors = { 0 };
	mxp_map_t *map = NULL;
	char *copy = strdup(text);
	const int ret = mxp_map_read(&map, copy, strlen(text), take_error, &errors);
	free(copy);
	print_errors(&errors);
	assert_int_equal(ret, KNOT_EOK);
	assert_non_null(map);

	return map;
}
