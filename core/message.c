/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <libknot/packet/pkt.h>

#include "message.h"

/*! What OPT and TSIG may take of a message, in octets. */
#define MESSAGE_RESERVE 1024

mxp_cause_t mxp_message_check(const knot_rdataset_t *rrs)
{
	// Each record has 12 octets more on the wire than in the set, at most.
	if (rrs->size + 12u * rrs->count < KNOT_WIRE_MAX_PKTSIZE / 2) {
		return MXP_OK;
	}

	knot_dname_storage_t qname = { 0 };
	for (size_t pos = 0; pos + 1 < KNOT_DNAME_MAXLEN; pos += 2) {
		qname[pos] = 1;
		qname[pos + 1] = 'x';
	}
	knot_rrset_t rrset;
	knot_rrset_init(&rrset, qname, KNOT_RRTYPE_MX, KNOT_CLASS_IN, 0);
	rrset.rrs = *rrs;

	knot_pkt_t *pkt = knot_pkt_new(NULL, KNOT_WIRE_MAX_PKTSIZE, NULL);
	int ret = (pkt != NULL) ? knot_pkt_put_question(pkt, qname, KNOT_CLASS_IN, KNOT_RRTYPE_MX)
	                        : KNOT_ENOMEM;
	if (ret == KNOT_EOK) {
		ret = knot_pkt_reserve(pkt, MESSAGE_RESERVE);
	}
	if (ret == KNOT_EOK) {
		ret = knot_pkt_put(pkt, KNOT_COMPR_HINT_QNAME, &rrset, KNOT_PF_NOTRUNC);
	}
	knot_pkt_free(pkt);

	return ret == KNOT_EOK ? MXP_OK : ret == KNOT_ENOMEM ? MXP_NO_MEMORY : MXP_MESSAGE_LENGTH;
}
