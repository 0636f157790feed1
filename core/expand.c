/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/packet/wire.h>

#include "expand.h"
#include "memory.h"
#include "message.h"
#include "name.h"
#include "spf_record.h"

/*! \brief A name that is being written. */
typedef struct {
	knot_dname_storage_t name; /*!< Finished labels. */
	size_t size;               /*!< Their size. */
	size_t label;              /*!< Length of the label that is being written after them. */
	mxp_cause_t cause;         /*!< First thing that went wrong. */
} writer_t;

static void put(writer_t *out, const uint8_t *data, size_t len)
{
	if (out->cause != MXP_OK || len == 0) {
		return;
	}
	if (out->label + len > KNOT_DNAME_MAXLABELLEN) {
		out->cause = MXP_LABEL_LENGTH;
	} else if (out->size + 1 + out->label + len > KNOT_DNAME_MAXLEN) {
		out->cause = MXP_NAME_LENGTH;
	} else {
		memcpy(out->name + out->size + 1 + out->label, data, len);
		out->label += len;
	}
}

static void end_label(writer_t *out)
{
	if (out->cause != MXP_OK) {
		return;
	}
	out->name[out->size] = (uint8_t)out->label;
	out->size += 1 + out->label;
	out->label = 0;
}

/*!
 * \brief Writes the labels of a whole name; the root has none.
 *
 * One octet is kept free for the root label.
 */
static void put_labels(writer_t *out, const knot_dname_t *name)
{
	const size_t len = knot_dname_size(name) - 1;
	if (out->cause != MXP_OK) {
		return;
	}
	if (out->size + len + 1 > KNOT_DNAME_MAXLEN) {
		out->cause = MXP_NAME_LENGTH;
	} else {
		memcpy(out->name + out->size, name, len);
		out->size += len;
	}
}

/*! \brief Ends the name with the root label. */
static void end_name(writer_t *out)
{
	if (out->cause != MXP_OK) {
		return;
	}
	if (out->size + 1 > KNOT_DNAME_MAXLEN) {
		out->cause = MXP_NAME_LENGTH;
	} else {
		out->name[out->size++] = 0;
	}
}

/*! \brief Finds the value of a parameter; the preset's list has every one of its exchanges. */
static mxp_span_t find_value(const mxp_preset_t *preset, const mxp_span_t *values, mxp_span_t ref)
{
	for (size_t i = 0; i < preset->param_count; i++) {
		if (mxp_span_is(mxp_span_inner(ref), preset->params[i])) {
			return values[i];
		}
	}
	return (mxp_span_t){ NULL, 0 };
}

/*! \brief Writes one exchange, its parameters replaced by values. */
static void write_exchange(const mxp_preset_t *preset, const knot_dname_t *exchange,
                           const mxp_span_t *values, const knot_dname_t *zone, writer_t *out)
{
	*out = (writer_t){ .cause = MXP_OK };

	for (const uint8_t *pos = exchange; *pos != 0; pos += 1 + *pos) {
		const mxp_span_t label = { pos + 1, *pos };
		if (mxp_label_is_zone(label)) {
			put_labels(out, zone);
			continue;
		}
		size_t done = 0;
		mxp_span_t ref;
		while (mxp_label_param(label, done, &ref)) {
			const mxp_span_t value = find_value(preset, values, ref);
			const size_t start = (size_t)(ref.data - label.data);
			put(out, label.data + done, start - done);
			put(out, value.data, value.len);
			done = start + ref.len;
		}
		put(out, label.data + done, label.len - done);
		end_label(out);
	}
	end_name(out);
}

/*!
 * \brief Turns the zone's name into the id that Microsoft derives from it.
 *
 * \return Length, 0 if it is undefined for this zone.
 */
