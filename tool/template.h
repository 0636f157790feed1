/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Host names of Domain Connect templates.
 */

#pragma once

#include <jansson.h>

/*!
 * \brief Turns a host name of a template into an exchange of a preset map.
 *
 * `%variable%` becomes `_variable_`; what stands for the domain becomes `_zone_`.
 *
 * \param host       Host name: absolute, with or without a final dot.
 * \param variables  Object that takes the template's variables by the parameters made of them.
 * \param reason     Output: static string that tells why a map cannot say it.
 *
 * \return Exchange, to be freed; NULL if a map cannot say it.
 */
char *template_exchange(const char *host, json_t *variables, const char **reason);
