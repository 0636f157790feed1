/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/version.h>

#include "dnssec.h"
#include "item.h"
#include "keyring.h"
#include "recall.h"

#define C_BACKEND        "\007backend"
#define C_CONFIG         "\006config"
#define C_DATABASE       "\010database"
#define C_DNSSEC_POLICY  "\015dnssec-policy"
#define C_DNSSEC_SIGNING "\016dnssec-signing"
#define C_KASP_DB        "\007kasp-db"
#define C_KEYSTORE       "\010keystore"
#define C_MASTER         "\006master"
#define C_MODULE         "\006module"
#define C_ONLINESIGN     "\016mod-onlinesign"
#define C_NSEC_BITMAP    "\013nsec-bitmap"
#define C_POLICY         "\006policy"
#define C_STORAGE        "\007storage"
#define C_ZONE           "\004zone"
#define C_ZONE_MAX_TTL   "\014zone-max-ttl"

/*! Backend of a keystore, as the server numbers them. */
#define BACKEND_PKCS11 2
/*! Folder of the server's own keystore, below that of the key database. */
#define DEFAULT_KEYSTORE "keys"

/*! \brief Joins paths unless the second one is absolute; NULL if one could not be read. */
static char *join_paths(const char *base, const char *path)
{
	char *out = NULL;
	if (base == NULL || path == NULL) {
		return NULL;
	}
	if (path[0] == '/') {
		return strdup(path);
	}
	return asprintf(&out, "%s/%s", base, path) >= 0 ? out : NULL;
}

/*! \brief Path of the folder that paths of keystores are relative to, to be freed. */
static char *keystore_base(mxp_items_t *items)
{
	const char *storage = mxp_item(items, C_DATABASE, C_STORAGE, NULL).single.string;
	const char *kasp_db = mxp_item(items, C_DATABASE, C_KASP_DB, NULL).single.string;
	return join_paths(storage, kasp_db);
}

/*! \brief Adds a keystore to the list. */
static void add_keystore(mxp_items_t *items, bool pkcs11, const char *config, mxp_dnssec_t *out)
{
	char *base = pkcs11 ? strdup("") : keystore_base(items);
	char *place = base == NULL || config == NULL ? NULL
	              : pkcs11                       ? strdup(config)
	                                             : join_paths(base, config);
	char *before = out->keystores;
	if (place == NULL || asprintf(&out->keystores, "%s%s%c%s", before != NULL ? before : "",
	                              before != NULL ? "\n" : "",
	                              pkcs11 ? MXP_KEYSTORE_PKCS11 : MXP_KEYSTORE_PEM, place) < 0) {
		out->keystores = before;
		out->failed = true;
	} else {
		free(before);
	}
	free(place);
	free(base);
}

/*! \brief Adds a keystore that the configuration names. */
static void read_keystore(mxp_items_t *items, const knotd_conf_t *keystore, mxp_dnssec_t *out)
{
	const char *config = mxp_item(items, C_KEYSTORE, C_CONFIG, keystore).single.string;
	const bool pkcs11 =
		mxp_item(items, C_KEYSTORE, C_BACKEND, keystore).single.option == BACKEND_PKCS11;
	add_keystore(items, pkcs11, config, out);
}

/*! \brief Finds the keystores of a policy; a zone without one has the server's own. */
static void find_keystores(mxp_items_t *items, const knotd_conf_t *policy, mxp_dnssec_t *out)
{
	knotd_conf_t keystore = { .count = 0 };
	if (policy->count > 0) {
		keystore = mxp_item(items, C_POLICY, C_KEYSTORE, policy);
	}
#if KNOT_VERSION_HEX >= 0x030500
	for (size_t i = 0; i < keystore.count; i++) { // A list, from Knot DNS 3.5 on.
		const knotd_conf_t one = { .single = keystore.multi[i], .count = 1 };
		read_keystore(items, &one, out);
	}
	knotd_conf_free(&keystore);
#else
	if (keystore.count > 0) {
		read_keystore(items, &keystore, out);
	}
#endif
	if (out->keystores == NULL) {
		add_keystore(items, false, DEFAULT_KEYSTORE, out);
	}
}

/*! \brief Tells if an item with several values has any, and frees these. */
static bool has_values(knotd_conf_t item)
{
	const bool has = item.count > 0;
	knotd_conf_free(&item);
	return has;
}

static bool is_secondary(mxp_items_t *items)
{
	return has_values(mxp_item_zone(items, C_MASTER));
}

/*! \brief The zone as the identifier of its own section. */
static knotd_conf_t zone_id(const mxp_items_t *items)
{
	const knot_dname_t *zone = knotd_mod_zone(items->mod);
	return (knotd_conf_t){
		.single = { .data = zone, .data_len = knot_dname_size(zone) },
		.count = 1,
	};
}

/*! \brief Tells if a zone itself, and not its template, has items that `module` goes with. */
static bool has_own_items(mxp_items_t *items)
{
	const knotd_conf_t id = zone_id(items);
	return mxp_item(items, C_ZONE, C_DNSSEC_SIGNING, &id).count > 0 ||
	       has_values(mxp_item(items, C_ZONE, C_MASTER, &id));
}

static bool has_own_policy(mxp_items_t *items)
{
	const knotd_conf_t id = zone_id(items);
	return mxp_item(items, C_ZONE, C_DNSSEC_POLICY, &id).count > 0;
}

