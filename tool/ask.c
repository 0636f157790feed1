/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libknot/packet/wire.h>

#include "ask.h"
#include "ask_message.h"
#include "text.h"

/*! Questions that are on their way at the same time. */
#define WINDOW 256
/*! Questions that start in a second, and those that start at once. */
#define RATE  5000
#define BURST 20
/*! Attempts of each question, and how long each of them waits. */
#define ATTEMPTS   3
#define TIMEOUT_MS 1000
/*! How long one waits after being told that nobody listens there. */
#define REFUSED_MS 100
/*! Questions in a row without an answer after which a server is thought to be down. */
#define DOWN 20

/*! \brief A question that is on its way. */
typedef struct {
	question_t question;
	knot_pkt_t *query; /*!< Query. */
	int fd;            /*!< Socket, -1 if there is none. */
	bool tcp;          /*!< The answer over UDP is truncated. */
	bool sent;         /*!< The query is sent. */
	unsigned attempts; /*!< Attempts that are left. */
	int64_t deadline;  /*!< When the present one has failed, in milliseconds. */
	uint8_t *stream;   /*!< What has come over TCP. */
	size_t received;   /*!< Octets of that. */
} pending_t;

/*! \brief A job that is being done. */
typedef struct {
	const ask_job_t *job;
	pending_t pending[WINDOW]; /*!< Those on their way, without a gap. */
	size_t count;              /*!< Number of these. */
	bool ended;                /*!< There is no further question. */
	int64_t start;             /*!< When the job was begun, in milliseconds. */
	int64_t started;           /*!< Number of questions since. */
	uint8_t buf[KNOT_WIRE_MAX_PKTSIZE];
} run_t;

