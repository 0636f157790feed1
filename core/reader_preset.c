/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/packet/wire.h>

#include "expand.h"
#include "host.h"
#include "name.h"
#include "reader_preset.h"
#include "spf.h"

/*! Most parameters in a preset: more than any provider can need, and cheap to search. */
#define PARAMS_MAX 32

/*! \brief A preset in the making. */
typedef struct {
	mxp_report_t *report;
	const knot_dname_t *origin;
	mxp_preset_t *preset;
	mxp_draft_t *draft;
	const mxp_record_t *record; /*!< The record at hand. */
	bool no_memory;
} maker_t;

#define FAIL(maker, fmt, ...)                                                           \
	do {                                                                            \
		mxp_report((maker)->report, (maker)->record->line, fmt, ##__VA_ARGS__); \
		(maker)->draft->broken = true;                                          \
	} while (0)

static char *copy_text(maker_t *maker, mxp_span_t text)
{
	char *copy = strndup((const char *)text.data, text.len);
	maker->no_memory |= (copy == NULL);
	return copy;
}

/*! \brief Makes room for one more item of an array. */
static bool grow(maker_t *maker, void **array, size_t count, size_t item)
{
	void *more = realloc(*array, (count + 1) * item);
	maker->no_memory |= (more == NULL);
	if (more != NULL) {
		*array = more;
	}
	return more != NULL;
}

static bool has_param(const mxp_preset_t *preset, mxp_span_t name)
{
	for (size_t i = 0; i < preset->param_count; i++) {
		if (mxp_span_is(name, preset->params[i])) {
			return true;
		}
	}
	return false;
}

/*! \brief Checks the name of a parameter of an exchange. */
static bool check_param(maker_t *maker, mxp_span_t label, mxp_span_t ref)
{
	char quoted[300];
	if (mxp_label_is_zone(ref) && ref.len != label.len) {
		FAIL(maker, "parameter _zone_ is a whole label, but %s has more in it",
		     mxp_quote(label.data, label.len, quoted, sizeof(quoted)));
		return false;
	}
	if (mxp_param_name_reserved(mxp_span_inner(ref))) {
		FAIL(maker, "%s is no parameter, the name is reserved",
		     mxp_quote(ref.data, ref.len, quoted, sizeof(quoted)));
		return false;
	}
	return true;
}

/*! \brief Takes the parameters of a label. Returns false if they are not as they may be. */
static bool add_params(maker_t *maker, mxp_span_t label)
{
	mxp_preset_t *preset = maker->preset;
	size_t start = 0;
	mxp_span_t ref;
	while (mxp_label_param(label, start, &ref)) {
		start = (size_t)(ref.data - label.data) + ref.len;
		const mxp_span_t name = mxp_span_inner(ref);
		if (!check_param(maker, label, ref)) {
			return false;
		}
		if (has_param(preset, name)) {
			continue;
		}
		if (preset->param_count == PARAMS_MAX) {
			FAIL(maker, "more than %d parameters in a preset", PARAMS_MAX);
			return false;
		}
		char *copy = copy_text(maker, name);
		if (copy == NULL || !grow(maker, (void **)&preset->params, preset->param_count,
		                          sizeof(*preset->params))) {
			free(copy);
			return false;
		}
		preset->params[preset->param_count++] = copy;
	}
	return true;
}

/*!
 * \brief Writes an exchange with the value `z` for every parameter, also for the zone.
 *
 * That value is good wherever a value can be good: it is no digit, not hexadecimal, and in no name
 * that is reserved. What is wrong with it is wrong for every value. The name gets no longer by it.
 */
static void write_sample(const knot_dname_t *exchange, knot_dname_storage_t sample)
{
	uint8_t *out = sample;
	for (const uint8_t *label = exchange; *label != 0; label += 1 + *label) {
		const mxp_span_t text = mxp_label_span(label);
		uint8_t *len = out++;
		size_t done = 0;
		mxp_span_t ref;
		while (mxp_label_param(text, done, &ref)) {
			const size_t start = (size_t)(ref.data - text.data);
			memcpy(out, text.data + done, start - done);
			out += start - done;
			*out++ = 'z';
			done = start + ref.len;
		}
		memcpy(out, text.data + done, text.len - done);
		out += text.len - done;
		*len = (uint8_t)(out - len - 1);
	}
	*out = 0;
}

/*! \brief Tells if an underscore is in a name. */
static bool has_underscore(const knot_dname_t *name)
{
	for (const uint8_t *label = name; *label != 0; label += 1 + *label) {
		if (memchr(label + 1, '_', *label) != NULL) {
			return true;
		}
	}
	return false;
}

/*! \brief Checks that an exchange can be a mail server, with some values of its parameters. */
static bool check_host(maker_t *maker, const knot_dname_t *exchange)
{
	knot_dname_txt_storage_t name = "";
	knot_dname_storage_t sample = { 0 };
	write_sample(exchange, sample);

	const mxp_host_t host = mxp_host_check(sample);
	if (host == MXP_HOST_FINE || host == MXP_HOST_NULL) {
		return true;
	}
	if (host == MXP_HOST_CHARSET && has_underscore(sample)) {
		FAIL(maker, "exchange %s has an underscore that is no part of a _parameter_",
		     mxp_name_str(exchange, name));
	} else {
		FAIL(maker, "exchange %s %s", mxp_name_str(exchange, name), mxp_host_str(host));
	}
	return false;
}

/*! \brief Checks an exchange against those that the preset has already. */
static bool check_others(maker_t *maker, const knot_dname_t *exchange)
{
	const mxp_preset_t *preset = maker->preset;
	knot_dname_txt_storage_t name = "";
	for (size_t i = 0; i < preset->mx_count; i++) {
		if (knot_dname_is_equal(preset->mx[i].exchange, exchange)) {
			FAIL(maker, "exchange %s is repeated", mxp_name_str(exchange, name));
			return false;
		}
		if (*preset->mx[i].exchange == '\0' || *exchange == '\0') {
			FAIL(maker, "null MX beside other MX");
			return false;
		}
	}
	return true;
}

static bool check_exchange(maker_t *maker, uint16_t preference, const knot_dname_t *exchange)
{
	knot_dname_txt_storage_t name = "";

	if (*exchange == '\0' && preference != 0) {
		FAIL(maker, "null MX with a priority other than 0");
		return false;
	}
	// Below the root are all names: there, a forgotten dot cannot be told from one that is
	// none.
	if (*maker->origin != '\0' && knot_dname_in_bailiwick(exchange, maker->origin) >= 0) {
		FAIL(maker, "exchange %s is below the map's own origin, a final dot is missing",
		     mxp_name_str(exchange, name));
		return false;
	}
	if (!check_others(maker, exchange)) {
		return false;
	}
	for (const uint8_t *label = exchange; *label != 0; label += 1 + *label) {
		if (!add_params(maker, mxp_label_span(label))) {
			return false;
		}
	}
	return check_host(maker, exchange);
}

static void add_mx(maker_t *maker)
{
	mxp_preset_t *preset = maker->preset;
	const mxp_record_t *record = maker->record;
	const uint16_t preference = knot_wire_read_u16(record->data);

	if (preset->mx_count == MXP_RECORDS_MAX) {
		if (!maker->draft->broken) {
			FAIL(maker, "more than %d records in a preset", MXP_RECORDS_MAX);
		}
		return;
	}
	if (preset->mx_count > 0 && record->ttl != preset->ttl) {
		FAIL(maker, "TTL %u differs from TTL %u of the same preset", record->ttl,
		     preset->ttl);
		return;
	}
	if (!check_exchange(maker, preference, record->data + 2)) {
		return;
	}
	mxp_mx_t mx = { preference, knot_dname_copy(record->data + 2, NULL) };
	if (mx.exchange == NULL ||
	    !grow(maker, (void **)&preset->mx, preset->mx_count, sizeof(mx))) {
		maker->no_memory = true;
		free(mx.exchange);
		return;
	}
	preset->mx[preset->mx_count++] = mx;
	preset->ttl = record->ttl;
}

static void add_cname(maker_t *maker)
{
	if (maker->draft->target != NULL) {
		FAIL(maker, "second CNAME of a name");
		return;
	}
	maker->draft->target = maker->record->data;
	maker->draft->target_line = maker->record->line;
}

static void add_title(maker_t *maker, mxp_span_t value)
{
	if (maker->preset->title != NULL) {
		FAIL(maker, "second title of a preset");
	} else if (memchr(value.data, '\0', value.len) != NULL) {
		FAIL(maker, "title with a NUL octet");
	} else {
		maker->preset->title = copy_text(maker, value);
	}
}

static void add_note(maker_t *maker, mxp_span_t value)
{
	mxp_preset_t *preset = maker->preset;
	if (memchr(value.data, '\0', value.len) != NULL) {
		FAIL(maker, "note with a NUL octet");
		return;
	}
	char *copy = copy_text(maker, value);
	if (copy == NULL ||
	    !grow(maker, (void **)&preset->notes, preset->note_count, sizeof(*preset->notes))) {
		free(copy);
		return;
	}
	preset->notes[preset->note_count++] = copy;
}

static void add_spf(maker_t *maker, mxp_span_t value)
{
	char quoted[300];
	mxp_span_t term;
	const char *reason = mxp_spf_check(value, &term);
	if (maker->preset->spf != NULL) {
		FAIL(maker, "second spf of a preset");
	} else if (reason != NULL && term.data != NULL) {
		FAIL(maker, "spf: %s %s", mxp_quote(term.data, term.len, quoted, sizeof(quoted)),
		     reason);
	} else if (reason != NULL) {
		FAIL(maker, "spf %s", reason);
	} else {
		maker->preset->spf = copy_text(maker, value);
	}
}

static bool has_any_param(const knot_dname_t *name)
{
	mxp_span_t ref;
	for (const uint8_t *label = name; *label != 0; label += 1 + *label) {
		if (mxp_label_param(mxp_label_span(label), 0, &ref)) {
			return true;
		}
	}
	return false;
}

/*! \brief Tells what is wrong with a retired exchange, NULL if nothing is. */
static const char *retired_fault(mxp_span_t value, knot_dname_storage_t name)
{
	char text[UINT8_MAX + 1] = ""; // A string of a TXT record is no longer.
	memcpy(text, value.data, value.len);
	if (strlen(text) != value.len ||
	    knot_dname_from_str(name, text, sizeof(knot_dname_storage_t)) == NULL) {
		return "is not a host name";
	}
	knot_dname_to_lower(name);
	if (has_any_param(name)) {
		return "has a parameter";
	}
	if (knot_dname_labels(name, NULL) < 2) {
		return "is not a full host name";
	}
	const mxp_host_t host = mxp_host_check(name);
	return host != MXP_HOST_FINE ? mxp_host_str(host) : NULL;
}

static void add_retired(maker_t *maker, mxp_span_t value)
{
	mxp_preset_t *preset = maker->preset;
	knot_dname_storage_t name = { 0 };
	const char *fault = retired_fault(value, name);
	if (fault != NULL) {
		char quoted[300];
		FAIL(maker, "retired exchange %s %s",
		     mxp_quote(value.data, value.len, quoted, sizeof(quoted)), fault);
		return;
	}
	knot_dname_t *copy = knot_dname_copy(name, NULL);
	// Doubling the room would be needless: presets have a few of these, if any.
	if (copy == NULL || !grow(maker, (void **)&preset->retired, preset->retired_count,
	                          sizeof(*preset->retired))) {
		maker->no_memory = true;
		free(copy);
		return;
	}
	preset->retired[preset->retired_count++] = copy;
}

static bool check_default(maker_t *maker, mxp_span_t key, mxp_span_t value, bool dashed)
{
	const mxp_preset_t *preset = maker->preset;
	char quoted[300];
	mxp_quote(key.data, key.len, quoted, sizeof(quoted));

	if (!mxp_param_name_valid(key)) {
		FAIL(maker, "%s cannot name a parameter", quoted);
		return false;
	}
	if (mxp_span_is_case(key, "zone")) {
		FAIL(maker, "default of the predefined parameter %s", quoted);
		return false;
	}
	if (!dashed && !mxp_value_valid(value)) {
		FAIL(maker, "default of parameter %s cannot be part of a label", quoted);
		return false;
	}
	for (size_t i = 0; i < preset->default_count; i++) {
		if (mxp_span_is_case(key, preset->defaults[i].name)) {
			FAIL(maker, "second default of parameter %s", quoted);
			return false;
		}
	}
	if (preset->default_count == PARAMS_MAX) {
		FAIL(maker, "more than %d parameters in a preset", PARAMS_MAX);
		return false;
	}
	return true;
}

static void add_default(maker_t *maker, mxp_span_t key, mxp_span_t value)
{
	mxp_preset_t *preset = maker->preset;
	const bool dashed = mxp_span_is(value, "@zone-dashed");

	if (!check_default(maker, key, value, dashed) ||
	    !grow(maker, (void **)&preset->defaults, preset->default_count,
	          sizeof(*preset->defaults))) {
		return;
	}
	mxp_default_t dflt = {
		.name = copy_text(maker, key),
		.value = dashed ? NULL : copy_text(maker, value),
		.zone_dashed = dashed,
		.line = maker->record->line,
	};
	if (maker->no_memory) {
		free(dflt.name);
		free(dflt.value);
		return;
	}
	for (char *ch = dflt.name; *ch != '\0'; ch++) {
		*ch |= 0x20; // Lower case of letters, digits as they are.
	}
	preset->defaults[preset->default_count++] = dflt;
}

static void read_txt(maker_t *maker)
{
	const uint8_t *end = maker->record->data + maker->record->len;
	for (const uint8_t *str = maker->record->data; str < end; str += 1 + *str) {
		const mxp_param_t pair = mxp_span_split(mxp_label_span(str));
		if (pair.value.data == NULL || pair.name.len == 0) {
			char quoted[300];
			FAIL(maker, "%s is not key=value",
			     mxp_quote(str + 1, *str, quoted, sizeof(quoted)));
			continue;
		}
		if (mxp_span_is_case(pair.name, "title")) {
			add_title(maker, pair.value);
		} else if (mxp_span_is_case(pair.name, "note")) {
			add_note(maker, pair.value);
		} else if (mxp_span_is_case(pair.name, "spf")) {
			add_spf(maker, pair.value);
		} else if (mxp_span_is_case(pair.name, "retired")) {
			add_retired(maker, pair.value);
		} else {
			add_default(maker, pair.name, pair.value);
		}
	}
}

/*! \brief Length of a label with the default literals, other parameters at their shortest. */
static size_t shortest(const mxp_preset_t *preset, mxp_span_t label, const mxp_default_t *dflt)
{
	size_t len = label.len;
	size_t start = 0;
	bool found = false;
	mxp_span_t ref;
	while (mxp_label_param(label, start, &ref)) {
		start = (size_t)(ref.data - label.data) + ref.len;
		size_t value = 1;
		for (size_t i = 0; i < preset->default_count; i++) {
			const mxp_default_t *this = &preset->defaults[i];
			if (mxp_span_is(mxp_span_inner(ref), this->name)) {
				value = this->value != NULL ? strlen(this->value) : 1;
				found |= (this == dflt);
			}
		}
		len = len - ref.len + value;
	}
	return found ? len : 0;
}

/*! \brief Checks that no label can only be too long with the defaults. */
static void check_labels(maker_t *maker)
{
	const mxp_preset_t *preset = maker->preset;
	for (size_t i = 0; i < preset->default_count; i++) {
		const mxp_default_t *dflt = &preset->defaults[i];
		size_t longest = 0;
		for (size_t j = 0; j < preset->mx_count; j++) {
			const uint8_t *label = preset->mx[j].exchange;
			for (; *label != 0; label += 1 + *label) {
				const mxp_span_t span = { label + 1, *label };
				const size_t len = shortest(preset, span, dflt);
				longest = len > longest ? len : longest;
			}
		}
		if (dflt->value != NULL && longest > KNOT_DNAME_MAXLABELLEN) {
			mxp_report(maker->report, dflt->line,
			           "default of parameter '%s' makes a label of %zu octets",
			           dflt->name, longest);
			maker->draft->broken = true;
		}
	}
}

/*! \brief Checks a preset as a whole. */
static void finish(maker_t *maker)
{
	mxp_preset_t *preset = maker->preset;
	mxp_draft_t *draft = maker->draft;

	if (draft->broken || maker->no_memory) {
		return;
	}
	if (draft->target == NULL && preset->mx_count == 0) {
		mxp_report(maker->report, draft->line, "preset '%s' has no MX record",
		           preset->name);
		return;
	}
	check_labels(maker);
	const mxp_cause_t cause = mxp_preset_prepare(preset);
	if (cause == MXP_NO_MEMORY) {
		maker->no_memory = true;
	} else if (cause != MXP_OK) {
		mxp_report(maker->report, draft->line, "%s '%s'", mxp_cause_str(cause),
		           preset->name);
	}
}

bool mxp_read_preset(const mxp_record_t *const *records, size_t count, const knot_dname_t *origin,
                     mxp_report_t *report, mxp_preset_t *preset, mxp_draft_t *draft)
{
	maker_t maker = { .report = report, .origin = origin, .preset = preset, .draft = draft };
	draft->line = records[0]->line;
	preset->name = copy_text(&maker, mxp_span(records[0]->name));

	for (size_t i = 0; i < count; i++) {
		maker.record = records[i];
		if (maker.record->refused) {
			draft->broken = true;
			continue;
		}
		const bool is_cname = (maker.record->type == KNOT_RRTYPE_CNAME);
		if (is_cname != (records[0]->type == KNOT_RRTYPE_CNAME)) {
			FAIL(&maker, "CNAME beside other data");
			continue;
		}
		switch (maker.record->type) {
		case KNOT_RRTYPE_MX:
			add_mx(&maker);
			break;
		case KNOT_RRTYPE_TXT:
			read_txt(&maker);
			break;
		default:
			add_cname(&maker);
		}
	}
	finish(&maker);

	return !maker.no_memory;
}
