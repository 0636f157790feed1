/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/error.h>
#include <libzscanner/error.h>
#include <libzscanner/scanner.h>

#include "aliases.h"
#include "cause.h"
#include "draft.h"
#include "file.h"
#include "name.h"
#include "reader.h"
#include "reader_preset.h"

#define ORIGIN      "mx-presets."
#define DEFAULT_TTL 3600

/*! \brief Reader. */
typedef struct {
	mxp_report_t report;         /*!< Where errors go. */
	bool has_soa;                /*!< The map has a SOA. */
	knot_dname_storage_t origin; /*!< Origin of the map in lower case. */
	mxp_record_t **records;      /*!< Records. */
	size_t count;                /*!< Number of records. */
	size_t capacity;             /*!< Capacity of the array of records. */
	mxp_draft_t *drafts;         /*!< One for each entry of the map. */
} reader_t;

/*! \brief Knot's and the zone's own records, which a preset map may hold as any zone. */
static bool is_skipped(uint16_t type)
{
	switch (type) {
	case KNOT_RRTYPE_NS:
	case KNOT_RRTYPE_DNSKEY:
	case KNOT_RRTYPE_RRSIG:
	case KNOT_RRTYPE_NSEC:
	case KNOT_RRTYPE_NSEC3:
	case KNOT_RRTYPE_NSEC3PARAM:
	case KNOT_RRTYPE_CDS:
	case KNOT_RRTYPE_CDNSKEY:
	case KNOT_RRTYPE_ZONEMD:
		return true;
	default:
		return false;
	}
}

bool mxp_rdata_valid(uint16_t type, const uint8_t *data, size_t len)
{
	const uint8_t *end = data + len;
	switch (type) {
	case KNOT_RRTYPE_TXT:
		while (data < end && data + 1 + *data <= end) {
			data += 1 + *data;
		}
		return len > 0 && data == end;
	case KNOT_RRTYPE_MX:
		return len > 2 && knot_dname_wire_check(data + 2, end, NULL) == end - data - 2;
	case KNOT_RRTYPE_CNAME:
		return knot_dname_wire_check(data, end, NULL) == end - data;
	default:
		return true;
	}
}

static bool keep_record(reader_t *reader, const zs_scanner_t *s, uint16_t type)
{
	if (reader->count == reader->capacity) {
		const size_t capacity = 2 * reader->capacity + 64;
		mxp_record_t **records = realloc(reader->records, capacity * sizeof(*records));
		if (records == NULL) {
			return false;
		}
		reader->records = records;
		reader->capacity = capacity;
	}
	mxp_record_t *record = malloc(sizeof(*record) + s->r_owner_length + s->r_data_length);
	if (record == NULL) {
		return false;
	}
	*record = (mxp_record_t){
		.line = s->line_counter,
		.type = type,
		.ttl = s->r_ttl,
		.len = (uint16_t)s->r_data_length,
	};
	record->data = record->owner + s->r_owner_length;
	memcpy(record->owner, s->r_owner, s->r_owner_length);
	memcpy(record->data, s->r_data, s->r_data_length);
	knot_dname_to_lower(record->owner);
	if (record->type == KNOT_RRTYPE_MX) {
		knot_dname_to_lower(record->data + 2);
	} else if (record->type == KNOT_RRTYPE_CNAME) {
		knot_dname_to_lower(record->data);
	}
	reader->records[reader->count++] = record;

	return true;
}

static void read_soa(reader_t *reader, const zs_scanner_t *s)
{
	if (!reader->has_soa) {
		memcpy(reader->origin, s->r_owner, s->r_owner_length);
		knot_dname_to_lower(reader->origin);
		reader->has_soa = true;
	} else if (!knot_dname_is_case_equal(reader->origin, s->r_owner)) {
		mxp_report(&reader->report, s->line_counter,
		           "SOA with another owner than the first one");
	}
}

static bool read_record(reader_t *reader, const zs_scanner_t *s)
{
	char type[32] = "";
	(void)knot_rrtype_to_string(s->r_type, type, sizeof(type));

	switch (s->r_type) {
	case KNOT_RRTYPE_SOA:
		read_soa(reader, s);
		return true;
	case KNOT_RRTYPE_A:
	case KNOT_RRTYPE_AAAA:
		return keep_record(reader, s, s->r_type); // Until it is known if there is a SOA.
	case KNOT_RRTYPE_MX:
	case KNOT_RRTYPE_TXT:
	case KNOT_RRTYPE_CNAME:
		if (!mxp_rdata_valid(s->r_type, s->r_data, s->r_data_length)) {
			mxp_report(&reader->report, s->line_counter, "malformed %s record", type);
			return keep_record(reader, s, 0);
		}
		return keep_record(reader, s, s->r_type);
	default:
		if (!is_skipped(s->r_type)) {
			mxp_report(&reader->report, s->line_counter,
			           "type %s does not belong in a preset map", type);
		}
		return true;
	}
}

