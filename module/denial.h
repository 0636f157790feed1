/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief The apex's NSEC or NSEC3 record in a response: that it does not deny what is served.
 *
 * The bitmap of a signed apex has the octets for MX and TXT in any case, since RRSIG is a later
 * type. So setting a bit changes no length, nor does a new signature of the same key: both are
 * written over what is in the packet, and nothing else moves.
 */

#pragma once

#include <stdbool.h>

#include <libknot/packet/pkt.h>

#include "qtype.h"
#include "signer.h"

/*!
 * \brief Finds a denial of some types at the apex in a response, unless it was made to list them.
 *
 * \param types  Types.
 * \param pkt    Response.
 * \param i      Index of the RRset to begin with.
 *
 * \return Index of the RRset, or the number of RRsets if there is none.
 */
uint16_t mxp_denial_find(mxp_types_t types, const knot_pkt_t *pkt, uint16_t i);

/*!
 * \brief Makes a denial list some types, and signs it anew.
 *
 * \param keys        Keys of the zone.
 * \param keys_known  They are known to be at hand: also a denial without signatures is changed.
 * \param types       Types.
 * \param pkt         Response.
 * \param i           Index of the RRset.
 *
 * \return False if it cannot be signed; the response is unchanged then.
 */
bool mxp_denial_patch(const mxp_keys_t *keys, bool keys_known, mxp_types_t types, knot_pkt_t *pkt,
                      uint16_t i);
