/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What is read of a map's file, or of the copy of one: its text, its map, and the answers.
 *
 * Nothing of the registry is needed for that, so it is done without its lock.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "file.h"
#include "map.h"
#include "report.h"
#include "retire.h"

/*! \brief A preset's answers in wire form (each NULL if there is none). */
typedef struct {
	mxp_answer_t *mx;  /*!< MX records. */
	mxp_answer_t *txt; /*!< SPF record. */
} mxp_answers_t;

/*! \brief A good map with its answers in wire form. */
typedef struct {
	mxp_retired_t retired;   /*!< For its end. */
	mxp_map_t *map;          /*!< Map. */
	mxp_answers_t answers[]; /*!< Answers of each preset. */
} mxp_loaded_t;

/*! \brief What was read of a file. */
typedef struct {
	mxp_file_id_t id;        /*!< State of the file. */
	int ret;                 /*!< KNOT_EOK, or why it has no text (errcode.h); KNOT_EBUSY
	                              if the cause passes, as when there is no memory. */
	size_t size;             /*!< Size of the text in octets. */
	uint64_t hash;           /*!< Hash of the text. */
	const char *writers;     /*!< How others can change it, as #mxp_file_writers tells. */
	char *text;              /*!< Text of a good map, as it stands in the file. */
	mxp_loaded_t *loaded;    /*!< Map (NULL if there is none). */
	mxp_first_error_t error; /*!< Why there is no map. */
} mxp_reading_t;

/*!
 * \brief Reads a file and makes a map of it.
 *
 * \param path  Path.
 * \param out   Output: what was read, to be cleared.
 */
void mxp_reading_make(const char *path, mxp_reading_t *out);

/*!
 * \brief Reads a file of which nothing is known yet, and makes a map of it.
 *
 * There is nothing else to serve, so even a file that is being written will do; one that changes
 * all the time is left to whoever reads it next.
 *
 * \param path  Path.
 * \param out   Output: what was read, to be cleared.
 */
void mxp_reading_make_first(const char *path, mxp_reading_t *out);

/*!
 * \brief Reads the kept copy of a file and makes a map of it.
 *
 * \param path  Path of the copy.
 * \param out   Output: what was read, to be cleared; without a map if there is no good copy.
 */
void mxp_reading_make_copy(const char *path, mxp_reading_t *out);

/*!
 * \brief Frees what was read and not applied.
 *
 * \param reading  What was read.
 */
void mxp_reading_clear(mxp_reading_t *reading);

/*!
 * \brief Frees a map with its answers.
 *
 * \param loaded  First member of a map that no query can use any more (may be NULL).
 */
void mxp_loaded_free(mxp_retired_t *loaded);
