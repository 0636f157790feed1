/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief A preset: the named MX RRset of one mail provider.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libknot/dname.h>
#include <libknot/rdataset.h>

/*! \brief Most records in a preset. */
#define MXP_RECORDS_MAX 255

/*! \brief A parameter of a preset with its default. */
typedef struct {
	char *name;       /*!< Name: lower-case letters and digits. */
	char *value;      /*!< Default literal (NULL if there is none). */
	bool zone_dashed; /*!< Default is the zone's name with hyphens instead of dots. */
	size_t line;      /*!< Line of the map that sets it. */
} mxp_default_t;

/*! \brief One record of a preset. */
typedef struct {
	uint16_t preference;    /*!< Preference (RFC 1035, section 3.3.9). */
	knot_dname_t *exchange; /*!< Exchange in lower case, parameters in place. */
} mxp_mx_t;

/*! \brief A preset. */
typedef struct mxp_preset {
	char *name;                     /*!< Name in lower case. */
	char *title;                    /*!< Display name (NULL if there is none). */
	char **notes;                   /*!< What people need to know. */
	char *spf;                      /*!< Terms of its SPF record (NULL if there are none). */
	const struct mxp_preset *alias; /*!< The preset this name stands for (NULL if itself). */
	uint32_t ttl;                   /*!< TTL in seconds. */
	uint16_t mx_count;              /*!< Number of records. */
	uint16_t default_count;         /*!< Number of parameters with defaults. */
	uint16_t param_count;           /*!< Number of parameters in the exchanges. */
	uint32_t note_count;            /*!< Number of notes. */
	uint32_t retired_count;         /*!< Number of retired exchanges. */
	uint32_t own_count;             /*!< Number of own names. */
	mxp_mx_t *mx;                   /*!< Records as written in the map. */
	mxp_default_t *defaults;        /*!< Defaults of parameters. */
	char **params;                  /*!< Names of the parameters in the exchanges. */
	knot_dname_t **retired;         /*!< Retired exchanges in lower case. */
	const knot_dname_t **own;       /*!< Own names known without a zone, sorted for search:
	                                     retired exchanges, and exchanges if none has
	                                     a parameter. */
	knot_rdataset_t rrs;            /*!< Records, ready; empty if there are parameters. */
	knot_rdataset_t spf_rrs;        /*!< SPF record, ready; empty if there is none. */
} mxp_preset_t;

/*!
 * \brief Notes the names that are the preset's own in every zone, for #mxp_preset_owns.
 *
 * \param preset     Preset as read from the map.
 * \param exchanges  Its exchanges are the same in every zone; else only the retired ones count.
 *
 * \return False if memory is exhausted.
 */
bool mxp_preset_know_own(mxp_preset_t *preset, bool exchanges);

/*!
 * \brief Tells if an exchange is one of the preset's own names known without a zone.
 *
 * \param preset    Preset.
 * \param exchange  Exchange in any letter case.
 *
 * \return True if it is.
 */
bool mxp_preset_owns(const mxp_preset_t *preset, const knot_dname_t *exchange);

/*!
 * \brief Frees what a preset holds.
 *
 * \param preset  Preset.
 */
void mxp_preset_clear(mxp_preset_t *preset);
