/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <string.h>

#include <libknot/errcode.h>

#include "spf_record.h"
#include "txt.h"

/*! How a record begins; a space and terms may follow. */
#define VERSION     "v=spf1"
#define VERSION_LEN (sizeof(VERSION) - 1)

bool mxp_spf_is_record(const knot_rdata_t *txt)
{
	return mxp_txt_begins(txt, VERSION, VERSION_LEN) &&
	       (mxp_txt_begins(txt, VERSION " ", VERSION_LEN + 1) ||
	        mxp_txt_len(txt) == VERSION_LEN);
}

bool mxp_spf_is_stored(const knot_rdataset_t *txt)
{
	knot_rdata_t *rdata = txt->rdata;
	for (size_t i = 0; i < txt->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (mxp_spf_is_record(rdata)) {
			return true;
		}
	}
	return false;
}

bool mxp_spf_make(const char *terms, knot_rdataset_t *spf)
{
	uint8_t string[1 + UINT8_MAX];
	const size_t len = VERSION_LEN + 1 + strlen(terms);
	string[0] = (uint8_t)len;
	memcpy(string + 1, VERSION " ", VERSION_LEN + 1);
	memcpy(string + 1 + VERSION_LEN + 1, terms, len - VERSION_LEN - 1);

	uint8_t record[sizeof(knot_rdata_t) + sizeof(string) + 1]; // Padding.
	knot_rdata_init((knot_rdata_t *)record, (uint16_t)(1 + len), string);
	*spf = (knot_rdataset_t){ 0 };
	return knot_rdataset_add(spf, (knot_rdata_t *)record, NULL) == KNOT_EOK;
}

bool mxp_spf_add(const knot_rdataset_t *txt, const knot_rdataset_t *spf, knot_mm_t *mm,
                 knot_rdataset_t *out)
{
	*out = (knot_rdataset_t){ 0 };
	if (knot_rdataset_copy(out, txt, mm) == KNOT_EOK &&
	    knot_rdataset_add(out, spf->rdata, mm) == KNOT_EOK) {
		return true;
	}
	knot_rdataset_clear(out, mm);
	return false;
}
