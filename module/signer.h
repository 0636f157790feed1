/* SPDX-License-Identifier: GPL-2.0-or-later */

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

#include "memo.h"

/*! Pause after a key could not be had, in milliseconds. */
#define MXP_SIGNER_PAUSE_MS 10000

/*! \brief Keys of a zone, and where they are. */
typedef struct {
	const char *keystores;    /*!< Keystores, as mxp_settings_t has them. */
	const knot_dname_t *zone; /*!< Name of the zone. */
	knot_rdataset_t dnskeys;  /*!< DNSKEY records of the zone. */
	mxp_memo_t *memo;         /*!< What is remembered. */
} mxp_keys_t;

/*!
 * \brief Looks up the remembered signature of a denial. Takes no lock.
 *
 * To be called within a read-side section of liburcu.
 *
 * \param memo   What is remembered.
 * \param types  Types that the denial has to list.
 * \param rrsig  RDATA of the RRSIG that it replaces.
 * \param len    Its length in octets.
 *
 * \return Signature, valid within the section, also if another key stands in for the one that was
 *         asked for; NULL if there is none.
 */
const mxp_signature_t *mxp_signature_look_up(mxp_memo_t *memo, mxp_types_t types,
                                             const uint8_t *rrsig, size_t len);

/*!
 * \brief Finds a remembered signature, likewise.
 *
 * That of a stand-in for the key that was asked for is not found once every ten seconds, so that
 * the key is looked for again, nor when the stand-in is not published any more.
 *
 * \param keys   Keys of the zone.
 * \param types  Types that the denial has to list.
 * \param rrsig  RDATA of the RRSIG that it replaces.
 * \param len    Its length in octets.
 *
 * \return Signature, valid within the section; NULL if there is none.
 */
const mxp_signature_t *mxp_signature_find(const mxp_keys_t *keys, mxp_types_t types,
                                          const uint8_t *rrsig, size_t len);

/*! \brief A signature that was made. */
typedef struct {
	dnssec_binary_t bytes; /*!< Signature, to be freed. */
	uint16_t key_tag;      /*!< Tag of the key that has made it. */
	bool stand_in;         /*!< That is not the key that was named. */
} mxp_made_t;

/*!
 * \brief Makes a signature.
 *
 * After a key could not be had, there is no further attempt for ten seconds; for half a second, if
 * the cause passes.
 *
 * If the key that the data name is not at hand, another one of the same algorithm will do that the
 * zone publishes and has not revoked: validators take any of these.
 *
 * \param keys      Keys of the zone.
 * \param data      What is signed (RFC 4034, section 3.1.8.1), from the RRSIG's first field on;
 *                  the same again at the end, though other key tags are tried in it.
 * \param data_len  Its length in octets.
 * \param len       Length that the signature must have in octets, 0 for any.
 * \param made      Output: signature.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_ENOENT  if the zone does not publish the DNSKEY that the data name: nobody could
 *                      check the signature that they were copied from either.
 * \retval KNOT_EACCES  if no private key is at hand.
 * \retval KNOT_EBUSY   if a keystore could not be asked for a cause that passes.
 */
int mxp_sign(const mxp_keys_t *keys, uint8_t *data, size_t data_len, size_t len, mxp_made_t *made);

/*!
 * \brief Finds a remembered signature that is valid, also one of a stand-in whose time has come.
 *
 * To be called within a read-side section of liburcu.
 *
 * \param keys   Keys of the zone.
 * \param types  Types that the denial has to list.
 * \param rrsig  RDATA of the RRSIG that it replaces.
 * \param len    Its length in octets.
 *
 * \return Signature, valid within the section; NULL if there is none.
 */
const mxp_signature_t *mxp_signature_find_any(const mxp_keys_t *keys, mxp_types_t types,
                                              const uint8_t *rrsig, size_t len);

/*!
 * \brief Makes the signature of a denial and remembers it. What is remembered stays, since it is
 *        still valid.
 *
 * To be called within a read-side section of liburcu.
 *
 * \param keys       Keys of the zone.
 * \param denial     Denial; the signature has to be as long as the one that it replaces.
 * \param signature  Output: signature, valid within the section.
 *
 * \return As #mxp_sign, or KNOT_ENOMEM.
 */
int mxp_signature_make(const mxp_keys_t *keys, const mxp_unsigned_t *denial,
                       const mxp_signature_t **signature);

/*!
 * \brief Does so beside the queries: not within a read-side section, which would be long.
 *
 * \param memo    Memo of the zone.
 * \param denial  Denial.
 */
void mxp_signature_make_aside(mxp_memo_t *memo, const mxp_unsigned_t *denial);

/*!
 * \brief Tells if a signature was made for the zone since it was loaded.
 *
 * \param keys  Keys of the zone.
 *
 * \return True if so.
 */
bool mxp_signer_has_signed(const mxp_keys_t *keys);

/*!
 * \brief Tells if the last signature could not be made, whatever the cause.
 *
 * \param keys  Keys of the zone.
 *
 * \return True if so.
 */
bool mxp_signer_has_failed(const mxp_keys_t *keys);

/*!
 * \brief Tells if there is no attempt for now, after one that failed.
 *
 * \param keys  Keys of the zone.
 *
 * \return True if so.
 */
bool mxp_signer_is_paused(const mxp_keys_t *keys);

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
 * \brief Octets of a signature.
 *
 * \param signature  Signature.
 *
 * \return Octets, as many as its length says.
 */
static inline const uint8_t *mxp_signature_bytes(const mxp_signature_t *signature)
{
	return signature->bytes + signature->rrsig_len;
}

/*!
 * \brief Notes that the types of a signature's denial are all that a zone is served with.
 *
 * \param signature   Signature.
 * \param generation  Snapshot (0 if they are not).
 */
static inline void mxp_signature_note(const mxp_signature_t *signature, uint64_t generation)
{
	__atomic_store_n(&((mxp_signature_t *)signature)->generation, generation, __ATOMIC_RELAXED);
}

/*!
 * \brief Tells if they are, and if the signature is that of the key that was asked for.
 *
 * \param signature   Signature.
 * \param generation  Snapshot.
 *
 * \return True if so.
 */
static inline bool mxp_signature_is_known(const mxp_signature_t *signature, uint64_t generation)
{
	return !signature->stand_in &&
	       __atomic_load_n(&signature->generation, __ATOMIC_RELAXED) == generation;
}
