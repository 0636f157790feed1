/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libknot/errcode.h>
#include <libknot/packet/wire.h>

#include "clock.h"
#include "file.h"
#include "hash.h"
#include "keyring.h"
#include "retire.h"

/*! Place of the algorithm in a DNSKEY's RDATA (RFC 4034, section 2.1). */
#define DNSKEY_ALGORITHM 3
/*! How long a key stays that is not used. */
#define UNUSED_MS 60000

/*! \brief A private key in memory. */
typedef struct {
	mxp_retired_t retired; /*!< For its end. */
	uint64_t hash;         /*!< Of the keystores and the DNSKEY. */
	dnssec_key_t *key;     /*!< Key. */
	char *path;            /*!< Its file (NULL if a token has it). */
	mxp_file_id_t file;    /*!< State of the file. */
	bool to_verify;        /*!< Its first signature is still to be verified. */
	unsigned users;        /*!< Who is signing with it. */
	uint64_t used_ms;      /*!< When it was last used, steady time in milliseconds. */
	uint16_t dnskey_len;   /*!< Length of the DNSKEY's RDATA in octets. */
	uint8_t dnskey[];      /*!< That RDATA. */
} entry_t;

static entry_t *entries[MXP_KEYRING_SIZE];

static void free_entry(mxp_retired_t *retired)
{
	entry_t *entry = (entry_t *)retired;
	if (__atomic_load_n(&entry->users, __ATOMIC_ACQUIRE) > 0) {
		mxp_retire(&entry->retired, free_entry); // A slow token is still at it.
		return;
	}
	dnssec_key_free(entry->key); // Wipes the private part.
	free(entry->path);
	free(entry);
}

static entry_t **slot_of(uint64_t hash)
{
	return &entries[hash % MXP_KEYRING_SIZE];
}

/*! \brief Puts a key into its place, instead of what is there. */
static void replace(entry_t **slot, entry_t *entry)
{
	entry_t *before = rcu_xchg_pointer(slot, entry);
	if (before != NULL) {
		mxp_retire(&before->retired, free_entry);
	}
}

/*! \brief Opens a keystore, as one line of the settings names it. */
static int open_keystore(char kind, const char *config, dnssec_keystore_t **store)
{
	const int ret = kind == MXP_KEYSTORE_PKCS11 ? dnssec_keystore_init_pkcs11(store)
	                                            : dnssec_keystore_init_pkcs8(store);
	return ret == KNOT_EOK ? dnssec_keystore_open(*store, config) : ret;
}

/*! \brief Notes where a key is, and in what state: before it is read, so that it is never newer. */
static bool note_file(entry_t *entry, char kind, const char *config, const char *id)
{
	free(entry->path);
	entry->path = NULL;
	entry->file = (mxp_file_id_t){ .error = 0 };
	if (kind == MXP_KEYSTORE_PKCS11) {
		return true;
	}
	if (asprintf(&entry->path, "%s/%s.pem", config, id) < 0) {
		entry->path = NULL;
		return false;
	}
	entry->file = mxp_file_id(entry->path);
	return true;
}

/*! \brief Takes a private key from a keystore, with the public key that belongs to it. */
static int load_whole(entry_t *entry, dnssec_keystore_t *store, const char *id)
{
	int ret = dnssec_key_set_algorithm(entry->key, entry->dnskey[DNSKEY_ALGORITHM]);
	if (ret == KNOT_EOK) {
		ret = dnssec_key_set_flags(entry->key, knot_wire_read_u16(entry->dnskey));
	}
	if (ret == KNOT_EOK) {
		ret = dnssec_keystore_get_private(store, id, entry->key);
	}
	dnssec_binary_t rdata = { 0 };
	if (ret == KNOT_EOK) {
		ret = dnssec_key_get_rdata(entry->key, &rdata);
	}
	// A keystore can hold another key than the one that it was asked for.
	if (ret == KNOT_EOK && (rdata.size != entry->dnskey_len ||
	                        memcmp(rdata.data, entry->dnskey, rdata.size) != 0)) {
		ret = KNOT_EACCES;
	}
	return ret;
}

