/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>

#include "hash.h"
#include "keep.h"
#include "reader.h"
#include "reading.h"

/*! Attempts to read a file that changes while it is read for the first time. */
#define ATTEMPTS 10

void mxp_loaded_free(mxp_retired_t *retired)
{
	mxp_loaded_t *loaded = (mxp_loaded_t *)retired;
	if (loaded == NULL) {
		return;
	}
	for (size_t i = 0; i < loaded->map->count; i++) {
		mxp_answer_free(loaded->answers[i].mx);
		mxp_answer_free(loaded->answers[i].txt);
	}
	mxp_map_free(loaded->map);
	free(loaded);
}

/*! \brief Makes the answer of records if there are any; returns false if memory is exhausted. */
static bool make_answer(uint16_t type, const knot_rdataset_t *rrs, uint32_t ttl, mxp_answer_t **out)
{
	return rrs->count == 0 || mxp_answer_new(type, rrs, ttl, out);
}

/*! \brief Makes the answers of a map, which belongs to them then; NULL if memory is exhausted. */
static mxp_loaded_t *make_answers(mxp_map_t *map)
{
	mxp_loaded_t *loaded = calloc(1, sizeof(*loaded) + map->count * sizeof(*loaded->answers));
	if (loaded == NULL) {
		mxp_map_free(map);
		return NULL;
	}
	loaded->map = map;
	for (size_t i = 0; i < map->count; i++) {
		const mxp_preset_t *preset = &map->presets[i];
		mxp_answers_t *answers = &loaded->answers[i];
		if (!make_answer(KNOT_RRTYPE_MX, &preset->rrs, preset->ttl, &answers->mx) ||
		    !make_answer(KNOT_RRTYPE_TXT, &preset->spf_rrs, preset->ttl, &answers->txt)) {
			mxp_loaded_free(&loaded->retired);
			return NULL;
		}
	}
	return loaded;
}

/*! \brief Makes a map of a text, which belongs to what was read then. */
static void make_map(char *text, mxp_reading_t *out)
{
	// The reader changes line ends; what is kept has to be what was read.
	char *copy = malloc(out->size + 1);
	mxp_map_t *map = NULL;
	if (copy == NULL) {
		mxp_first_error_add(&out->error, 0, "not enough memory");
		out->ret = KNOT_EBUSY;
	} else {
		memcpy(copy, text, out->size);
		const int ret =
			mxp_map_read(&map, copy, out->size, mxp_first_error_add, &out->error);
		out->ret = (ret == KNOT_ENOMEM) ? KNOT_EBUSY : KNOT_EOK;
		free(copy);
	}
	if (map != NULL) {
		out->loaded = make_answers(map);
		if (out->loaded == NULL) {
			mxp_first_error_add(&out->error, 0, "not enough memory");
			out->ret = KNOT_EBUSY;
		}
	}
	if (out->loaded != NULL) {
		out->text = text;
	} else {
		free(text);
	}
}

void mxp_reading_make(const char *path, mxp_reading_t *out)
{
	char *text = NULL;
	const char *reason = NULL;
	*out = (mxp_reading_t){ .ret = KNOT_EOK };
	out->ret = mxp_file_read(path, &text, &out->size, &out->id, &reason);
	if (out->ret != KNOT_EOK) {
		mxp_first_error_add(&out->error, 0, reason);
		return;
	}
	out->writers = mxp_file_writers(path);
	out->hash = mxp_hash(MXP_HASH_START, text, out->size);
	make_map(text, out);
}

void mxp_reading_make_first(const char *path, mxp_reading_t *out)
{
	mxp_reading_make(path, out);
	for (size_t i = 1; i < ATTEMPTS && out->ret == KNOT_EAGAIN; i++) {
		mxp_reading_clear(out);
		mxp_reading_make(path, out);
	}
}

void mxp_reading_make_copy(const char *path, mxp_reading_t *out)
{
	char *text = NULL;
	*out = (mxp_reading_t){ .ret = KNOT_ENOENT };
	if (mxp_keep_read(path, &text, &out->size)) {
		out->ret = KNOT_EOK;
		make_map(text, out);
	}
}

void mxp_reading_clear(mxp_reading_t *reading)
{
	if (reading->loaded != NULL) {
		mxp_loaded_free(&reading->loaded->retired);
	}
	free(reading->text);
	reading->loaded = NULL;
	reading->text = NULL;
}
