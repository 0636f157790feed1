/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What a server answers over its control socket, to each of the commands that ask it.
 *
 * The first octet chooses the command. A line is a unit of an answer, its fields end with tabs, and
 * the first letter of each says which one it is; `.` ends an answer and `!` the connection.
 */

#include <libknot/control/control.h>
#include <libknot/errcode.h>

#include "ask.h"
#include "commands.h"
#include "fuzz_tool.h"

static const char letters[KNOT_CTL_IDX__COUNT + 1] = {
	[KNOT_CTL_IDX_ERROR] = 'e', [KNOT_CTL_IDX_SECTION] = 's', [KNOT_CTL_IDX_ITEM] = 'i',
	[KNOT_CTL_IDX_ID] = 'n',    [KNOT_CTL_IDX_ZONE] = 'z',    [KNOT_CTL_IDX_OWNER] = 'o',
	[KNOT_CTL_IDX_TTL] = 't',   [KNOT_CTL_IDX_TYPE] = 'y',    [KNOT_CTL_IDX_DATA] = 'd',
	[CTL_FILTER] = 'f',
};

/*! \brief What the server still has to say, and what it was told. */
static struct {
	char *text; /*!< A copy: fields are ended in it. */
	char *pos;
	char *end;
	bool dry_run;
	bool open; /*!< A transaction is. */
} server;

/* The server's side of libknot's functions. */

struct knot_ctl {
	int dummy;
};

knot_ctl_t *knot_ctl_alloc(void)
{
	return calloc(1, sizeof(knot_ctl_t));
}

void knot_ctl_free(knot_ctl_t *ctx)
{
	free(ctx);
}

void knot_ctl_set_timeout(knot_ctl_t *ctx, int timeout_ms)
{
	(void)ctx;
	(void)timeout_ms;
}

int knot_ctl_connect(knot_ctl_t *ctx, const char *path)
{
	(void)ctx;
	(void)path;
	return KNOT_EOK;
}

void knot_ctl_close(knot_ctl_t *ctx)
{
	(void)ctx;
}

/*! \brief Nothing is changed by a dry run, nor outside a transaction. */
static void check_request(const char *command)
{
	require(command != NULL);
	if (strcmp(command, "zone-begin") == 0) {
		server.open = true;
	} else if (strcmp(command, "zone-commit") == 0) {
		require(server.open && !server.dry_run);
		server.open = false;
	} else if (strcmp(command, "zone-abort") == 0) {
		require(server.open);
		server.open = false;
	} else if (strcmp(command, "zone-set") == 0 || strcmp(command, "zone-unset") == 0) {
		require(server.open);
	}
}

int knot_ctl_send(knot_ctl_t *ctx, knot_ctl_type_t type, knot_ctl_data_t *data)
{
	require(ctx != NULL);
	if (type == KNOT_CTL_TYPE_DATA) {
		check_request((*data)[KNOT_CTL_IDX_CMD]);
	}
	return KNOT_EOK;
}

/*! \brief Reads the fields of a line. */
static void read_unit(char *line, knot_ctl_data_t *data)
{
	char *rest = NULL;
	for (char *field = strtok_r(line, "\t", &rest); field != NULL;
	     field = strtok_r(NULL, "\t", &rest)) {
		const char *letter = strchr(letters + 1, *field);
		if (letter != NULL && *letter != '\0') {
			(*data)[letter - letters] = field + 1;
		}
	}
}

int knot_ctl_receive(knot_ctl_t *ctx, knot_ctl_type_t *type, knot_ctl_data_t *data)
{
	require(ctx != NULL);
	memset(*data, 0, sizeof(*data));
	if (server.pos == server.end) {
		return KNOT_ECONN;
	}
	char *line = server.pos;
	char *newline = memchr(line, '\n', (size_t)(server.end - line));
	server.pos = newline != NULL ? newline + 1 : server.end;
	*(newline != NULL ? newline : server.end) = '\0';
	*type = KNOT_CTL_TYPE_DATA;
	if (strcmp(line, ".") == 0) {
		*type = KNOT_CTL_TYPE_BLOCK;
	} else if (strcmp(line, "!") == 0) {
		*type = KNOT_CTL_TYPE_END;
	} else {
		read_unit(line, data);
	}
	return KNOT_EOK;
}

