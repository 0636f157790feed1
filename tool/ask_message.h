/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Queries, and what is an answer to one.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

#include <libknot/packet/pkt.h>

/*! \brief Room for a query in octets. */
#define ASK_QUERY_SIZE 512

/*!
 * \brief Makes a query, with a random id, and EDNS to be told of errors.
 *
 * \param name  Name.
 * \param type  Type.
 *
 * \return Query, to be freed.
 */
knot_pkt_t *ask_make_query(const knot_dname_t *name, uint16_t type);

/*!
 * \brief Parses what was received.
 *
 * \param query  Query.
 * \param wire   Octets, which have to stay as long as the answer.
 * \param size   Number of octets.
 *
 * \return Answer, to be freed; NULL if that is no answer to the query.
 */
knot_pkt_t *ask_parse(const knot_pkt_t *query, uint8_t *wire, size_t size);
