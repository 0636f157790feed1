/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <libknot/errcode.h>

#include "commands.h"
#include "name.h"
#include "reader.h"
#include "template.h"
#include "text.h"

#define DEFAULT_TTL 3600
#define NAME_COLUMN 24

/*! \brief A record of a template, as a map has it. */
typedef struct {
	int priority;
	char *exchange;
} record_t;

/*! \brief A template. */
typedef struct {
	const char *file;
	const json_t *json;
	char *title;
	char name[KNOT_DNAME_MAXLABELLEN + 1];
	record_t *records;
	size_t count;
	json_t *variables; /*!< Variables by the parameters made of them. */
	json_int_t ttl;    /*!< Smallest TTL so far, -1 if there is none. */
} template_t;

/*! \brief Says something about a record of a template, counted from 1. */
__attribute__((format(printf, 3, 4))) static void report_record(const template_t *template,
                                                                size_t idx, const char *fmt, ...)
{
	char reason[512];
	va_list args;
	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);

	char *message = text_format("record %zu: %s", idx + 1, reason);
	text_place(template->file, 0, message);
	free(message);
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/*! \brief Reads a number that may be written as a string. */
static bool number_of(const json_t *object, const char *key, json_int_t max, json_int_t *number)
{
	const json_t *value = json_object_get(object, key);
	*number = json_integer_value(value);
	bool good = json_is_integer(value);
	if (json_is_string(value)) {
		const char *text = json_string_value(value);
		char *end = NULL;
		*number = strtoll(text, &end, 10);
		good = isdigit((unsigned char)*text) && *end == '\0';
	}
	return good && *number >= 0 && *number <= max;
}

/*! \brief Takes the TTL of a record. */
static void read_ttl(template_t *template, const json_t *json, size_t idx)
{
	json_int_t ttl;
	if (!number_of(json, "ttl", INT32_MAX, &ttl)) {
		ttl = DEFAULT_TTL;
		if (json_object_get(json, "ttl") != NULL) {
			report_record(template, idx, "the ttl is no number, %d is taken",
			              DEFAULT_TTL);
		}
	}
	if (template->ttl >= 0 && template->ttl != ttl) {
		report_record(template, idx,
		              "the ttl differs from that of other records, the smallest is "
		              "taken");
	}
	template->ttl = template->ttl < 0 || ttl < template->ttl ? ttl : template->ttl;
}

/*! \brief Adds a record; one that is there already counts once, with its smallest priority. */
static void add_record(template_t *template, size_t idx, int priority, char *exchange)
{
	for (size_t i = 0; i < template->count; i++) {
		record_t *record = &template->records[i];
		if (strcmp(record->exchange, exchange) != 0) {
			continue;
		}
		if (record->priority != priority) {
			report_record(template, idx,
			              "%s is repeated with another priority, the smallest is "
			              "taken",
			              exchange);
			record->priority =
				priority < record->priority ? priority : record->priority;
		}
		free(exchange);
		return;
	}
	const size_t size = (template->count + 1) * sizeof(*template->records);
	template->records = need(realloc(template->records, size));
	template->records[template->count++] = (record_t){ priority, exchange };
}

/*! \brief Tells why a map cannot have a record, to be freed; NULL if it can. */
static char *why_not(json_int_t priority, const char *exchange)
{
	mxp_first_error_t first = { .count = 0 };
	mxp_map_t *map = NULL;
	char *text = text_format("preset MX %" JSON_INTEGER_FORMAT " %s\n", priority, exchange);
	const int ret = mxp_map_read(&map, text, strlen(text), mxp_first_error_add, &first);
	need(ret != KNOT_ENOMEM ? text : NULL);
	mxp_map_free(map);
	free(text);

	return first.count > 0 ? need(strdup(first.reason)) : NULL;
}

static bool is_mx(const json_t *json)
{
	const char *type = text_of(json, "type");
	return type != NULL && strcasecmp(type, "MX") == 0;
}

static bool is_at_apex(const json_t *json)
{
	const char *host = text_of(json, "host");
	return host == NULL || *host == '\0' || strcmp(host, "@") == 0;
}