static bool has_own_modules(mxp_items_t *items)
{
	const knotd_conf_t id = zone_id(items);
	return has_values(mxp_item(items, C_ZONE, C_MODULE, &id));
}

/*! \brief Reads the largest TTL by which a policy times the roll-overs of keys. */
static void read_max_ttl(mxp_items_t *items, const knotd_conf_t *policy, mxp_dnssec_t *out)
{
	if (policy->count > 0) {
		const knotd_conf_t max_ttl = mxp_item(items, C_POLICY, C_ZONE_MAX_TTL, policy);
		out->max_ttl = max_ttl.count > 0 ? max_ttl.single.integer : -1;
	}
}

/*! \brief Reads where the keys are of a zone that the server or its primary signs. */
static void read_policy(mxp_items_t *items, bool signing, mxp_dnssec_t *out)
{
	const knotd_conf_t policy = mxp_item_zone(items, C_DNSSEC_POLICY);
	find_keystores(items, &policy, out);
	if (signing) {
		read_max_ttl(items, &policy, out);
	}
}

/*! \brief Tells if an item of `module` is an instance of a module (name with leading length). */
static bool is_module(const knotd_conf_val_t *item, const char *name)
{
	const size_t len = 1 + strlen(name + 1);
	return item->data_len >= len && memcmp(item->data, name, len) == 0;
}

/*! \brief Types of ours that mod-onlinesign lists in its denials besides what the zone stores. */
static mxp_types_t listed_types(mxp_items_t *items, const knotd_conf_t *id)
{
	knotd_conf_t bitmap = mxp_item(items, C_ONLINESIGN, C_NSEC_BITMAP, id);
	mxp_types_t types = 0;
	for (size_t i = 0; i < bitmap.count; i++) {
		uint16_t type = 0;
		if (knot_rrtype_from_string(bitmap.multi[i].string, &type) == 0 &&
		    (type == KNOT_RRTYPE_MX || type == KNOT_RRTYPE_TXT)) {
			types |= MXP_TYPE(type);
		}
	}
	knotd_conf_free(&bitmap);

	return types;
}

/*! \brief Reads how mod-onlinesign signs. */
static void read_online(mxp_items_t *items, const knotd_conf_val_t *item, mxp_dnssec_t *out)
{
	const size_t name = 1 + (size_t)item->data[0];
	out->online_denies = MXP_TYPE_MX | MXP_TYPE_TXT;
	if (item->data_len > name) { // Otherwise the module's defaults, which have neither.
		const knotd_conf_t id = {
			.single = { .data = item->data + name, .data_len = item->data_len - name },
			.count = 1,
		};
		const knotd_conf_t policy = mxp_item(items, C_ONLINESIGN, C_POLICY, &id);
		read_max_ttl(items, &policy, out);
		out->online_denies &= ~listed_types(items, &id);
	}
}

static void read_modules(mxp_items_t *items, const knotd_conf_t *modules, mxp_dnssec_t *out)
{
	bool passed = false;
	for (size_t i = 0; i < modules->count; i++) {
		const knotd_conf_val_t *item = &modules->multi[i];
		passed |= is_module(item, "\014mod-mxpreset");
		if (is_module(item, C_ONLINESIGN)) {
			out->online = true;
			out->online_first = !passed;
			read_online(items, item, out);
		}
	}
}

/*! \brief Reads all items. */
static mxp_dnssec_t read_dnssec(mxp_items_t *items, const knotd_conf_t *modules)
{
	mxp_dnssec_t out = { .max_ttl = -1 };

	out.signing = mxp_item_zone(items, C_DNSSEC_SIGNING).single.boolean;
	if (out.signing || is_secondary(items)) {
		read_policy(items, out.signing, &out);
	}
	if (!out.signing) { // Otherwise mod-onlinesign refuses to.
		read_modules(items, modules, &out);
	}

	return out;
}

/*! \brief Recalls what holds for the zone's template, unless the zone has items of its own. */
static bool recall_template(mxp_items_t *items, const void *address, mxp_dnssec_t *out)
{
	if (!mxp_recall_dnssec(items->mod, address, out)) {
		return false;
	}
	// Without keystores, it is not looked at.
	if (has_own_items(items) || (out->keystores != NULL && has_own_policy(items))) {
		free(out->keystores);
		return false;
	}
	return true;
}

/*!
 * \brief Remembers what holds for the zone's template, if that is what was read.
 *
 * A look-up for which there was no memory is in no way to be taken for other zones.
 */
static void remember_template(mxp_items_t *items, const void *address, const mxp_dnssec_t *dnssec)
{
	if (!has_own_modules(items) && !has_own_items(items) && !has_own_policy(items) &&
	    !dnssec->failed && !items->failed) {
		mxp_remember_dnssec(items->mod, address, dnssec);
	}
}

mxp_dnssec_t mxp_dnssec(knotd_mod_t *mod)
{
	mxp_dnssec_t out;
	mxp_items_t items = { .mod = mod };
	knotd_conf_t modules = mxp_item_zone(&items, C_MODULE);
	const void *address = modules.count > 0 ? modules.multi[0].data : NULL;
	if (!recall_template(&items, address, &out)) {
		out = read_dnssec(&items, &modules);
		remember_template(&items, address, &out);
	}
	knotd_conf_free(&modules);
	out.failed |= items.failed;

	return out;
}
