/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gnutls/crypto.h>
#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/error.h>
#include <libknot/packet/wire.h>
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

/*! Larger ones count as 0 (RFC 2181, section 8); the scanner takes all of 32 bits. */
#define MAX_TTL INT32_MAX

/*! Types for private use; BIND keeps the state of its signing in one of them. */
#define PRIVATE_TYPE_FIRST 65280
#define PRIVATE_TYPE_LAST  65534

#define SOA_NUMBERS_LEN    20 /*!< Serial, refresh, retry, expire, minimum. */
#define SHA256_LEN         32
#define VERSION_HASH_LEN   4

/*! \brief Reader. */
typedef struct {
	mxp_report_t report;         /*!< Where errors go. */
	bool has_soa;                /*!< The map has a SOA. */
	uint32_t serial;             /*!< Its serial. */
	knot_dname_storage_t origin; /*!< Origin of the map in lower case. */
	mxp_record_t **records;      /*!< Records. */
	size_t count;                /*!< Number of records. */
	size_t capacity;             /*!< Capacity of the array of records. */
	mxp_draft_t *drafts;         /*!< One for each entry of the map. */
} reader_t;

/*! \brief A server's own records, which a preset map may hold as any zone, wherever they are. */
static bool is_skipped(uint16_t type)
{
	if (type >= PRIVATE_TYPE_FIRST && type <= PRIVATE_TYPE_LAST) {
		return true;
	}
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
	case KNOT_RRTYPE_KEY:
		return true;
	default:
		return false;
	}
}

/*! \brief Tells if a type is one that presets consist of. */
static bool is_kept(uint16_t type)
{
	return type == KNOT_RRTYPE_MX || type == KNOT_RRTYPE_TXT || type == KNOT_RRTYPE_CNAME;
}

static bool soa_valid(const uint8_t *data, const uint8_t *end)
{
	for (int names = 0; names < 2; names++) {
		const int size = knot_dname_wire_check(data, end, NULL);
		if (size <= 0) {
			return false;
		}
		data += size;
	}
	return end - data == SOA_NUMBERS_LEN;
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
	case KNOT_RRTYPE_SOA:
		return soa_valid(data, end);
	default:
		return true;
	}
}

/*! \brief Keeps a record until it is known if the map has a SOA, and where. */
static bool keep_record(reader_t *reader, const zs_scanner_t *s)
{
	const bool valid = mxp_rdata_valid(s->r_type, s->r_data, s->r_data_length);
	const size_t len = is_kept(s->r_type) ? s->r_data_length : 0;
	if (reader->count == reader->capacity) {
		const size_t capacity = 2 * reader->capacity + 64;
		mxp_record_t **records = realloc(reader->records, capacity * sizeof(*records));
		if (records == NULL) {
			return false;
		}
		reader->records = records;
		reader->capacity = capacity;
	}
	mxp_record_t *record = malloc(sizeof(*record) + s->r_owner_length + len);
	if (record == NULL) {
		return false;
	}
	*record = (mxp_record_t){
		.line = s->line_counter,
		.type = s->r_type,
		.refused = !valid,
		.ttl = s->r_ttl,
		.len = (uint16_t)len,
	};
	record->data = record->owner + s->r_owner_length;
	memcpy(record->owner, s->r_owner, s->r_owner_length);
	memcpy(record->data, s->r_data, len);
	knot_dname_to_lower(record->owner);
	if (!valid) {
		// Its names are none: left as it is, and reported if it matters.
	} else if (record->type == KNOT_RRTYPE_MX) {
		knot_dname_to_lower(record->data + 2);
	} else if (record->type == KNOT_RRTYPE_CNAME) {
		knot_dname_to_lower(record->data);
	}
	reader->records[reader->count++] = record;

	return true;
}

