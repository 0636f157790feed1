/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Private keys, taken from the server's keystores when they are needed.
 *
 * A key that was used stays in memory until it was not used for a minute, so that zones that share
 * one do not read it again and again, and a token (PKCS #11) is not opened for each signature; at
 * most #MXP_KEYRING_SIZE of them, each wiped when it goes. A key in a file is only used as long as
 * the file is there and the same.
 *
 * No lock is taken: what is found is read within a section of liburcu, as a snapshot is.
 */

#pragma once

#include <stdint.h>

#include <libknot/rdataset.h>

#include "libdnssec.h"

/*! Most keys in memory. */
#define MXP_KEYRING_SIZE 256

/*! First octet of a keystore in the settings. */
#define MXP_KEYSTORE_PEM    'f'
#define MXP_KEYSTORE_PKCS11 't'

/*!
 * \brief Signs with the private key of a DNSKEY. The calling thread has to be known to liburcu.
 *
 * A keystore can hold another key than the one that it is asked for: each is compared with the
 * DNSKEY when it is read; that of a token, which may not tell, is verified by its first signature.
 *
 * \param keystores  Keystores, as mxp_settings_t has them: all are tried, in their order.
 * \param dnskey     DNSKEY.
 * \param data       What is signed.
 * \param out        Output: signature, to be freed.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_EACCES  if no keystore has the key.
 * \retval KNOT_EBUSY   if one could not be asked for a cause that passes: for want of memory or
 *                      descriptors.
 */
int mxp_keyring_sign(const char *keystores, const knot_rdata_t *dnskey, const dnssec_binary_t *data,
                     dnssec_binary_t *out);

/*!
 * \brief Lets go of the keys that were not used for a minute.
 *
 * \param now_ms  Steady time in milliseconds.
 */
void mxp_keyring_sweep(uint64_t now_ms);

/*! \brief Lets go of all keys: no query can use one any more. */
void mxp_keyring_clear(void);
