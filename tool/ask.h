/* SPDX-License-Identifier: GPL-3.0-or-later */

/*!
 * \file
 *
 * \brief Asking a nameserver for the MX of a name.
 */

#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include <libknot/packet/pkt.h>

/*!
 * \brief Reads an address of a nameserver, as Knot writes it: ADDRESS or ADDRESS@PORT.
 *
 * An address that stands for all of the machine's becomes its loopback address.
 *
 * \param text     Text.
 * \param address  Output: address.
 *
 * \return False if it is none, such as the path of a socket.
 */
bool ask_address(const char *text, struct sockaddr_storage *address);

/*!
 * \brief Asks for the MX of a name over UDP, and over TCP if the answer is truncated.
 *
 * \param address  Address of the server.
 * \param name     Name.
 *
 * \return Answer, to be freed with knot_pkt_free(); NULL if there is none within seconds.
 */
knot_pkt_t *ask_mx(const struct sockaddr_storage *address, const knot_dname_t *name);