static void report_scan_error(reader_t *reader, const zs_scanner_t *s)
{
	char near[300] = "";
	const size_t len =
		s->buffer_length > 0 ? strnlen((const char *)s->buffer, s->buffer_length) : 0;
	if (len > 0) {
		mxp_quote(s->buffer, len, near, sizeof(near));
	}
	mxp_report(&reader->report, s->line_counter, "%s%s%s", zs_strerror(s->error.code),
	           len > 0 ? ", at " : "", near);
}

/*! \brief Takes all records. Returns an error if the rest of the text cannot be read. */
static int read_records(reader_t *reader, zs_scanner_t *s)
{
	while (true) {
		if (zs_parse_record(s) != 0) {
			return KNOT_EMALF; // Reported before.
		}
		switch (s->state) {
		case ZS_STATE_DATA:
			if (!read_record(reader, s)) {
				return KNOT_ENOMEM;
			}
			break;
		case ZS_STATE_ERROR:
			report_scan_error(reader, s);
			break;
		case ZS_STATE_INCLUDE:
			mxp_report(&reader->report, s->line_counter,
			           "$INCLUDE is not allowed in a preset map");
			break;
		default:
			return KNOT_EOK;
		}
	}
}

/*!
 * \brief Finds the owner of the SOA: names without a final dot are relative to it.
 *
 * One that is itself below the present origin has been relative to that.
 */
static int find_origin(reader_t *reader, zs_scanner_t *s)
{
	while (zs_parse_record(s) == 0 && s->state != ZS_STATE_EOF && s->state != ZS_STATE_STOP) {
		if (s->state == ZS_STATE_DATA && s->r_type == KNOT_RRTYPE_SOA) {
			knot_dname_to_lower(s->r_owner);
			if (knot_dname_in_bailiwick(s->r_owner, reader->origin) < 0) {
				memcpy(reader->origin, s->r_owner, s->r_owner_length);
			}
			break;
		}
	}
	return KNOT_EOK; // Whatever is wrong shows when the records are taken.
}

/*! \brief Scans a text for something. Returns an error if it cannot be read to its end. */
static int scan_text(reader_t *reader, const char *data, size_t size,
                     int (*scan_for)(reader_t *reader, zs_scanner_t *s))
{
	zs_scanner_t *s = malloc(sizeof(*s));
	if (s == NULL) {
		return KNOT_ENOMEM;
	}
	int ret = KNOT_ENOMEM;
	knot_dname_txt_storage_t origin = "";
	if (zs_init(s, mxp_name_str(reader->origin, origin), KNOT_CLASS_IN, DEFAULT_TTL) == 0) {
		ret = zs_set_input_string(s, data, size) == 0 ? scan_for(reader, s) : KNOT_EMALF;
		zs_deinit(s);
	}
	free(s);

	return ret;
}

/*! \brief Turns CRLF line ends, which the scanner refuses, into LF. */
static size_t strip_cr(char *data, size_t size)
{
	char *out = memchr(data, '\r', size);
	if (out == NULL) {
		return size;
	}
	const char *end = data + size;
	for (const char *in = out; in < end; in++) {
		if (*in != '\r' || in + 1 == end || in[1] != '\n') {
			*out++ = *in;
		}
	}
	return (size_t)(out - data);
}

static size_t count_lines(const char *data, size_t size)
{
	size_t lines = 1;
	for (size_t i = 0; i < size; i++) {
		lines += (data[i] == '\n');
	}
	return lines;
}

static int cmp_records(const void *a, const void *b)
{
	const mxp_record_t *record1 = *(const mxp_record_t *const *)a;
	const mxp_record_t *record2 = *(const mxp_record_t *const *)b;
	const int cmp = strcmp(record1->name, record2->name);
	return cmp != 0 ? cmp : (record1->order < record2->order ? -1 : 1);
}

