/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Writing into libknot's packets where its own functions cannot: all that is done so is
 * here.
 *
 * What is relied on, in all versions from 3.2 on: a response's sections are written one after the
 * other; `rr[i]` and `rr_info[i]` describe the RRsets in the order of the wire, `rr_info[i].pos` is
 * where the first record of one begins; `sections[current]` counts RRsets, the header counts
 * records; `compr.suffix` is where libknot last found a name to compress with. A packet that is as
 * libknot would have left it is what every function here leaves.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/packet/pkt.h>
#include <libknot/packet/wire.h>
#include <libknot/rrtype/rrsig.h>

/*! \brief Octets before the answer when the question is for the root. */
#define MXP_PKT_BASE (KNOT_WIRE_HEADER_SIZE + 1 + 2 * sizeof(uint16_t))

/*!
 * \brief Records of one RRset as they stand after a question for the root.
 *
 * Their owners are pointers to the question; other pointers lead to names in between.
 */
typedef struct {
	uint8_t *wire;          /*!< Records. */
	uint16_t size;          /*!< Their size in octets. */
	uint16_t records;       /*!< Their number. */
	uint16_t *pointers;     /*!< Offsets of pointers that lead to these records. */
	uint16_t pointer_count; /*!< Number of these pointers. */
} mxp_pkt_block_t;

/*!
 * \brief Appends ready records to an empty answer section that follows a question.
 *
 * What changes from question to question is where the answer begins, so pointers into the records
 * are shifted by the length of the question's name. The exchange of the first record of `gsuite`,
 * after a question for the root, which is one octet (offset 12), and for `a.b.`, which is five:
 *
 *     17: c0 0c  00 0f 00 01 00 00 0e 10 00 16  00 01  05 aspmx 01 l 06 google 03 com 00
 *     21: c0 0c  00 0f 00 01 00 00 0e 10 00 16  00 01  05 aspmx 01 l 06 google 03 com 00
 *
 * The second record's exchange is `04 alt1` and a pointer to `aspmx` in the first one's:
 *
 *     c0 1f becomes c0 23: 31 + 4 = 35
 *
 * \param pkt    Packet of a header and a question, whose name is not the root, and nothing else.
 * \param block  Records.
 * \param rrset  The same records as an RRset.
 * \param flags  Flags of knot_pkt_put().
 *
 * \return False if there is no room, or no memory: then the packet is as before.
 */
bool mxp_pkt_append(knot_pkt_t *pkt, const mxp_pkt_block_t *block, const knot_rrset_t *rrset,
                    uint16_t flags);

/*!
 * \brief Removes an RRset and its RRSIGs from the section that is being written.
 *
 * The wire is cut where the RRset begins, and what follows is put again, since it may have been
 * compressed with names that go. For `www CNAME @` and two MX, asked for `www.a.b.`:
 *
 *     12: 03 www 01 a 01 b 00  00 0f 00 01                   question
 *     25: c0 0c  00 05 ... 00 02  c0 10                      rr[0]: CNAME to a.b.
 *     39: c0 10  00 0f ... 00 07  00 0a  02 mx c0 10         rr[1]: MX 10 mx.a.b., cut from here on
 *     ...
 *
 * leaves size = 39, rrset_count = 1, sections[ANSWER].count = 1, ANCOUNT = 1.
 *
 * \param pkt    Packet.
 * \param first  Index of the RRset, in the current section.
 *
 * \return KNOT_EOK or an error of errcode.h; then the packet cannot be used.
 */
int mxp_pkt_remove(knot_pkt_t *pkt, uint16_t first);

/*!
 * \brief Finds the RDATA of a record in the wire.
 *
 * An owner is a pointer, or labels that end with one or with the root; type, class, TTL and length
 * are ten octets:
 *
 *     c0 10                    00 2f 00 01 00 00 0e 10 00 0e  RDATA
 *     03 www 01 a 01 b 00      00 2f 00 01 00 00 0e 10 00 0e  RDATA
 *
 * \param pkt    Packet.
 * \param i      Index of the RRset.
 * \param k      Index of the record in it.
 *
 * \return Offset of the RDATA.
 */
size_t mxp_pkt_rdata_pos(const knot_pkt_t *pkt, uint16_t i, uint16_t k);

/*!
 * \brief Length of the RDATA at an offset.
 *
 * \param pkt  Packet.
 * \param pos  Offset of the RDATA.
 *
 * \return Length in octets, as the two octets before it say.
 */
static inline uint16_t mxp_pkt_rdata_len(const knot_pkt_t *pkt, size_t pos)
{
	return knot_wire_read_u16(pkt->wire + pos - sizeof(uint16_t));
}

/*!
 * \brief Tells if an RRset in a packet holds RRSIG records of another one.
 *
 * Owners are mostly written as pointers: to the same place, they are the same name.
 *
 * \param pkt    Packet.
 * \param rrsig  Index of the one.
 * \param i      Index of the other one.
 *
 * \return True if so.
 */
static inline bool mxp_pkt_rrsig_covers(const knot_pkt_t *pkt, uint16_t rrsig, uint16_t i)
{
	const knot_rrset_t *rrsigs = &pkt->rr[rrsig];
	if (rrsigs->type != KNOT_RRTYPE_RRSIG ||
	    knot_rrsig_type_covered(rrsigs->rrs.rdata) != pkt->rr[i].type) {
		return false;
	}
	const uint8_t *owner1 = pkt->wire + pkt->rr_info[rrsig].pos;
	const uint8_t *owner2 = pkt->wire + pkt->rr_info[i].pos;
	return (knot_wire_is_pointer(owner1) &&
	        knot_wire_read_u16(owner1) == knot_wire_read_u16(owner2)) ||
	       knot_dname_is_equal(rrsigs->owner, pkt->rr[i].owner);
}

/*!
 * \brief Overwrites octets in RDATA; nothing moves, so nothing else has to be known.
 *
 * The bitmap of an apex with NS, SOA, RRSIG, NSEC and DNSKEY gets MX, bit 15 of window 0:
 *
 *     00 07 22 00 00 00 00 03 80
 *     00 07 22 01 00 00 00 03 80
 *
 * The RRset in `rr[]` still is that of the zone, which belongs to all queries.
 *
 * \param pkt   Packet.
 * \param pos   Offset.
 * \param data  Octets.
 * \param len   Number of octets.
 */
static inline void mxp_pkt_overwrite(knot_pkt_t *pkt, size_t pos, const uint8_t *data, size_t len)
{
	memcpy(pkt->wire + pos, data, len);
}
