/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libdnssec/error.h>
#include <libdnssec/key.h>
#include <libdnssec/keystore.h>
#include <libdnssec/keytag.h>
#include <libdnssec/sign.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>

#include "canonical.h"
#include "clock.h"
#include "signer.h"

/*! Pause after a key could not be had. */
#define PAUSE_MS 10000

/*! Field of a DNSKEY's RDATA (RFC 4034, section 2.1). */
#define DNSKEY_ALGORITHM 3

static void free_signature(mxp_retired_t *retired)
{
	free(retired);
}

static void evict(mxp_signature_t *signature)
{
	if (signature != NULL) {
		mxp_retire(&signature->retired, free_signature);
	}
}

void mxp_memo_free(mxp_memo_t *memo)
{
	for (size_t i = 0; memo != NULL && i < MXP_SIGNATURES; i++) {
		free(memo->signatures[i]);
	}
	free(memo);
}

/*! \brief Evicts all, so that MX and denials without a key at hand still agree. */
static void evict_all(mxp_memo_t *memo)
{
	for (size_t i = 0; i < MXP_SIGNATURES; i++) {
		evict(rcu_xchg_pointer(&memo->signatures[i], NULL));
	}
}

/*! \brief Finds the DNSKEY that the first fields of an RRSIG name. */
static const knot_rdata_t *find_dnskey(const knot_rdataset_t *dnskeys, const uint8_t *rrsig)
{
	knot_rdata_t *rdata = dnskeys->rdata;
	for (size_t i = 0; i < dnskeys->count; i++, rdata = knot_rdataset_next(rdata)) {
		const dnssec_binary_t binary = { .size = rdata->len, .data = rdata->data };
		uint16_t tag = 0;
		if (rdata->len > DNSKEY_ALGORITHM &&
		    rdata->data[DNSKEY_ALGORITHM] == rrsig[MXP_RRSIG_ALGORITHM] &&
		    dnssec_keytag(&binary, &tag) == DNSSEC_EOK &&
		    tag == knot_wire_read_u16(rrsig + MXP_RRSIG_KEY_TAG)) {
			return rdata;
		}
	}
	return NULL;
}

/*! \brief Gives a public key its private part from the keystore. */
static int load_private(const mxp_keys_t *keys, dnssec_key_t *key)
{
	dnssec_keystore_t *store = NULL;
	int ret = keys->pkcs11 ? dnssec_keystore_init_pkcs11(&store)
	                       : dnssec_keystore_init_pkcs8(&store);
	if (ret != DNSSEC_EOK) {
		return ret;
	}
	char *id = NULL;
	ret = dnssec_keystore_open(store, keys->keystore);
	if (ret == DNSSEC_EOK) {
		ret = dnssec_key_get_keyid(key, &id);
	}
	if (ret == DNSSEC_EOK) {
		ret = dnssec_keystore_get_private(store, id, key);
	}
	free(id);
	(void)dnssec_keystore_deinit(store);

	return ret;
}

static int sign_with(dnssec_key_t *key, const dnssec_binary_t *data, dnssec_binary_t *out)
{
	dnssec_sign_ctx_t *ctx = NULL;
	int ret = dnssec_sign_new(&ctx, key);
	if (ret == DNSSEC_EOK) {
		ret = dnssec_sign_add(ctx, data);
	}
	if (ret == DNSSEC_EOK) {
		ret = dnssec_sign_write(ctx, DNSSEC_SIGN_NORMAL, out);
	}
	// A keystore can hold another key than the one that it was asked for.
	if (ret == DNSSEC_EOK) {
		ret = dnssec_sign_init(ctx);
	}
	if (ret == DNSSEC_EOK) {
		ret = dnssec_sign_add(ctx, data);
	}
	if (ret == DNSSEC_EOK) {
		ret = dnssec_sign_verify(ctx, false, out);
	}
	dnssec_sign_free(ctx);

	return ret;
}

