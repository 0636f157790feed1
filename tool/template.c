/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host.h"
#include "name.h"
#include "names.h"
#include "span.h"
#include "template.h"
#include "text.h"

/*! \brief Tells if a variable is one of Domain Connect's own for the domain. */
static bool is_domain(mxp_span_t name)
{
	return mxp_span_is_case(name, "domain") || mxp_span_is_case(name, "fqdn");
}

/*! \brief Tells if a parameter was made of another variable before, and notes of which one. */
static bool is_taken(json_t *variables, const char *param, mxp_span_t name)
{
	char *variable = need(strndup((const char *)name.data, name.len));
	const char *other = json_string_value(json_object_get(variables, param));
	const bool taken = (other != NULL && strcasecmp(other, variable) != 0);
	if (other == NULL) {
		need(json_object_set_new(variables, param, json_string(variable)) == 0 ? variables
		                                                                       : NULL);
	}
	free(variable);

	return taken;
}

/*! \brief Writes a variable; a map's parameters have letters and digits only. */
static const char *write_variable(mxp_span_t name, json_t *variables, FILE *out)
{
	char *param = need(calloc(1, name.len + 1));
	size_t len = 0;
	for (size_t i = 0; i < name.len; i++) {
		if (isalnum(name.data[i])) {
			param[len++] = (char)tolower(name.data[i]);
		}
	}
	const char *reason = NULL;
	if (len == 0) {
		reason = "a variable without a name";
	} else if (strcmp(param, "host") == 0) {
		reason = "the variable %host%, which is empty at the apex";
	} else if (strcmp(param, "zone") == 0) {
		reason = "a variable with the name of a map's own, %zone%";
	} else if (is_taken(variables, param, name)) {
		reason = "a variable that differs from another one in other characters than "
			 "letters and digits only";
	}
	fprintf(out, "_%s_", param);
	free(param);

	return reason;
}

/*! \brief Writes a label. Returns a reason why a map cannot say it, or NULL. */
static const char *write_label(mxp_span_t label, bool last, json_t *variables, FILE *out)
{
	const uint8_t *pos = label.data;
	const uint8_t *end = label.data + label.len;
	while (pos < end) {
		if (*pos != '%') {
			if (!mxp_host_octet(*pos)) { // It could mean something in a map.
				return "a host name with other characters than letters, digits and "
				       "hyphens";
			}
			fputc(tolower(*pos++), out);
			continue;
		}
		const uint8_t *close = memchr(pos + 1, '%', (size_t)(end - pos - 1));
		if (close == NULL) {
			return "a variable without its second percent sign";
		}
		const mxp_span_t name = { pos + 1, (size_t)(close - pos - 1) };
		if (is_domain(name)) {
			return "the domain's name as a part of a label";
		}
		if (last) {
			return "a variable that is a whole host name";
		}
		const char *reason = write_variable(name, variables, out);
		if (reason != NULL) {
			return reason;
		}
		pos = close + 1;
	}
	return label.len > 0 ? NULL : "a host name with an empty label";
}

/*! \brief Tells if a label stands for the domain; "@" does at the end only. */
static bool stands_for_domain(mxp_span_t label, bool last)
{
	if (last && mxp_span_is(label, "@")) {
		return true;
	}
	return label.len > 2 && label.data[0] == '%' && label.data[label.len - 1] == '%' &&
	       is_domain(mxp_span_inner(label));
}

static const char *write_exchange(const char *host, json_t *variables, FILE *out)
{
	while (true) {
		const size_t len = strcspn(host, ".");
		const mxp_span_t label = { (const uint8_t *)host, len };
		const bool last = (host[len] == '\0' || host[len + 1] == '\0');
		const char *reason = NULL;
		if (stands_for_domain(label, last)) {
			fputs("_zone_", out);
		} else {
			reason = write_label(label, last, variables, out);
		}
		fputc('.', out);
		if (reason != NULL || last) {
			return reason;
		}
		host += len + 1;
	}
}

char *template_exchange(const char *host, json_t *variables, const char **reason)
{
	*reason = NULL;
	if (strcmp(host, ".") == 0) {
		return need(strdup(host));
	}
	char *ascii = name_to_ascii(host);
	if (ascii == NULL) {
		*reason = "a host name that is none";
		return NULL;
	}
	char *text = NULL;
	size_t size = 0;
	FILE *out = need(open_memstream(&text, &size));
	*reason = write_exchange(ascii, variables, out);
	text_close(out, &text);
	free(ascii);
	if (*reason != NULL) {
		free(text);
		return NULL;
	}
	return text;
}
