/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What was read of the configuration for one zone, and holds for others.
 *
 * A look-up costs a hundredth of what a server does to start a zone, and most zones share their
 * instance and their template. What holds for a zone is recalled by where its configuration has a
 * value: the same address in the same configuration is the same item of the same section.
 *
 * A configuration is known by the address of the host's name, of which each has its own copy. While
 * one is there, no other has that address, but a later one may get it. So three things together see
 * to it that nothing is recalled of another configuration:
 *
 * - What changes a configuration checks it before, and loads zones after, in one thread: a check
 *   forgets all, and from then on only that thread remembers and recalls.
 * - Other threads have copies of a configuration for a moment (as for the restoring of a zone),
 *   whose addresses come again soon. They read for themselves.
 * - A reload without a check loads all zones while the configuration before is still there, so the
 *   host's name is at another address; or leaves no zone that uses the module, and all is
 * forgotten.
 */

#pragma once

#include <stdbool.h>

#include <knot/module.h>

#include "settings.h"

/*!
 * \brief Recalls the settings of an instance.
 *
 * \param mod      Module that is being loaded.
 * \param address  Where the configuration has the instance's `builtin`.
 * \param out      Output: settings without keystores, to be cleared.
 *
 * \return False if they have to be read; the output is not set then.
 */
bool mxp_recall_settings(knotd_mod_t *mod, const void *address, mxp_settings_t *out);

/*!
 * \brief Remembers the settings of an instance.
 *
 * \param mod       Module that is being loaded.
 * \param address   Where the configuration has the instance's `builtin`.
 * \param settings  Settings, copied.
 */
void mxp_remember_settings(knotd_mod_t *mod, const void *address, const mxp_settings_t *settings);

/*!
 * \brief Recalls what a template says about the signing of a zone.
 *
 * \param mod      Module that is being loaded.
 * \param address  Where the configuration has the template's `module`.
 * \param out      Output: signing; the keystores are the caller's to free.
 *
 * \return False if it has to be read; the output is not set then.
 */
bool mxp_recall_dnssec(knotd_mod_t *mod, const void *address, mxp_dnssec_t *out);

/*!
 * \brief Remembers what a template says about the signing of a zone.
 *
 * \param mod      Module that is being loaded.
 * \param address  Where the configuration has the template's `module`.
 * \param dnssec   Signing, copied.
 */
void mxp_remember_dnssec(knotd_mod_t *mod, const void *address, const mxp_dnssec_t *dnssec);

/*! \brief Notes that a configuration is checked, which this thread may use next. */
void mxp_recall_checked(void);

/*! \brief Notes a zone that comes. */
void mxp_recall_join(void);

/*! \brief Notes a zone that goes; with the last one, all is forgotten. */
void mxp_recall_leave(void);
