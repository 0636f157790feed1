/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What a zone stores, as far as mail is concerned.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libknot/dname.h>
#include <libknot/rdataset.h>

/*! \brief What a name of a zone has. */
enum {
	NODE_RECORDS = 1 << 0,  /*!< Any record; a name without one only has names below it. */
	NODE_ADDRESS = 1 << 1,  /*!< A or AAAA. */
	NODE_CNAME = 1 << 2,    /*!< CNAME. */
	NODE_DNAME = 1 << 3,    /*!< DNAME. */
	NODE_NS = 1 << 4,       /*!< NS. */
	NODE_SIGNED = 1 << 5,   /*!< A signed SOA. */
	NODE_OTHER = 1 << 6,    /*!< A type that cannot stand beside CNAME. */
	NODE_CNAMES = 1 << 7,   /*!< More than one CNAME. */
	NODE_CAPITALS = 1 << 8, /*!< An exchange with capitals, which are not kept. */
};

/*! \brief A name of a zone. */
typedef struct {
	knot_dname_t *name;    /*!< Name in lower case. */
	unsigned has;          /*!< What it has. */
	knot_rdataset_t mx;    /*!< MX records. */
	uint32_t mx_ttl;       /*!< TTL of the MX records in seconds. */
	knot_rdataset_t txt;   /*!< TXT records. */
	uint32_t txt_ttl;      /*!< TTL of the TXT records in seconds. */
	knot_rdataset_t cname; /*!< CNAME records. */
} node_t;

/*! \brief A zone. */
typedef struct {
	knot_dname_storage_t name; /*!< Name in lower case. */
	void *nodes;               /*!< Tree of its names (tsearch). */
	bool has_soa;              /*!< There is a SOA. */
	size_t errors;             /*!< Number of errors in its text, all of them reported. */
} zone_t;

/*! \brief How a name is found in a zone. */
typedef enum {
	FOUND_OUTSIDE,  /*!< It is none of the zone's, or of a zone that is delegated. */
	FOUND_ADDRESS,  /*!< It has an address. */
	FOUND_ALIAS,    /*!< It is an alias. */
	FOUND_WILDCARD, /*!< It has an address, but by a wildcard only. */
	FOUND_NOTHING,  /*!< It has no address. */
} found_t;

/*!
 * \brief Reads a zone from a file.
 *
 * \param path    Path of the file.
 * \param origin  Name of the zone (NULL to take it from the SOA or the name of the file).
 *
 * \return Zone, NULL on any error, which is reported.
 */
zone_t *zone_read_file(const char *path, const knot_dname_t *origin);

/*!
 * \brief Reads a zone from the text of its records.
 *
 * \param text  Text.
 * \param size  Size of the text in octets.
 * \param name  Name of the zone.
 *
 * \return Zone, NULL on any error, which is reported.
 */
zone_t *zone_read_text(const char *text, size_t size, const knot_dname_t *name);

/*!
 * \brief Makes a zone without records.
 *
 * \param name  Name of the zone in lower case.
 *
 * \return Zone.
 */
zone_t *zone_new(const knot_dname_t *name);

/*!
 * \brief Notes that a zone is signed.
 *
 * \param zone  Zone.
 */
void zone_note_signed(zone_t *zone);

/*!
 * \brief Finds a name of a zone.
 *
 * \param zone  Zone.
 * \param name  Name in lower case.
 *
 * \return What it has, nothing if the zone has no such name.
 */
const node_t *zone_node(const zone_t *zone, const knot_dname_t *name);

/*!
 * \brief Finds out if a name leads to an address, as a server of the zone would.
 *
 * \param zone  Zone.
 * \param name  Name in lower case.
 *
 * \return How it is found.
 */
found_t zone_find(const zone_t *zone, const knot_dname_t *name);

/*!
 * \brief Tells if queries for a name never see its records: it is at or below a delegation, or
 *        below a DNAME.
 *
 * \param zone  Zone.
 * \param name  Name of the zone in lower case.
 *
 * \return FOUND_OUTSIDE (delegation), FOUND_ALIAS (DNAME), or FOUND_NOTHING if neither.
 */
found_t zone_hidden(const zone_t *zone, const knot_dname_t *name);

/*!
 * \brief Finds the wildcard that answers for a name that does not exist (RFC 4592).
 *
 * \param zone  Zone.
 * \param name  Name of the zone in lower case.
 *
 * \return Wildcard, without a name if there is none, or if the name exists.
 */
const node_t *zone_wildcard(const zone_t *zone, const knot_dname_t *name);

/*! \brief Takes one name of a zone. */
typedef void (*zone_node_f)(const node_t *node, void *ctx);

/*!
 * \brief Calls a function for each name that has records, also outside the zone, in canonical
 * order.
 *
 * \param zone  Zone.
 * \param call  Function.
 * \param ctx   Context of the call.
 */
void zone_walk(const zone_t *zone, zone_node_f call, void *ctx);

/*!
 * \brief Frees a zone.
 *
 * \param zone  Zone (may be NULL).
 */
void zone_free(zone_t *zone);
