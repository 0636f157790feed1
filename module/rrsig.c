/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>
#include <libknot/rrtype/rrsig.h>

#include "canonical.h"
#include "memory.h"
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
static bool write_records(const knot_dname_t *zone, const knot_rdataset_t *rrs, knot_mm_t *mm,
                          signed_data_t *out)
{
	const size_t owner = knot_dname_size(zone);
	uint8_t wire_ttl[sizeof(uint32_t)];
	knot_wire_write_u32(wire_ttl, out->ttl);
	out->start = mxp_alloc(mm, HEADER_MAX + rrs->size + rrs->count * (owner + MXP_RR_FIXED));
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
                      const mxp_signature_t *signature)
{
	knot_rdata_t *rdata = (knot_rdata_t *)((uint8_t *)rrsigs->rdata + rrsigs->size);
	rdata->len = (uint16_t)(header_len + signature->len);
	memcpy(rdata->data, header, header_len);
	knot_wire_write_u16(rdata->data + MXP_RRSIG_KEY_TAG, signature->key_tag);
	memcpy(rdata->data + header_len, mxp_signature_bytes(signature), signature->len);
	if (rdata->len & 1) {
		rdata->data[rdata->len] = 0;
	}
	rrsigs->size += knot_rdata_size(rdata->len);
	rrsigs->count++;
}

/*! \brief Signs after one RRSIG of the SOA, and adds the RRSIG. */
static int sign_after(const mxp_keys_t *keys, const knot_rdata_t *soa, const signed_data_t *data,
                      knot_rdataset_t *rrsigs, bool *made)
{
	const size_t header_len = mxp_rrsig_header_len(soa->data);
	uint8_t *header = data->start + HEADER_MAX - header_len;
	memcpy(header, soa->data, header_len);
	knot_wire_write_u16(header + MXP_RRSIG_TYPE_COVERED, data->type);
	knot_wire_write_u32(header + MXP_RRSIG_ORIGINAL_TTL, data->ttl);

	const size_t len = header_len + data->len;
	const mxp_signature_t *signature = mxp_signature_find(keys, header, len);
	if (signature == NULL) {
		// As long as that of the SOA, as a denial's has to be: both have the same keys.
		const int ret =
			mxp_sign(keys, header, len, header, len, soa->len - header_len, &signature);
		if (ret != KNOT_EOK) {
			return ret;
		}
		*made = true;
	}
	add_rrsig(rrsigs, header, header_len, signature);

	return KNOT_EOK;
}

int mxp_rrsig_make(const mxp_keys_t *keys, const knot_rdataset_t *apex, uint16_t type,
                   const knot_rdataset_t *rrs, uint32_t ttl, knot_mm_t *mm, knot_rdataset_t *rrsigs,
                   bool *made)
{
	*made = false;
	signed_data_t data = { .type = type, .ttl = ttl };
	*rrsigs = (knot_rdataset_t){ .rdata = mxp_alloc(mm, apex->size) };
	if (rrsigs->rdata == NULL || !write_records(keys->zone, rrs, mm, &data)) {
		mxp_free(mm, rrsigs->rdata);
		return KNOT_ENOMEM;
	}

	int ret = KNOT_EOK;
	knot_rdata_t *rdata = apex->rdata;
	for (size_t i = 0; i < apex->count && ret == KNOT_EOK;
	     i++, rdata = knot_rdataset_next(rdata)) {
		if (knot_rrsig_type_covered(rdata) == KNOT_RRTYPE_SOA) {
			ret = sign_after(keys, rdata, &data, rrsigs, made);
			ret = (ret == KNOT_ENOENT) ? KNOT_EOK : ret;
		}
	}
	mxp_free(mm, data.start);
	if (ret == KNOT_EOK && rrsigs->count == 0) {
		ret = KNOT_EACCES;
	}
	if (ret != KNOT_EOK) {
		mxp_free(mm, rrsigs->rdata);
		*rrsigs = (knot_rdataset_t){ 0 };
	}
	return ret;
}
