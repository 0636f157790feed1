/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief A preset's answer in wire form, made when the map is loaded.
 *
 * Most of the cost of an answer is in compressing the same names again and again. Here they are
 * compressed against each other once, by libknot itself; what changes from query to query is where
 * the answer begins, so all its pointers but those to the question are shifted when it is copied.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/packet/pkt.h>
#include <libknot/rdataset.h>

/*! \brief Answer in wire form. */
typedef struct mxp_answer mxp_answer_t;

/*!
 * \brief Makes an answer.
 *
 * \param type    MX or TXT.
 * \param rrs     Records, names in lower case.
 * \param ttl     TTL in seconds.
 * \param answer  Output: answer, to be freed; NULL if the records cannot be answered so.
 *
 * \return False if memory is exhausted.
 */
bool mxp_answer_new(uint16_t type, const knot_rdataset_t *rrs, uint32_t ttl, mxp_answer_t **answer);

/*!
 * \brief Puts an answer into a packet, as knot_pkt_put() would with the name of the question as
 *        owner.
 *
 * The packet's list of RRsets is kept as well. The answer is at most 16 octets longer than that
 * of knot_pkt_put(), which also compresses against the question.
 *
 * \param answer  Answer (may be NULL).
 * \param rrset   The same records as an RRset.
 * \param flags   Flags of knot_pkt_put().
 * \param pkt     Packet.
 *
 * \return False if knot_pkt_put() has to be used; the packet is unchanged then.
 */
bool mxp_answer_put(const mxp_answer_t *answer, const knot_rrset_t *rrset, uint16_t flags,
                    knot_pkt_t *pkt);

/*!
 * \brief Frees an answer.
 *
 * \param answer  Answer (may be NULL).
 */
void mxp_answer_free(mxp_answer_t *answer);
