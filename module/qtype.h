/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief The type that a query asks for.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/descriptor.h>
#include <libknot/packet/pkt.h>

/*!
 * \brief Tells if a query is for MX; other types shall hardly notice that the module is there.
 *
 * Unlike knot_pkt_qtype(), it relies on the server that there is a question.
 *
 * \param pkt  Response.
 *
 * \return True if it is.
 */
static inline bool mxp_qtype_is_mx(const knot_pkt_t *pkt)
{
	const uint8_t *qtype = pkt->wire + KNOT_WIRE_HEADER_SIZE + pkt->qname_size;
	return qtype[0] == 0 && qtype[1] == KNOT_RRTYPE_MX;
}
