/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/rrtype/rrsig.h>
#include <libzscanner/error.h>
#include <libzscanner/scanner.h>

#include "names.h"
#include "reader.h"
#include "text.h"
#include "zone.h"

#define DEFAULT_TTL 3600

static int cmp_nodes(const void *a, const void *b)
{
	return knot_dname_cmp(((const node_t *)a)->name, ((const node_t *)b)->name);
}

const node_t *zone_node(const zone_t *zone, const knot_dname_t *name)
{
	static const node_t nothing = { .name = NULL };
	const node_t key = { .name = (knot_dname_t *)name };
	node_t *const *found = tfind(&key, &zone->nodes, cmp_nodes);
	return found != NULL ? *found : &nothing;
}

/*! \brief Finds or makes a name, and all names above it. */
static node_t *make_node(zone_t *zone, const knot_dname_t *name)
{
	const knot_dname_t *missing = name;
	while (zone_node(zone, missing)->name == NULL) {
		node_t *node = need(calloc(1, sizeof(*node)));
		node->name = need(knot_dname_copy(missing, NULL));
		need(tsearch(node, &zone->nodes, cmp_nodes));
		missing += (*missing != 0) ? 1 + *missing : 0;
	}
	return (node_t *)zone_node(zone, name);
}

static void add_rdata(knot_rdataset_t *rrs, const zs_scanner_t *s)
{
	uint8_t buf[sizeof(knot_rdata_t) + ZS_MAX_RDATA_LENGTH + 1];
	knot_rdata_t *rdata = (knot_rdata_t *)buf;
	knot_rdata_init(rdata, (uint16_t)s->r_data_length, s->r_data);
	if (knot_rdataset_add(rrs, rdata, NULL) == KNOT_ENOMEM) {
		need(NULL);
	}
}

/*! \brief Turns a name into lower case; tells if it was not. */
static bool to_lower(knot_dname_t *name)
{
	knot_dname_storage_t given;
	const size_t len = knot_dname_to_wire(given, name, sizeof(given));
	knot_dname_to_lower(name);
	return memcmp(given, name, len) != 0;
}

/*! \brief Tells if an RRSIG record is that of a type. */
static bool covers(const zs_scanner_t *s, uint16_t type)
{
	return s->r_data_length > 1 && knot_wire_read_u16(s->r_data) == type;
}

static void report(const zs_scanner_t *s, const char *reason)
{
	zone_t *zone = s->process.data;
	text_place(s->file.name != NULL ? s->file.name : "zone", s->line_counter, reason);
	zone->errors++;
}

/*! \brief Notes if a type cannot stand beside CNAME (RFC 2181, section 10.1; RFC 4034). */
static void note_type(node_t *node, uint16_t type)
{
	if (type != KNOT_RRTYPE_CNAME && type != KNOT_RRTYPE_RRSIG && type != KNOT_RRTYPE_NSEC &&
	    type != KNOT_RRTYPE_KEY) {
		node->has |= NODE_OTHER;
	}
}

/*! \brief Tells if a record is of the NSEC3 chain, whose names are none of the zone (RFC 5155). */
static bool is_of_chain(const zs_scanner_t *s)
{
	return s->r_type == KNOT_RRTYPE_NSEC3 ||
	       (s->r_type == KNOT_RRTYPE_RRSIG && covers(s, KNOT_RRTYPE_NSEC3));
}

