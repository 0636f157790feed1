/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <string.h>

#include <libknot/errcode.h>
#include <libknot/rrtype/opt.h>
#include <libknot/rrtype/tsig.h>

#include "ede.h"

static size_t text_len(const char *text)
{
	return strnlen(text, MXP_EDE_TEXT_MAX);
}

/*! \brief Octets that the option takes in an OPT record. */
static uint16_t option_size(const char *text)
{
	return (uint16_t)(KNOT_EDNS_OPTION_HDRLEN + sizeof(uint16_t) + text_len(text));
}

static bool has_edns(const knotd_qdata_t *qdata)
{
	return !knot_rrset_empty(&qdata->opt_rr);
}

static int add_option(knotd_qdata_t *qdata, uint16_t code, const char *text)
{
	uint8_t data[sizeof(code) + MXP_EDE_TEXT_MAX];
	const size_t len = text_len(text);
	knot_wire_write_u16(data, code);
	memcpy(data + sizeof(code), text, len);
	return knot_edns_add_option(&qdata->opt_rr, KNOT_EDNS_OPTION_EDE,
	                            (uint16_t)(sizeof(code) + len), data, qdata->mm);
}

void mxp_ede_add(knot_pkt_t *pkt, knotd_qdata_t *qdata, uint16_t code, const char *text)
{
	// The server takes back as much of the reserve as the OPT record has then.
	const uint16_t size = option_size(text);
	if (has_edns(qdata) && knot_pkt_reserve(pkt, size) == KNOT_EOK &&
	    add_option(qdata, code, text) != KNOT_EOK) {
		(void)knot_pkt_reclaim(pkt, size);
	}
}

/*! \brief Takes back what was told of an answer that now cannot be given. */
static void take_back(knotd_qdata_t *qdata)
{
	uint8_t *option = knot_edns_get_option(&qdata->opt_rr, KNOT_EDNS_OPTION_EDE, NULL);
	if (option == NULL) {
		return;
	}
	knot_rdataset_t *rrs = &qdata->opt_rr.rrs;
	const uint8_t *next = knot_edns_opt_get_data(option) + knot_edns_opt_get_length(option);
	const uint8_t *end = rrs->rdata->data + rrs->rdata->len;
	memmove(option, next, (size_t)(end - next));
	rrs->rdata->len -= (uint16_t)(next - option);
	rrs->size = knot_rdata_size(rrs->rdata->len);
}

void mxp_ede_add_failure(knot_pkt_t *pkt, knotd_qdata_t *qdata, uint16_t code, const char *text)
{
	if (!has_edns(qdata)) {
		return;
	}
	take_back(qdata);
	// A SERVFAIL is made anew, of header, question, OPT and TSIG.
	size_t size = KNOT_WIRE_HEADER_SIZE + pkt->qname_size + 2 * sizeof(uint16_t) +
	              knot_edns_wire_size(&qdata->opt_rr) + option_size(text);
	if (knot_pkt_has_tsig(qdata->query)) {
		size += knot_tsig_wire_size(&qdata->sign.tsig_key);
	}
	if (size <= pkt->max_size) {
		(void)add_option(qdata, code, text);
	}
}

void mxp_ede_explain(const mxp_decision_t *decision, const mxp_snapshot_t *snapshot, char *out,
                     size_t out_len)
{
	*out = '\0';
	if (decision->preset != NULL) {
		snprintf(out, out_len, "preset %s by %s, map %s", decision->preset->name,
		         mxp_source_str(decision->source), snapshot->view.map->version);
	}
}
