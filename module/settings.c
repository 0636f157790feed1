/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include "settings.h"

static int cmp_text(const char *text1, const char *text2)
{
	if (text1 == NULL || text2 == NULL) {
		return (text1 != NULL) - (text2 != NULL);
	}
	return strcmp(text1, text2);
}

static int cmp_span(mxp_span_t span1, mxp_span_t span2)
{
	return span1.len != span2.len ? (span1.len < span2.len ? -1 : 1)
	                              : memcmp(span1.data, span2.data, span1.len);
}

static int cmp_params(const mxp_rules_t *rules1, const mxp_rules_t *rules2)
{
	if (rules1->param_count != rules2->param_count) {
		return rules1->param_count < rules2->param_count ? -1 : 1;
	}
	int cmp = 0;
	for (size_t i = 0; i < rules1->param_count && cmp == 0; i++) {
		cmp = cmp_span(rules1->params[i].name, rules2->params[i].name);
		if (cmp == 0) {
			cmp = cmp_span(rules1->params[i].value, rules2->params[i].value);
		}
	}
	return cmp;
}

static int switches(const mxp_settings_t *settings)
{
	return settings->rules.marker | settings->rules.filter << 1 | settings->ede << 2 |
	       settings->statistics << 3 | settings->rotation << 4 | settings->dnssec << 5 |
	       settings->rules.spf << 6;
}

int mxp_settings_cmp(const mxp_settings_t *set1, const mxp_settings_t *set2)
{
	int cmp = strcmp(set1->rules.builtin, set2->rules.builtin);
	cmp = cmp != 0 ? cmp : cmp_text(set1->rules.preset, set2->rules.preset);
	cmp = cmp != 0 ? cmp : switches(set1) - switches(set2);
	cmp = cmp != 0 ? cmp : cmp_params(&set1->rules, &set2->rules);
	cmp = cmp != 0 ? cmp : cmp_text(set1->keystores, set2->keystores);
	return cmp != 0 ? cmp : strcmp(set1->file, set2->file);
}

static bool copy_text(const char **text)
{
	if (*text == NULL) {
		return true;
	}
	*text = strdup(*text);
	return *text != NULL;
}

static bool copy_span(mxp_span_t *span)
{
	uint8_t *copy = malloc(span->len);
	if (copy != NULL) {
		memcpy(copy, span->data, span->len);
	}
	span->data = copy;
	return copy != NULL;
}

bool mxp_settings_copy(const mxp_settings_t *from, mxp_settings_t *to)
{
	const mxp_rules_t *rules = &from->rules;
	*to = *from;
	bool good = copy_text(&to->file);
	good = copy_text(&to->rules.builtin) && good;
	good = copy_text(&to->rules.preset) && good;
	good = copy_text(&to->keystores) && good;

	mxp_param_t *params = calloc(rules->param_count + 1, sizeof(*params));
	to->rules.params = params;
	to->rules.param_count = params != NULL ? rules->param_count : 0;
	good = good && params != NULL;
	for (size_t i = 0; i < to->rules.param_count; i++) {
		params[i] = rules->params[i];
		good = copy_span(&params[i].name) && good;
		good = copy_span(&params[i].value) && good;
	}
	return good;
}

void mxp_settings_clear(mxp_settings_t *settings)
{
	for (size_t i = 0; i < settings->rules.param_count; i++) {
		free((void *)settings->rules.params[i].name.data);
		free((void *)settings->rules.params[i].value.data);
	}
	free((void *)settings->rules.params);
	free((void *)settings->rules.builtin);
	free((void *)settings->rules.preset);
	free((void *)settings->keystores);
	free((void *)settings->file);
}