/*! \brief Notes an MX record of the apex under its group; records without one are a group, too. */
static void note_group(json_t *groups, const json_t *record)
{
	const char *group = text_of(record, "groupId");
	const char *points_to = text_of(record, "pointsTo");
	json_int_t priority = -1;
	(void)number_of(record, "priority", UINT16_MAX, &priority);
	const size_t len = points_to != NULL ? strlen(points_to) : 0;
	const bool dot = len > 1 && points_to[len - 1] == '.';
	char *mx = text_format("%" JSON_INTEGER_FORMAT " %.*s", priority,
	                       (int)(dot ? len - 1 : len), points_to != NULL ? points_to : "");
	for (char *ch = mx; *ch != '\0'; ch++) {
		*ch = (char)tolower((unsigned char)*ch);
	}

	group = group != NULL ? group : "";
	json_t *set = json_object_get(groups, group);
	if (set == NULL) {
		set = need(json_object());
		need(json_object_set_new(groups, group, set) == 0 ? groups : NULL);
	}
	need(json_object_set_new(set, mx, json_true()) == 0 ? set : NULL);
	free(mx);
}

/*!
 * \brief Tells if a template's groups have different MX records at the apex.
 *
 * Whoever applies a template may choose among its groups, so all of its records together would be
 * something that nobody gets. Groups without MX records do not count.
 */
static bool groups_differ(const json_t *records)
{
	json_t *groups = need(json_object());
	size_t idx;
	const json_t *record;
	json_array_foreach(records, idx, record)
	{
		if (is_mx(record) && is_at_apex(record)) {
			note_group(groups, record);
		}
	}
	bool differ = false;
	const json_t *first = json_object_iter_value(json_object_iter(groups));
	const char *name;
	json_t *set;
	json_object_foreach(groups, name, set)
	{
		differ = differ || !json_equal(first, set);
	}
	json_decref(groups);

	return differ;
}

static void read_record(template_t *template, const json_t *json, size_t idx)
{
	if (!is_mx(json)) {
		return;
	}
	if (!is_at_apex(json)) {
		report_record(template, idx, "skipped, its host is '%.64s', not the apex",
		              text_of(json, "host"));
		return;
	}
	const char *points_to = text_of(json, "pointsTo");
	if (points_to == NULL) {
		report_record(template, idx, "skipped, it has no pointsTo");
		return;
	}
	json_int_t priority;
	if (!number_of(json, "priority", UINT16_MAX, &priority)) {
		report_record(template, idx, "skipped, its priority is no number from 0 to 65535");
		return;
	}
	const char *reason = NULL;
	char *exchange = template_exchange(points_to, template->variables, &reason);
	char *refused = (exchange != NULL) ? why_not(priority, exchange) : need(strdup(reason));
	if (refused != NULL) {
		report_record(template, idx, "skipped, a map cannot say '%.64s': %s", points_to,
		              refused);
		free(refused);
		free(exchange);
		return;
	}
	read_ttl(template, json, idx);
	add_record(template, idx, (int)priority, exchange);
}

/*! \brief Makes the title of the names of provider and service. */
static bool make_title(template_t *template)
{
	const json_t *json = template->json;
	const char *provider = text_of(json, "providerName");
	const char *service = text_of(json, "serviceName");
	provider = provider != NULL ? provider : text_of(json, "providerId");
	service = service != NULL ? service : text_of(json, "serviceId");
	if (provider == NULL || service == NULL) {
		return false;
	}
	const bool repeats = strncmp(service, provider, strlen(provider)) == 0;
	const bool alone = repeats || *service == '\0';
	template->title = text_format("%s%s%s", repeats ? "" : provider, alone ? "" : " ", service);
	return true;
}

/*! \brief Makes a name that no preset has yet: letters and digits of the title, and hyphens. */
static void make_name(template_t *template, json_t *names)
{
	size_t len = 0;
	for (const char *ch = template->title; *ch != '\0' && len < sizeof(template->name) - 8;
	     ch++) {
		if (isalnum((unsigned char)*ch)) {
			template->name[len++] = (char)tolower((unsigned char)*ch);
		} else if (len > 0 && template->name[len - 1] != '-') {
			template->name[len++] = '-';
		}
	}
	len -= (len > 0 && template->name[len - 1] == '-');
	template->name[len] = '\0';
	if (!mxp_name_valid(mxp_span(template->name))) {
		len = (size_t)sprintf(template->name, "preset");
	}
	for (unsigned i = 2; json_object_get(names, template->name) != NULL; i++) {
		snprintf(template->name + len, sizeof(template->name) - len, "-%u", i);
	}
	need(json_object_set_new(names, template->name, json_true()) == 0 ? names : NULL);
}

