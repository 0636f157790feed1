/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief Signatures that the zone does not hold, made with the zone's own keys (RFC 4034).
 *
 * Keys are not managed: whoever asks for a signature gives the RRSIG's fields, copied from a
 * signature of the zone, and the key that they name is taken from the server's keystore, used and
 * wiped. A signature is remembered with all that it signs, so what follows from a roll-over, a
 * re-signing or a new configuration is found to be something else by itself.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libknot/dname.h>
#include <libknot/rdataset.h>

#include "keyring.h"
#include "retire.h"

/*! \brief Remembered signatures of a zone: MX, TXT and denials, for several keys each. */
#define MXP_SIGNATURES 8

/*! \brief A remembered signature. */
typedef struct {
	mxp_retired_t retired; /*!< For its end. */
	size_t key_len;        /*!< Length of what it is remembered by. */
	size_t len;            /*!< Length of the signature. */
	uint16_t key_tag;      /*!< Tag of the key that has made it. */
	bool stand_in;         /*!< That is not the key that was asked for. */
	uint64_t due_ms;       /*!< When that one is to be looked for again. */
	uint8_t bytes[];       /*!< What it is remembered by, and the signature. */
} mxp_signature_t;

/*!
 * \brief An answer that was signed, with all that it is made of.
 *
 * It outlives the map that it was made of, so that it can go on while there is no key.
 */
typedef struct {
	mxp_retired_t retired;  /*!< For its end. */
	knot_rdataset_t apex;   /*!< RRSIG records of the apex when it was made. */
	knot_rdataset_t rrs;    /*!< Records. */
	knot_rdataset_t rrsigs; /*!< Their RRSIG records. */
	uint32_t ttl;           /*!< Their TTL in seconds. */
	char text[160];         /*!< Where they are from, as for an Extended DNS Error. */
	uint8_t bytes[];        /*!< RDATA of all. */
} mxp_signed_answer_t;

/*! \brief Types of answers that are remembered. */
enum {
	MXP_ANSWER_MX,
	MXP_ANSWER_TXT,
	MXP_ANSWERS, /*!< Their number. */
};

/*! \brief What is remembered for a zone. */
typedef struct {
	mxp_signature_t *signatures[MXP_SIGNATURES]; /*!< Signatures. */
	unsigned next;                               /*!< The one to be forgotten next. */
	mxp_signed_answer_t *answers[MXP_ANSWERS];   /*!< Last answer of each type that was signed
	                                                  (NULL if there is none). */
	uint64_t paused_until_ms; /*!< No attempt before, after one that failed. */
	mxp_verified_t verified;  /*!< Keys that were verified. */
	bool is_busy;             /*!< The last attempt failed for a cause that passes. */
	bool has_signed;          /*!< A signature was made. */
	bool has_failed;          /*!< None could be made since. */
	bool is_back;             /*!< One could be made again, which is not logged yet. */
} mxp_memo_t;

/*! \brief Keys of a zone, and where they are. */
typedef struct {
	const char *keystores;    /*!< Keystores, as mxp_settings_t has them. */
	const knot_dname_t *zone; /*!< Name of the zone. */
	knot_rdataset_t dnskeys;  /*!< DNSKEY records of the zone. */
	mxp_memo_t **memo;        /*!< What is remembered, made when it is needed first. */
} mxp_keys_t;

/*!
 * \brief Frees what is remembered for a zone.
 *
 * \param memo  What no query can use any more (may be NULL).
 */
void mxp_memo_free(mxp_memo_t *memo);

/*!
 * \brief Finds a remembered signature. Takes no lock.
 *
 * To be called within a read-side section of liburcu. That of a stand-in for the key that was asked
 * for is not found once every ten seconds, so that the key is looked for again.
 *
 * \param keys     Keys of the zone.
 * \param key      What the signature is remembered by.
 * \param key_len  Its length in octets.
 *
 * \return Signature, valid within the section; NULL if there is none.
 */
const mxp_signature_t *mxp_signature_find(const mxp_keys_t *keys, const uint8_t *key,
                                          size_t key_len);

/*!
 * \brief Makes a signature and remembers it.
 *
 * To be called within a read-side section of liburcu. After a key could not be had, there is no
 * further attempt for ten seconds. What is remembered stays, since it is still valid.
 *
 * If the key that the data name is not at hand, another one of the same algorithm will do that the
 * zone publishes and has not revoked: validators take any of these.
 *
 * \param keys       Keys of the zone.
 * \param key        What the signature is remembered by: all that it depends on.
 * \param key_len    Its length in octets.
 * \param data       What is signed (RFC 4034, section 3.1.8.1), from the RRSIG's first field on;
 *                   the same again at the end, though other key tags are tried in it.
 * \param data_len   Its length in octets.
 * \param len        Length that the signature must have in octets, 0 for any.
 * \param signature  Output: signature, valid within the section.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_ENOENT  if the zone does not publish the DNSKEY that the data name: nobody could
 *                      check the signature that they were copied from either.
 * \retval KNOT_EACCES  if no private key is at hand.
 * \retval KNOT_EBUSY   if a keystore could not be asked for a cause that passes.
 * \retval KNOT_ENOMEM  if memory is exhausted.
 */
int mxp_sign(const mxp_keys_t *keys, const uint8_t *key, size_t key_len, uint8_t *data,
             size_t data_len, size_t len, const mxp_signature_t **signature);

/*!
 * \brief Tells if a signature was made for the zone since it was loaded.
 *
 * \param keys  Keys of the zone.
 *
 * \return True if so.
 */
bool mxp_signer_has_signed(const mxp_keys_t *keys);

/*!
 * \brief Tells if the last signature could not be made for a cause that passes, so that nothing is
 *        known about the zone's keys.
 *
 * \param keys  Keys of the zone.
 *
 * \return True if so.
 */
bool mxp_signer_is_busy(const mxp_keys_t *keys);

/*!
 * \brief Tells once if signing works again, after it did not.
 *
 * \param keys  Keys of the zone.
 *
 * \return True if so.
 */
bool mxp_signer_is_back(const mxp_keys_t *keys);

/*!
 * \brief Remembers the last answer of a type that was signed.
 *
 * \param keys    Keys of the zone, with which a signature was made.
 * \param type    MX or TXT.
 * \param answer  Answer, allocated in one piece; it belongs to the zone then.
 */
void mxp_answer_remember(const mxp_keys_t *keys, uint16_t type, mxp_signed_answer_t *answer);

/*!
 * \brief Recalls the last answer of a type that was signed.
 *
 * To be called within a read-side section of liburcu.
 *
 * \param keys  Keys of the zone.
 * \param type  MX or TXT.
 *
 * \return Answer, valid within the section; NULL if there is none.
 */
const mxp_signed_answer_t *mxp_answer_recall(const mxp_keys_t *keys, uint16_t type);

/*!
 * \brief Octets of a signature.
 *
 * \param signature  Signature.
 *
 * \return Octets, as many as its length says.
 */
static inline const uint8_t *mxp_signature_bytes(const mxp_signature_t *signature)
{
	return signature->bytes + signature->key_len;
}