static size_t zone_dashed(const knot_dname_t *zone, uint8_t *out)
{
	size_t len = 0;
	for (const uint8_t *label = zone; *label != 0; label += 1 + *label) {
		if (len + 1 + *label > KNOT_DNAME_MAXLABELLEN + 1 ||
		    memchr(label + 1, '-', *label) != NULL) {
			return 0;
		}
		if (len > 0) {
			out[len++] = '-';
		}
		memcpy(out + len, label + 1, *label);
		len += *label;
	}
	return mxp_value_valid((mxp_span_t){ out, len }) ? len : 0;
}

/*! \brief Finds the values of all parameters of a preset but the predefined one. */
static bool find_values(const mxp_preset_t *preset, mxp_lookup_f lookup, const void *ctx,
                        mxp_span_t dashed, mxp_span_t *values, mxp_fault_t *fault)
{
	for (size_t i = 0; i < preset->param_count; i++) {
		const char *name = preset->params[i];
		mxp_span_t value = { NULL, 0 };
		if (strcmp(name, "zone") == 0) {
			values[i] = value;
			continue;
		}
		if (lookup != NULL) {
			value = lookup(ctx, name);
		}
		for (size_t j = 0; j < preset->default_count && value.data == NULL; j++) {
			const mxp_default_t *dflt = &preset->defaults[j];
			if (strcmp(dflt->name, name) != 0) {
				continue;
			}
			if (!dflt->zone_dashed) {
				value = mxp_span(dflt->value);
			} else if (dashed.len > 0) {
				value = dashed;
			}
		}
		if (value.data == NULL) {
			*fault = mxp_fault(MXP_PARAM_UNSET, (const uint8_t *)name, strlen(name));
			return false;
		}
		values[i] = value;
	}
	return true;
}

/*! \brief Tells if two names are the same but for letter case. */
static bool same_name(const uint8_t *name1, size_t len1, const uint8_t *name2, size_t len2)
{
	return len1 == len2 && knot_dname_is_case_equal(name1, name2);
}

static int cmp_rdata(const void *a, const void *b)
{
	return knot_rdata_cmp(*(const knot_rdata_t *const *)a, *(const knot_rdata_t *const *)b);
}

/*!
 * \brief Puts RDATA in the order of Knot's RRsets.
 *
 * Inserting one by one would copy the whole set for each record in a memory pool.
 */
static bool sort_rdata(knot_rdataset_t *rrs, knot_mm_t *mm)
{
	if (rrs->count < 2) {
		return true;
	}
	const knot_rdata_t *order[MXP_RECORDS_MAX];
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		order[i] = rdata;
	}
	qsort(order, rrs->count, sizeof(*order), cmp_rdata);

	uint8_t *sorted = mxp_alloc(mm, rrs->size);
	if (sorted == NULL) {
		return false;
	}
	uint8_t *pos = sorted;
	for (size_t i = 0; i < rrs->count; i++) {
		const size_t size = knot_rdata_size(order[i]->len);
		memcpy(pos, order[i], size);
		pos += size;
	}
	mxp_free(mm, rrs->rdata);
	rrs->rdata = (knot_rdata_t *)sorted;

	return true;
}

/*! \brief Tells if a set of MX records has an exchange. */
static bool has_exchange(const knot_rdataset_t *rrs, const knot_dname_t *exchange, size_t size)
{
	knot_rdata_t *rdata = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (same_name(rdata->data + 2, rdata->len - 2, exchange, size)) {
			return true;
		}
	}
	return false;
}

/*! \brief Most room that the records of a preset can take in a set. */
static size_t room(const mxp_preset_t *preset)
{
	size_t size = 0;
	for (size_t i = 0; i < preset->mx_count; i++) {
		const size_t name = preset->param_count > 0
		                            ? KNOT_DNAME_MAXLEN
		                            : knot_dname_size(preset->mx[i].exchange);
		size += knot_rdata_size((uint16_t)(2 + name));
	}
	return size;
}

