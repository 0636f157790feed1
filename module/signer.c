/* SPDX-License-Identifier: GPL-3.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libdnssec/keytag.h>
#include <libknot/descriptor.h>
#include <libknot/errcode.h>
#include <libknot/packet/wire.h>

#include "canonical.h"
#include "clock.h"
#include "signer.h"

/*! Pause after a key could not be had. */
#define PAUSE_MS 10000
/*! Pause after that was for want of something that may be there again at any time. */
#define BUSY_PAUSE_MS 500

/*! Fields of a DNSKEY's RDATA (RFC 4034, section 2.1; RFC 5011, section 2.1). */
#define DNSKEY_FLAG_ZONE   0x0100
#define DNSKEY_FLAG_REVOKE 0x0080
#define DNSKEY_PROTOCOL    2
#define DNSKEY_ALGORITHM   3
#define DNSSEC             3

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
	if (memo == NULL) {
		return;
	}
	for (size_t i = 0; i < MXP_SIGNATURES; i++) {
		free(memo->signatures[i]);
	}
	for (size_t i = 0; i < MXP_ANSWERS; i++) {
		free(memo->answers[i]);
	}
	free(memo);
}

static uint16_t key_tag(const knot_rdata_t *dnskey)
{
	const dnssec_binary_t binary = { .size = dnskey->len, .data = (uint8_t *)dnskey->data };
	uint16_t tag = 0;
	(void)dnssec_keytag(&binary, &tag);
	return tag;
}

/*! \brief Tells if signatures of a key are valid in the zone that publishes it. */
static bool can_sign(const knot_rdata_t *dnskey, uint8_t algorithm)
{
	if (dnskey->len <= DNSKEY_ALGORITHM) {
		return false;
	}
	const uint16_t flags = knot_wire_read_u16(dnskey->data);
	return (flags & DNSKEY_FLAG_ZONE) && !(flags & DNSKEY_FLAG_REVOKE) &&
	       dnskey->data[DNSKEY_PROTOCOL] == DNSSEC &&
	       dnskey->data[DNSKEY_ALGORITHM] == algorithm;
}

/*! \brief What is to be signed, and how long the signature has to be (0 if that does not matter).
 */
typedef struct {
	dnssec_binary_t data;
	size_t len;
	uint16_t tag; /*!< Of the key that the data named at first. */
} task_t;

/*! \brief Signs with all keys that may, one after the other: the one that is named, or the others.
 */
