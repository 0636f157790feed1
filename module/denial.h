/* SPDX-License-Identifier: GPL-2.0-or-later */

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

/*! \brief A denial in a response. */
typedef struct {
	uint16_t i;    /*!< Index of its RRset. */
	size_t bitmap; /*!< Offset of the bitmap of window 0 in its RDATA. */
	bool has_txt;  /*!< The zone has TXT records at its apex: there may be a marker. */
} mxp_denial_t;

/*! \brief What is known of a zone's keys. */
typedef enum {
	MXP_KEYS_UNKNOWN, /*!< Nothing: a denial without signatures does not tell either. */
	MXP_KEYS_AT_HAND, /*!< They are at hand: also such a denial is changed. */
	MXP_KEYS_AWAY,    /*!< They are not: only a signature that is remembered will do. */
} mxp_at_hand_t;

/*!
 * \brief Finds a denial of some types at the apex in a response, unless it was made to list them.
 *
 * \param types  Types.
 * \param fresh  None was made to yet.
 * \param pkt    Response.
 * \param i      Index of the RRset to begin with.
 * \param out    Output: denial.
 *
 * \return True if there is one.
 */
bool mxp_denial_find(mxp_types_t types, bool fresh, const knot_pkt_t *pkt, uint16_t i,
                     mxp_denial_t *out);

/*!
 * \brief Makes a denial list some types, and signs it anew.
 *
 * \param keys        Keys of the zone.
 * \param at_hand     What is known of them.
 * \param types       Types.
 * \param generation  Snapshot by which these are all that the zone is served with, 0 if they are
 *                    not: remembered with the signatures.
 * \param pkt         Response.
 * \param denial      Denial.
 *
 * \retval KNOT_EOK     if success; otherwise, the response is unchanged.
 * \retval KNOT_EAGAIN  if it is being signed beside the queries.
 * \retval KNOT_EACCES  if it is not known that the keys are at hand; or as #mxp_sign.
 */
int mxp_denial_patch(const mxp_keys_t *keys, mxp_at_hand_t at_hand, mxp_types_t types,
                     uint64_t generation, knot_pkt_t *pkt, const mxp_denial_t *denial);

/*!
 * \brief Makes a denial list some types with a signature that is remembered for the same snapshot,
 *        the usual case.
 *
 * To be called within a read-side section of liburcu.
 *
 * \param memo        What is remembered of the zone.
 * \param types       Types.
 * \param generation  Snapshot.
 * \param pkt         Response.
 * \param denial      Denial.
 *
 * \return False if it is another case; the response is unchanged then.
 */
bool mxp_denial_patch_known(mxp_memo_t *memo, mxp_types_t types, uint64_t generation,
                            knot_pkt_t *pkt, const mxp_denial_t *denial);

/*!
 * \brief Signs the apex's NSEC record as it will be needed, unless that is remembered.
 *
 * So the first denial of a zone finds its signature made, as the first answer was. An NSEC3 record
 * is signed when it is first seen in a response: it cannot be looked up.
 *
 * \param keys    Keys of the zone.
 * \param types   Types that it has to list.
 * \param nsec    NSEC record of the apex (may be empty).
 * \param rrsigs  RRSIG records of the apex.
 * \param mm      Memory context.
 */
void mxp_denial_prepare(const mxp_keys_t *keys, mxp_types_t types, const knot_rrset_t *nsec,
                        const knot_rdataset_t *rrsigs, knot_mm_t *mm);
