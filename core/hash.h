/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief FNV-1a, the hash of all that is looked up or told apart here.
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

/*! \brief Hash of nothing. */
#define MXP_HASH_START UINT64_C(0xcbf29ce484222325)

/*!
 * \brief Goes on with a hash.
 *
 * \param hash  Hash of what came before, or #MXP_HASH_START.
 * \param data  Octets.
 * \param len   Number of octets.
 *
 * \return Hash.
 */
static inline uint64_t mxp_hash(uint64_t hash, const void *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ ((const uint8_t *)data)[i]) * UINT64_C(0x100000001b3);
	}
	return hash;
}
