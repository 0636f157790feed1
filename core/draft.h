/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Records of a map that is being read, and what is known of a preset only then.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libknot/dname.h>

/*! \brief A record of the map. */
typedef struct {
	size_t line;                           /*!< Line of the file. */
	size_t order;                          /*!< Position in the file. */
	uint16_t type;                         /*!< Type. */
	bool refused;                          /*!< An error of it was reported. */
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
