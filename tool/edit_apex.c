/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>

#include "edit.h"
#include "mx.h"
#include "names.h"
#include "text.h"

/*! \brief MX record as text. */
static const char *mx_text(const knot_rdata_t *mx, char *buf, size_t size)
{
	name_str_t name = "";
	snprintf(buf, size, "%u %s", mxp_mx_preference(mx), name_str(mxp_mx_exchange(mx), name));
	return buf;
}

static bool same_mx(const node_t *node1, const node_t *node2)
{
	return knot_rdataset_eq(&node1->mx, &node2->mx) &&
	       (node1->mx.count == 0 || node1->mx_ttl == node2->mx_ttl);
}

/*! \brief Removes the stored MX as a whole: the new ones may have another TTL. */
static bool set_mx(edit_t *edit, const node_t *before, const node_t *after)
{
	char text[sizeof(name_str_t) + 8];
	bool done = before->mx.count == 0 || edit_unset(edit, edit->name, "MX", NULL);
	knot_rdata_t *mx = after->mx.rdata;
	for (size_t i = 0; i < after->mx.count && done; i++, mx = knot_rdataset_next(mx)) {
		done = edit_set(edit, edit->name, "MX", after->mx_ttl,
		                mx_text(mx, text, sizeof(text)));
	}
	return done;
}

bool edit_set_apex(edit_t *edit, const node_t *after)
{
	const node_t *before = zone_node(edit->zone, edit->name);
	bool done = same_mx(before, after) || set_mx(edit, before, after);
	knot_rdata_t *txt = before->txt.rdata;
	for (size_t i = 0; i < before->txt.count && done; i++, txt = knot_rdataset_next(txt)) {
		if (!knot_rdataset_member(&after->txt, txt)) {
			char *text = edit_txt_text(edit->name, txt);
			done = edit_unset(edit, edit->name, "TXT", text);
			free(text);
		}
	}
	return done;
}

static void write_mx(const knot_dname_t *zone, char sign, const node_t *node, FILE *out)
{
	name_str_t name = "";
	char text[sizeof(name_str_t) + 8];
	name_str(zone, name);
	knot_rdata_t *mx = node->mx.rdata;
	for (size_t i = 0; i < node->mx.count; i++, mx = knot_rdataset_next(mx)) {
		fprintf(out, "%8c %s %u MX %s\n", sign, name, node->mx_ttl,
		        mx_text(mx, text, sizeof(text)));
	}
}

void edit_write_apex(const knot_dname_t *zone, const node_t *before, const node_t *after, FILE *out)
{
	if (!same_mx(before, after)) {
		write_mx(zone, '-', before, out);
		write_mx(zone, '+', after, out);
	}
	name_str_t name = "";
	knot_rdata_t *txt = before->txt.rdata;
	for (size_t i = 0; i < before->txt.count; i++, txt = knot_rdataset_next(txt)) {
		if (!knot_rdataset_member(&after->txt, txt)) {
			char *text = edit_txt_text(zone, txt);
			fprintf(out, "%8c %s %u TXT %s\n", '-', name_str(zone, name),
			        before->txt_ttl, text);
			free(text);
		}
	}
}
