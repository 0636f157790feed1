/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief An edit of a zone of the running server: one transaction.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>
#include <libknot/dname.h>

#include "commands.h"
#include "control.h"
#include "instance.h"
#include "zone.h"

/*! \brief TTL of a new RRset in seconds. */
#define EDIT_TTL 3600

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
 * \brief Opens a transaction, does an edit in it, and prints what the zone is served with then.
 *
 * \param edit  Edit; what it holds is freed.
 * \param plan  Sends the changes.
 *
 * \return Exit status.
 */
int edit_perform(edit_t *edit, edit_plan_f plan);
