/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>

#include "ask.h"
#include "commands.h"
#include "control.h"
#include "fleet.h"
#include "names.h"
#include "output.h"
#include "own.h"
#include "progress.h"
#include "reply.h"
#include "text.h"

/*! \brief A zone whose servers are being asked. */
typedef struct checked {
	struct checked *next;      /*!< Zone after it. */
	knot_dname_storage_t name; /*!< Name. */
	const mxp_map_t *map;      /*!< Map that this server has for it (NULL if there is none). */
	size_t open;               /*!< Number of questions without an answer. */
	json_t *replies[];         /*!< Of this server, and of each other one. */
} checked_t;

/*! \brief All that is asked and answered. */
typedef struct {
	const options_t *options;
	char **names;             /*!< Servers as they were given, with none for this one before. */
	ask_server_t *servers;    /*!< This server, and the others. */
	size_t server_count;      /*!< Number of these. */
	fleet_t fleet;            /*!< All zones (empty if one was named). */
	knot_dname_storage_t one; /*!< The one. */
	instance_t instance;      /*!< Its instance of the module. */
	size_t count;             /*!< Number of zones. */
	size_t begun;             /*!< Number of zones whose servers are being asked, or were. */
	size_t asked;             /*!< Questions about the last one of these. */
	size_t printed;           /*!< Number of zones that are done. */
	size_t differing;         /*!< Number of zones where a server differs. */
	checked_t *first;         /*!< First zone that is not printed. */
	checked_t *last;          /*!< Last one. */
} verify_t;

static void read_name(const verify_t *verify, size_t number, knot_dname_storage_t name)
{
	if (verify->options->all) {
		const char *text = verify->fleet.zones[number].name;
		need(knot_dname_from_str(name, text, sizeof(knot_dname_storage_t)));
	} else {
		memcpy(name, verify->one, sizeof(knot_dname_storage_t));
	}
}

/*! \brief A zone is printed when all before it are. */
static checked_t *begin_zone(verify_t *verify)
{
	checked_t *zone =
		need(calloc(1, sizeof(*zone) + verify->server_count * sizeof(*zone->replies)));
	zone->open = 2 * verify->server_count;
	read_name(verify, verify->begun, zone->name);
	zone->map = verify->options->all ? verify->fleet.zones[verify->begun].instance->map
	                                 : verify->instance.map;
	if (verify->last != NULL) {
		verify->last->next = zone;
	} else {
		verify->first = zone;
	}
	verify->last = zone;
	verify->begun++;
	verify->asked = 0;
	return zone;
}

/*! \brief For each server the MX, and then the SOA. */
static bool next_question(void *ctx, question_t *question)
{
	verify_t *verify = ctx;
	if (verify->begun == 0 || verify->asked == 2 * verify->server_count) {
		if (verify->begun == verify->count) {
			return false;
		}
		(void)begin_zone(verify);
	}
	*question = (question_t){
		.server = &verify->servers[verify->asked / 2],
		.name = verify->last->name,
		.type = verify->asked % 2 == 0 ? KNOT_RRTYPE_MX : KNOT_RRTYPE_SOA,
		.ctx = verify->last,
	};
	verify->asked++;
	return true;
}

static void set(json_t *object, const char *key, json_t *value)
{
	need(json_object_set_new(object, key, value) == 0 ? object : NULL);
}

static void print_json(const verify_t *verify, const checked_t *zone)
{
	name_str_t name = "";
	for (size_t i = 0; i < verify->server_count; i++) {
		const json_t *reply = zone->replies[i];
		const json_t *mx = json_object_get(reply, "mx");
		json_t *row = need(json_pack("{s:s, s:s?, s:b, s:O, s:O, s:O, s:O, s:O}", "zone",
		                             name_str(zone->name, name), "server", verify->names[i],
		                             "same", (int)reply_same(zone->replies[0], reply),
		                             "rcode", json_object_get(reply, "rcode"), "serial",
		                             json_object_get(reply, "serial"), "map",
		                             json_object_get(reply, "map"), "ttl",
		                             json_object_get(reply, "ttl"), "mx", mx));
		output_json_line(row, stdout);
		json_decref(row);
	}
}

/*! \brief Prints what a server answers in a line, with what tells why. */
static void print_reply(const char *server, int width, const json_t *reply)
{
	const json_t *serial = json_object_get(reply, "serial");
	const json_t *map = json_object_get(reply, "map");
	char *text = reply_text(reply);
	printf("  %-*s  %s", width, server, text);
	if (json_is_integer(serial)) {
		printf("; serial %" JSON_INTEGER_FORMAT, json_integer_value(serial));
	}
	if (json_is_string(map)) {
		printf("; map %s", json_string_value(map));
	}
	putchar('\n');
	free(text);
}

static void print_text(const verify_t *verify, const checked_t *zone)
{
	static const char here[] = "here";
	int width = (int)strlen(here);
	name_str_t name = "";
	for (size_t i = 1; i < verify->server_count; i++) {
		const int len = (int)strlen(verify->names[i]);
		width = len > width ? len : width;
	}
	printf("%s\n", name_str(zone->name, name));
	print_reply(here, width, zone->replies[0]);
	for (size_t i = 1; i < verify->server_count; i++) {
		if (!reply_same(zone->replies[0], zone->replies[i])) {
			print_reply(verify->names[i], width, zone->replies[i]);
		}
	}
}

