/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Queries for MX, and TXT: how they are answered.
 */

#pragma once

#include <knot/module.h>

/*!
 * \brief Registers the hook that every query runs into first. The module's context has to be set
 *        when it runs.
 *
 * \param mod  Module.
 * \param spf  The SPF record follows the preset: TXT queries, too.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_query_hook_add_first(knotd_mod_t *mod, bool spf);

/*!
 * \brief Registers the other hooks for queries.
 *
 * \param mod  Module.
 * \param spf  The SPF record follows the preset; otherwise, queries for TXT shall not be noticed.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_query_hooks_add(knotd_mod_t *mod, bool spf);
