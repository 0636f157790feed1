/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libknot/errcode.h>
#include <libknot/packet/wire.h>

#include "canonical.h"
#include "clock.h"
#include "libdnssec.h"
#include "pace.h"
#include "signer.h"

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
	bool busy = false;
	int ret = named ? KNOT_ENOENT : KNOT_EACCES;
	knot_rdata_t *dnskey = keys->dnskeys.rdata;
	for (size_t i = 0; i < keys->dnskeys.count; i++, dnskey = knot_rdataset_next(dnskey)) {
		if (!can_sign(dnskey, task->data.data[MXP_RRSIG_ALGORITHM]) ||
		    (key_tag(dnskey) == task->tag) != named) {
			continue;
		}
		knot_wire_write_u16(task->data.data + MXP_RRSIG_KEY_TAG, key_tag(dnskey));
		ret = mxp_keyring_sign(keys->keystores, dnskey, &task->data, out);
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

/*! \brief Finds a remembered signature, and where it is. */
static mxp_signature_t *look_up(mxp_memo_t *memo, mxp_types_t types, const uint8_t *rrsig,
                                size_t len, mxp_signature_t ***slot)
{
	for (mxp_block_t *block = &memo->block; block != NULL;
	     block = rcu_dereference(block->next)) {
		for (size_t i = 0; i < MXP_BLOCK; i++) {
			mxp_signature_t *known = rcu_dereference(block->signatures[i]);
			if (known != NULL && known->types == types && known->rrsig_len == len &&
			    memcmp(known->bytes, rrsig, len) == 0) {
				*slot = &block->signatures[i];
				return known;
			}
		}
	}
	return NULL;
}

const mxp_signature_t *mxp_signature_look_up(mxp_memo_t *memo, mxp_types_t types,
                                             const uint8_t *rrsig, size_t len)
{
	mxp_signature_t **slot;
	return look_up(memo, types, rrsig, len, &slot);
}

/*! \brief Where the signature is that is to be forgotten next. */
static mxp_signature_t **next_slot(mxp_memo_t *memo)
{
	size_t room = 0;
	for (mxp_block_t *block = &memo->block; block != NULL;
	     block = rcu_dereference(block->next)) {
		room += MXP_BLOCK;
	}
	size_t slot = __atomic_fetch_add(&memo->next_slot, 1, __ATOMIC_RELAXED) % room;
	mxp_block_t *block = &memo->block;
	for (; slot >= MXP_BLOCK; slot -= MXP_BLOCK) {
		block = rcu_dereference(block->next);
	}
	return &block->signatures[slot];
}

/*! \brief Tells one thread when the key that a stand-in stands for is to be looked for again. */
static bool is_due(mxp_signature_t *known)
{
	uint64_t due_ms = __atomic_load_n(&known->due_ms, __ATOMIC_RELAXED);
	const uint64_t now_ms = mxp_clock_ms();
	return now_ms >= due_ms &&
	       __atomic_compare_exchange_n(&known->due_ms, &due_ms, now_ms + MXP_SIGNER_PAUSE_MS,
	                                   false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

const mxp_signature_t *mxp_signature_find(const mxp_keys_t *keys, mxp_types_t types,
                                          const uint8_t *rrsig, size_t len)
{
	mxp_signature_t **slot;
	mxp_signature_t *known = look_up(keys->memo, types, rrsig, len, &slot);
	if (known != NULL && known->stand_in && (is_due(known) || !is_valid(keys, known))) {
		return NULL;
	}
	return known;
}

/*! \brief Remembers a signature, instead of what is there. */
static const mxp_signature_t *insert(mxp_signature_t **slot, mxp_types_t types,
                                     const uint8_t *rrsig, size_t rrsig_len, const mxp_made_t *made)
{
	const dnssec_binary_t *bytes = &made->bytes;
	mxp_signature_t *signature = malloc(sizeof(*signature) + rrsig_len + bytes->size);
	if (signature == NULL) {
		return NULL;
	}
	signature->types = types;
	signature->rrsig_len = rrsig_len;
	signature->len = bytes->size;
	signature->key_tag = made->key_tag;
	signature->stand_in = made->stand_in;
	signature->generation = 0;
	signature->due_ms = mxp_clock_ms() + MXP_SIGNER_PAUSE_MS;
	memcpy(signature->bytes, rrsig, rrsig_len);
	memcpy(signature->bytes + rrsig_len, bytes->data, bytes->size);
	evict(rcu_xchg_pointer(slot, signature));

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
		const uint64_t pause_ms = ret == KNOT_EBUSY ? BUSY_PAUSE_MS : MXP_SIGNER_PAUSE_MS;
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

static bool is_paused(const mxp_memo_t *memo)
{
	return mxp_clock_ms() < __atomic_load_n(&memo->paused_until_ms, __ATOMIC_RELAXED);
}

/*! \brief Makes a signature: with the key that is named alone, or with a stand-in as well. */
static int make_with(const mxp_keys_t *keys, bool named, uint8_t *data, size_t data_len, size_t len,
                     mxp_made_t *made)
{
	const task_t task = {
		.data = { .size = data_len, .data = data },
		.len = len,
		.tag = knot_wire_read_u16(data + MXP_RRSIG_KEY_TAG),
	};
	*made = (mxp_made_t){ .key_tag = 0 };
	const mxp_pace_t pace = mxp_pace_begin();
	const int ret =
		named ? try_keys(keys, &task, true, &made->bytes) : make(keys, &task, &made->bytes);
	mxp_pace_end(&pace, keys->keystores, made->bytes.size);
	made->key_tag = knot_wire_read_u16(data + MXP_RRSIG_KEY_TAG);
	made->stand_in = (made->key_tag != task.tag);
	knot_wire_write_u16(data + MXP_RRSIG_KEY_TAG, task.tag);

	return ret;
}

int mxp_sign(const mxp_keys_t *keys, uint8_t *data, size_t data_len, size_t len, mxp_made_t *made)
{
	mxp_memo_t *memo = keys->memo;
	if (is_paused(memo)) {
		return mxp_signer_is_busy(keys) ? KNOT_EBUSY : KNOT_EACCES;
	}
	const int ret = make_with(keys, false, data, data_len, len, made);
	note(memo, ret);

	return ret;
}

const mxp_signature_t *mxp_signature_find_any(const mxp_keys_t *keys, mxp_types_t types,
                                              const uint8_t *rrsig, size_t len)
{
	mxp_signature_t **slot;
	const mxp_signature_t *known = look_up(keys->memo, types, rrsig, len, &slot);
	return known != NULL && is_valid(keys, known) ? known : NULL;
}

/*! \brief Signs a denial; while the signature of a stand-in is valid, with no other one. */
static int sign_denial(const mxp_keys_t *keys, bool stands, const mxp_unsigned_t *denial,
                       mxp_made_t *made)
{
	const size_t len = denial->rrsig_len - mxp_rrsig_header_len(denial->rrsig);
	*made = (mxp_made_t){ .key_tag = 0 };
	return stands ? make_with(keys, true, denial->data, denial->data_len, len, made)
	              : mxp_sign(keys, denial->data, denial->data_len, len, made);
}

/*! \brief Remembers the signature of a denial, instead of the one that is known, or the oldest. */
static const mxp_signature_t *remember(mxp_memo_t *memo, const mxp_unsigned_t *denial,
                                       const mxp_made_t *made)
{
	mxp_signature_t **slot = NULL;
	if (look_up(memo, denial->types, denial->rrsig, denial->rrsig_len, &slot) == NULL) {
		slot = next_slot(memo);
	}
	return insert(slot, denial->types, denial->rrsig, denial->rrsig_len, made);
}

int mxp_signature_make(const mxp_keys_t *keys, const mxp_unsigned_t *denial,
                       const mxp_signature_t **signature)
{
	const mxp_signature_t *known =
		mxp_signature_find_any(keys, denial->types, denial->rrsig, denial->rrsig_len);
	mxp_made_t made;
	int ret = sign_denial(keys, known != NULL, denial, &made);
	if (ret == KNOT_EOK) {
		*signature = remember(keys->memo, denial, &made);
		ret = (*signature != NULL) ? KNOT_EOK : KNOT_ENOMEM;
	} else if (known != NULL) {
		*signature = known;
		ret = KNOT_EOK;
	}
	dnssec_binary_free(&made.bytes);

	return ret;
}

void mxp_signature_make_aside(mxp_memo_t *memo, const mxp_unsigned_t *denial)
{
	const mxp_keys_t keys = {
		.keystores = denial->keystores,
		.zone = memo->name,
		.dnskeys = denial->dnskey,
		.memo = memo,
	};
	rcu_read_lock();
	const bool stands = mxp_signature_find_any(&keys, denial->types, denial->rrsig,
	                                           denial->rrsig_len) != NULL;
	rcu_read_unlock();
	mxp_made_t made;
	if (sign_denial(&keys, stands, denial, &made) == KNOT_EOK) {
		rcu_read_lock();
		(void)remember(memo, denial, &made);
		// The memo has it. NOLINTNEXTLINE(clang-analyzer-unix.Malloc)
		rcu_read_unlock();
	}
	dnssec_binary_free(&made.bytes);
}

bool mxp_signer_has_signed(const mxp_keys_t *keys)
{
	return __atomic_load_n(&keys->memo->has_signed, __ATOMIC_RELAXED);
}

bool mxp_signer_has_failed(const mxp_keys_t *keys)
{
	return __atomic_load_n(&keys->memo->has_failed, __ATOMIC_RELAXED);
}

bool mxp_signer_is_paused(const mxp_keys_t *keys)
{
	return is_paused(keys->memo);
}

bool mxp_signer_is_busy(const mxp_keys_t *keys)
{
	return __atomic_load_n(&keys->memo->is_busy, __ATOMIC_RELAXED);
}

bool mxp_signer_is_back(const mxp_keys_t *keys)
{
	mxp_memo_t *memo = keys->memo;
	return __atomic_load_n(&memo->is_back, __ATOMIC_RELAXED) &&
	       __atomic_exchange_n(&memo->is_back, false, __ATOMIC_RELAXED);
}
