/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>
#include <libknot/rrtype/rrsig.h>

#include "canonical.h"
#include "clock.h"
#include "rrsig.h"

/*! Longest RRSIG but for the signature. */
#define HEADER_MAX (MXP_RRSIG_SIGNER + KNOT_DNAME_MAXLEN)

/*! \brief What is signed after the RRSIG's own fields (RFC 4034, section 3.1.8.1). */
typedef struct {
	uint16_t type;  /*!< Type of the records. */
	uint32_t ttl;   /*!< TTL of the records. */
	uint8_t *start; /*!< Room for the fields, and the records after it. */
	size_t len;     /*!< Length of the records. */
} signed_data_t;

/*! \brief Writes the records in canonical form (RFC 4034, section 6). */
static bool write_records(const knot_dname_t *zone, const knot_rdataset_t *rrs, signed_data_t *out)
{
	const size_t owner = knot_dname_size(zone);
	uint8_t wire_ttl[sizeof(uint32_t)];
	knot_wire_write_u32(wire_ttl, out->ttl);
	out->start = malloc(HEADER_MAX + rrs->size + rrs->count * (owner + MXP_RR_FIXED));
	if (out->start == NULL) {
		return false;
	}
	uint8_t *pos = out->start + HEADER_MAX;
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		pos = mxp_canonical_put(pos, zone, owner, out->type, wire_ttl, rdata);
		pos += rdata->len;
	}
	out->len = (size_t)(pos - out->start) - HEADER_MAX;

	return true;
}

/*! \brief Adds a RRSIG to a set that has room for it. */
static void add_rrsig(knot_rdataset_t *rrsigs, const uint8_t *header, size_t header_len,
                      const mxp_made_t *made)
{
	knot_rdata_t *rdata = (knot_rdata_t *)((uint8_t *)rrsigs->rdata + rrsigs->size);
	rdata->len = (uint16_t)(header_len + made->bytes.size);
	memcpy(rdata->data, header, header_len);
	knot_wire_write_u16(rdata->data + MXP_RRSIG_KEY_TAG, made->key_tag);
	memcpy(rdata->data + header_len, made->bytes.data, made->bytes.size);
	if (rdata->len & 1) {
		rdata->data[rdata->len] = 0;
	}
	rrsigs->size += knot_rdata_size(rdata->len);
	rrsigs->count++;
}

/*! \brief Signs after one RRSIG of the SOA, and adds the RRSIG. */
static int sign_after(const mxp_keys_t *keys, const knot_rdata_t *soa, const signed_data_t *data,
                      mxp_signed_t *answer)
{
	const size_t header_len = mxp_rrsig_header_len(soa->data);
	uint8_t *header = data->start + HEADER_MAX - header_len;
	memcpy(header, soa->data, header_len);
	knot_wire_write_u16(header + MXP_RRSIG_TYPE_COVERED, data->type);
	knot_wire_write_u32(header + MXP_RRSIG_ORIGINAL_TTL, data->ttl);

	// As long as that of the SOA, as a denial's has to be: both have the same keys.
	mxp_made_t made;
	const int ret =
		mxp_sign(keys, header, header_len + data->len, soa->len - header_len, &made);
	if (ret == KNOT_EOK) {
		add_rrsig(&answer->rrsigs, header, header_len, &made);
		answer->stand_in |= made.stand_in;
		dnssec_binary_free(&made.bytes);
	}
	return ret;
}

static int sign_after_all(const mxp_keys_t *keys, const signed_data_t *data, mxp_signed_t *answer)
{
	int ret = KNOT_EOK;
	knot_rdata_t *rdata = answer->soa.rdata;
	for (size_t i = 0; i < answer->soa.count && ret == KNOT_EOK;
	     i++, rdata = knot_rdataset_next(rdata)) {
		if (knot_rrsig_type_covered(rdata) == KNOT_RRTYPE_SOA) {
			ret = sign_after(keys, rdata, data, answer);
			ret = (ret == KNOT_ENOENT) ? KNOT_EOK : ret;
		}
	}
	return ret == KNOT_EOK && answer->rrsigs.count == 0 ? KNOT_EACCES : ret;
}

int mxp_rrsig_make(mxp_memo_t *memo, mxp_answer_type_t type, mxp_signed_t *answer)
{
	const mxp_keys_t keys = mxp_rrsig_keys(memo, answer);
	signed_data_t data = {
		.type = type == MXP_ANSWER_TXT ? KNOT_RRTYPE_TXT : KNOT_RRTYPE_MX,
		.ttl = answer->ttl,
	};
	answer->stand_in = false;
	answer->due_ms = mxp_clock_ms() + MXP_SIGNER_PAUSE_MS;
	// None is longer than those of the apex, which are copied but for the type.
	answer->rrsigs = (knot_rdataset_t){ .rdata = malloc(answer->soa.size) };
	if (answer->rrsigs.rdata == NULL || !write_records(keys.zone, &answer->rrs, &data)) {
		return KNOT_ENOMEM;
	}
	const int ret = sign_after_all(&keys, &data, answer);
	free(data.start);

	return ret;
}
