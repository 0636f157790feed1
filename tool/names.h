/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Names as people write them.
 *
 * What cannot be read is refused with a line on the standard error output that names the argument
 * and says what to write instead.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <libknot/dname.h>

/*! \brief Name as a string. */
typedef knot_dname_txt_storage_t name_str_t;

/*!
 * \brief Writes a name with its final dot.
 *
 * \param name  Name.
 * \param out   Output: string.
 *
 * \return The output string.
 */
const char *name_str(const knot_dname_t *name, name_str_t out);

/*!
 * \brief Reads the name of a zone: letter case, final dot and U-labels as one likes.
 *
 * \param label  What the argument is called.
 * \param text   Argument.
 * \param zone   Output: name in lower case.
 *
 * \return False if refused.
 */
bool name_read_zone(const char *label, const char *text, knot_dname_storage_t zone);

/*!
 * \brief Reads a name relative to a zone: `@`, or a name without or with a final dot.
 *
 * \param text  Argument.
 * \param zone  Name of the zone.
 * \param host  Output: full name in lower case.
 *
 * \return False if refused, as is a relative name that ends in that of the zone.
 */
bool name_read_host(const char *text, const knot_dname_t *zone, knot_dname_storage_t host);

/*!
 * \brief Reads an exchange: with a dot in it a full name, otherwise a host of the zone.
 *
 * What can never be a mail server is refused, but for names below which owners prove a domain:
 * these are good beside others.
 *
 * \param text      Argument.
 * \param zone      Name of the zone.
 * \param exchange  Output: full name in lower case; the root for a null MX.
 *
 * \return False if refused.
 */
bool name_read_exchange(const char *text, const knot_dname_t *zone, knot_dname_storage_t exchange);

/*!
 * \brief Reads an exchange that a zone stores, which may be one that could not be added.
 *
 * \param text      Argument.
 * \param zone      Name of the zone.
 * \param exchange  Output: full name in lower case; the root for a null MX.
 *
 * \return False if refused.
 */
bool name_read_stored(const char *text, const knot_dname_t *zone, knot_dname_storage_t exchange);

/*!
 * \brief Turns U-labels into A-labels.
 *
 * \param text  Name in UTF-8.
 *
 * \return Name in ASCII, to be freed; NULL if it has none.
 */
char *name_to_ascii(const char *text);

/*!
 * \brief The name of a preset as a map has it.
 *
 * \param text  Name in UTF-8.
 *
 * \return Name in ASCII, to be freed; the text itself if it has none, which is no preset's name.
 */
char *name_of_preset(const char *text);

/*!
 * \brief Tells if a text is an IP address, perhaps with a final dot or in brackets.
 *
 * \param text  Text.
 *
 * \return True if it is.
 */
bool name_text_is_address(const char *text);

/*!
 * \brief Tells if a name is an IP address that was taken for a name, perhaps one of the zone.
 *
 * \param name  Name.
 * \param zone  Name of the zone.
 *
 * \return True if it is.
 */
bool name_is_address(const knot_dname_t *name, const knot_dname_t *zone);

/*!
 * \brief Tells if a name ends in the name of the zone twice.
 *
 * \param name  Name.
 * \param zone  Name of the zone.
 *
 * \return True if it does.
 */
bool name_is_doubled(const knot_dname_t *name, const knot_dname_t *zone);

/*!
 * \brief Cuts the name of the zone off the end of a name.
 *
 * \param name  Name in lower case.
 * \param zone  Name of the zone.
 * \param out   Output: what is left, with the root at its end.
 *
 * \return False if the name is not below the zone's.
 */
bool name_without_zone(const knot_dname_t *name, const knot_dname_t *zone,
                       knot_dname_storage_t out);