/*! \brief This server's map is known, also where it does not tell it. */
static void add_map(const checked_t *zone)
{
	json_t *own = zone->replies[0];
	if (zone->map != NULL && json_is_null(json_object_get(own, "map"))) {
		set(own, "map", need(json_string(zone->map->version)));
	}
}

static void print_zone(verify_t *verify, checked_t *zone)
{
	bool differs = false;
	add_map(zone);
	for (size_t i = 0; i < verify->server_count; i++) {
		differs |= !reply_same(zone->replies[0], zone->replies[i]);
	}
	verify->differing += differs;
	progress_clear();
	if (verify->options->json) {
		print_json(verify, zone);
	} else if (differs) {
		print_text(verify, zone);
	}
	for (size_t i = 0; i < verify->server_count; i++) {
		json_decref(zone->replies[i]);
	}
}

/*! \brief Prints the zones that are done, in their order. */
static void print_zones(verify_t *verify)
{
	while (verify->first != NULL && verify->first->open == 0) {
		checked_t *zone = verify->first;
		print_zone(verify, zone);
		progress_show(++verify->printed, verify->count);
		verify->first = zone->next;
		verify->last = zone->next != NULL ? verify->last : NULL;
		free(zone);
	}
}

static void take_answer(void *ctx, const question_t *question, const knot_pkt_t *answer)
{
	verify_t *verify = ctx;
	checked_t *zone = question->ctx;
	json_t **reply = &zone->replies[question->server - verify->servers];
	json_t *other = *reply; // Of the two, either may come first.
	const bool is_mx = (question->type == KNOT_RRTYPE_MX);
	json_t *new = is_mx ? reply_read(answer) : need(json_object());
	if (!is_mx) {
		set(new, "serial", reply_read_serial(answer));
	}
	if (other == NULL) {
		*reply = new;
	} else {
		need(json_object_update(other, new) == 0 ? other : NULL);
		json_decref(new);
	}
	zone->open--;
	print_zones(verify);
}

/*! \brief Reads the servers that are given. Returns false if one is none, which is reported. */
static bool read_servers(verify_t *verify, int argc, char **argv)
{
	verify->server_count = (size_t)argc + 1;
	verify->servers = need(calloc(verify->server_count, sizeof(*verify->servers)));
	verify->names = need(calloc(verify->server_count, sizeof(*verify->names)));
	for (int i = 0; i < argc; i++) {
		verify->names[i + 1] = argv[i];
		if (!ask_address(argv[i], &verify->servers[i + 1].address)) {
			text_error("SERVER '%s' is not an address; write it like 192.0.2.1, or "
			           "192.0.2.1@5353 with a port",
			           argv[i]);
			return false;
		}
	}
	return true;
}

/*! \brief Finds out which zones there are. */
static bool read_zones(verify_t *verify, control_t *control)
{
	if (verify->options->all) {
		const bool done = fleet_read(control, &verify->fleet);
		verify->count = verify->fleet.count;
		return done;
	}
	verify->count = 1;
	if (!instance_read(control, NULL, NULL, &verify->instance)) {
		return false;
	}
	instance_load(&verify->instance);
	return true;
}

/*! \brief Finds out which zones there are, and where this server can be asked. */
static bool prepare(verify_t *verify)
{
	const options_t *options = verify->options;
	control_t control;
	if (!control_connect(&control, options->socket, options->timeout,
	                     options->all ? NULL : verify->one)) {
		return false;
	}
	bool done = read_zones(verify, &control);
	if (done && verify->count > 0) {
		knot_dname_storage_t name = "";
		read_name(verify, 0, name);
		done = own_find(&control, name, &verify->servers[0]);
		if (!done) {
			text_error("this server answers at none of its addresses (server.listen), "
			           "there is nothing to compare with");
		}
	}
	control_close(&control);
	return done;
}

static int ask_servers(verify_t *verify)
{
	const ask_job_t job = { next_question, take_answer, verify };
	if (!prepare(verify)) {
		return STATUS_WRONG;
	}
	ask_all(&job);
	progress_clear();
	if (!verify->options->json) {
		printf("%zu of %zu zones differ\n", verify->differing, verify->count);
	}
	return verify->differing > 0 ? STATUS_WRONG : STATUS_DONE;
}

int command_verify(const options_t *options, int argc, char **argv)
{
	verify_t verify = { .options = options };
	const int first = options->all ? 0 : 1;
	int status = STATUS_USAGE;
	if (!options->all && !name_read_zone("ZONE", argv[0], verify.one)) {
		status = STATUS_WRONG;
	} else if (read_servers(&verify, argc - first, argv + first)) {
		status = ask_servers(&verify);
	}
	fleet_free(&verify.fleet);
	instance_free(&verify.instance);
	free(verify.servers);
	free(verify.names);

	return status;
}
