/* SPDX-License-Identifier: GPL-2.0-or-later */

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

bool edit_has_exchange(const knot_rdataset_t *rrs, const knot_dname_t *exchange)
{
	knot_rdata_t *mx = rrs->rdata;
	for (size_t i = 0; i < rrs->count; i++, mx = knot_rdataset_next(mx)) {
		if (knot_dname_is_case_equal(mxp_mx_exchange(mx), exchange)) {
			return true;
		}
	}
	return false;
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

/*! \brief Takes a TXT record that one apex has and another one has not. */
typedef bool (*txt_f)(const node_t *of, const char *text, void *ctx);

/*! \brief Calls a function for the TXT records that one apex has and another one has not, as long
 *         as it returns true. */
static bool for_txt_without(const knot_dname_t *zone, const node_t *of, const node_t *other,
                            txt_f call, void *ctx)
{
	bool done = true;
	knot_rdata_t *txt = of->txt.rdata;
	for (size_t i = 0; i < of->txt.count && done; i++, txt = knot_rdataset_next(txt)) {
		if (!knot_rdataset_member(&other->txt, txt)) {
			char *text = edit_txt_text(zone, txt);
			done = call(of, text, ctx);
			free(text);
		}
	}
	return done;
}

static bool unset_txt(const node_t *of, const char *text, void *ctx)
{
	(void)of;
	edit_t *edit = ctx;
	return edit_unset(edit, edit->name, "TXT", text);
}

static bool set_txt(const node_t *of, const char *text, void *ctx)
{
	edit_t *edit = ctx;
	return edit_set(edit, edit->name, "TXT", of->txt_ttl, text);
}

bool edit_set_apex(edit_t *edit, const node_t *after)
{
	const node_t *before = zone_node(edit->zone, edit->name);
	return (same_mx(before, after) || set_mx(edit, before, after)) &&
	       for_txt_without(edit->name, before, after, unset_txt, edit) &&
	       for_txt_without(edit->name, after, before, set_txt, edit);
}

/*! \brief What is written of a change. */
typedef struct {
	const char *zone;
	FILE *out;
	char sign;
} line_t;

static bool write_txt(const node_t *of, const char *text, void *ctx)
{
	const line_t *line = ctx;
	fprintf(line->out, "%8c %s %u TXT %s\n", line->sign, line->zone, of->txt_ttl, text);
	return true;
}

/*! \brief Writes the MX records that one apex has and another one has not, or with another TTL. */
static void write_mx(const line_t *line, const node_t *of, const node_t *other)
{
	char text[sizeof(name_str_t) + 8];
	knot_rdata_t *mx = of->mx.rdata;
	for (size_t i = 0; i < of->mx.count; i++, mx = knot_rdataset_next(mx)) {
		if (of->mx_ttl != other->mx_ttl || !knot_rdataset_member(&other->mx, mx)) {
			fprintf(line->out, "%8c %s %u MX %s\n", line->sign, line->zone, of->mx_ttl,
			        mx_text(mx, text, sizeof(text)));
		}
	}
}

void edit_write_apex(const knot_dname_t *zone, const node_t *before, const node_t *after, FILE *out)
{
	name_str_t name = "";
	line_t removed = { name_str(zone, name), out, '-' };
	line_t added = { name, out, '+' };
	write_mx(&removed, before, after);
	write_mx(&added, after, before);
	(void)for_txt_without(zone, before, after, write_txt, &removed);
	(void)for_txt_without(zone, after, before, write_txt, &added);
}
