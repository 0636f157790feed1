/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief How much a query thread signs: a large key or a slow token must not stop the zones of
 *        others.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*! \brief Beginning of a signature. */
typedef struct {
	uint64_t start_us; /*!< When it began. */
	uint64_t cpu_us;   /*!< CPU time of the thread until then. */
	long switches;     /*!< How often the thread had given way to others. */
} mxp_pace_t;

/*!
 * \brief Begins to measure a signature.
 *
 * \return Its beginning.
 */
mxp_pace_t mxp_pace_begin(void);

/*!
 * \brief Notes how long a signature, or an attempt at one, took.
 *
 * \param pace       Beginning.
 * \param keystores  Keystores, as mxp_settings_t has them.
 * \param len        Length of the signature in octets (0 if none was made).
 */
void mxp_pace_end(const mxp_pace_t *pace, const char *keystores, size_t len);

/*!
 * \brief Tells if this thread shall leave a signature to others.
 *
 * So it is if there is a token among the keystores, and it is known to be slow, or if the signature
 * is a costly one and the thread has made such ones for half of the present tenth of a second.
 *
 * \param keystores  Keystores, as mxp_settings_t has them.
 * \param len        Length of the signature in octets, or of its RRSIG.
 *
 * \return True if so.
 */
bool mxp_pace_is_over(const char *keystores, size_t len);