static void add_record(zs_scanner_t *s)
{
	zone_t *zone = s->process.data;
	if (!mxp_rdata_valid(s->r_type, s->r_data, s->r_data_length)) {
		report(s, "malformed record");
		return;
	}
	if (is_of_chain(s)) {
		return;
	}
	knot_dname_to_lower(s->r_owner);
	node_t *node = make_node(zone, s->r_owner);
	node->has |= NODE_RECORDS;

	note_type(node, s->r_type);
	switch (s->r_type) {
	case KNOT_RRTYPE_SOA:
		if (!zone->has_soa) {
			memcpy(zone->name, s->r_owner, s->r_owner_length);
			zone->has_soa = true;
		}
		break;
	case KNOT_RRTYPE_MX:
		node->has |= to_lower(s->r_data + 2) ? NODE_CAPITALS : 0;
		add_rdata(&node->mx, s);
		node->mx_ttl = s->r_ttl; // The last one counts, as for the server.
		break;
	case KNOT_RRTYPE_TXT:
		add_rdata(&node->txt, s);
		node->txt_ttl = s->r_ttl;
		break;
	case KNOT_RRTYPE_A:
	case KNOT_RRTYPE_AAAA:
		node->has |= NODE_ADDRESS;
		break;
	case KNOT_RRTYPE_CNAME:
		add_rdata(&node->cname, s);
		node->has |= NODE_CNAME | (node->cname.count > 1 ? NODE_CNAMES : 0);
		break;
	case KNOT_RRTYPE_DNAME:
		node->has |= NODE_DNAME;
		break;
	case KNOT_RRTYPE_NS:
		node->has |= NODE_NS;
		break;
	case KNOT_RRTYPE_RRSIG:
		node->has |= covers(s, KNOT_RRTYPE_SOA) ? NODE_SIGNED : 0;
		break;
	default:
		break;
	}
}

static void report_error(zs_scanner_t *s)
{
	report(s, zs_strerror(s->error.code));
}

zone_t *zone_new(const knot_dname_t *name)
{
	zone_t *zone = need(calloc(1, sizeof(*zone)));
	memcpy(zone->name, name, knot_dname_size(name));
	return zone;
}

void zone_note_signed(zone_t *zone)
{
	make_node(zone, zone->name)->has |= NODE_SIGNED;
}

/*! \brief Begins with a name that is one: then nothing but memory can be missing. */
static void init_scanner(zs_scanner_t *s, const char *origin)
{
	need(zs_init(s, origin, KNOT_CLASS_IN, DEFAULT_TTL) == 0 ? s : NULL);
}

/*! \brief Scans what the scanner's input holds. */
static zone_t *scan(zs_scanner_t *s, bool ready, const char *label, const knot_dname_t *name)
{
	zone_t *zone = zone_new(name);
	if (!ready || zs_set_processing(s, add_record, report_error, zone) != 0 ||
	    (zs_parse_all(s) != 0 && zone->errors == 0)) {
		text_place(label, 0, zs_strerror(s->error.code));
		zone->errors++;
	}
	if (zone->errors == 0) {
		return zone;
	}
	zone_free(zone);
	return NULL;
}

/*! \brief The name of the zone that a file `NAME.zone` is for, the root if there is none. */
static void origin_of(const char *path, knot_dname_storage_t origin)
{
	static const char suffix[] = ".zone";
	const char *slash = strrchr(path, '/');
	char *name = need(strdup(slash != NULL ? slash + 1 : path));
	const size_t len = strlen(name);
	*origin = 0;
	if (len >= sizeof(suffix) && strcmp(name + len - strlen(suffix), suffix) == 0) {
		name[len - strlen(suffix)] = '\0';
		char *ascii = name_to_ascii(name);
		if (ascii == NULL ||
		    knot_dname_from_str(origin, ascii, KNOT_DNAME_MAXLEN) == NULL) {
			*origin = 0;
		}
		free(ascii);
	}
	knot_dname_to_lower(origin);
	free(name);
}

zone_t *zone_read_file(const char *path, const knot_dname_t *origin)
{
	knot_dname_storage_t name = "";
	name_str_t name_buf = "";
	if (origin != NULL) {
		memcpy(name, origin, knot_dname_size(origin));
	} else {
		origin_of(path, name);
	}

	zs_scanner_t *s = need(malloc(sizeof(*s)));
	init_scanner(s, name_str(name, name_buf));
	zone_t *zone = scan(s, zs_set_input_file(s, path) == 0, path, name);
	zs_deinit(s);
	free(s);

	if (zone != NULL && origin == NULL && *zone->name == 0) {
		text_error("ZONEFILE '%s' does not tell the name of its zone; give it with -o",
		           path);
	} else if (zone != NULL && origin != NULL && !knot_dname_is_equal(zone->name, origin)) {
		text_error("ORIGIN '%s' is not the zone of '%s', whose SOA is that of %s", name_buf,
		           path, name_str(zone->name, (name_str_t){ 0 }));
	} else {
		if (zone != NULL && !zone->has_soa) {
			text_warning("ZONEFILE '%s' has no SOA record, no server would load it",
			             path);
		}
		return zone;
	}
	zone_free(zone);
	return NULL;
}

