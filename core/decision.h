/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief The decision: which MX a zone is served with, and why; and what SPF record goes with it.
 *
 * It depends on nothing but its arguments, so the server and the tool cannot disagree.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/dname.h>
#include <libknot/mm_ctx.h>
#include <libknot/rdataset.h>

#include "cause.h"
#include "map.h"
#include "span.h"

/*! \brief What the decision needs to know of an instance's configuration. */
typedef struct {
	const char *builtin;       /*!< Name of the built-in. */
	const char *preset;        /*!< Name of the instance's preset (NULL if not set). */
	const mxp_param_t *params; /*!< Parameters for both. */
	size_t param_count;        /*!< Number of parameters. */
	bool marker;               /*!< Obey markers. */
	bool filter;               /*!< Leave built-in records out beside an override. */
	bool spf;                  /*!< The SPF record follows the preset. */
} mxp_rules_t;

/*! \brief A map as an instance sees it. */
typedef struct {
	const mxp_map_t *map;        /*!< Map (NULL if no good one was ever loaded). */
	const mxp_preset_t *builtin; /*!< The built-in (NULL if the map lacks it). */
	const mxp_preset_t *preset;  /*!< The instance's preset (NULL if not set or missing). */
} mxp_view_t;

/*! \brief What the zone stores at its apex. */
typedef struct {
	const knot_dname_t *zone; /*!< Name of the zone in lower case. */
	knot_rdataset_t mx;       /*!< MX records. */
	uint32_t mx_ttl;          /*!< TTL of the MX records in seconds. */
	knot_rdataset_t txt;      /*!< TXT records. */
	uint32_t txt_ttl;         /*!< TTL of the TXT records in seconds. */
	bool canonical;           /*!< The answer is to be signed (RFC 4034, section 6.2). */
} mxp_apex_t;

/*! \brief What to serve. */
typedef enum {
	MXP_SERVE_STORED,   /*!< What the zone stores. */
	MXP_SERVE_FILTERED, /*!< The stored records without the built-in ones. */
	MXP_SERVE_PRESET,   /*!< A preset. */
	MXP_SERVE_ADDED,    /*!< The stored records and a preset's. */
	MXP_SERVE_FAIL,     /*!< SERVFAIL: an answer is due and cannot be made. */
	MXP_SERVE_UNSIGNED, /*!< What the zone stores, since what is due cannot be signed. */
} mxp_serve_t;

/*! \brief Why. */
typedef enum {
	MXP_SOURCE_NONE,     /*!< No source gives an MX. */
	MXP_SOURCE_OVERRIDE, /*!< The zone's own MX. */
	MXP_SOURCE_MARKER,   /*!< The zone's marker. */
	MXP_SOURCE_PRESET,   /*!< The instance's preset. */
	MXP_SOURCE_BUILTIN,  /*!< The built-in, stored or synthesized. */
} mxp_source_t;

/*! \brief Decision. */
typedef struct {
	mxp_serve_t serve;          /*!< What to serve. */
	mxp_source_t source;        /*!< Why: the rule that decided, also if it failed. */
	const mxp_preset_t *preset; /*!< The preset that is served. */
	uint32_t ttl;               /*!< TTL of the records in seconds. */
	knot_rdataset_t rrs;        /*!< Records if they are not what the zone stores. */
	bool allocated;             /*!< The records belong to the decision. */
	uint8_t *text;              /*!< Text of the marker if it had to be joined. */
	mxp_fault_t fault;          /*!< Why it failed, or cannot be signed; MXP_OK otherwise. */
} mxp_decision_t;

/*!
 * \brief Tells if a zone is left alone: arpa., one below it, or the root.
 *
 * \param zone  Name of the zone in lower case.
 *
 * \return True if it is.
 */
bool mxp_zone_is_exempt(const knot_dname_t *zone);

/*!
 * \brief Looks up an instance's presets in a map.
 *
 * \param rules  Instance's rules.
 * \param map    Preset map (may be NULL).
 *
 * \return View.
 */
mxp_view_t mxp_view(const mxp_rules_t *rules, const mxp_map_t *map);

/*!
 * \brief Tells which of an instance's presets a view lacks.
 *
 * \param view   Instance's view of a map.
 * \param rules  Instance's rules.
 *
 * \return Name of the built-in or else of the instance's preset, NULL if none is missing.
 */
const char *mxp_view_lacks(const mxp_view_t *view, const mxp_rules_t *rules);

/*!
 * \brief Finds the preset with the largest TTL of those that a zone can be served with.
 *
 * \param view   Instance's view of a map.
 * \param rules  Instance's rules.
 *
 * \return Preset, NULL if there is none.
 */
const mxp_preset_t *mxp_view_longest(const mxp_view_t *view, const mxp_rules_t *rules);

/*!
 * \brief Decides which MX a zone is served with.
 *
 * The rule that applies decides alone: it serves, or it fails. None is passed over because what it
 * asks for cannot be served.
 *
 * \param rules  Instance's rules.
 * \param view   Instance's view of the map.
 * \param apex   What the zone stores.
 * \param mm     Memory context for records (NULL for malloc).
 * \param out    Output: decision.
 */
void mxp_decide(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                knot_mm_t *mm, mxp_decision_t *out);

/*!
 * \brief Decides which TXT records a zone is served with: the SPF record follows the MX.
 *
 * An SPF record that the zone stores always wins, and nothing ever fails: where no other record is
 * due, or one cannot be made, the zone is served with what it stores. That memory is exhausted is
 * its only fault; those of the MX are theirs.
 *
 * \param rules  Instance's rules.
 * \param view   Instance's view of the map.
 * \param apex   What the zone stores.
 * \param mm     Memory context for records (NULL for malloc).
 * \param out    Output: decision; if a preset is served, its source is that of the MX.
 */
void mxp_decide_txt(const mxp_rules_t *rules, const mxp_view_t *view, const mxp_apex_t *apex,
                    knot_mm_t *mm, mxp_decision_t *out);

/*!
 * \brief Tells if a decision is to serve records that the zone does not store as they are.
 *
 * \param decision  Decision.
 *
 * \return True if so.
 */
static inline bool mxp_decision_is_made(const mxp_decision_t *decision)
{
	return decision->serve == MXP_SERVE_PRESET || decision->serve == MXP_SERVE_FILTERED ||
	       decision->serve == MXP_SERVE_ADDED;
}

/*!
 * \brief Turns a decision into a failure, because what was decided cannot be served.
 *
 * \param out    Decision.
 * \param cause  Why.
 */
void mxp_decision_fail(mxp_decision_t *out, mxp_cause_t cause);

/*!
 * \brief Turns a decision into one for what the zone stores, because it cannot be signed.
 *
 * \param out    Decision.
 * \param apex   What the zone stores.
 * \param cause  Why.
 * \param mm     Memory context that the decision was made with.
 */
void mxp_decision_unsign(mxp_decision_t *out, const mxp_apex_t *apex, mxp_cause_t cause,
                         knot_mm_t *mm);

/*!
 * \brief Name of a source, as the tool writes it.
 *
 * \param source  Source.
 *
 * \return Static string.
 */
const char *mxp_source_str(mxp_source_t source);

/*!
 * \brief Frees what a decision holds.
 *
 * Not needed with a memory pool.
 *
 * \param out  Decision.
 * \param mm   Memory context it was made with.
 */
void mxp_decision_clear(mxp_decision_t *out, knot_mm_t *mm);
