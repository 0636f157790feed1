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
 * \brief Makes a signature and remembers it. What is remembered stays, since it is still valid.
 *
 * To be called within a read-side section of liburcu.
 *
 * \param keys       Keys of the zone.
 * \param key        What the signature is remembered by: all that it depends on.
 * \param key_len    Its length in octets.
 * \param data       What is signed, as for #mxp_sign.
 * \param data_len   Its length in octets.
 * \param len        Length that the signature must have in octets, 0 for any.
 * \param signature  Output: signature, valid within the section.
 *
 * \return As #mxp_sign, or KNOT_ENOMEM.
 */
int mxp_signature_make(const mxp_keys_t *keys, const uint8_t *key, size_t key_len, uint8_t *data,
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
	return signature->bytes + signature->key_len;
}
