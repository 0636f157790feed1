/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What is remembered for a signed zone: its signed answers, and signatures of its denials.
 *
 * It belongs to the zone's name, not to one load of the module: a reload of the server loads all
 * zones anew before it unloads the old ones, and finds what is there. It is freed when the last
 * load of the zone has gone.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/dname.h>
#include <libknot/rdataset.h>

#include "clock.h"
#include "decision.h"
#include "instance.h"
#include "keyring.h"
#include "qtype.h"
#include "retire.h"

/*! \brief Types of answers that are remembered. */
typedef enum {
	MXP_ANSWER_MX,
	MXP_ANSWER_TXT,
	MXP_ANSWERS, /*!< Their number. */
} mxp_answer_type_t;

/*! \brief A remembered signature of a denial. */
typedef struct {
	mxp_retired_t retired; /*!< For its end. */
	mxp_types_t types;     /*!< Types that the denial was made to list. */
	size_t rrsig_len;      /*!< Length of the RRSIG that it replaces: it stands for all else. */
	size_t len;            /*!< Length of the signature. */
	uint16_t key_tag;      /*!< Tag of the key that has made it. */
	bool stand_in;         /*!< That is not the key that was asked for. */
	uint64_t generation;   /*!< Snapshot by which these types are all that is served. */
	uint64_t due_ms;       /*!< When that one is to be looked for again. */
	uint8_t bytes[];       /*!< RDATA of the RRSIG, and the signature. */
} mxp_signature_t;

/*! Signatures of one block. */
#define MXP_BLOCK 8

/*! \brief Remembered signatures; a zone with many keys has several blocks. */
typedef struct mxp_block {
	struct mxp_block *next;                 /*!< Next block (NULL at the end). */
	mxp_signature_t *signatures[MXP_BLOCK]; /*!< Signatures. */
} mxp_block_t;

/*!
 * \brief An answer with all that it was made of, signed or to be signed.
 *
 * It outlives the map that it was made of, and can be made again after another one without the
 * zone being asked.
 */
typedef struct {
	mxp_retired_t retired;  /*!< For its end. */
	uint64_t instance;      /*!< Instance that it was decided for. */
	uint64_t generation;    /*!< Snapshot that it is right by. */
	mxp_apex_t apex;        /*!< What the zone stored; its name is the memo's. */
	knot_rdataset_t soa;    /*!< RRSIG records of the apex. */
	knot_rdataset_t dnskey; /*!< DNSKEY records. */
	mxp_serve_t serve;      /*!< What the records are. */
	mxp_source_t source;    /*!< Why they are served. */
	knot_rdataset_t rrs;    /*!< Records. */
	uint32_t ttl;           /*!< Their TTL in seconds. */
	knot_rdataset_t rrsigs; /*!< Their RRSIG records, allocated; none if still to be signed. */
	bool stand_in;          /*!< Some key stands in for the one that is named. */
	uint64_t due_ms;        /*!< When that one is to be looked for again. */
	char text[160];         /*!< Where they are from, as for an Extended DNS Error. */
	const char *keystores;  /*!< Where the keys are. */
	uint8_t bytes[];        /*!< RDATA of all, and the keystores. */
} mxp_signed_t;

/*!
 * \brief Tells if the key that another one stands in for is to be looked for again.
 *
 * \param answer  Answer.
 */
static inline bool mxp_signed_is_due(const mxp_signed_t *answer)
{
	return answer->stand_in && mxp_clock_ms() >= answer->due_ms;
}

/*! \brief A denial that waits to be signed, with all that this takes. */
typedef struct {
	mxp_types_t types;      /*!< Types that it lists. */
	knot_rdataset_t dnskey; /*!< DNSKEY records. */
	const char *keystores;  /*!< Where the keys are. */
	const uint8_t *rrsig;   /*!< RDATA of the RRSIG that is to be replaced. */
	size_t rrsig_len;       /*!< Its length in octets. */
	uint8_t *data;          /*!< What is to be signed, as for mxp_sign(). */
	size_t data_len;        /*!< Its length in octets. */
	uint8_t bytes[];        /*!< RDATA of all, the keystores, the RRSIG and the data. */
} mxp_unsigned_t;

/*! \brief Types that a zone is served with and does not store: by what, for denials. */
typedef struct {
	mxp_retired_t retired; /*!< For its end. */
	uint64_t generation;   /*!< Snapshot that it is right by. */
	mxp_types_t types;     /*!< Types. */
	size_t size;           /*!< Size of the RRSIG records of the apex. */
	size_t soa;            /*!< Where that of the SOA is: it changes whenever the zone does. */
	size_t soa_size;       /*!< Its size in octets. */
	uint8_t bytes[];       /*!< Its RDATA, with the length before it. */
} mxp_known_t;

/*! \brief States of a memo in which somebody else has it, too. */
enum {
	MXP_MEMO_QUEUED = 1, /*!< It is in the queue. */
	MXP_MEMO_BUSY = 2,   /*!< Something is being signed for it. */
	MXP_MEMO_GONE = 4,   /*!< The zone has gone: whoever has it last frees it. */
};

