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

#include "retire.h"

/*! \brief Remembered signatures of a zone: MX and denials, for several keys each. */
#define MXP_SIGNATURES 8

/*! \brief A remembered signature. */
typedef struct {
	mxp_retired_t retired; /*!< For its end. */
	size_t key_len;        /*!< Length of what it is remembered by. */
	size_t len;            /*!< Length of the signature. */
	uint8_t bytes[];       /*!< What it is remembered by, and the signature. */
} mxp_signature_t;

/*! \brief What is remembered for a zone. */
typedef struct {
	mxp_signature_t *signatures[MXP_SIGNATURES]; /*!< Signatures. */
	unsigned next;                               /*!< The one to be forgotten next. */
	uint64_t paused_until_ms; /*!< No attempt before, after one that failed. */
} mxp_memo_t;

/*! \brief Keys of a zone, and where they are. */
typedef struct {
	const char *keystore;     /*!< Configuration of the keystore. */
	bool pkcs11;              /*!< The keystore is PKCS #11, not PEM files. */
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
 * To be called within a read-side section of liburcu.
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
 * further attempt for ten seconds, and nothing is remembered any more.
 *
 * \param keys       Keys of the zone.
 * \param key        What the signature is remembered by: all that it depends on.
 * \param key_len    Its length in octets.
 * \param data       What is signed (RFC 4034, section 3.1.8.1), from the RRSIG's first field on.
 * \param data_len   Its length in octets.
 * \param signature  Output: signature, valid within the section.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_ENOENT  if the zone does not publish the DNSKEY: nobody could check it.
 * \retval KNOT_EACCES  if the private key is not at hand.
 * \retval KNOT_ENOMEM  if memory is exhausted.
 */
int mxp_sign(const mxp_keys_t *keys, const uint8_t *key, size_t key_len, const uint8_t *data,
             size_t data_len, const mxp_signature_t **signature);

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
