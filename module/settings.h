/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Settings of instances and zones, as the configuration has them.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "decision.h"
#include "qtype.h"

/*! \brief Settings of an instance. */
typedef struct {
	const char *file;      /*!< Path of the preset map. */
	mxp_rules_t rules;     /*!< What the decision needs to know. */
	const char *keystores; /*!< Keystores that can hold the zone's keys, each on a line of its
	                            own: `f` and a folder of PEM files, or `t` and the configuration
	                            of a PKCS #11 token (NULL if none can). */
	bool dnssec;           /*!< Sign what signed zones are served with. */
	bool ede;              /*!< Mark synthesized answers with an Extended DNS Error. */
	bool statistics;       /*!< Count. */
	bool rotation;         /*!< Rotate the records of an answer. */
} mxp_settings_t;

/*! \brief Signing of a zone. */
typedef struct {
	char *keystores; /*!< Keystores as in mxp_settings_t, allocated; NULL for a zone that
	                      neither signs nor follows a primary. */
	bool failed;     /*!< Memory is exhausted: this is not all that the configuration says. */
	bool signing;    /*!< The server itself signs the zone. */
	int64_t max_ttl; /*!< The `zone-max-ttl` of the policy that signs, in seconds; -1 if it has
	                    none. */
	bool online;     /*!< mod-onlinesign signs the zone. */
	bool online_first;         /*!< It comes before this module. */
	mxp_types_t online_denies; /*!< Types of ours that its `nsec-bitmap` lacks. */
} mxp_dnssec_t;

/*!
 * \brief Types that zones are served with.
 *
 * \param settings  Settings.
 *
 * \return MX, or MX and TXT.
 */
static inline mxp_types_t mxp_settings_types(const mxp_settings_t *settings)
{
	return settings->rules.spf ? MXP_TYPE_MX | MXP_TYPE_TXT : MXP_TYPE_MX;
}

/*!
 * \brief Orders settings.
 *
 * \param set1  First settings.
 * \param set2  Second settings.
 *
 * \return 0 if they are equal, otherwise a negative or positive number.
 */
int mxp_settings_cmp(const mxp_settings_t *set1, const mxp_settings_t *set2);

/*!
 * \brief Copies settings with all their strings.
 *
 * \param from  Settings.
 * \param to    Output: copy, to be cleared in any case.
 *
 * \return False if memory is exhausted.
 */
bool mxp_settings_copy(const mxp_settings_t *from, mxp_settings_t *to);

/*!
 * \brief Frees what copied settings hold.
 *
 * \param settings  Copied settings.
 */
void mxp_settings_clear(mxp_settings_t *settings);
