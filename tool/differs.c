/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>

#include "ask.h"
#include "differs.h"
#include "names.h"
#include "own.h"
#include "reply.h"
#include "text.h"

/*! \brief The questions, and what the server says. */
typedef struct {
	question_t question;
	unsigned asked;
	json_t *reply; /*!< To that for MX. */
	json_t *spf;   /*!< To that for TXT. */
} ask_own_t;

static bool next_question(void *ctx, question_t *question)
{
	static const uint16_t types[] = { KNOT_RRTYPE_MX, KNOT_RRTYPE_TXT };
	ask_own_t *own = ctx;
	if (own->asked == sizeof(types) / sizeof(*types)) {
		return false;
	}
	*question = own->question;
	question->type = types[own->asked++];
	return true;
}

static void take_answer(void *ctx, const question_t *question, const knot_pkt_t *answer)
{
	ask_own_t *own = ctx;
	if (question->type == KNOT_RRTYPE_MX) {
		own->reply = reply_read(answer);
	} else {
		own->spf = reply_read_spf(answer);
	}
}

/*! \brief Tells if the SPF record of a report is among those of an answer. */
static bool same_spf(const json_t *report, const json_t *served)
{
	const json_t *spf = json_object_get(report, "spf");
	bool found = json_is_null(spf) && json_array_size(served) == 0;
	size_t i;
	const json_t *text;
	json_array_foreach(served, i, text)
	{
		found = found || json_equal(spf, text);
	}
	return found;
}

/*! \brief Adds a warning; the text of what the server says is freed. */
static void add_warning(json_t *report, const knot_dname_t *zone, char *answer)
{
	name_str_t name = "";
	char *text = text_format("the server itself answers otherwise: %s", answer);
	char *clean = text_clean(text, strlen(text));
	json_t *warning = need(json_pack("{s:s, s:s, s:s}", "code", "differs", "owner",
	                                 name_str(zone, name), "text", clean));
	json_t *warnings = json_object_get(report, "warnings");
	need(json_array_append_new(warnings, warning) == 0 ? warnings : NULL);
	free(clean);
	free(text);
	free(answer);
}

bool differs_check(control_t *control, const knot_dname_t *zone, json_t *report)
{
	ask_server_t server;
	ask_own_t own = {
		.question = { .server = &server, .name = zone },
	};
	const ask_job_t job = { next_question, take_answer, &own };
	if (own_find(control, zone, &server)) {
		ask_all(&job);
	}
	if (own.reply == NULL || json_is_null(json_object_get(own.reply, "rcode"))) {
		text_warning("the server itself could not be asked for the MX of %s: it answers at "
		             "none of its addresses (server.listen)",
		             control->zone);
		json_decref(own.reply);
		json_decref(own.spf);
		return false;
	}
	const bool mx_differs = !reply_same(report, own.reply);
	const bool spf_differs = json_is_array(own.spf) && !same_spf(report, own.spf);
	if (mx_differs) {
		add_warning(report, zone, reply_text(own.reply));
	}
	if (spf_differs) {
		const char *spf = json_string_value(json_array_get(own.spf, 0));
		add_warning(report, zone,
		            spf != NULL ? text_format("the SPF record %s", spf)
		                        : text_format("no SPF record"));
	}
	json_decref(own.reply);
	json_decref(own.spf);

	return mx_differs || spf_differs;
}
