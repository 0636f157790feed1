/* SPDX-License-Identifier: GPL-2.0-or-later */

/*!
 * \file
 *
 * \brief Knot's libdnssec, which is part of libknot since Knot DNS 3.6.
 *
 * Its errors are those of libknot there; before, they have the same numbers where both have a name.
 */

#pragma once

#include <libknot/version.h>

#if KNOT_VERSION_HEX >= 0x030600
#include <libknot/dnssec/binary.h>
#include <libknot/dnssec/crypto.h>
#include <libknot/dnssec/key.h>
#include <libknot/dnssec/keystore.h>
#include <libknot/dnssec/keytag.h>
#include <libknot/dnssec/sign.h>
#else
#include <libdnssec/binary.h>
#include <libdnssec/crypto.h>
#include <libdnssec/key.h>
#include <libdnssec/keystore.h>
#include <libdnssec/keytag.h>
#include <libdnssec/sign.h>
#endif
