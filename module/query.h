/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief Queries for MX, and TXT: how they are answered.
 */

#pragma once

#include <knot/module.h>

/*!
 * \brief Registers the hooks for queries. The module's context has to be set when they run.
 *
 * \param mod  Module.
 * \param spf  The SPF record follows the preset; otherwise, queries for TXT shall not be noticed.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_query_hooks_add(knotd_mod_t *mod, bool spf);