/*! \brief Writes the title as a string of a TXT record, cut at its largest size. */
static void write_title(const template_t *template, FILE *out)
{
	const size_t max = UINT8_MAX - strlen("title=");
	size_t len = strlen(template->title);
	if (len > max) {
		len = max;
		while ((template->title[len] & 0xc0) == 0x80) {
			len--; // Not within a character.
		}
	}
	fprintf(out, "%-*s TXT \"title=", NAME_COLUMN, "");
	for (size_t i = 0; i < len; i++) {
		const unsigned char ch = (unsigned char)template->title[i];
		if (ch == '"' || ch == '\\') {
			fprintf(out, "\\%c", ch);
		} else if (isascii(ch) && isprint(ch)) {
			fputc(ch, out);
		} else {
			fprintf(out, "\\%03u", ch);
		}
	}
	fputs("\"\n", out);
}

static void print_error(void *ctx, size_t line, const char *reason)
{
	const template_t *template = ctx;
	(void)line;
	char *message = text_format("skipped, a map cannot say it: %s", reason);
	text_place(template->file, 0, message);
	free(message);
}

/*! \brief Prints a template as lines of a map, if these are a good map. */
static void print_template(template_t *template)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = need(open_memstream(&text, &size));
	for (size_t i = 0; i < template->count; i++) {
		fprintf(out, "%-*s %6" JSON_INTEGER_FORMAT " MX %5d %s\n", NAME_COLUMN,
		        i == 0 ? template->name : "", template->ttl, template->records[i].priority,
		        template->records[i].exchange);
	}
	write_title(template, out);
	text_close(out, &text);

	mxp_map_t *map = NULL;
	char *copy = need(strndup(text, size));
	const int ret = mxp_map_read(&map, copy, size, print_error, template);
	need(ret != KNOT_ENOMEM ? copy : NULL);
	if (ret == KNOT_EOK) {
		fputs(text, stdout);
	}
	mxp_map_free(map);
	free(copy);
	free(text);
}

static int import(const char *file, const json_t *json, json_t *names)
{
	template_t template = {
		.file = file, .json = json, .variables = need(json_object()), .ttl = -1
	};
	const json_t *records = json_object_get(json, "records");
	if (!json_is_array(records) || !make_title(&template)) {
		text_place(file, 0,
		           "no Domain Connect template: it needs providerName, serviceName "
		           "and a list of records");
		json_decref(template.variables);
		return STATUS_WRONG;
	}
	if (groups_differ(records)) {
		text_place(file, 0,
		           "skipped, a map cannot say it: its groups have different MX records");
		records = NULL;
	}
	size_t idx;
	const json_t *record;
	json_array_foreach(records, idx, record)
	{
		read_record(&template, record, idx);
	}
	if (template.count > 0) {
		make_name(&template, names);
		print_template(&template);
	}
	for (size_t i = 0; i < template.count; i++) {
		free(template.records[i].exchange);
	}
	free(template.records);
	free(template.title);
	json_decref(template.variables);

	return STATUS_DONE;
}

int command_import(const options_t *options, int argc, char **argv)
{
	(void)options;
	int status = STATUS_DONE;
	json_t *names = need(json_object());
	for (int i = 0; i < argc; i++) {
		json_error_t error;
		json_t *json = json_load_file(argv[i], 0, &error);
		if (json == NULL) {
			need(error.text[0] != '\0' ? argv : NULL); // It has no words for that.
			text_place(argv[i], error.line > 0 ? (size_t)error.line : 0, error.text);
			status = STATUS_WRONG;
		} else if (import(argv[i], json, names) != STATUS_DONE) {
			status = STATUS_WRONG;
		}
		json_decref(json);
	}
	json_decref(names);

	return status;
}