zone_t *zone_read_text(const char *text, size_t size, const knot_dname_t *name)
{
	zs_scanner_t *s = need(malloc(sizeof(*s)));
	init_scanner(s, ".");
	zone_t *zone = scan(s, zs_set_input_string(s, text, size) == 0, "zone", name);
	zs_deinit(s);
	free(s);

	return zone;
}

/*! \brief Looks for a cut between a name and its zone; the one next to the zone counts. */
static bool find_cut(const zone_t *zone, const knot_dname_t *name, found_t *found)
{
	bool cut = false;
	const int full = knot_dname_in_bailiwick(name, zone->name);
	for (int depth = full; depth > 0; depth--, name += 1 + *name) {
		if (zone_node(zone, name)->has & NODE_NS) {
			*found = FOUND_OUTSIDE;
			cut = true;
		} else if (depth < full && (zone_node(zone, name)->has & NODE_DNAME)) {
			*found = FOUND_ALIAS;
			cut = true;
		}
	}
	if (!cut && full > 0 && (zone_node(zone, zone->name)->has & NODE_DNAME)) {
		*found = FOUND_ALIAS;
		cut = true;
	}
	return cut;
}

static found_t found_in(const node_t *node)
{
	return (node->has & NODE_CNAME)     ? FOUND_ALIAS
	       : (node->has & NODE_ADDRESS) ? FOUND_ADDRESS
	                                    : FOUND_NOTHING;
}

found_t zone_hidden(const zone_t *zone, const knot_dname_t *name)
{
	found_t found = FOUND_NOTHING;
	(void)find_cut(zone, name, &found);
	return found;
}

const node_t *zone_wildcard(const zone_t *zone, const knot_dname_t *name)
{
	static const node_t nothing = { .name = NULL };
	if (zone_node(zone, name)->name != NULL) {
		return &nothing;
	}
	// Below the closest name that exists.
	while (zone_node(zone, name)->name == NULL && *name != 0) {
		name += 1 + *name;
	}
	knot_dname_storage_t wildcard = "\x01*";
	if (knot_dname_size(name) + 2 > KNOT_DNAME_MAXLEN) {
		return &nothing;
	}
	memcpy(wildcard + 2, name, knot_dname_size(name));
	return zone_node(zone, wildcard);
}

found_t zone_find(const zone_t *zone, const knot_dname_t *name)
{
	found_t found = FOUND_OUTSIDE;
	if (knot_dname_in_bailiwick(name, zone->name) < 0 || find_cut(zone, name, &found)) {
		return found;
	}
	const node_t *node = zone_node(zone, name);
	if (node->name != NULL) {
		return found_in(node);
	}
	found = found_in(zone_wildcard(zone, name));
	return found == FOUND_ADDRESS ? FOUND_WILDCARD : found;
}

/*! \brief What a walk needs. */
typedef struct {
	zone_node_f call;
	void *ctx;
} walk_t;

static void walk_node(const void *node, VISIT which, void *ctx)
{
	const walk_t *walk = ctx;
	const node_t *this = *(const node_t *const *)node;
	if ((which == postorder || which == leaf) && (this->has & NODE_RECORDS)) {
		walk->call(this, walk->ctx);
	}
}

void zone_walk(const zone_t *zone, zone_node_f call, void *ctx)
{
	walk_t walk = { call, ctx };
	twalk_r(zone->nodes, walk_node, &walk);
}

static void free_node(void *ptr)
{
	node_t *node = ptr;
	knot_rdataset_clear(&node->mx, NULL);
	knot_rdataset_clear(&node->txt, NULL);
	knot_rdataset_clear(&node->cname, NULL);
	free(node->name);
	free(node);
}

void zone_free(zone_t *zone)
{
	if (zone != NULL) {
		tdestroy(zone->nodes, free_node);
		free(zone);
	}
}