/*! \brief Nobody is asked by DNS: whatever addresses the server tells, none answers. */
void ask_all(const ask_job_t *job)
{
	question_t question;
	while (job->next(job->ctx, &question)) {
		job->done(job->ctx, &question, NULL);
	}
}

/*! \brief A command with its arguments. */
typedef struct {
	command_f run;
	bool dry_run;
	bool all;
	bool reports; /*!< Each line of its output is a report on a zone. */
	int argc;
	const char *argv[5];
} call_t;

#define ZONE "example.com"

static const call_t calls[] = {
	{ command_show, false, false, true, 1, { ZONE } },
	{ command_list, false, false, false, 0, { NULL } },
	{ command_list, false, false, false, 1, { "built-in" } },
	{ command_adopt, true, true, true, 0, { NULL } },
	{ command_adopt, false, true, true, 0, { NULL } },
	{ command_adopt, false, false, true, 1, { ZONE } },
	{ command_freeze, true, true, true, 0, { NULL } },
	{ command_freeze, false, true, true, 0, { NULL } },
	{ command_freeze, false, false, true, 1, { ZONE } },
	{ command_add, false, false, true, 4, { ZONE, "@", "10", "mx.test" } },
	{ command_add, true, false, true, 5, { ZONE, "www", "10", "mx", "60" } },
	{ command_del, false, false, true, 2, { ZONE, "@" } },
	{ command_del, false, false, true, 4, { ZONE, "@", "10", "mx.test" } },
	{ command_use, false, false, true, 2, { ZONE, "outlook" } },
	{ command_use, true, false, true, 3, { ZONE, "outlook", "id=x" } },
	{ command_reset, false, false, true, 1, { ZONE } },
	{ command_verify, false, false, false, 2, { ZONE, "192.0.2.1" } },
	{ command_verify, false, true, false, 1, { "192.0.2.1" } },
};

/*! \brief Reads the JSON of a command, an object after the other. */
static void check_json(const call_t *call, const output_t *output)
{
	const char *pos = output->text;
	size_t left = output->size;
	while (left > 0) {
		json_error_t error;
		json_t *json = json_loadb(pos, left, JSON_DISABLE_EOF_CHECK, &error);
		require(json_is_object(json));
		if (call->reports) {
			check_report(json);
		}
		json_decref(json);
		pos += error.position;
		left -= (size_t)error.position;
		while (left > 0 && *pos == '\n') {
			pos++;
			left--;
		}
	}
}

static const char *map_path(void)
{
	static char path[32];
	static const char text[] = "house MX 10 mx1.house.test.\n TXT \"spf=mx ~all\"\n"
				   "outlook MX 1 _id_.mail.test.\n TXT \"id=@zone-dashed\"\n";
	if (*path == '\0') {
		throw_errors_away();
		(void)make_file((const uint8_t *)text, sizeof(text) - 1, path);
	}
	return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2) {
		return -1;
	}
	const call_t *call = &calls[data[0] / 2 % (sizeof(calls) / sizeof(*calls))];
	const options_t options = {
		.socket = "socket",
		.asks_server = true,
		.timeout = 1,
		.all = call->all,
		.dry_run = call->dry_run,
		.json = data[0] % 2 == 0,
		.map = map_path(),
	};
	server.dry_run = call->dry_run;
	server.open = false;
	server.text = malloc(size);
	memcpy(server.text, data + 1, size - 1);
	server.pos = server.text;
	server.end = server.text + size - 1;
	char *argv[6] = { NULL };
	for (int i = 0; i < call->argc; i++) {
		argv[i] = strdup(call->argv[i]);
	}

	output_t output;
	take_output(&output);
	const int status = call->run(&options, call->argc, argv);
	end_output(&output);
	require(status == STATUS_DONE || status == STATUS_WRONG || status == STATUS_USAGE);
	if (options.json) {
		check_json(call, &output);
	}
	free(output.text);
	for (int i = 0; i < call->argc; i++) {
		free(argv[i]);
	}
	free(server.text);

	return 0;
}
