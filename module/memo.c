/* SPDX-License-Identifier: GPL-2.0-or-later */

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <urcu.h>

#include <libknot/descriptor.h>
#include <libknot/rrtype/rrsig.h>

#include "memo.h"
#include "rrs.h"

/*! \brief All memos; no query takes the lock. */
static struct {
	pthread_mutex_t lock; /*!< Guards all below. */
	void *tree;           /*!< By name. */
	mxp_memo_t *first;
	mxp_memo_t *walk; /*!< Where the walk goes on. */
} memos = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int cmp_names(const void *a, const void *b)
{
	return knot_dname_cmp(((const mxp_memo_t *)a)->name, ((const mxp_memo_t *)b)->name);
}

static void free_signatures(mxp_block_t *block)
{
	for (size_t i = 0; i < MXP_BLOCK; i++) {
		free(block->signatures[i]);
	}
}

static void free_memo(mxp_retired_t *retired)
{
	mxp_memo_t *memo = (mxp_memo_t *)retired;
	free_signatures(&memo->block);
	for (mxp_block_t *block = memo->block.next; block != NULL;) {
		mxp_block_t *next = block->next;
		free_signatures(block);
		free(block);
		block = next;
	}
	free(memo->known);
	free(memo->denial);
	for (size_t i = 0; i < MXP_ANSWERS; i++) {
		mxp_signed_free((mxp_retired_t *)memo->answers[i]);
		mxp_signed_free((mxp_retired_t *)memo->drafts[i]);
	}
	free(memo);
}

static mxp_memo_t *new_memo(const knot_dname_t *zone)
{
	const size_t size = knot_dname_size(zone);
	mxp_memo_t *memo = calloc(1, sizeof(*memo) + size);
	if (memo != NULL) {
		memcpy(memo->name, zone, size);
	}
	return memo;
}

/*! \brief Finds the memo of a name, or inserts that one. */
static mxp_memo_t *find_or_insert(mxp_memo_t *made)
{
	mxp_memo_t **found = tsearch(made, &memos.tree, cmp_names);
	if (found == NULL || *found != made) {
		free(made);
		return found != NULL ? *found : NULL;
	}
	made->next = memos.first;
	if (made->next != NULL) {
		made->next->prev = made;
	}
	memos.first = made;
	return made;
}

mxp_memo_t *mxp_memo_get(const knot_dname_t *zone, const mxp_instance_t *instance)
{
	mxp_memo_t *made = new_memo(zone);
	if (made == NULL) {
		return NULL;
	}
	pthread_mutex_lock(&memos.lock);
	mxp_memo_t *memo = find_or_insert(made);
	if (memo != NULL) {
		memo->loads++;
		if (memo->instance != instance) {
			memo->of_instance = 0;
			rcu_assign_pointer(memo->instance, instance);
		}
		memo->of_instance++;
	}
	pthread_mutex_unlock(&memos.lock);

	return memo;
}

/*! \brief Orders the name that is looked for, which tfind() gives first, and a memo. */
static int cmp_name(const void *name, const void *memo)
{
	return knot_dname_cmp(name, ((const mxp_memo_t *)memo)->name);
}

bool mxp_memo_keystores(const knot_dname_t *zone, char **keystores)
{
	pthread_mutex_lock(&memos.lock);
	mxp_memo_t **found = tfind(zone, &memos.tree, cmp_name);
	const mxp_instance_t *instance = found != NULL ? (*found)->instance : NULL;
	*keystores = instance != NULL ? strdup(instance->settings.keystores) : NULL;
	pthread_mutex_unlock(&memos.lock);

	return instance == NULL || *keystores != NULL;
}

static void take_out(mxp_memo_t *memo)
{
	tdelete(memo, &memos.tree, cmp_names);
	*(memo->prev != NULL ? &memo->prev->next : &memos.first) = memo->next;
	if (memo->next != NULL) {
		memo->next->prev = memo->prev;
	}
	if (memos.walk == memo) {
		memos.walk = memo->next;
	}
}

void mxp_memo_put(mxp_memo_t *memo, const mxp_instance_t *instance)
{
	pthread_mutex_lock(&memos.lock);
	if (memo->instance == instance && --memo->of_instance == 0) {
		rcu_assign_pointer(memo->instance, NULL);
	}
	const bool gone = (--memo->loads == 0);
	if (gone) {
		take_out(memo);
	}
	pthread_mutex_unlock(&memos.lock);

	if (gone && __atomic_fetch_or(&memo->state, MXP_MEMO_GONE, __ATOMIC_ACQ_REL) == 0) {
		mxp_retire(&memo->retired, free_memo);
	}
}

bool mxp_memo_release(mxp_memo_t *memo, int state)
{
	const int left = __atomic_and_fetch(&memo->state, ~state, __ATOMIC_ACQ_REL);
	if (left == MXP_MEMO_GONE) {
		mxp_retire(&memo->retired, free_memo);
	}
	return !(left & MXP_MEMO_GONE);
}

void mxp_memo_walk_begin(void)
{
	pthread_mutex_lock(&memos.lock);
	memos.walk = memos.first;
	pthread_mutex_unlock(&memos.lock);
}

mxp_memo_t *mxp_memo_walk_next(void)
{
	pthread_mutex_lock(&memos.lock);
	mxp_memo_t *memo = memos.walk;
	memos.walk = memo != NULL ? memo->next : NULL;
	pthread_mutex_unlock(&memos.lock);

	return memo;
}