static void read_soa(reader_t *reader, const zs_scanner_t *s)
{
	if (!mxp_rdata_valid(KNOT_RRTYPE_SOA, s->r_data, s->r_data_length)) {
		mxp_report(&reader->report, s->line_counter, "malformed SOA record");
		return;
	}
	if (!reader->has_soa) {
		reader->serial = knot_wire_read_u32(s->r_data + s->r_data_length - SOA_NUMBERS_LEN);
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
	if (s->r_type == KNOT_RRTYPE_SOA) {
		read_soa(reader, s);
		return true;
	}
	return is_skipped(s->r_type) || keep_record(reader, s);
}

/*! \brief Words for an error of the scanner. */
static const char *scan_error(int code)
{
	// A class is looked for where a type may stand: the scanner takes another one for a type.
	return code == ZS_UNSUPPORTED_TYPE ? "unsupported record type or class" : zs_strerror(code);
}

static void report_scan_error(reader_t *reader, const zs_scanner_t *s)
{
	char near[300] = "";
	const size_t len =
		s->buffer_length > 0 ? strnlen((const char *)s->buffer, s->buffer_length) : 0;
	if (len > 0) {
		mxp_quote(s->buffer, len, near, sizeof(near));
	}
	mxp_report(&reader->report, s->line_counter, "%s%s%s", scan_error(s->error.code),
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

/*! \brief Tells if a record at the map's own origin, or an address, is no part of the presets. */
static bool is_of_the_zone(const reader_t *reader, const mxp_record_t *record, int depth)
{
	if (!reader->has_soa) {
		return false;
	}
	if (record->type == KNOT_RRTYPE_A || record->type == KNOT_RRTYPE_AAAA) {
		return true;
	}
	return depth == 0 && record->type != KNOT_RRTYPE_MX && record->type != KNOT_RRTYPE_CNAME;
}

static bool check_type(reader_t *reader, const mxp_record_t *record)
{
	if (is_kept(record->type)) {
		return true;
	}
	char type[32] = "";
	(void)knot_rrtype_to_string(record->type, type, sizeof(type));
	const bool address = record->type == KNOT_RRTYPE_A || record->type == KNOT_RRTYPE_AAAA;
	mxp_report(&reader->report, record->line,
	           address ? "address record of type %s in a preset map without SOA"
	                   : "type %s does not belong in a preset map",
	           type);
	return false;
}

static bool check_owner(reader_t *reader, const mxp_record_t *record, int depth)
{
	knot_dname_txt_storage_t name = "";
	knot_dname_txt_storage_t origin = "";
	mxp_name_str(record->owner, name);
	if (depth == 0) {
		mxp_report(&reader->report, record->line,
		           "%s is the map's own origin, which cannot be a preset", name);
	} else if (depth != 1) {
		mxp_report(&reader->report, record->line, "%s is %s %s", name,
		           depth > 1 ? "more than one label below" : "not below",
		           mxp_name_str(reader->origin, origin));
	} else {
		const mxp_span_t label = mxp_label_span(record->owner);
		if (mxp_name_valid(label)) {
			return true;
		}
		mxp_report(&reader->report, record->line, "%s cannot name a preset%s", name,
		           mxp_name_is_none(label) ? ", the name is reserved" : "");
	}
	return false;
}

/*! \brief Checks what can be wrong with any record of a preset. */
static void check_record(reader_t *reader, mxp_record_t *record)
{
	if (record->refused) {
		char type[32] = "";
		(void)knot_rrtype_to_string(record->type, type, sizeof(type));
		mxp_report(&reader->report, record->line, "malformed %s record", type);
	} else if (record->ttl > MAX_TTL) {
		record->refused = true;
		mxp_report(&reader->report, record->line, "TTL %u is larger than %d", record->ttl,
		           MAX_TTL);
	}
}

/*! \brief Finds the name of the preset that a record belongs to. False if to none. */
static bool find_name(reader_t *reader, mxp_record_t *record)
{
	const int depth = knot_dname_in_bailiwick(record->owner, reader->origin);
	if (is_of_the_zone(reader, record, depth) || !check_type(reader, record) ||
	    !check_owner(reader, record, depth)) {
		return false;
	}
	check_record(reader, record);

	const mxp_span_t label = mxp_label_span(record->owner);
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

/*! \brief Makes the version of a map without SOA. Returns false if memory is exhausted. */
static bool hash_version(const char *data, size_t size, char *version)
{
	uint8_t digest[SHA256_LEN];
	if (gnutls_hash_fast(GNUTLS_DIG_SHA256, data, size, digest) != 0) {
		return false;
	}
	for (size_t i = 0; i < VERSION_HASH_LEN; i++) {
		sprintf(version + 2 * i, "%02x", digest[i]);
	}
	return true;
}

/*! \brief Reads a text whose line ends are those of the scanner. */
static int read_text(reader_t *reader, const char *data, size_t size, mxp_map_t *map)
{
	if (data[size - 1] != '\n') {
		mxp_report(&reader->report, count_lines(data, size),
		           "no newline at the end, the file may be cut off");
	}
	int ret = scan_text(reader, data, size, find_origin);
	if (ret == KNOT_EOK) {
		ret = scan_text(reader, data, size, read_records);
	}
	// After a fatal error, what follows is unknown: no further conclusions.
	if (ret == KNOT_EOK) {
		name_records(reader);
		ret = build(reader, map);
	}
	if (ret == KNOT_EOK && reader->has_soa) {
		map->serial = reader->serial;
		snprintf(map->version, sizeof(map->version), "%u", map->serial);
	}
	return ret;
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
	mxp_map_t *out = calloc(1, sizeof(*out));
	// Of the text as it is in the file: line ends are changed after.
	int ret = (out != NULL && hash_version(data, size, out->version)) ? KNOT_EOK : KNOT_ENOMEM;
	if (ret == KNOT_EOK) {
		size = strip_cr(data, size);
		ret = read_text(&reader, data, size, out);
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
