/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "lint.h"
#include "mx.h"
#include "names.h"
#include "text.h"

/*! \brief What is served before an edit, and after it. */
typedef struct {
	mxp_decision_t before;
	mxp_decision_t after;
	knot_rdataset_t rrs_before;
	knot_rdataset_t rrs_after;
} effect_t;

/*! \brief Tells if queries get another answer than before. */
static bool changes_answer(const effect_t *effect)
{
	const bool failed = (effect->before.serve == MXP_SERVE_FAIL);
	const bool fails = (effect->after.serve == MXP_SERVE_FAIL);
	return failed != fails || effect->before.ttl != effect->after.ttl ||
	       !knot_rdataset_eq(&effect->rrs_before, &effect->rrs_after);
}

static const char *text_of(const json_t *warning, const char *key)
{
	return json_string_value(json_object_get(warning, key));
}

/*! \brief Text of the report's first warning with a code, NULL if there is none. */
static const char *find_warning(const json_t *report, const char *code)
{
	size_t i;
	const json_t *warning;
	json_array_foreach(json_object_get(report, "warnings"), i, warning)
	{
		if (strcmp(text_of(warning, "code"), code) == 0) {
			return text_of(warning, "text");
		}
	}
	return NULL;
}

/*! \brief Warns that the zone's own MX serve from now on, and others do no longer. */
static void warn_of_first_override(const edit_t *edit, const effect_t *effect)
{
	if (effect->before.source == MXP_SOURCE_OVERRIDE ||
	    effect->after.source != MXP_SOURCE_OVERRIDE || effect->rrs_before.count == 0) {
		return;
	}
	char *names = need(strdup(""));
	size_t count = 0;
	knot_rdata_t *mx = effect->rrs_before.rdata;
	for (size_t i = 0; i < effect->rrs_before.count; i++, mx = knot_rdataset_next(mx)) {
		if (!edit_has_exchange(&effect->rrs_after, mxp_mx_exchange(mx))) {
			name_str_t name = "";
			char *more = text_format("%s%s%s", names, count++ > 0 ? ", " : "",
			                         name_str(mxp_mx_exchange(mx), name));
			free(names);
			names = more;
		}
	}
	if (count > 0) {
		text_warning("the zone's own MX records serve for %s from now on; these do no "
		             "longer: %s",
		             edit->control.zone, names);
	}
	free(names);
}

/*! \brief Warns of a record that was added and is not served. */
static void warn_of_unserved(const edit_t *edit, const effect_t *effect)
{
	if (!edit->adds || !knot_dname_is_equal(edit->host, edit->name) ||
	    edit_has_exchange(&effect->rrs_after, edit->exchange)) {
		return;
	}
	name_str_t name = "";
	text_warning("the record of %s is not served: it is the built-in's own, and %s",
	             name_str(edit->exchange, name),
	             effect->after.source == MXP_SOURCE_MARKER ? "the zone's marker decides"
	                                                       : "the zone has other MX records");
}

/*! \brief Warns of a host that a wildcard has served until now. */
static void warn_of_wildcard(const edit_t *edit)
{
	const node_t *wildcard = zone_wildcard(edit->zone, edit->host);
	if (edit->adds && wildcard->name != NULL && (wildcard->has & NODE_RECORDS)) {
		name_str_t host = "";
		name_str_t name = "";
		text_warning("HOST '%s' has had the records of %s until now, and loses them: it "
		             "has only what it is given itself",
		             name_str(edit->host, host), name_str(wildcard->name, name));
	}
}

static void warn_of_policies(const json_t *report)
{
	static const char *const codes[] = { "mta-sts", "spf" };
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		const char *text = find_warning(report, codes[i]);
		if (text != NULL) {
			text_warning("%s", text);
		}
	}
}

bool edit_loses_mail(const edit_t *edit, const json_t *report)
{
	const char *dead = find_warning(report, "verification-exchange");
	if (dead == NULL || !edit->adds || !knot_dname_is_equal(edit->host, edit->name)) {
		return false;
	}
	name_str_t name = "";
	text_error("VALUE '%s' is refused: %s", name_str(edit->exchange, name), dead);
	return true;
}

void edit_tell_effect(const edit_t *edit, const zone_t *after, const json_t *report)
{
	const char *dead = find_warning(report, "verification-exchange");
	if (dead != NULL && edit->changes > 0) {
		text_warning("%s", dead);
	}
	effect_t effect;
	effect.rrs_before = lint_decide(edit->name, zone_node(edit->zone, edit->name),
	                                &edit->instance, &effect.before);
	effect.rrs_after = lint_decide(edit->name, zone_node(after, edit->name), &edit->instance,
	                               &effect.after);
	warn_of_first_override(edit, &effect);
	warn_of_unserved(edit, &effect);
	warn_of_wildcard(edit);
	if (changes_answer(&effect)) {
		warn_of_policies(report);
	}
	mxp_decision_clear(&effect.before, NULL);
	mxp_decision_clear(&effect.after, NULL);
}
