/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the fuzzers of kmxpreset share: its output is taken, its errors are thrown away.
 */

#pragma once

#include <locale.h>
#include <string.h>
#include <sys/mman.h>

#include <jansson.h>

#include "fuzz.h"

/*! \brief Where the output goes as long as it is taken. */
typedef struct {
	FILE *before;
	char *text;
	size_t size;
} output_t;

/*! \brief To be called once: names are UTF-8, as the tool's main function says. */
static inline void throw_errors_away(void)
{
	require(setlocale(LC_CTYPE, "C.UTF-8") != NULL);
	stderr = fopen("/dev/null", "w");
	require(stderr != NULL);
}

static inline void take_output(output_t *output)
{
	output->before = stdout;
	stdout = open_memstream(&output->text, &output->size);
	require(stdout != NULL);
}

/*! \brief Ends that; the text is to be freed. */
static inline void end_output(output_t *output)
{
	require(fclose(stdout) == 0);
	stdout = output->before;
}

/*! \brief Makes a file in memory; its path is written. */
static inline int make_file(const uint8_t *data, size_t size, char path[32])
{
	const int fd = memfd_create("fuzz", MFD_CLOEXEC);
	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

/*! \brief Checks that a string of a report is text: valid UTF-8 that JSON can carry, one line. */
static inline void check_string(const json_t *value)
{
	require(json_is_string(value));
	for (const char *ch = json_string_value(value); *ch != '\0'; ch++) {
		require((unsigned char)*ch >= ' ' && *ch != 0x7f);
	}
}

static inline bool is_one_of(const char *text, const char *const *list)
{
	while (*list != NULL && strcmp(text, *list) != 0) {
		list++;
	}
	return *list != NULL;
}

/*! \brief Checks a report on a zone against what the reference says of the JSON output. */
static inline void check_report(const json_t *report)
{
	static const char *const sources[] = { "override", "marker", "preset",
		                               "built-in", "none",   NULL };
	static const char *const codes[] = { "doubled-root",
		                             "mixed-builtin",
		                             "marker",
		                             "overridden-marker",
		                             "marker-like",
		                             "ignored-marker",
		                             "alias-exchange",
		                             "address-exchange",
		                             "missing-exchange",
		                             "impossible-exchange",
		                             "verification-exchange",
		                             "missing-dot",
		                             "null-mx",
		                             "out-of-zone",
		                             "differs",
		                             "unloadable",
		                             "unsigned",
		                             "mta-sts",
		                             "spf",
		                             NULL };
	check_string(json_object_get(report, "zone"));
	require(is_one_of(json_string_value(json_object_get(report, "source")), sources));
	const bool failed =
		strcmp(json_string_value(json_object_get(report, "rcode")), "SERVFAIL") == 0;
	const json_t *mx = json_object_get(report, "mx");
	require(json_is_array(mx) && (!failed || json_array_size(mx) == 0));
	require(json_is_integer(json_object_get(report, "ttl")) == (json_array_size(mx) > 0));
	size_t i;
	const json_t *item;
	json_array_foreach(mx, i, item)
	{
		check_string(json_object_get(item, "value"));
		require((uint64_t)json_integer_value(json_object_get(item, "priority")) <=
		        UINT16_MAX);
	}
	json_array_foreach(json_object_get(report, "warnings"), i, item)
	{
		require(is_one_of(json_string_value(json_object_get(item, "code")), codes));
		check_string(json_object_get(item, "owner"));
		check_string(json_object_get(item, "text"));
	}
}