/*! \brief Takes a private key from a token, which may not give the public one. */
static int load_beside(entry_t *entry, dnssec_keystore_t *store, const char *id)
{
	const dnssec_binary_t rdata = { .size = entry->dnskey_len, .data = entry->dnskey };
	int ret = dnssec_key_set_rdata(entry->key, &rdata);
	if (ret == KNOT_EOK) {
		ret = dnssec_keystore_get_private(store, id, entry->key);
	}
	entry->to_verify = true;
	return ret;
}

/*! \brief Takes a private key from one keystore. */
static int load_from(entry_t *entry, const char *line, size_t len, const char *id)
{
	dnssec_keystore_t *store = NULL;
	char *config = strndup(line + 1, len - 1);
	if (config == NULL || !note_file(entry, *line, config, id)) {
		free(config);
		return KNOT_ENOMEM;
	}
	dnssec_key_clear(entry->key);
	int ret = open_keystore(*line, config, &store);
	if (ret == KNOT_EOK) {
		ret = *line == MXP_KEYSTORE_PKCS11 ? load_beside(entry, store, id)
		                                   : load_whole(entry, store, id);
	}
	(void)dnssec_keystore_deinit(store);
	free(config);

	return ret;
}

/*! \brief Tells if the cause of an error passes by itself, without anybody caring for the keys. */
static bool passes(int ret)
{
	// The last one is, since Knot DNS 3.6, what it has no name for: EIO, for example.
	return ret == KNOT_ENOMEM || ret == -EMFILE || ret == -ENFILE || ret == -EIO ||
	       ret == -EINTR || ret == KNOT_ERRNO_ERROR;
}

/*! \brief Name of a DNSKEY in keystores, to be freed. */
static int name_key(const knot_rdata_t *dnskey, char **id)
{
	dnssec_key_t *key = NULL;
	const dnssec_binary_t rdata = { .size = dnskey->len, .data = (uint8_t *)dnskey->data };
	int ret = dnssec_key_new(&key);
	if (ret == KNOT_EOK) {
		ret = dnssec_key_set_rdata(key, &rdata);
	}
	if (ret == KNOT_EOK) {
		ret = dnssec_key_get_keyid(key, id);
	}
	dnssec_key_free(key);
	return ret;
}

/*! \brief Takes a private key from the first keystore that has it. */
static int load_private(entry_t *entry, const char *keystores, const char *id)
{
	bool busy = false;
	int ret;
	const char *line = keystores;
	do {
		const size_t len = strcspn(line, "\n");
		ret = load_from(entry, line, len, id);
		busy |= passes(ret);
		line += len + (line[len] != '\0');
	} while (ret != KNOT_EOK && *line != '\0');

	return ret != KNOT_EOK && busy ? -EMFILE : ret;
}

/*! \brief Makes a key of a DNSKEY and its private part. */
static int load(const char *keystores, const knot_rdata_t *dnskey, uint64_t hash, entry_t **out)
{
	entry_t *entry = calloc(1, sizeof(*entry) + dnskey->len);
	if (entry == NULL) {
		return KNOT_ENOMEM;
	}
	entry->hash = hash;
	entry->dnskey_len = dnskey->len;
	memcpy(entry->dnskey, dnskey->data, dnskey->len);

	char *id = NULL;
	int ret = name_key(dnskey, &id);
	if (ret == KNOT_EOK) {
		ret = dnssec_key_new(&entry->key);
	}
	if (ret == KNOT_EOK) {
		ret = load_private(entry, keystores, id);
	}
	free(id);
	if (ret != KNOT_EOK) {
		free_entry(&entry->retired);
		return ret;
	}
	*out = entry;

	return KNOT_EOK;
}

/*! \brief Tells if a key in memory is still that of its keystore. */
static bool is_present(const entry_t *entry)
{
	if (entry->path == NULL) {
		return true;
	}
	const mxp_file_id_t now = mxp_file_id(entry->path);
	return mxp_file_same(&now, &entry->file);
}

