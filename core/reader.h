/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Reader of the preset map, a zone file (RFC 1035, section 5).
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "map.h"
#include "report.h"

/*!
 * \brief Checks RDATA, which may have been written in hexadecimal (RFC 3597, section 5).
 *
 * \param type  Type of the record; all but SOA, MX, TXT and CNAME are taken as valid.
 * \param data  RDATA.
 * \param len   Length of the RDATA in octets.
 *
 * \return True if it is valid.
 */
bool mxp_rdata_valid(uint16_t type, const uint8_t *data, size_t len);

/*!
 * \brief Reads a preset map from memory.
 *
 * \param map    Output: preset map, NULL on any error.
 * \param data   Text of the map; CRLF line ends in it are turned into LF.
 * \param size   Size of the text in octets.
 * \param error  Called for each error.
 * \param ctx    Context of the call.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_EMALF   if the map is invalid.
 * \retval KNOT_ENOMEM  if memory is exhausted.
 */
int mxp_map_read(mxp_map_t **map, char *data, size_t size, mxp_error_f error, void *ctx);

/*!
 * \brief Reads a preset map from a file.
 *
 * \param map    Output: preset map, NULL on any error.
 * \param path   Path of the file.
 * \param error  Called for each error.
 * \param ctx    Context of the call.
 *
 * \retval KNOT_EOK     if success.
 * \retval KNOT_EMALF   if the map is invalid.
 * \retval KNOT_ENOMEM  if memory is exhausted.
 * \retval KNOT_EAGAIN  if the file changed while it was read.
 * \return Other errors if the file cannot be read.
 */
int mxp_map_load(mxp_map_t **map, const char *path, mxp_error_f error, void *ctx);