static int try_keys(const mxp_keys_t *keys, const task_t *task, bool named, dnssec_binary_t *out)
{
	mxp_memo_t *memo = *keys->memo;
	bool busy = false;
	int ret = named ? KNOT_ENOENT : KNOT_EACCES;
	knot_rdata_t *dnskey = keys->dnskeys.rdata;
	for (size_t i = 0; i < keys->dnskeys.count; i++, dnskey = knot_rdataset_next(dnskey)) {
		if (!can_sign(dnskey, task->data.data[MXP_RRSIG_ALGORITHM]) ||
		    (key_tag(dnskey) == task->tag) != named) {
			continue;
		}
		knot_wire_write_u16(task->data.data + MXP_RRSIG_KEY_TAG, key_tag(dnskey));
		ret = mxp_keyring_sign(keys->keystores, keys->zone, dnskey, &task->data,
		                       &memo->verified, out);
		if (ret == KNOT_EOK && task->len > 0 && out->size != task->len) {
			dnssec_binary_free(out);
			ret = KNOT_EACCES;
		}
		if (ret == KNOT_EOK) {
			return ret;
		}
		busy |= (ret == KNOT_EBUSY);
	}
	return busy ? KNOT_EBUSY : ret;
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

/*! \brief Tells if the zone publishes a key that can sign. */
static bool publishes(const mxp_keys_t *keys, uint16_t tag, uint8_t algorithm)
{
	knot_rdata_t *dnskey = keys->dnskeys.rdata;
	for (size_t i = 0; i < keys->dnskeys.count; i++, dnskey = knot_rdataset_next(dnskey)) {
		if (can_sign(dnskey, algorithm) && key_tag(dnskey) == tag) {
			return true;
		}
	}
	return false;
}

/*! \brief Tells if a remembered signature is a valid one: that of a stand-in may be no longer. */
static bool is_valid(const mxp_keys_t *keys, const mxp_signature_t *known)
{
	return !known->stand_in ||
	       publishes(keys, known->key_tag, known->bytes[MXP_RRSIG_ALGORITHM]);
}

/*! \brief Finds a remembered signature, and its slot. */
static mxp_signature_t *look_up(mxp_memo_t *memo, const uint8_t *key, size_t key_len,
                                unsigned *slot)
{
	for (*slot = 0; memo != NULL && *slot < MXP_SIGNATURES; ++*slot) {
		mxp_signature_t *known = rcu_dereference(memo->signatures[*slot]);
		if (known != NULL && known->key_len == key_len &&
		    memcmp(known->bytes, key, key_len) == 0) {
			return known;
		}
	}
	return NULL;
}

/*! \brief Tells one thread when the key that a stand-in stands for is to be looked for again. */
static bool is_due(mxp_signature_t *known)
{
	uint64_t due_ms = __atomic_load_n(&known->due_ms, __ATOMIC_RELAXED);
	const uint64_t now_ms = mxp_clock_ms();
	return now_ms >= due_ms &&
	       __atomic_compare_exchange_n(&known->due_ms, &due_ms, now_ms + PAUSE_MS, false,
	                                   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

const mxp_signature_t *mxp_signature_find(const mxp_keys_t *keys, const uint8_t *key,
                                          size_t key_len)
{
	unsigned slot;
	mxp_signature_t *known = look_up(rcu_dereference(*keys->memo), key, key_len, &slot);
	if (known != NULL && known->stand_in && (is_due(known) || !is_valid(keys, known))) {
		return NULL;
	}
	return known;
}

/*! \brief Remembers a signature in a slot, instead of what is there. */
static const mxp_signature_t *insert(mxp_memo_t *memo, unsigned slot, const uint8_t *key,
                                     size_t key_len, uint16_t tag, const dnssec_binary_t *made)
{
	mxp_signature_t *signature = malloc(sizeof(*signature) + key_len + made->size);
	if (signature == NULL) {
		return NULL;
	}
	signature->key_len = key_len;
	signature->len = made->size;
	signature->key_tag = tag;
	signature->stand_in = (tag != knot_wire_read_u16(key + MXP_RRSIG_KEY_TAG));
	signature->due_ms = mxp_clock_ms() + PAUSE_MS;
	memcpy(signature->bytes, key, key_len);
	memcpy(signature->bytes + key_len, made->data, made->size);
	evict(rcu_xchg_pointer(&memo->signatures[slot], signature));

	return signature;
}

/*! \brief Notes what became of signing. */
static void note(mxp_memo_t *memo, int ret)
{
	if (ret == KNOT_EOK) {
		__atomic_store_n(&memo->has_signed, true, __ATOMIC_RELAXED);
		if (__atomic_exchange_n(&memo->has_failed, false, __ATOMIC_RELAXED)) {
			__atomic_store_n(&memo->is_back, true, __ATOMIC_RELAXED);
		}
	} else if (ret == KNOT_EACCES || ret == KNOT_EBUSY) {
		const uint64_t pause_ms = ret == KNOT_EBUSY ? BUSY_PAUSE_MS : PAUSE_MS;
		__atomic_store_n(&memo->paused_until_ms, mxp_clock_ms() + pause_ms,
		                 __ATOMIC_RELAXED);
		__atomic_store_n(&memo->has_failed, true, __ATOMIC_RELAXED);
	}
	__atomic_store_n(&memo->is_busy, ret == KNOT_EBUSY, __ATOMIC_RELAXED);
}

/*! \brief Makes a signature with the key that it names, or else with a stand-in. */
static int make(const mxp_keys_t *keys, const task_t *task, dnssec_binary_t *out)
{
	const int ret = try_keys(keys, task, true, out);
	if (ret != KNOT_EACCES && ret != KNOT_EBUSY) {
		return ret;
	}
	const int other = try_keys(keys, task, false, out);
	return other == KNOT_EACCES ? ret : other;
}

int mxp_sign(const mxp_keys_t *keys, const uint8_t *key, size_t key_len, uint8_t *data,
             size_t data_len, size_t len, const mxp_signature_t **signature)
{
	mxp_memo_t *memo = find_or_make_memo(keys->memo);
	if (memo == NULL) {
		return KNOT_ENOMEM;
	}
	const task_t task = {
		.data = { .size = data_len, .data = data },
		.len = len,
		.tag = knot_wire_read_u16(data + MXP_RRSIG_KEY_TAG),
	};
	unsigned slot;
	mxp_signature_t *known = look_up(memo, key, key_len, &slot);
	const bool stands = (known != NULL && is_valid(keys, known));
	if (!stands && mxp_clock_ms() < __atomic_load_n(&memo->paused_until_ms, __ATOMIC_RELAXED)) {
		return __atomic_load_n(&memo->is_busy, __ATOMIC_RELAXED) ? KNOT_EBUSY : KNOT_EACCES;
	}
	if (known == NULL) {
		slot = __atomic_fetch_add(&memo->next, 1, __ATOMIC_RELAXED) % MXP_SIGNATURES;
	}
	dnssec_binary_t made = { 0 };
	int ret = stands ? try_keys(keys, &task, true, &made) : make(keys, &task, &made);
	const uint16_t tag = knot_wire_read_u16(data + MXP_RRSIG_KEY_TAG);
	// The data may be what it is remembered by.
	knot_wire_write_u16(data + MXP_RRSIG_KEY_TAG, task.tag);
	if (ret != KNOT_EOK && stands) {
		*signature = known;
		return KNOT_EOK;
	}
	if (ret == KNOT_EOK) {
		*signature = insert(memo, slot, key, key_len, tag, &made);
		ret = (*signature != NULL) ? KNOT_EOK : KNOT_ENOMEM;
	}
	note(memo, ret);
	dnssec_binary_free(&made);

	return ret;
}

bool mxp_signer_has_signed(const mxp_keys_t *keys)
{
	const mxp_memo_t *memo = __atomic_load_n(keys->memo, __ATOMIC_ACQUIRE);
	return memo != NULL && __atomic_load_n(&memo->has_signed, __ATOMIC_RELAXED);
}

bool mxp_signer_is_busy(const mxp_keys_t *keys)
{
	const mxp_memo_t *memo = __atomic_load_n(keys->memo, __ATOMIC_ACQUIRE);
	return memo != NULL && __atomic_load_n(&memo->is_busy, __ATOMIC_RELAXED);
}

bool mxp_signer_is_back(const mxp_keys_t *keys)
{
	mxp_memo_t *memo = __atomic_load_n(keys->memo, __ATOMIC_ACQUIRE);
	return memo != NULL && __atomic_load_n(&memo->is_back, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&memo->is_back, false, __ATOMIC_RELAXED);
}

static void free_answer(mxp_retired_t *retired)
{
	free(retired);
}

static size_t answer_index(uint16_t type)
{
	return type == KNOT_RRTYPE_TXT ? MXP_ANSWER_TXT : MXP_ANSWER_MX;
}

void mxp_answer_remember(const mxp_keys_t *keys, uint16_t type, mxp_signed_answer_t *answer)
{
	mxp_memo_t *memo = *keys->memo;
	mxp_signed_answer_t *before = rcu_xchg_pointer(&memo->answers[answer_index(type)], answer);
	if (before != NULL) {
		mxp_retire(&before->retired, free_answer);
	}
}

const mxp_signed_answer_t *mxp_answer_recall(const mxp_keys_t *keys, uint16_t type)
{
	const mxp_memo_t *memo = __atomic_load_n(keys->memo, __ATOMIC_ACQUIRE);
	return memo != NULL ? rcu_dereference(memo->answers[answer_index(type)]) : NULL;
}