static int64_t now_ms(void)
{
	struct timespec now = { 0 };
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void close_socket(pending_t *pending)
{
	if (pending->fd >= 0) {
		close(pending->fd);
		pending->fd = -1;
	}
	pending->sent = false;
	pending->received = 0;
}

/*! \brief Notes that the present attempt fails; there is another one after a while. */
static void fail(pending_t *pending)
{
	const int64_t soon = now_ms() + REFUSED_MS;
	close_socket(pending);
	pending->deadline = soon < pending->deadline ? soon : pending->deadline;
}

static void open_socket(pending_t *pending)
{
	const struct sockaddr_storage *address = &pending->question.server->address;
	const socklen_t len = address->ss_family == AF_INET ? sizeof(struct sockaddr_in)
	                                                    : sizeof(struct sockaddr_in6);
	const int type = pending->tcp ? SOCK_STREAM : SOCK_DGRAM;
	pending->fd = socket(address->ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (pending->fd < 0 || (connect(pending->fd, (const struct sockaddr *)address, len) != 0 &&
	                        errno != EINPROGRESS)) {
		fail(pending);
	}
}

/*! \brief Sends the query, over TCP with its length before it. */
static void send_query(pending_t *pending)
{
	uint8_t message[sizeof(uint16_t) + ASK_QUERY_SIZE];
	const knot_pkt_t *query = pending->query;
	const size_t skip = pending->tcp ? 0 : sizeof(uint16_t);
	const size_t size = sizeof(uint16_t) + query->size - skip;
	knot_wire_write_u16(message, (uint16_t)query->size);
	memcpy(message + sizeof(uint16_t), query->wire, query->size);
	if (pending->fd >= 0) {
		pending->sent = true;
		if (send(pending->fd, message + skip, size, MSG_NOSIGNAL) != (ssize_t)size) {
			fail(pending);
		}
	}
}

/*! \brief Begins an attempt; over UDP an answer to an earlier one is still welcome. */
static void begin_attempt(pending_t *pending)
{
	pending->attempts--;
	pending->deadline = now_ms() + TIMEOUT_MS;
	if (pending->tcp) {
		close_socket(pending);
	}
	if (pending->fd < 0) {
		open_socket(pending);
	}
	if (!pending->tcp) {
		send_query(pending);
	}
}

/*! \brief Hands the answer over, which may be in the stream, and makes room for a question. */
static void finish(run_t *run, pending_t *pending, const knot_pkt_t *answer)
{
	close_socket(pending);
	const pending_t old = *pending;
	*pending = run->pending[--run->count];
	ask_server_t *server = old.question.server;
	server->unanswered = answer != NULL ? 0 : server->unanswered + 1;
	server->probed = false;
	run->job->done(run->job->ctx, &old.question, answer);
	knot_pkt_free(old.query);
	free(old.stream);
}

static void receive_udp(run_t *run, pending_t *pending)
{
	const ssize_t len = recv(pending->fd, run->buf, sizeof(run->buf), 0);
	if (len < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			fail(pending);
		}
		return;
	}
	knot_pkt_t *answer = ask_parse(pending->query, run->buf, (size_t)len);
	if (answer == NULL) {
		return;
	}
	if (knot_wire_get_tc(answer->wire)) {
		close_socket(pending);
		pending->tcp = true;
		pending->attempts = ATTEMPTS;
		begin_attempt(pending);
	} else {
		finish(run, pending, answer);
	}
	knot_pkt_free(answer);
}

static void receive_tcp(run_t *run, pending_t *pending)
{
	const size_t head = sizeof(uint16_t);
	if (pending->stream == NULL) {
		pending->stream = need(malloc(head + KNOT_WIRE_MAX_PKTSIZE));
	}
	const ssize_t len = recv(pending->fd, pending->stream + pending->received,
	                         head + KNOT_WIRE_MAX_PKTSIZE - pending->received, 0);
	if (len <= 0) {
		if (len == 0 || (errno != EAGAIN && errno != EINTR)) {
			fail(pending);
		}
		return;
	}
	pending->received += (size_t)len;
	if (pending->received < head ||
	    pending->received < head + knot_wire_read_u16(pending->stream)) {
		return;
	}
	const size_t size = knot_wire_read_u16(pending->stream);
	knot_pkt_t *answer = ask_parse(pending->query, pending->stream + head, size);
	if (answer == NULL) {
		fail(pending);
		return;
	}
	finish(run, pending, answer);
	knot_pkt_free(answer);
}

/*! \brief Starts a question; where the server is down, one at a time. */
static void start(run_t *run, const question_t *question)
{
	ask_server_t *server = question->server;
	const bool down = server->unanswered >= DOWN;
	if (down && server->probed) {
		run->job->done(run->job->ctx, question, NULL);
		return;
	}
	server->probed = down;
	pending_t *pending = &run->pending[run->count++];
	*pending = (pending_t){
		.question = *question,
		.query = ask_make_query(question->name, question->type),
		.fd = -1,
		.attempts = down ? 1 : ATTEMPTS,
	};
	run->started++;
	begin_attempt(pending);
}

/*! \brief Starts as many questions as there is room and time for. */
static void start_more(run_t *run)
{
	const int64_t due = (now_ms() - run->start) * RATE / 1000 + BURST;
	while (!run->ended && run->count < WINDOW && run->started < due) {
		question_t question;
		if (run->job->next(run->job->ctx, &question)) {
			start(run, &question);
		} else {
			run->ended = true;
		}
	}
}

/*! \brief Milliseconds until something has to be done. */
static int time_left(const run_t *run)
{
	const int64_t now = now_ms();
	int64_t left = TIMEOUT_MS;
	for (size_t i = 0; i < run->count; i++) {
		const int64_t until = run->pending[i].deadline - now;
		left = until < left ? until : left;
	}
	if (!run->ended && run->count < WINDOW) {
		left = 1; // The rate lets some more start.
	}
	return left > 0 ? (int)left : 0;
}

/*! \brief Waits for answers and takes them; from the last one on, since each leaves a gap. */
static void take_answers(run_t *run)
{
	struct pollfd fds[WINDOW];
	const size_t count = run->count;
	for (size_t i = 0; i < count; i++) {
		const bool connecting = run->pending[i].tcp && !run->pending[i].sent;
		fds[i] = (struct pollfd){
			.fd = run->pending[i].fd,
			.events = connecting ? POLLOUT : POLLIN,
		};
	}
	if (poll(fds, count, time_left(run)) <= 0) {
		return;
	}
	for (size_t i = count; i-- > 0;) {
		pending_t *pending = &run->pending[i];
		if (fds[i].revents == 0 || pending->fd < 0) {
			continue;
		}
		if (fds[i].events == POLLOUT) {
			send_query(pending);
		} else if (pending->tcp) {
			receive_tcp(run, pending);
		} else {
			receive_udp(run, pending);
		}
	}
}

static void check_deadlines(run_t *run)
{
	const int64_t now = now_ms();
	for (size_t i = run->count; i-- > 0;) {
		pending_t *pending = &run->pending[i];
		if (pending->deadline > now) {
			continue;
		}
		if (pending->attempts > 0) {
			begin_attempt(pending);
		} else {
			finish(run, pending, NULL);
		}
	}
}

void ask_all(const ask_job_t *job)
{
	run_t *run = need(calloc(1, sizeof(*run)));
	run->job = job;
	run->start = now_ms();
	start_more(run);
	while (!run->ended || run->count > 0) {
		take_answers(run);
		check_deadlines(run);
		start_more(run);
	}
	free(run);
}
