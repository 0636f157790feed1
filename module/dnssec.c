/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libknot/descriptor.h>
#include <libknot/version.h>

#include "dnssec.h"
#include "recall.h"
#include "keyring.h"

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
static char *keystore_base(knotd_mod_t *mod)
{
	const char *storage = knotd_conf(mod, C_DATABASE, C_STORAGE, NULL).single.string;
	const char *kasp_db = knotd_conf(mod, C_DATABASE, C_KASP_DB, NULL).single.string;
	return join_paths(storage, kasp_db);
}

/*! \brief Adds a keystore to the list. */
static void add_keystore(knotd_mod_t *mod, bool pkcs11, const char *config, mxp_dnssec_t *out)
{
	char *base = pkcs11 ? strdup("") : keystore_base(mod);
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
static void read_keystore(knotd_mod_t *mod, const knotd_conf_t *keystore, mxp_dnssec_t *out)
{
	const char *config = knotd_conf(mod, C_KEYSTORE, C_CONFIG, keystore).single.string;
	const bool pkcs11 =
		knotd_conf(mod, C_KEYSTORE, C_BACKEND, keystore).single.option == BACKEND_PKCS11;
	add_keystore(mod, pkcs11, config, out);
}

/*! \brief Finds the keystores of a policy; a zone without one has the server's own. */
static void find_keystores(knotd_mod_t *mod, const knotd_conf_t *policy, mxp_dnssec_t *out)
{
	knotd_conf_t keystore = { .count = 0 };
	if (policy->count > 0) {
		keystore = knotd_conf(mod, C_POLICY, C_KEYSTORE, policy);
	}
#if KNOT_VERSION_HEX >= 0x030500
	for (size_t i = 0; i < keystore.count; i++) { // A list, from Knot DNS 3.5 on.
		const knotd_conf_t one = { .single = keystore.multi[i], .count = 1 };
		read_keystore(mod, &one, out);
	}
	knotd_conf_free(&keystore);
#else
	if (keystore.count > 0) {
		read_keystore(mod, &keystore, out);
	}
#endif
	if (out->keystores == NULL) {
		add_keystore(mod, false, DEFAULT_KEYSTORE, out);
	}
}

/*! \brief Tells if an item with several values has any, and frees these. */
static bool has_values(knotd_conf_t item)
{
	const bool has = item.count > 0;
	knotd_conf_free(&item);
	return has;
}

static bool is_secondary(knotd_mod_t *mod, const knot_dname_t *zone)
{
	return has_values(knotd_conf_zone(mod, C_MASTER, zone));
}

/*! \brief A zone as the identifier of its section. */
static knotd_conf_t zone_id(const knot_dname_t *zone)
{
	return (knotd_conf_t){
		.single = { .data = zone, .data_len = knot_dname_size(zone) },
		.count = 1,
	};
}

/*! \brief Tells if a zone itself, and not its template, has items that `module` goes with. */
static bool has_own_items(knotd_mod_t *mod, const knot_dname_t *zone)
{
	const knotd_conf_t id = zone_id(zone);
	return knotd_conf(mod, C_ZONE, C_DNSSEC_SIGNING, &id).count > 0 ||
	       has_values(knotd_conf(mod, C_ZONE, C_MASTER, &id));
}

static bool has_own_policy(knotd_mod_t *mod, const knot_dname_t *zone)
{
	const knotd_conf_t id = zone_id(zone);
	return knotd_conf(mod, C_ZONE, C_DNSSEC_POLICY, &id).count > 0;
}

static bool has_own_modules(knotd_mod_t *mod, const knot_dname_t *zone)
{
	const knotd_conf_t id = zone_id(zone);
	return has_values(knotd_conf(mod, C_ZONE, C_MODULE, &id));
}

/*! \brief Reads the largest TTL by which a policy times the roll-overs of keys. */
static void read_max_ttl(knotd_mod_t *mod, const knotd_conf_t *policy, mxp_dnssec_t *out)
{
	if (policy->count > 0) {
		const knotd_conf_t max_ttl = knotd_conf(mod, C_POLICY, C_ZONE_MAX_TTL, policy);
		out->max_ttl = max_ttl.count > 0 ? max_ttl.single.integer : -1;
	}
}

/*! \brief Reads where the keys are of a zone that the server or its primary signs. */
static void read_policy(knotd_mod_t *mod, const knot_dname_t *zone, bool signing, mxp_dnssec_t *out)
{
	const knotd_conf_t policy = knotd_conf_zone(mod, C_DNSSEC_POLICY, zone);
	find_keystores(mod, &policy, out);
	if (signing) {
		read_max_ttl(mod, &policy, out);
	}
}

/*! \brief Tells if an item of `module` is an instance of a module (name with leading length). */
static bool is_module(const knotd_conf_val_t *item, const char *name)
{
	const size_t len = 1 + strlen(name + 1);
	return item->data_len >= len && memcmp(item->data, name, len) == 0;
}

/*! \brief Types of ours that mod-onlinesign lists in its denials besides what the zone stores. */
static mxp_types_t listed_types(knotd_mod_t *mod, const knotd_conf_t *id)
{
	knotd_conf_t bitmap = knotd_conf(mod, C_ONLINESIGN, C_NSEC_BITMAP, id);
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
static void read_online(knotd_mod_t *mod, const knotd_conf_val_t *item, mxp_dnssec_t *out)
{
	const size_t name = 1 + (size_t)item->data[0];
	out->online_denies = MXP_TYPE_MX | MXP_TYPE_TXT;
	if (item->data_len > name) { // Otherwise the module's defaults, which have neither.
		const knotd_conf_t id = {
			.single = { .data = item->data + name, .data_len = item->data_len - name },
			.count = 1,
		};
		const knotd_conf_t policy = knotd_conf(mod, C_ONLINESIGN, C_POLICY, &id);
		read_max_ttl(mod, &policy, out);
		out->online_denies &= ~listed_types(mod, &id);
	}
}

static void read_modules(knotd_mod_t *mod, const knotd_conf_t *modules, mxp_dnssec_t *out)
{
	bool passed = false;
	for (size_t i = 0; i < modules->count; i++) {
		const knotd_conf_val_t *item = &modules->multi[i];
		passed |= is_module(item, "\014mod-mxpreset");
		if (is_module(item, C_ONLINESIGN)) {
			out->online = true;
			out->online_first = !passed;
			read_online(mod, item, out);
		}
	}
}

/*! \brief Reads all items. */
static mxp_dnssec_t read_dnssec(knotd_mod_t *mod, const knotd_conf_t *modules)
{
	mxp_dnssec_t out = { .max_ttl = -1 };
	const knot_dname_t *zone = knotd_mod_zone(mod);

	out.signing = knotd_conf_zone(mod, C_DNSSEC_SIGNING, zone).single.boolean;
	if (out.signing || is_secondary(mod, zone)) {
		read_policy(mod, zone, out.signing, &out);
	}
	if (!out.signing) { // Otherwise mod-onlinesign refuses to.
		read_modules(mod, modules, &out);
	}

	return out;
}

/*! \brief Recalls what holds for the zone's template, unless the zone has items of its own. */
static bool recall_template(knotd_mod_t *mod, const void *address, mxp_dnssec_t *out)
{
	const knot_dname_t *zone = knotd_mod_zone(mod);
	if (!mxp_recall_dnssec(mod, address, out)) {
		return false;
	}
	// Without keystores, it is not looked at.
	if (has_own_items(mod, zone) || (out->keystores != NULL && has_own_policy(mod, zone))) {
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
static void remember_template(knotd_mod_t *mod, const void *address, const mxp_dnssec_t *dnssec)
{
	const knot_dname_t *zone = knotd_mod_zone(mod);
	if (!has_own_modules(mod, zone) && !has_own_items(mod, zone) &&
	    !has_own_policy(mod, zone) && !dnssec->failed && errno != ENOMEM) {
		mxp_remember_dnssec(mod, address, dnssec);
	}
}

mxp_dnssec_t mxp_dnssec(knotd_mod_t *mod)
{
	mxp_dnssec_t out;
	knotd_conf_t modules = knotd_conf_zone(mod, C_MODULE, knotd_mod_zone(mod));
	const void *address = modules.count > 0 ? modules.multi[0].data : NULL;
	if (!recall_template(mod, address, &out)) {
		out = read_dnssec(mod, &modules);
		remember_template(mod, address, &out);
	}
	knotd_conf_free(&modules);

	return out;
}