/*! \brief Adds a record to a set that has room for it. */
static void add_record(uint16_t preference, const knot_dname_t *exchange, size_t size,
                       knot_rdataset_t *rrs)
{
	uint8_t data[2 + KNOT_DNAME_MAXLEN];
	const uint16_t len = (uint16_t)(2 + size);
	knot_wire_write_u16(data, preference);
	memcpy(data + 2, exchange, size);
	knot_rdata_init((knot_rdata_t *)((uint8_t *)rrs->rdata + rrs->size), len, data);
	rrs->count++;
	rrs->size += knot_rdata_size(len);
}

/*! \brief Writes all records of a preset, parameters replaced by values. */
static mxp_cause_t write_records(const mxp_preset_t *preset, const mxp_span_t *values,
                                 const knot_dname_t *zone, bool lower, knot_mm_t *mm,
                                 knot_rdataset_t *rrs)
{
	*rrs = (knot_rdataset_t){ .rdata = mxp_alloc(mm, room(preset)) };
	if (rrs->rdata == NULL) {
		return MXP_NO_MEMORY;
	}

	writer_t out = { .cause = MXP_OK };
	for (size_t i = 0; i < preset->mx_count && out.cause == MXP_OK; i++) {
		const mxp_mx_t *mx = &preset->mx[i];
		write_exchange(preset, mx->exchange, values, zone, &out);
		if (out.cause != MXP_OK) {
			break;
		}
		if (lower) {
			knot_dname_to_lower(out.name);
		}
		// Without parameters, the map's reader has seen to this.
		if (preset->param_count > 0 && has_exchange(rrs, out.name, out.size)) {
			out.cause = MXP_EXCHANGE_TWICE;
			break;
		}
		add_record(mx->preference, out.name, out.size, rrs);
	}

	if (out.cause == MXP_OK && !sort_rdata(rrs, mm)) {
		out.cause = MXP_NO_MEMORY;
	}
	if (out.cause == MXP_OK) {
		out.cause = mxp_message_check(rrs);
	}
	if (out.cause != MXP_OK) {
		mxp_free(mm, rrs->rdata);
		*rrs = (knot_rdataset_t){ 0 };
	}
	return out.cause;
}

bool mxp_preset_expand(const mxp_preset_t *preset, const knot_dname_t *zone, bool lower,
                       mxp_lookup_f lookup, const void *ctx, knot_mm_t *mm, knot_rdataset_t *rrs,
                       mxp_fault_t *fault)
{
	uint8_t buf[KNOT_DNAME_MAXLABELLEN + 1];
	const mxp_span_t dashed = { buf, zone_dashed(zone, buf) };

	mxp_span_t *values = mxp_alloc(mm, (preset->param_count + 1u) * sizeof(*values));
	if (values == NULL) {
		*fault = (mxp_fault_t){ .cause = MXP_NO_MEMORY };
		return false;
	}
	bool done = find_values(preset, lookup, ctx, dashed, values, fault);
	if (done) {
		const mxp_cause_t cause = write_records(preset, values, zone, lower, mm, rrs);
		*fault = mxp_fault(cause, (const uint8_t *)preset->name, strlen(preset->name));
		done = (cause == MXP_OK);
	}
	mxp_free(mm, values);

	return done;
}

mxp_cause_t mxp_preset_prepare(mxp_preset_t *preset)
{
	const bool ready = (preset->param_count == 0 && preset->mx_count > 0);
	if (ready) {
		static const knot_dname_t *const no_zone = (const knot_dname_t *)"";
		const mxp_cause_t cause =
			write_records(preset, NULL, no_zone, false, NULL, &preset->rrs);
		if (cause != MXP_OK) {
			return cause;
		}
	}
	if (preset->spf != NULL && !mxp_spf_make(preset->spf, &preset->spf_rrs)) {
		return MXP_NO_MEMORY;
	}
	return mxp_preset_know_own(preset, ready) ? MXP_OK : MXP_NO_MEMORY;
}
