/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/errcode.h>
#include <libknot/error.h>

#include "control.h"
#include "text.h"

/*! Pause between attempts to connect, in milliseconds. */
#define RETRY_MS 20

/*!
 * \brief Connects. Returns an error of libknot.
 *
 * Where others wait for the server, there may be no room in its queue for a while.
 */
static int connect_socket(control_t *control)
{
	control->ctl = need(knot_ctl_alloc());
	knot_ctl_set_timeout(control->ctl, control->timeout);
	int ret = knot_ctl_connect(control->ctl, control->socket);
	for (int waited = 0;
	     ret == KNOT_EAGAIN && (control->timeout == 0 || waited < control->timeout);
	     waited += RETRY_MS) {
		(void)poll(NULL, 0, RETRY_MS);
		ret = knot_ctl_connect(control->ctl, control->socket);
	}
	if (ret != KNOT_EOK) {
		knot_ctl_free(control->ctl);
		control->ctl = NULL;
	}
	return ret;
}

static void disconnect_socket(control_t *control)
{
	if (control->ctl != NULL) {
		(void)knot_ctl_send(control->ctl, KNOT_CTL_TYPE_END, NULL);
		knot_ctl_close(control->ctl);
		knot_ctl_free(control->ctl);
		control->ctl = NULL;
	}
}

bool control_connect(control_t *control, const char *socket, int timeout, const knot_dname_t *zone)
{
	*control = (control_t){ .socket = socket, .timeout = timeout };
	if (zone != NULL) {
		name_str(zone, control->zone);
	}
	const int ret = connect_socket(control);
	if (ret != KNOT_EOK) {
		text_error(
			"no connection to SOCKET '%s' (%s); is knotd running, is that its control "
			"socket (-s), and may this user write to it?",
			socket, knot_strerror(ret));
	}
	return ret == KNOT_EOK;
}

/*! \brief Receives the units of an answer. Returns an error of libknot. */
static int receive(control_t *control, control_unit_f unit, void *ctx)
{
	while (true) {
		knot_ctl_type_t type;
		knot_ctl_data_t data;
		const int ret = knot_ctl_receive(control->ctl, &type, &data);
		if (ret != KNOT_EOK) {
			return ret;
		}
		if (type == KNOT_CTL_TYPE_BLOCK) {
			return KNOT_EOK;
		}
		if (type == KNOT_CTL_TYPE_END) {
			return KNOT_EOF;
		}
		if (data[KNOT_CTL_IDX_ERROR] != NULL) {
			snprintf(control->error, sizeof(control->error), "%s",
			         data[KNOT_CTL_IDX_ERROR]);
		} else if (unit != NULL) {
			unit((const knot_ctl_data_t *)&data, ctx);
		}
	}
}

bool control_call(control_t *control, knot_ctl_data_t *request, control_unit_f unit, void *ctx)
{
	control->error[0] = '\0';
	int ret = (control->ctl != NULL) ? KNOT_EOK : connect_socket(control);
	if (ret == KNOT_EOK) {
		ret = knot_ctl_send(control->ctl, KNOT_CTL_TYPE_DATA, request);
	}
	if (ret == KNOT_EOK) {
		ret = knot_ctl_send(control->ctl, KNOT_CTL_TYPE_BLOCK, NULL);
	}
	if (ret == KNOT_EOK) {
		ret = receive(control, unit, ctx);
	}
	if (ret != KNOT_EOK) {
		snprintf(control->error, sizeof(control->error), "no answer from the server, %s",
		         knot_strerror(ret));
		disconnect_socket(control); // What comes later would be taken for the next answer.
	}
	return control->error[0] == '\0';
}

static bool call_zone(control_t *control, const char *command)
{
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = command,
		[KNOT_CTL_IDX_ZONE] = control->zone,
	};
	return control_call(control, &request, NULL, NULL);
}

static void write_record(const knot_ctl_data_t *unit, void *ctx)
{
	fprintf(ctx, "%s %s %s %s\n", (*unit)[KNOT_CTL_IDX_OWNER], (*unit)[KNOT_CTL_IDX_TTL],
	        (*unit)[KNOT_CTL_IDX_TYPE], (*unit)[KNOT_CTL_IDX_DATA]);
}

zone_t *control_read_zone(control_t *control, const knot_dname_t *name)
{
	knot_ctl_data_t request = {
		[KNOT_CTL_IDX_CMD] = control->open ? "zone-get" : "zone-read",
		[KNOT_CTL_IDX_ZONE] = control->zone,
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = need(open_memstream(&text, &size));
	const bool done = control_call(control, &request, write_record, out);
	text_close(out, &text);

	zone_t *zone = NULL;
	if (done) {
		zone = zone_read_text(text, size, name);
	} else {
		text_error("ZONE '%s' cannot be read: %s", control->zone, control->error);
	}
	free(text);
	if (zone != NULL && !zone->has_soa) {
		text_error("ZONE '%s' is not loaded by the server, its log tells why",
		           control->zone);
		zone_free(zone);
		zone = NULL;
	}
	return zone;
}

/*! \brief Makes signals wait that would end or stop the program, or lets them come. */
static void hold_signals(int how)
{
	sigset_t set;
	sigfillset(&set);
	sigprocmask(how, &set, NULL);
}

/*! The connection with a transaction of ours, for an end for want of memory. */
static control_t *with_transaction;

/*! \brief Leaves no transaction behind, which would keep everybody else from the zone. */
static void abort_at_exit(void)
{
	if (with_transaction != NULL && with_transaction->open && with_transaction->ctl != NULL) {
		(void)call_zone(with_transaction, "zone-abort");
	}
}

bool control_begin(control_t *control)
{
	hold_signals(SIG_BLOCK);
	control->held = true;
	static bool registered;
	registered = registered || atexit(abort_at_exit) == 0;
	need(registered ? control : NULL);
	control->open = call_zone(control, "zone-begin");
	if (control->open) {
		with_transaction = control;
		return true;
	}
	if (strcmp(control->error, knot_strerror(KNOT_TXN_EEXISTS)) == 0) {
		text_error(
			"ZONE '%s' is being changed by somebody else, whose transaction is open; "
			"try again later (or see knotc zone-diff, zone-commit, zone-abort)",
			control->zone);
	} else {
		// A server that was too slow may yet open the transaction, for nobody.
		text_error("ZONE '%s' cannot be changed: %s%s", control->zone, control->error,
		           control->ctl == NULL ? "; if a transaction is open now, knotc "
		                                  "zone-abort ends it"
		                                : "");
	}
	return false;
}

bool control_commit(control_t *control)
{
	const bool done = call_zone(control, "zone-commit");
	if (done) {
		control->open = false;
	} else if (control->ctl == NULL) {
		text_error("ZONE '%s': %s; kmxpreset show tells if it was changed", control->zone,
		           control->error);
	} else if (strstr(control->error, "semantic check") != NULL) {
		text_error("ZONE '%s' is not changed: the server finds that no server could load "
		           "it then (such as a CNAME beside other records); its log has the name",
		           control->zone);
	} else {
		text_error("ZONE '%s' is not changed: %s", control->zone, control->error);
	}
	return done;
}

void control_close(control_t *control)
{
	if (control->open) {
		(void)call_zone(control, "zone-abort");
		control->open = false;
	}
	with_transaction = NULL;
	disconnect_socket(control);
	// Whoever has committed has said so: a signal comes before the commit or after the output.
	if (control->held) {
		(void)fflush(stdout);
		control->held = false;
		hold_signals(SIG_UNBLOCK);
	}
}
