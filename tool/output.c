/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decision.h"
#include "output.h"
#include "text.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

static json_int_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/*! \brief Writes data; that an output takes no more is found out by whoever closes it. */
static void dump(const json_t *data, FILE *out, size_t flags)
{
	need(json_dumpf(data, out, flags) == 0 || ferror(out) ? out : NULL);
	fputc('\n', out);
}

void output_json(const json_t *data)
{
	dump(data, stdout, JSON_INDENT(2));
}

void output_json_line(const json_t *data, FILE *out)
{
	dump(data, out, 0);
}

static const char *why(const char *source)
{
	static const char *const reasons[] = {
		[MXP_SOURCE_NONE] = "nothing gives an MX record",
		[MXP_SOURCE_OVERRIDE] = "the zone's own MX records",
		[MXP_SOURCE_MARKER] = "the zone's TXT record mx-preset",
		[MXP_SOURCE_PRESET] = "the server's preset for the zone",
		[MXP_SOURCE_BUILTIN] = "the server's built-in",
	};
	for (mxp_source_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		if (strcmp(source, mxp_source_str(i)) == 0) {
			return reasons[i];
		}
	}
	return "";
}

#define LABEL_WIDTH 9

/*! \brief Prints a text behind its label, in as many lines as it takes. */
static void print_labelled(const char *label, const char *text)
{
	while (*text != '\0') {
		const char *line = text;
		const size_t len = text_line(&text, text_screen() - LABEL_WIDTH);
		printf("%-*s%.*s\n", LABEL_WIDTH, label, (int)len, line);
		label = "";
	}
}

void output_report(const json_t *report)
{
	const char *source = text_of(report, "source");
	const json_t *mx = json_object_get(report, "mx");
	printf("zone     %s\n", text_of(report, "zone"));
	printf("source   %s (%s)\n", source, why(source));
	if (json_is_string(json_object_get(report, "preset"))) {
		printf("preset   %s\n", text_of(report, "preset"));
	}
	if (json_is_string(json_object_get(report, "map"))) {
		printf("map      %s\n", text_of(report, "map"));
	}
	print_labelled("SPF", text_of(report, "spf"));
	if (strcmp(text_of(report, "rcode"), "SERVFAIL") == 0) {
		puts("MX       SERVFAIL");
	} else if (json_array_size(mx) > 0) {
		printf("TTL      %" JSON_INTEGER_FORMAT "\n\npriority  value\n",
		       number_of(report, "ttl"));
	} else {
		puts("MX       none");
	}

	size_t i;
	const json_t *item;
	json_array_foreach(mx, i, item)
	{
		printf("%8" JSON_INTEGER_FORMAT "  %s\n", number_of(item, "priority"),
		       text_of(item, "value"));
	}
	json_array_foreach(json_object_get(report, "warnings"), i, item)
	{
		printf("%swarning  %s, %s\n", i == 0 ? "\n" : "", text_of(item, "code"),
		       text_of(item, "owner"));
		text_paragraph(stdout, text_of(item, "text"), LABEL_WIDTH);
	}
}

/*! \brief Widths of the columns of a map's table. */
typedef struct {
	int preset;
	int title;
	int ttl;
} widths_t;

#define GAP            2
#define PRIORITY_WIDTH 8

static void widen(int *width, const char *text)
{
	const int columns = text_width(text);
	*width = columns > *width ? columns : *width;
}

/*! \brief Widens a column for the longest word of a text. */
static void widen_words(int *width, const char *text)
{
	while (*text != '\0') {
		const size_t len = strcspn(text, " ");
		char *word = need(strndup(text, len));
		widen(width, word);
		free(word);
		text += len;
		text += strspn(text, " ");
	}
}

/*! \brief Columns of all that stands before the value. */
static int before_value(const widths_t *widths)
{
	return widths->preset + widths->title + widths->ttl + PRIORITY_WIDTH + 4 * GAP;
}

/*! \brief Widest value that leaves room for something in the lines. */
static int widest_value(const json_t *presets, int room)
{
	int widest = (int)strlen("value");
	size_t i;
	const json_t *preset;
	json_array_foreach(presets, i, preset)
	{
		size_t j;
		const json_t *mx;
		json_array_foreach(json_object_get(preset, "mx"), j, mx)
		{
			const int width = text_width(text_of(mx, "value"));
			widest = width > widest && width <= room ? width : widest;
		}
	}
	return widest;
}

