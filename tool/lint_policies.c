/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "linter.h"
#include "mx.h"
#include "spf_record.h"
#include "text.h"

char *lint_find_spf(const knot_rdataset_t *txt, size_t *count)
{
	char *found = NULL;
	*count = 0;
	knot_rdata_t *rdata = txt->rdata;
	for (size_t i = 0; i < txt->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (mxp_spf_is_record(rdata)) {
			found = found != NULL ? found : linter_text(rdata);
			++*count;
		}
	}
	return found;
}

/*! \brief Cuts the next term off a record; false if there is none. */
static bool next_term(const char **text, const char **term, size_t *len)
{
	*term = *text + strspn(*text, " ");
	*len = strcspn(*term, " ");
	*text = *term + *len;
	return *len > 0;
}

/*! \brief Length of a term without the final dot that its name may have. */
static size_t without_dot(const char *term, size_t len)
{
	return len - (len > 0 && term[len - 1] == '.');
}

static bool has_term(const char *record, const char *wanted, size_t wanted_len)
{
	const char *term;
	size_t len;
	wanted_len = without_dot(wanted, wanted_len);
	while (next_term(&record, &term, &len)) {
		const size_t sign = (*term == '+');
		if (without_dot(term + sign, len - sign) == wanted_len &&
		    strncasecmp(term + sign, wanted, wanted_len) == 0) {
			return true;
		}
	}
	return false;
}

/*! \brief Warns of an `include:` of the preset that the zone's own record lacks. */
static void lint_includes(linter_t *linter, const mxp_preset_t *preset, const char *record)
{
	const char *terms = preset->spf;
	const char *term;
	size_t len;
	while (next_term(&terms, &term, &len)) {
		const size_t sign = (*term == '+');
		if (strncasecmp(term + sign, "include:", 8) == 0 &&
		    !has_term(record, term + sign, len - sign)) {
			linter_warn(linter, "spf", linter->zone->name,
			            text_format("the zone's SPF record lacks %.*s of the preset "
			                        "'%s'",
			                        (int)(len - sign), term + sign, preset->name));
		}
	}
}

/*! \brief Finds a mechanism that lets somebody send; modifiers have an equals sign in their name.
 */
static bool lets_send(const char *record, const char **term, size_t *len)
{
	(void)next_term(&record, term, len); // The version.
	while (next_term(&record, term, len)) {
		const size_t name = strcspn(*term, ":/= ");
		if (strchr("-~?", **term) == NULL && (name >= *len || (*term)[name] != '=')) {
			return true;
		}
	}
	return false;
}

static bool takes_no_mail(const mxp_preset_t *preset)
{
	return preset->mx_count == 1 && mxp_exchange_is_root(preset->mx[0].exchange);
}

static void lint_spf(linter_t *linter, const mxp_preset_t *preset)
{
	size_t count;
	char *record = lint_find_spf(&linter->apex->txt, &count);
	if (count > 1) {
		linter_warn(linter, "spf", linter->zone->name,
		            text_format("the zone has %zu SPF records, with more than one all are "
		                        "void",
		                        count));
		free(record);
		return;
	}
	const char *term;
	size_t len;
	if (record != NULL && preset != NULL && takes_no_mail(preset) &&
	    lets_send(record, &term, &len)) {
		linter_warn(linter, "spf", linter->zone->name,
		            text_format("the zone's SPF record lets somebody send (%.*s), and the "
		                        "preset '%s' takes no mail",
		                        (int)len, term, preset->name));
	} else if (record != NULL && preset != NULL && preset->spf != NULL) {
		lint_includes(linter, preset, record);
	}
	free(record);
}

/*! \brief Warns of a policy that senders hold the MX against (RFC 8461). */
static void lint_mta_sts(linter_t *linter)
{
	static const uint8_t label[] = "\x08_mta-sts";
	knot_dname_storage_t name = "";
	const size_t size = knot_dname_size(linter->zone->name);
	if (sizeof(label) - 1 + size > sizeof(name)) {
		return;
	}
	memcpy(name, label, sizeof(label) - 1);
	memcpy(name + sizeof(label) - 1, linter->zone->name, size);
	const node_t *node = zone_node(linter->zone, name);
	if (node->txt.count > 0 || (node->has & NODE_CNAME)) {
		linter_warn(
			linter, "mta-sts", node->name,
			text_format("senders refuse an MX that the domain's MTA-STS policy does "
		                    "not list"));
	}
}

void lint_policies(linter_t *linter, const mxp_decision_t *decision)
{
	// Built-in records that the zone stores are the built-in's, too.
	const bool builtin = decision->preset == NULL && decision->source == MXP_SOURCE_BUILTIN;
	lint_spf(linter, builtin ? linter->view.builtin : decision->preset);
	lint_mta_sts(linter);
}
