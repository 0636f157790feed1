/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Asking nameservers: many questions at once, over UDP, and over TCP what is truncated.
 *
 * Each question has a socket and a port of its own, and a random id; what is no answer to it is
 * passed over. A question that gets no answer is asked again, a few times. So many start in a
 * second as no server takes amiss.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <libknot/packet/pkt.h>

/*! \brief A nameserver. */
typedef struct {
	struct sockaddr_storage address; /*!< Address. */
	unsigned unanswered;             /*!< Questions in a row without an answer. */
	bool probed;                     /*!< It is thought to be down, and a question finds out. */
} ask_server_t;

/*! \brief A question. */
typedef struct {
	ask_server_t *server;     /*!< Server. */
	const knot_dname_t *name; /*!< Name, valid until there is an answer. */
	uint16_t type;            /*!< Type. */
	void *ctx;                /*!< Whatever whoever asks wants to know of it. */
} question_t;

/*! \brief Questions, and what is done with the answers. */
typedef struct {
	/*! \brief Gives the next question; false if there is none. */
	bool (*next)(void *ctx, question_t *question);
	/*! \brief Takes the answer, NULL if there is none. */
	void (*done)(void *ctx, const question_t *question, const knot_pkt_t *answer);
	void *ctx; /*!< Context of the calls. */
} ask_job_t;

/*!
 * \brief Reads an address of a nameserver, as Knot writes it: ADDRESS or ADDRESS@PORT.
 *
 * An address that stands for all of the machine's becomes its loopback address.
 *
 * \param text     Text.
 * \param address  Output: address.
 *
 * \return False if it is none, such as the path of a socket.
 */
bool ask_address(const char *text, struct sockaddr_storage *address);

/*!
 * \brief Asks all questions of a job.
 *
 * A server that leaves many of them in a row without an answer is thought to be down: as long as
 * that is so, one question at a time finds out, and the others get no answer at once.
 *
 * \param job  Job.
 */
void ask_all(const ask_job_t *job);
