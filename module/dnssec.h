/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief What the server's configuration says about the signing of a zone.
 */

#pragma once

#include <knot/module.h>

#include "settings.h"

/*!
 * \brief Reads what the configuration says about the signing of a module's zone.
 *
 * \param mod  Module that is being loaded.
 *
 * \return Signing; the keystores are the caller's to free.
 */
mxp_dnssec_t mxp_dnssec(knotd_mod_t *mod);
