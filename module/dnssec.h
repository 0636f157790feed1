/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the server's configuration says about the signing of a zone.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <knot/module.h>

#include "qtype.h"

/*! \brief Signing of a zone. */
typedef struct {
	char *keystores; /*!< Keystores as in mxp_settings_t, allocated; NULL for a zone that
	                      neither signs nor follows a primary. */
	bool failed;     /*!< Memory is exhausted: the keystores are not all of them. */
	bool signing;    /*!< The server itself signs the zone. */
	int64_t max_ttl; /*!< The `zone-max-ttl` of the policy that signs, in seconds; -1 if it has
	                    none. */
	bool online;     /*!< mod-onlinesign signs the zone. */
	bool online_first;         /*!< It comes before this module. */
	mxp_types_t online_denies; /*!< Types of ours that its `nsec-bitmap` lacks. */
} mxp_dnssec_t;

/*!
 * \brief Reads what the configuration says about the signing of a module's zone.
 *
 * \param mod  Module that is being loaded.
 *
 * \return Signing; the keystores are the caller's to free.
 */
mxp_dnssec_t mxp_dnssec(knotd_mod_t *mod);
