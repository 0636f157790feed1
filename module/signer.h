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

/*! \brief Remembered signatures of a zone: MX and denials, for several keys each. */
#define MXP_SIGNATURES 8

/*! \brief A remembered signature. */
typedef struct mxp_signature {
	struct mxp_signature *next; /*!< Next one to be freed. */
	size_t data_len;            /*!< Length of what is signed. */
	size_t len;                 /*!< Length of the signature. */
	uint8_t bytes[];            /*!< What is signed, and the signature. */
} mxp_signature_t;

/*! \brief What is remembered for a zone. */
typedef struct {
	mxp_signature_t *signatures[MXP_SIGNATURES]; /*!< Signatures. */
	unsigned next;                               /*!< The one to be forgotten next. */
	uint64_t paused; /*!< No attempt before, after one that failed, in milliseconds. */
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
 * \brief Finds or makes a signature. Takes no lock.
 *
 * To be called within a read-side section of liburcu. After a key could not be had, there is no
 * further attempt for ten seconds.
 *
 * \param keys       Keys of the zone.
 * \param data       What is signed (RFC 4034, section 3.1.8.1), from the RRSIG's first field on.
 * \param data_len   Its length in octets.
 * \param signature  Output: signature, valid within the section.
 *
 * \retval KNOT_EOK      if success.
 * \retval KNOT_ENOMEM   if memory is exhausted.
 * \retval KNOT_EACCES   if the key is not at hand.
 */
int mxp_sign(const mxp_keys_t *keys, const uint8_t *data, size_t data_len,
             const mxp_signature_t **signature);

/*!
 * \brief Octets of a signature.
 *
 * \param signature  Signature.
 *
 * \return Octets, as many as its length says.
 */
static inline const uint8_t *mxp_signature_bytes(const mxp_signature_t *signature)
{
	return signature->bytes + signature->data_len;
}

/*!
 * \brief Finds the DNSKEY that an RRSIG names.
 *
 * \param dnskeys  DNSKEY records of the zone.
 * \param rrsig    RDATA of the RRSIG.
 *
 * \return DNSKEY, NULL if there is none.
 */
const knot_rdata_t *mxp_find_dnskey(const knot_rdataset_t *dnskeys, const uint8_t *rrsig);

/*!
 * \brief Takes the signatures that were forgotten.
 *
 * \return List to be freed after a grace period.
 */
mxp_signature_t *mxp_signatures_forgotten(void);

/*!
 * \brief Frees signatures.
 *
 * \param list  List.
 */
void mxp_signatures_free(mxp_signature_t *list);
