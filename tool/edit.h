/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief An edit of a zone of the running server: one transaction.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <jansson.h>
#include <libknot/dname.h>

#include "commands.h"
#include "control.h"
#include "instance.h"
#include "zone.h"

/*! \brief TTL of a new RRset in seconds. */
#define EDIT_TTL 3600

/*! \brief What becomes of a zone. */
typedef enum {
	FATE_STAYS,    /*!< It stays as it is. */
	FATE_CHANGES,  /*!< It changes. */
	FATE_LEFT_OUT, /*!< It should change, and cannot. */
} fate_t;

/*!
 * \brief Says what becomes of a zone.
 *
 * \param zone      Name of the zone.
 * \param apex      What it stores at its apex.
 * \param instance  The instance of the module that it uses.
 * \param named     Somebody has named this zone, and means it.
 * \param after     Output: what it is to store at its apex, to be cleared; nothing but its MX and
 *                  TXT counts.
 * \param reason    Output: why it does not change, to be freed; NULL if nobody needs to know.
 *
 * \return What becomes of it.
 */
typedef fate_t (*edit_judge_f)(const knot_dname_t *zone, const node_t *apex,
                               const instance_t *instance, bool named, node_t *after,
                               char **reason);

/*! \brief An edit of a zone: what is asked for, and what it is done with. */
typedef struct {
	const options_t *options;
	knot_dname_storage_t name;     /*!< Name of the zone. */
	knot_dname_storage_t host;     /*!< HOST */
	knot_dname_storage_t exchange; /*!< VALUE */
	uint16_t priority;             /*!< PRIORITY */
	uint32_t ttl;                  /*!< TTL */
	bool has_ttl;                  /*!< TTL is given. */
	bool all;                      /*!< All records of HOST. */
	edit_judge_f judge;            /*!< Says what the apex becomes. */
	char *marker;                  /*!< Text of the marker. */
	control_t control;             /*!< Connection. */
	instance_t instance;           /*!< The zone's instance of the module. */
	zone_t *zone;                  /*!< The zone before the edit. */
	size_t changes;                /*!< Number of changes sent. */
	bool adds;                     /*!< A record of HOST is added. */
} edit_t;

/*!
 * \brief Sends the changes of an edit.
 *
 * \param edit  Edit.
 *
 * \return False if refused, which is reported.
 */
typedef bool (*edit_plan_f)(edit_t *edit);

/*!
 * \brief Adds a record.
 *
 * \param edit   Edit.
 * \param owner  Owner.
 * \param type   Type.
 * \param ttl    TTL in seconds.
 * \param data   RDATA as text.
 *
 * \return False if refused, which is reported.
 */
bool edit_set(edit_t *edit, const knot_dname_t *owner, const char *type, uint32_t ttl,
              const char *data);

/*!
 * \brief Removes a record, or a whole RRset.
 *
 * \param edit   Edit.
 * \param owner  Owner.
 * \param type   Type.
 * \param data   RDATA as text (NULL for the RRset).
 *
 * \return False if refused, which is reported.
 */
bool edit_unset(edit_t *edit, const knot_dname_t *owner, const char *type, const char *data);

/*!
 * \brief Tells if an edit would leave a domain with exchanges alone that only prove who owns it.
 *
 * \param edit    Edit.
 * \param report  Report on the zone after it.
 *
 * \return True if the edit is refused for that, which is reported.
 */
bool edit_loses_mail(const edit_t *edit, const json_t *report);

/*!
 * \brief Tells what an edit does to answers: what is served no longer, or not at all.
 *
 * \param edit    Edit.
 * \param after   The zone after it.
 * \param report  Report on that.
 */
void edit_tell_effect(const edit_t *edit, const zone_t *after, const json_t *report);

/*!
 * \brief Tells if a TXT record is a marker.
 *
 * \param rdata  RDATA.
 *
 * \return True if it is.
 */
bool edit_is_marker(const knot_rdata_t *rdata);

/*!
 * \brief Writes a TXT record as text.
 *
 * \param zone   Name of the zone.
 * \param rdata  RDATA.
 *
 * \return Text, to be freed.
 */
char *edit_txt_text(const knot_dname_t *zone, const knot_rdata_t *rdata);

/*!
 * \brief Tells if an exchange is among MX records.
 *
 * \param rrs       Records.
 * \param exchange  Exchange, in any letter case.
 *
 * \return True if it is.
 */
bool edit_has_exchange(const knot_rdataset_t *rrs, const knot_dname_t *exchange);

/*!
 * \brief Sends the changes that make the apex another one.
 *
 * \param edit   Edit.
 * \param after  What the apex is to store.
 *
 * \return False if refused, which is reported.
 */
bool edit_set_apex(edit_t *edit, const node_t *after);

/*!
 * \brief Writes these changes as the server writes those of a transaction.
 *
 * \param zone    Name of the zone.
 * \param before  What the apex stores.
 * \param after   What it is to store.
 * \param out     Output.
 */
void edit_write_apex(const knot_dname_t *zone, const node_t *before, const node_t *after,
                     FILE *out);

/*!
 * \brief Edits the zone that is named, or all zones, as a judge says.
 *
 * \param options  Options.
 * \param argv     Name of the zone, unless all are meant.
 * \param judge    Says what becomes of a zone.
 *
 * \return Exit status.
 */
int edit_judged(const options_t *options, char **argv, edit_judge_f judge);

/*!
 * \brief Does an edit in a transaction of its own, over the connection that the edit has.
 *
 * \param edit  Edit with its instance of the module.
 * \param plan  Sends the changes.
 *
 * \return Exit status.
 */
int edit_transact(edit_t *edit, edit_plan_f plan);

/*!
 * \brief Opens a transaction, does an edit in it, and prints what the zone is served with then.
 *
 * \param edit  Edit; what it holds is freed.
 * \param plan  Sends the changes.
 *
 * \return Exit status.
 */
int edit_perform(edit_t *edit, edit_plan_f plan);
