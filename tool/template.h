/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief Host names of Domain Connect templates.
 */

#pragma once

/*!
 * \brief Turns a host name of a template into an exchange of a preset map.
 *
 * `%variable%` becomes `_variable_`; what stands for the domain becomes `_zone_`.
 *
 * \param host    Host name: absolute, with or without a final dot.
 * \param reason  Output: static string that tells why a map cannot say it.
 *
 * \return Exchange, to be freed; NULL if a map cannot say it.
 */
char *template_exchange(const char *host, const char **reason);