/*! \brief Makes a signature with the key that the data name. */
static int make_signature(const mxp_keys_t *keys, const dnssec_binary_t *data, dnssec_binary_t *out)
{
	const knot_rdata_t *dnskey = find_dnskey(&keys->dnskeys, data->data);
	if (dnskey == NULL) {
		return KNOT_ENOENT;
	}
	dnssec_key_t *key = NULL;
	const dnssec_binary_t rdata = { .size = dnskey->len, .data = (uint8_t *)dnskey->data };
	int ret = dnssec_key_new(&key);
	if (ret == DNSSEC_EOK) {
		ret = dnssec_key_set_dname(key, keys->zone);
	}
	if (ret == DNSSEC_EOK) {
		ret = dnssec_key_set_rdata(key, &rdata);
	}
	if (ret == DNSSEC_EOK) {
		ret = load_private(keys, key);
	}
	if (ret == DNSSEC_EOK) {
		ret = sign_with(key, data, out);
	}
	dnssec_key_free(key); // Wipes the private part.

	return ret == DNSSEC_EOK ? KNOT_EOK : ret == DNSSEC_ENOMEM ? KNOT_ENOMEM : KNOT_EACCES;
}

/*! \brief Finds or makes what is remembered for a zone. */
static mxp_memo_t *find_or_make_memo(mxp_memo_t **place)
{
	mxp_memo_t *memo = __atomic_load_n(place, __ATOMIC_ACQUIRE);
	if (memo != NULL) {
		return memo;
	}
	mxp_memo_t *made = calloc(1, sizeof(*made));
	if (made != NULL && !__atomic_compare_exchange_n(place, &memo, made, false,
	                                                 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		free(made); // Another thread was faster.
		return memo;
	}
	return made;
}

/*! \brief Remembers a signature instead of the one that has been remembered longest. */
static const mxp_signature_t *insert(mxp_memo_t *memo, const uint8_t *key, size_t key_len,
                                     const dnssec_binary_t *made)
{
	mxp_signature_t *signature = malloc(sizeof(*signature) + key_len + made->size);
	if (signature == NULL) {
		return NULL;
	}
	signature->key_len = key_len;
	signature->len = made->size;
	memcpy(signature->bytes, key, key_len);
	memcpy(signature->bytes + key_len, made->data, made->size);

	const unsigned slot = __atomic_fetch_add(&memo->next, 1, __ATOMIC_RELAXED);
	evict(rcu_xchg_pointer(&memo->signatures[slot % MXP_SIGNATURES], signature));

	return signature;
}

const mxp_signature_t *mxp_signature_find(const mxp_keys_t *keys, const uint8_t *key,
                                          size_t key_len)
{
	const mxp_memo_t *memo = rcu_dereference(*keys->memo);
	for (size_t i = 0; memo != NULL && i < MXP_SIGNATURES; i++) {
		const mxp_signature_t *known = rcu_dereference(memo->signatures[i]);
		if (known != NULL && known->key_len == key_len &&
		    memcmp(known->bytes, key, key_len) == 0) {
			return known;
		}
	}
	return NULL;
}

int mxp_sign(const mxp_keys_t *keys, const uint8_t *key, size_t key_len, const uint8_t *data,
             size_t data_len, const mxp_signature_t **signature)
{
	mxp_memo_t *memo = find_or_make_memo(keys->memo);
	if (memo == NULL) {
		return KNOT_ENOMEM;
	}
	const uint64_t now_ms = mxp_clock_ms();
	if (now_ms < __atomic_load_n(&memo->paused_until_ms, __ATOMIC_RELAXED)) {
		return KNOT_EACCES;
	}
	const dnssec_binary_t binary = { .size = data_len, .data = (uint8_t *)data };
	dnssec_binary_t made = { 0 };
	int ret = make_signature(keys, &binary, &made);
	if (ret == KNOT_EOK) {
		*signature = insert(memo, key, key_len, &made);
		ret = (*signature != NULL) ? KNOT_EOK : KNOT_ENOMEM;
	} else if (ret == KNOT_EACCES) {
		__atomic_store_n(&memo->paused_until_ms, now_ms + PAUSE_MS, __ATOMIC_RELAXED);
		evict_all(memo);
	}
	dnssec_binary_free(&made);

	return ret;
}
