/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>

#include "ask.h"
#include "differs.h"
#include "names.h"
#include "own.h"
#include "reply.h"
#include "text.h"

/*! \brief The one question, and what the server says. */
typedef struct {
	question_t question;
	bool asked;
	json_t *reply;
} ask_own_t;

static bool next_question(void *ctx, question_t *question)
{
	ask_own_t *own = ctx;
	const bool first = !own->asked;
	*question = own->question;
	own->asked = true;
	return first;
}

static void take_answer(void *ctx, const question_t *question, const knot_pkt_t *answer)
{
	(void)question;
	ask_own_t *own = ctx;
	own->reply = reply_read(answer);
}

static void add_warning(json_t *report, const knot_dname_t *zone, const json_t *reply)
{
	name_str_t name = "";
	char *answer = reply_text(reply);
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
		.question = { .server = &server, .name = zone, .type = KNOT_RRTYPE_MX },
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
		return false;
	}
	const bool differs = !reply_same(report, own.reply);
	if (differs) {
		add_warning(report, zone, own.reply);
	}
	json_decref(own.reply);

	return differs;
}
