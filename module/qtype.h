/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Types of records: which one a query asks for, and sets of those that the module serves.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/descriptor.h>
#include <libknot/packet/pkt.h>
#include <libknot/packet/wire.h>

/*!
 * \brief A set of types below 32, in the order of a bitmap's first octets (RFC 4034,
 * section 4.1.2).
 */
typedef uint32_t mxp_types_t;

/*! \brief The set of one type. */
#define MXP_TYPE(type) (UINT32_C(0x80000000) >> (type))

#define MXP_TYPE_MX    MXP_TYPE(KNOT_RRTYPE_MX)
#define MXP_TYPE_TXT   MXP_TYPE(KNOT_RRTYPE_TXT)

/*!
 * \brief The type that a query is for; other types than ours shall hardly notice that the module
 *        is there.
 *
 * Unlike knot_pkt_qtype(), it relies on the server that there is a question.
 *
 * \param pkt  Response.
 *
 * \return Type.
 */
static inline uint16_t mxp_qtype(const knot_pkt_t *pkt)
{
	return knot_wire_read_u16(pkt->wire + KNOT_WIRE_HEADER_SIZE + pkt->qname_size);
}

/*!
 * \brief Tells if a query is for one of a set of types.
 *
 * \param pkt    Response.
 * \param types  MX, or MX and TXT.
 *
 * \return True if it is.
 */
static inline bool mxp_qtype_is_in(const knot_pkt_t *pkt, mxp_types_t types)
{
	const uint16_t type = mxp_qtype(pkt);
	return type == KNOT_RRTYPE_MX || ((types & MXP_TYPE_TXT) != 0 && type == KNOT_RRTYPE_TXT);
}
