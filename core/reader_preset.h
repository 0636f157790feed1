/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief The reader's second half: from the records of one name to a preset.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libknot/dname.h>

#include "map.h"
#include "reader.h"

/*! \brief A record of the map. */
typedef struct {
	size_t line;                           /*!< Line of the file. */
	size_t order;                          /*!< Position in the file. */
	uint16_t type;                         /*!< Type, 0 if the record is malformed. */
	uint16_t len;                          /*!< Length of the RDATA. */
	uint32_t ttl;                          /*!< TTL in seconds. */
	uint8_t *data;                         /*!< RDATA, names in lower case. */
	char name[KNOT_DNAME_MAXLABELLEN + 1]; /*!< Name of the preset. */
	knot_dname_t owner[];                  /*!< Owner in lower case. */
} mxp_record_t;

/*! \brief What is known of a preset only while the map is read. */
typedef struct {
	size_t line;                /*!< Line of the first record. */
	const knot_dname_t *target; /*!< Target of an alias. */
	size_t target_line;         /*!< Line of the alias. */
	bool broken;                /*!< An error was reported; none shall follow from it. */
	uint8_t visit;              /*!< Mark for the search for loops. */
} mxp_draft_t;

/*! \brief Reader. */
typedef struct {
	mxp_error_f error;           /*!< Takes errors. */
	void *ctx;                   /*!< Context of the call. */
	size_t errors;               /*!< Number of errors. */
	bool has_soa;                /*!< The map has a SOA. */
	knot_dname_storage_t origin; /*!< Origin of the map in lower case. */
	mxp_record_t **records;      /*!< Records. */
	size_t count;                /*!< Number of records. */
	size_t capacity;             /*!< Capacity of the array of records. */
	mxp_draft_t *drafts;         /*!< One for each preset of the map. */
} mxp_reader_t;

/*!
 * \brief Reports an error.
 *
 * \param reader  Reader.
 * \param line    Line, 0 for the whole file.
 * \param fmt     Reason.
 */
__attribute__((format(printf, 3, 4))) void mxp_report(mxp_reader_t *reader, size_t line,
                                                      const char *fmt, ...);

/*!
 * \brief Writes a name as text.
 *
 * \param name  Name.
 * \param out   Output buffer of type knot_dname_txt_storage_t.
 *
 * \return Text.
 */
const char *mxp_name_str(const knot_dname_t *name, char *out);

/*!
 * \brief Finds the name of the preset that a record belongs to.
 *
 * \param reader  Reader that has seen all records.
 * \param record  Record.
 *
 * \return False if the record belongs to none: it is skipped, or its error reported.
 */
bool mxp_record_name(mxp_reader_t *reader, mxp_record_t *record);

/*!
 * \brief Makes a preset or an alias of the records of one name.
 *
 * \param reader  Reader.
 * \param first   Index of the first record.
 * \param next    Index after the last record.
 * \param preset  Output: preset, zeroed before.
 * \param draft   Output: what is known of it only now, zeroed before.
 *
 * \return False if memory is exhausted.
 */
bool mxp_read_preset(mxp_reader_t *reader, size_t first, size_t next, mxp_preset_t *preset,
                     mxp_draft_t *draft);

/*!
 * \brief Finds the presets that aliases stand for.
 *
 * \param reader  Reader with a draft for each preset.
 * \param map     Indexed map.
 */
void mxp_resolve_aliases(mxp_reader_t *reader, mxp_map_t *map);