/*! \brief Finds a key in memory, which is not freed before it is let go of. */
static entry_t *find(const knot_rdata_t *dnskey, uint64_t hash)
{
	rcu_read_lock();
	entry_t *entry = rcu_dereference(*slot_of(hash));
	if (entry != NULL && entry->hash == hash && entry->dnskey_len == dnskey->len &&
	    memcmp(entry->dnskey, dnskey->data, dnskey->len) == 0) {
		__atomic_add_fetch(&entry->users, 1, __ATOMIC_RELAXED);
	} else {
		entry = NULL;
	}
	rcu_read_unlock();
	return entry;
}

static void let_go(entry_t *entry)
{
	__atomic_store_n(&entry->used_ms, mxp_clock_ms(), __ATOMIC_RELAXED);
	__atomic_sub_fetch(&entry->users, 1, __ATOMIC_RELEASE);
}

/*! \brief Finds a key in memory, or takes it from a keystore. */
static int find_or_load(const char *keystores, const knot_rdata_t *dnskey, entry_t **out)
{
	uint64_t hash = mxp_hash(MXP_HASH_START, keystores, strlen(keystores));
	hash = mxp_hash(hash, dnskey->data, dnskey->len);
	*out = find(dnskey, hash);
	if (*out != NULL && is_present(*out)) {
		return KNOT_EOK;
	} else if (*out != NULL) {
		let_go(*out);
	}
	const int ret = load(keystores, dnskey, hash, out);
	if (ret == KNOT_EOK) {
		(*out)->users = 1;
		(*out)->used_ms = mxp_clock_ms();
		replace(slot_of(hash), *out);
	}
	return ret;
}

/*! \brief Verifies a signature. */
static int verify(dnssec_sign_ctx_t *ctx, const dnssec_binary_t *data, dnssec_binary_t *signature)
{
	int ret = dnssec_sign_init(ctx);
	if (ret == KNOT_EOK) {
		ret = dnssec_sign_add(ctx, data);
	}
	return ret == KNOT_EOK ? dnssec_sign_verify(ctx, false, signature) : ret;
}

static int sign_with(entry_t *entry, const dnssec_binary_t *data, dnssec_binary_t *out)
{
	dnssec_sign_ctx_t *ctx = NULL;
	int ret = dnssec_sign_new(&ctx, entry->key);
	if (ret == KNOT_EOK) {
		ret = dnssec_sign_add(ctx, data);
	}
	if (ret == KNOT_EOK) {
		ret = dnssec_sign_write(ctx, DNSSEC_SIGN_NORMAL, out);
	}
	if (ret == KNOT_EOK && __atomic_load_n(&entry->to_verify, __ATOMIC_RELAXED)) {
		ret = verify(ctx, data, out);
		if (ret == KNOT_EOK) {
			__atomic_store_n(&entry->to_verify, false, __ATOMIC_RELAXED);
		} else {
			dnssec_binary_free(out);
		}
	}
	dnssec_sign_free(ctx);

	return ret;
}

static int knot_error(int ret)
{
	return ret == KNOT_EOK ? KNOT_EOK : passes(ret) ? KNOT_EBUSY : KNOT_EACCES;
}

int mxp_keyring_sign(const char *keystores, const knot_rdata_t *dnskey, const dnssec_binary_t *data,
                     dnssec_binary_t *out)
{
	entry_t *entry = NULL;
	int ret = find_or_load(keystores, dnskey, &entry);
	if (ret == KNOT_EOK) {
		ret = sign_with(entry, data, out);
		if (ret != KNOT_EOK) {
			// A token may have been taken away and be back: next time it is opened
			// again.
			replace(slot_of(entry->hash), NULL);
		}
		let_go(entry);
	}
	return knot_error(ret);
}

void mxp_keyring_sweep(uint64_t now_ms)
{
	rcu_read_lock();
	for (size_t i = 0; i < MXP_KEYRING_SIZE; i++) {
		entry_t *entry = rcu_dereference(entries[i]);
		if (entry != NULL &&
		    now_ms > __atomic_load_n(&entry->used_ms, __ATOMIC_RELAXED) + UNUSED_MS &&
		    uatomic_cmpxchg(&entries[i], entry, NULL) == entry) {
			mxp_retire(&entry->retired, free_entry);
		}
	}
	rcu_read_unlock();
}

void mxp_keyring_clear(void)
{
	for (size_t i = 0; i < MXP_KEYRING_SIZE; i++) {
		replace(&entries[i], NULL);
	}
}
