/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Denials at a signed apex, in responses to whatever was asked.
 */

#pragma once

#include <knot/module.h>

/*!
 * \brief Registers the hooks for denials of a zone that can be signed.
 *
 * \param mod  Module.
 *
 * \return KNOT_EOK or an error of errcode.h.
 */
int mxp_denial_hooks_add(knotd_mod_t *mod);
