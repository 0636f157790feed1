/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "marker.h"
#include "memory.h"
#include "name.h"
#include "txt.h"

#define PREFIX_LEN (sizeof(MXP_MARKER_PREFIX) - 1)

/*! A part has at least four octets: a letter, an equals sign, a value and a space. */
#define PARTS_MAX (MXP_MARKER_MAX / 4 + 1)

mxp_cause_t mxp_marker_find(const knot_rdataset_t *txt, const knot_rdata_t **marker)
{
	*marker = NULL;
	knot_rdata_t *rdata = txt->rdata;
	for (size_t i = 0; i < txt->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (!mxp_txt_begins(rdata, MXP_MARKER_PREFIX, PREFIX_LEN)) {
			continue;
		}
		if (*marker != NULL) {
			return MXP_TWO_MARKERS;
		}
		*marker = rdata;
	}
	return MXP_OK;
}

/*! \brief Length of the text of a TXT record in octets. */
static size_t text_len(const knot_rdata_t *rdata)
{
	const uint8_t *end = rdata->data + rdata->len;
	size_t len = 0;
	for (const uint8_t *str = rdata->data; str < end && len <= MXP_MARKER_MAX;) {
		const size_t str_len = mxp_txt_string_len(str, end);
		len += str_len;
		str += 1 + str_len;
	}
	return len;
}

/*! \brief Text of a TXT record: a single string in its place, or several joined. */
static mxp_span_t join_strings(const knot_rdata_t *rdata, knot_mm_t *mm, uint8_t **joined)
{
	*joined = NULL;
	if (rdata->data[0] + 1 == rdata->len) {
		return (mxp_span_t){ rdata->data + 1, rdata->data[0] };
	}
	uint8_t *text = *joined = mxp_alloc(mm, rdata->len);
	if (text == NULL) {
		return (mxp_span_t){ NULL, 0 };
	}
	return (mxp_span_t){ text, mxp_txt_join(rdata, text) };
}

/*! \brief Cuts the text up to the next space off, and the spaces after it. */
static mxp_span_t cut_part(mxp_span_t *text)
{
	const uint8_t *space = memchr(text->data, ' ', text->len);
	const mxp_span_t part = { text->data,
		                  space != NULL ? (size_t)(space - text->data) : text->len };
	text->data += part.len;
	text->len -= part.len;
	while (text->len > 0 && *text->data == ' ') {
		text->data++;
		text->len--;
	}
	return part;
}

static mxp_cause_t check_param(const mxp_param_t *param)
{
	if (param->value.data == NULL || !mxp_param_name_valid(param->name)) {
		return MXP_NO_PARAM;
	}
	if (mxp_span_is_case(param->name, "zone")) {
		return MXP_PARAM_ZONE;
	}
	return mxp_value_valid(param->value) ? MXP_OK : MXP_PARAM_VALUE;
}

/*! \brief Where the name of a parameter stands in the text of all. */
typedef struct {
	uint16_t offset;
	uint16_t len;
} place_t;

static int cmp_places(const void *a, const void *b, void *text)
{
	const place_t *place1 = a;
	const place_t *place2 = b;
	if (place1->len != place2->len) {
		return place1->len < place2->len ? -1 : 1;
	}
	return strncasecmp((const char *)text + place1->offset, (const char *)text + place2->offset,
	                   place1->len);
}

/*!
 * \brief Finds a parameter that is given twice.
 *
 * A customer can write thousands of them: sorting keeps the cost of a query bounded.
 */
static bool find_twice(mxp_span_t params, size_t count, mxp_span_t *twice)
{
	place_t order[PARTS_MAX];
	mxp_span_t rest = params;
	for (size_t i = 0; i < count; i++) {
		const mxp_span_t name = mxp_span_split(cut_part(&rest)).name;
		order[i].offset = (uint16_t)(name.data - params.data);
		order[i].len = (uint16_t)name.len;
	}
	qsort_r(order, count, sizeof(*order), cmp_places, (void *)params.data);

	for (size_t i = 1; i < count; i++) {
		if (cmp_places(&order[i - 1], &order[i], (void *)params.data) == 0) {
			*twice = (mxp_span_t){ params.data + order[i].offset, order[i].len };
			return true;
		}
	}
	return false;
}

/*! \brief Checks all parameters of a marker. */
static bool check_params(mxp_span_t params, mxp_fault_t *fault)
{
	size_t count = 0;
	for (mxp_span_t rest = params; rest.len > 0; count++) {
		const mxp_span_t part = cut_part(&rest);
		const mxp_param_t param = mxp_span_split(part);
		const mxp_cause_t cause = check_param(&param);
		if (cause != MXP_OK) {
			const mxp_span_t about = (cause == MXP_NO_PARAM) ? part : param.name;
			*fault = mxp_fault(cause, about.data, about.len);
			return false;
		}
	}
	mxp_span_t twice;
	if (count > 1 && find_twice(params, count, &twice)) {
		*fault = mxp_fault(MXP_PARAM_TWICE, twice.data, twice.len);
		return false;
	}
	return true;
}

bool mxp_marker_parse(const knot_rdata_t *rdata, knot_mm_t *mm, mxp_marker_t *marker,
                      mxp_fault_t *fault)
{
	marker->joined = NULL;
	if (text_len(rdata) > MXP_MARKER_MAX) {
		*fault = (mxp_fault_t){ .cause = MXP_MARKER_LENGTH };
		return false;
	}
	if (!mxp_txt_is_whole(rdata)) {
		*fault = (mxp_fault_t){ .cause = MXP_MARKER_CUT };
		return false;
	}
	mxp_span_t text = join_strings(rdata, mm, &marker->joined);
	if (text.data == NULL) {
		*fault = (mxp_fault_t){ .cause = MXP_NO_MEMORY };
		return false;
	}
	text.data += PREFIX_LEN;
	text.len -= PREFIX_LEN;

	marker->name = cut_part(&text);
	marker->params = text;
	if (marker->name.len == 0) {
		*fault = (mxp_fault_t){ .cause = MXP_NO_NAME };
		return false;
	}
	return check_params(marker->params, fault);
}

mxp_span_t mxp_marker_value(const void *marker, const char *name)
{
	mxp_span_t rest = ((const mxp_marker_t *)marker)->params;
	while (rest.len > 0) {
		const mxp_param_t param = mxp_span_split(cut_part(&rest));
		if (mxp_span_is_case(param.name, name)) {
			return param.value;
		}
	}
	return (mxp_span_t){ NULL, 0 };
}