/*!
 * \brief Lets titles wrap where the table would be wider than a screen.
 *
 * They wrap between words. A value that is too wide even then stands in a line of its own, so that
 * one provider's does not take the room from all others.
 */
static widths_t measure(const json_t *presets)
{
	widths_t widths = { .preset = (int)strlen("preset"),
		            .title = (int)strlen("title"),
		            .ttl = (int)strlen("TTL") };
	int words = widths.title;
	size_t i;
	const json_t *preset;
	json_array_foreach(presets, i, preset)
	{
		widen(&widths.preset, text_of(preset, "name"));
		widen(&widths.title, text_of(preset, "title"));
		widen_words(&words, text_of(preset, "title"));
		const int digits =
			snprintf(NULL, 0, "%" JSON_INTEGER_FORMAT, number_of(preset, "ttl"));
		widths.ttl = digits > widths.ttl ? digits : widths.ttl;
	}
	const int wanted = widths.title;
	widths.title = words;
	const int room = text_screen() - before_value(&widths);
	const int spare = room - widest_value(presets, room);
	widths.title += spare > 0 ? spare : 0;
	widths.title = widths.title > wanted ? wanted : widths.title;

	return widths;
}

/*! \brief Prints the next line of a title; padded if something follows. */
static void print_title(const char **title, int width, bool follows)
{
	const char *start = *title;
	const size_t len = text_line(title, width);
	char *line = need(strndup(start, len));
	printf("%s%*s", line, follows ? width - text_width(line) : 0, "");
	free(line);
}

/*! \brief Prints a value, in a line of its own where the screen is too narrow. */
static void print_value(const char *value, const widths_t *widths)
{
	const int width = text_width(value);
	if (before_value(widths) + width <= text_screen()) {
		printf("  %s", value);
	} else {
		const int indent = text_screen() - width;
		printf("\n%*s%s", indent > 0 ? indent : 0, "", value);
	}
}

static void print_preset(const json_t *preset, const widths_t *widths)
{
	const char *name = text_of(preset, "name");
	const char *title = text_of(preset, "title");
	const json_t *list = json_object_get(preset, "mx");

	for (size_t i = 0; i < json_array_size(list) || *title != '\0'; i++) {
		const json_t *mx = json_array_get(list, i);
		printf("%-*s  ", widths->preset, i == 0 ? name : "");
		print_title(&title, widths->title, mx != NULL);
		if (mx != NULL) {
			printf("  %*" JSON_INTEGER_FORMAT "  %*" JSON_INTEGER_FORMAT, widths->ttl,
			       number_of(preset, "ttl"), PRIORITY_WIDTH, number_of(mx, "priority"));
			print_value(text_of(mx, "value"), widths);
		}
		putchar('\n');
	}
}

/*! \brief Prints a list of names under a preset. */
static void print_names(const char *label, const json_t *names, int indent)
{
	char *line = text_format("%s:", label);
	size_t i;
	const json_t *name;
	json_array_foreach(names, i, name)
	{
		char *more =
			text_format("%s%s %s", line, i > 0 ? "," : "", json_string_value(name));
		free(line);
		line = more;
	}
	if (i > 0) {
		text_paragraph(stdout, line, indent);
	}
	free(line);
}

/*! \brief Prints a text under a preset. */
static void print_text(const char *label, const char *text, int indent)
{
	char *line = text_format("%s: %s", label, text);
	text_paragraph(stdout, line, indent);
	free(line);
}

/*! \brief Prints what else is known of a preset. */
static void print_details(const json_t *preset, int indent)
{
	print_names("aliases", json_object_get(preset, "aliases"), indent);
	print_names("parameters", json_object_get(preset, "params"), indent);
	if (json_is_string(json_object_get(preset, "spf"))) {
		print_text("spf", text_of(preset, "spf"), indent);
	}
	size_t i;
	const json_t *note;
	json_array_foreach(json_object_get(preset, "notes"), i, note)
	{
		print_text("note", json_string_value(note), indent);
	}
}

void output_map(const json_t *map)
{
	const json_t *presets = json_object_get(map, "presets");
	const widths_t widths = measure(presets);
	printf("%-*s  %-*s  %*s  %*s  %s\n", widths.preset, "preset", widths.title, "title",
	       widths.ttl, "TTL", PRIORITY_WIDTH, "priority", "value");

	size_t i;
	const json_t *preset;
	json_array_foreach(presets, i, preset)
	{
		print_preset(preset, &widths);
		print_details(preset, widths.preset + GAP);
	}
	printf("\nversion  %s\n", text_of(map, "version"));
}