/*! \brief The block after a block, made if there is none; NULL if memory is exhausted. */
static mxp_block_t *next_block(mxp_block_t *block)
{
	mxp_block_t *next = rcu_dereference(block->next);
	if (next != NULL) {
		return next;
	}
	mxp_block_t *made = calloc(1, sizeof(*made));
	if (made != NULL && !__atomic_compare_exchange_n(&block->next, &next, made, false,
	                                                 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
		free(made); // Another thread was faster.
		return next;
	}
	return made;
}

bool mxp_memo_reserve(mxp_memo_t *memo, size_t count)
{
	mxp_block_t *block = &memo->block;
	for (size_t room = MXP_BLOCK; room < count && block != NULL; room += MXP_BLOCK) {
		block = next_block(block);
	}
	return block != NULL;
}

mxp_signed_t *mxp_signed_new(const mxp_signed_t *from)
{
	const size_t keystores = strlen(from->keystores) + 1;
	mxp_signed_t *answer =
		malloc(sizeof(*answer) + from->apex.mx.size + from->apex.txt.size + from->soa.size +
	               from->dnskey.size + from->rrs.size + keystores);
	if (answer == NULL) {
		return NULL;
	}
	*answer = *from;
	uint8_t *place = answer->bytes;
	mxp_rrs_copy(&answer->apex.mx, &place);
	mxp_rrs_copy(&answer->apex.txt, &place);
	mxp_rrs_copy(&answer->soa, &place);
	mxp_rrs_copy(&answer->dnskey, &place);
	mxp_rrs_copy(&answer->rrs, &place);
	answer->keystores = memcpy(place, from->keystores, keystores);
	answer->rrsigs = (knot_rdataset_t){ 0 };

	return answer;
}

void mxp_signed_free(mxp_retired_t *retired)
{
	mxp_signed_t *answer = (mxp_signed_t *)retired;
	if (answer != NULL) {
		free(answer->rrsigs.rdata);
		free(answer);
	}
}

void mxp_signed_put(mxp_signed_t **place, mxp_signed_t *answer)
{
	mxp_signed_t *before = rcu_xchg_pointer(place, answer);
	if (before != NULL) {
		mxp_retire(&before->retired, mxp_signed_free);
	}
}

/*! \brief Copies octets to a place, which is moved behind them. */
static uint8_t *copy(const uint8_t *from, size_t len, uint8_t **place)
{
	uint8_t *copied = memcpy(*place, from, len);
	*place += len;
	return copied;
}

bool mxp_unsigned_put(mxp_memo_t *memo, const mxp_unsigned_t *from)
{
	const size_t keystores = strlen(from->keystores) + 1;
	mxp_unsigned_t *denial = malloc(sizeof(*denial) + from->dnskey.size + keystores +
	                                from->rrsig_len + from->data_len);
	if (denial == NULL) {
		return false;
	}
	*denial = *from;
	uint8_t *place = denial->bytes;
	mxp_rrs_copy(&denial->dnskey, &place);
	denial->keystores = (char *)copy((const uint8_t *)from->keystores, keystores, &place);
	denial->rrsig = copy(from->rrsig, from->rrsig_len, &place);
	denial->data = copy(from->data, from->data_len, &place);
	// Whoever takes it out of there is the only one who has it.
	free(rcu_xchg_pointer(&memo->denial, denial));

	return true;
}

mxp_unsigned_t *mxp_unsigned_take(mxp_memo_t *memo)
{
	return rcu_xchg_pointer(&memo->denial, NULL);
}

static void free_known(mxp_retired_t *retired)
{
	free(retired);
}

/*! \brief Finds the RRSIG of the SOA. */
static const knot_rdata_t *find_soa(const knot_rdataset_t *rrsigs)
{
	knot_rdata_t *rdata = rrsigs->rdata;
	for (size_t i = 0; i < rrsigs->count; i++, rdata = knot_rdataset_next(rdata)) {
		if (knot_rrsig_type_covered(rdata) == KNOT_RRTYPE_SOA) {
			return rdata;
		}
	}
	return NULL;
}

void mxp_known_note(mxp_memo_t *memo, uint64_t generation, mxp_types_t types,
                    const knot_rdataset_t *rrsigs)
{
	const knot_rdata_t *soa = find_soa(rrsigs);
	const size_t size = soa != NULL ? sizeof(soa->len) + soa->len : 0;
	mxp_known_t *known = soa != NULL ? malloc(sizeof(*known) + size) : NULL;
	if (known == NULL) {
		return;
	}
	known->generation = generation;
	known->types = types;
	known->size = rrsigs->size;
	known->soa = (size_t)((const uint8_t *)soa - (const uint8_t *)rrsigs->rdata);
	known->soa_size = size;
	memcpy(known->bytes, soa, size);
	// NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it belongs to the memo now.
	mxp_known_t *before = rcu_xchg_pointer(&memo->known, known);
	if (before != NULL) {
		mxp_retire(&before->retired, free_known);
	}
}

bool mxp_known_is(const mxp_memo_t *memo, uint64_t generation, mxp_types_t types,
                  const knot_rdataset_t *rrsigs)
{
	const mxp_known_t *known = rcu_dereference(memo->known);
	return known != NULL && known->generation == generation && known->types == types &&
	       known->size == rrsigs->size &&
	       memcmp(known->bytes, (const uint8_t *)rrsigs->rdata + known->soa, known->soa_size) ==
	               0;
}
