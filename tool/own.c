/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>

#include <libknot/descriptor.h>

#include "conf.h"
#include "own.h"
#include "text.h"

/*! \brief The server's addresses, until one has answered. */
typedef struct {
	const knot_dname_t *zone;
	ask_server_t *servers;
	size_t count;
	size_t asked;
	bool answered;
} search_t;

static void add_address(const knot_ctl_data_t *unit, void *ctx)
{
	search_t *search = ctx;
	ask_server_t server = { .unanswered = 0 };
	const char *value;
	(void)conf_item(unit, &value);
	if (ask_address(value, &server.address)) {
		const size_t size = (search->count + 1) * sizeof(server);
		search->servers = need(realloc(search->servers, size));
		search->servers[search->count++] = server;
	}
}

static bool next_question(void *ctx, question_t *question)
{
	search_t *search = ctx;
	if (search->asked == search->count) {
		return false;
	}
	*question = (question_t){
		.server = &search->servers[search->asked++],
		.name = search->zone,
		.type = KNOT_RRTYPE_SOA,
	};
	return true;
}

static void take_answer(void *ctx, const question_t *question, const knot_pkt_t *answer)
{
	search_t *search = ctx;
	if (answer != NULL && !search->answered) {
		search->answered = true;
		search->asked = search->count;
		search->servers[0].address = question->server->address;
	}
}

bool own_find(control_t *control, const knot_dname_t *zone, ask_server_t *server)
{
	search_t search = { .zone = zone };
	const ask_job_t job = { next_question, take_answer, &search };
	(void)conf_read(control, "server", NULL, "listen", add_address, &search);
	ask_all(&job);
	if (search.answered) {
		*server = (ask_server_t){ .address = search.servers[0].address };
	}
	free(search.servers);

	return search.answered;
}