/*! \brief Finds the name of the preset that a record belongs to. False if to none. */
static bool find_name(reader_t *reader, mxp_record_t *record)
{
	if (record->type == KNOT_RRTYPE_A || record->type == KNOT_RRTYPE_AAAA) {
		if (!reader->has_soa) {
			mxp_report(&reader->report, record->line,
			           "address record in a preset map without SOA");
		}
		return false;
	}

	knot_dname_txt_storage_t name = "";
	knot_dname_txt_storage_t origin = "";
	const int depth = knot_dname_in_bailiwick(record->owner, reader->origin);
	if (depth != 1) {
		mxp_report(&reader->report, record->line, "%s is %s %s",
		           mxp_name_str(record->owner, name),
		           depth > 1 ? "more than one label below" : "not below",
		           mxp_name_str(reader->origin, origin));
		return false;
	}
	const mxp_span_t label = mxp_label_span(record->owner);
	if (!mxp_name_valid(label)) {
		mxp_report(&reader->report, record->line, "%s cannot name a preset%s",
		           mxp_name_str(record->owner, name),
		           mxp_name_is_none(label) ? ", the name is reserved" : "");
		return false;
	}
	memcpy(record->name, label.data, label.len);
	record->name[label.len] = '\0';

	return true;
}

/*! \brief Finds the names of presets; drops records that belong to none. */
static void name_records(reader_t *reader)
{
	size_t kept = 0;
	for (size_t i = 0; i < reader->count; i++) {
		mxp_record_t *record = reader->records[i];
		record->order = i;
		if (find_name(reader, record)) {
			reader->records[kept++] = record;
		} else {
			free(record);
		}
	}
	reader->count = kept;
	if (kept > 1) {
		qsort(reader->records, kept, sizeof(*reader->records), cmp_records);
	}
}

static int build(reader_t *reader, mxp_map_t *map)
{
	map->presets = calloc(reader->count + 1, sizeof(*map->presets));
	reader->drafts = calloc(reader->count + 1, sizeof(*reader->drafts));
	if (map->presets == NULL || reader->drafts == NULL) {
		return KNOT_ENOMEM;
	}
	for (size_t first = 0, next; first < reader->count; first = next) {
		next = first + 1;
		while (next < reader->count &&
		       strcmp(reader->records[next]->name, reader->records[first]->name) == 0) {
			next++;
		}
		mxp_preset_t *preset = &map->presets[map->count];
		if (!mxp_read_preset((const mxp_record_t *const *)reader->records + first,
		                     next - first, reader->origin, &reader->report, preset,
		                     &reader->drafts[map->count++])) {
			return KNOT_ENOMEM;
		}
		map->records += preset->mx_count;
	}
	if (!mxp_map_index(map)) {
		return KNOT_ENOMEM;
	}
	const mxp_aliases_t aliases = { map, reader->drafts, reader->origin, &reader->report };
	mxp_aliases_resolve(&aliases);

	if (map->count == 0 && reader->report.count == 0) {
		mxp_report(&reader->report, 1, "no preset in the file");
	}
	return KNOT_EOK;
}

static void reader_clear(reader_t *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		free(reader->records[i]);
	}
	free(reader->records);
	free(reader->drafts);
}

int mxp_map_read(mxp_map_t **map, char *data, size_t size, mxp_error_f error, void *ctx)
{
	*map = NULL;
	reader_t reader = { .report = { .error = error, .ctx = ctx } };
	(void)knot_dname_from_str(reader.origin, ORIGIN, sizeof(reader.origin));

	if (size == 0) {
		mxp_report(&reader.report, 1, "the file is empty");
		return KNOT_EMALF;
	}
	size = strip_cr(data, size);
	if (data[size - 1] != '\n') {
		mxp_report(&reader.report, count_lines(data, size),
		           "no newline at the end, the file may be cut off");
	}

	mxp_map_t *out = calloc(1, sizeof(*out));
	int ret = (out != NULL) ? scan_text(&reader, data, size, find_origin) : KNOT_ENOMEM;
	if (ret == KNOT_EOK) {
		ret = scan_text(&reader, data, size, read_records);
	}
	// After a fatal error, what follows is unknown: no further conclusions.
	if (ret == KNOT_EOK) {
		name_records(&reader);
		ret = build(&reader, out);
	}
	reader_clear(&reader);

	if (ret == KNOT_ENOMEM) {
		mxp_report(&reader.report, 0, "not enough memory");
	} else if (reader.report.count > 0) {
		ret = KNOT_EMALF;
	}
	if (ret == KNOT_EOK) {
		*map = out;
	} else {
		mxp_map_free(out);
	}
	return ret;
}

int mxp_map_load(mxp_map_t **map, const char *path, mxp_error_f error, void *ctx)
{
	*map = NULL;
	char *data = NULL;
	size_t size = 0;
	mxp_file_id_t id;
	const char *reason = NULL;
	int ret = mxp_file_read(path, &data, &size, &id, &reason);
	if (ret != KNOT_EOK) {
		error(ctx, 0, reason);
		return ret;
	}
	ret = mxp_map_read(map, data, size, error, ctx);
	free(data);

	return ret;
}