/*! \brief What is remembered for a zone. */
typedef struct mxp_memo {
	mxp_retired_t retired;              /*!< For its end. */
	mxp_signed_t *answers[MXP_ANSWERS]; /*!< Last answer of each type that was signed. */
	mxp_signed_t *drafts[MXP_ANSWERS];  /*!< Answer of each type that waits to be signed. */
	mxp_unsigned_t *denial;             /*!< Denial that waits to be signed. */
	mxp_known_t *known;                 /*!< What is known of the zone's denials. */
	mxp_block_t block;                  /*!< Signatures of denials. */
	unsigned next_slot;                 /*!< The one to be forgotten next. */
	uint64_t paused_until_ms;           /*!< No attempt before, after one that failed. */
	bool is_busy;                       /*!< The last attempt failed for a cause that passes. */
	bool has_signed;                    /*!< A signature was made. */
	bool has_failed;                    /*!< None could be made since. */
	bool is_back;                   /*!< One could be made again, which is not logged yet. */
	int state;                      /*!< Who has it, too. */
	struct mxp_memo *queued;        /*!< Next one in the queue. */
	const mxp_instance_t *instance; /*!< Instance of the zone (NULL if that is not known). */
	size_t loads;                   /*!< Loads of the zone. */
	size_t of_instance;             /*!< Of these, those with that instance. */
	struct mxp_memo *prev;          /*!< Previous and next one of all. */
	struct mxp_memo *next;
	knot_dname_t name[]; /*!< Name of the zone. */
} mxp_memo_t;

/*!
 * \brief Finds or makes the memo of a zone that is being loaded.
 *
 * \param zone      Name of the zone.
 * \param instance  Instance of the load.
 *
 * \return Memo, NULL if memory is exhausted.
 */
mxp_memo_t *mxp_memo_get(const knot_dname_t *zone, const mxp_instance_t *instance);

/*!
 * \brief Tells where the keys of a zone are by its last load, if that is still in use.
 *
 * \param zone       Name of the zone.
 * \param keystores  Output: keystores as in mxp_settings_t, to be freed; NULL if there are none.
 *
 * \return False if memory is exhausted.
 */
bool mxp_memo_keystores(const knot_dname_t *zone, char **keystores);

/*!
 * \brief Puts the memo of a zone back that is being unloaded.
 *
 * \param memo      Memo.
 * \param instance  Instance of the load.
 */
void mxp_memo_put(mxp_memo_t *memo, const mxp_instance_t *instance);

/*!
 * \brief Lets go of a state of a memo, and retires the memo if the zone has gone meanwhile.
 *
 * \param memo   Memo.
 * \param state  #MXP_MEMO_QUEUED or #MXP_MEMO_BUSY.
 *
 * \return False if the zone has gone.
 */
bool mxp_memo_release(mxp_memo_t *memo, int state);

/*!
 * \brief Begins a walk over all memos; a walk that is under way begins anew.
 */
void mxp_memo_walk_begin(void);

/*!
 * \brief Goes on with the walk. To be called within a read-side section of liburcu.
 *
 * \return Memo, valid within the section; NULL at the end.
 */
mxp_memo_t *mxp_memo_walk_next(void);

/*!
 * \brief Makes room for signatures.
 *
 * \param memo   Memo.
 * \param count  Number of signatures.
 *
 * \return False if memory is exhausted.
 */
bool mxp_memo_reserve(mxp_memo_t *memo, size_t count);

/*!
 * \brief Remembers which types a zone is served with and does not store; if memory is exhausted,
 *        that is just not known.
 *
 * \param memo        Memo.
 * \param generation  Snapshot.
 * \param types       Types.
 * \param rrsigs      RRSIG records of the apex.
 */
void mxp_known_note(mxp_memo_t *memo, uint64_t generation, mxp_types_t types,
                    const knot_rdataset_t *rrsigs);

/*!
 * \brief Tells if it is known that a zone is served with types. To be called within a read-side
 *        section of liburcu.
 *
 * \param memo        Memo.
 * \param generation  Snapshot.
 * \param types       Types.
 * \param rrsigs      RRSIG records of the apex.
 *
 * \return True if so.
 */
bool mxp_known_is(const mxp_memo_t *memo, uint64_t generation, mxp_types_t types,
                  const knot_rdataset_t *rrsigs);

/*!
 * \brief Makes an answer of what it is made of, without its RRSIG records.
 *
 * \param from       What it is made of; all RDATA, and the keystores, are copied.
 *
 * \return Answer, NULL if memory is exhausted.
 */
mxp_signed_t *mxp_signed_new(const mxp_signed_t *from);

/*!
 * \brief Frees an answer.
 *
 * \param retired  First member of an answer that nobody can find (may be NULL).
 */
void mxp_signed_free(mxp_retired_t *retired);

/*!
 * \brief Remembers an answer, or a draft of one, instead of what is there.
 *
 * \param place   Where.
 * \param answer  Answer; it belongs to the zone then.
 */
void mxp_signed_put(mxp_signed_t **place, mxp_signed_t *answer);

/*!
 * \brief Lets a denial wait to be signed, instead of the one that does.
 *
 * \param memo  Memo of the zone.
 * \param from  Denial; all of it is copied.
 *
 * \return False if memory is exhausted.
 */
bool mxp_unsigned_put(mxp_memo_t *memo, const mxp_unsigned_t *from);

/*!
 * \brief Takes the denial that waits to be signed.
 *
 * \param memo  Memo of the zone.
 *
 * \return Denial, to be freed; NULL if there is none.
 */
mxp_unsigned_t *mxp_unsigned_take(mxp_memo_t *memo);
