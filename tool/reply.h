/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What an answer to a question for MX says.
 */

#pragma once

#include <stdbool.h>

#include <jansson.h>
#include <libknot/packet/pkt.h>

/*!
 * \brief Reads an answer.
 *
 * \param answer  Answer (NULL if there is none).
 *
 * \return Object with `rcode`, `ttl`, `mx` in their order, `map`, and `reason` of a failure; each
 *         of them null where the answer does not tell it.
 */
json_t *reply_read(const knot_pkt_t *answer);

/*!
 * \brief Reads the serial of a SOA.
 *
 * \param answer  Answer (NULL if there is none).
 *
 * \return Serial, or null.
 */
json_t *reply_read_serial(const knot_pkt_t *answer);

/*!
 * \brief Reads the SPF records of an answer to a question for TXT.
 *
 * \param answer  Answer (NULL if there is none).
 *
 * \return Texts, made fit for a screen; null if the answer does not tell them.
 */
json_t *reply_read_spf(const knot_pkt_t *answer);

/*!
 * \brief Tells if two answers are the same: records, TTL and rcode.
 *
 * \param reply1  First one, or a report on a zone.
 * \param reply2  Second one.
 *
 * \return True if so; no answer is never the same.
 */
bool reply_same(const json_t *reply1, const json_t *reply2);

/*!
 * \brief Writes a reply as text.
 *
 * \param reply  Reply.
 *
 * \return Text, to be freed.
 */
char *reply_text(const json_t *reply);
