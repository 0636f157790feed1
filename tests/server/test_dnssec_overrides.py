# SPDX-License-Identifier: GPL-2.0-or-later
"""Changes of a signed zone: each next answer is signed, and the denials agree with it."""

import dns.name
import dns.rdatatype
import pytest

from knot import GANDI, HOUSE, mx_of, preset
from signing import (DEFAULT, NSEC3, Keys, assert_stored, assert_synthesized, bitmaps,
                     signed_pairs)

ZONE = "change.example"
OWN = preset(600, "10 mail.own.example.")
STORED = preset(600, "10 mx1.house.example.")
DENIALS = pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])

# An override is set and removed: alone, beside the built-in, with a marker, with one for no MX.
CHANGES = [
    (("set @ 600 MX 10 mail.own.example.",), OWN),
    (("set @ 600 MX 10 mx1.house.example.",), OWN),
    (("unset @ MX 10 mail.own.example.",), STORED),
    (("unset @ MX",), HOUSE),
    (("set @ 60 TXT mx-preset=gandi",), GANDI),
    (("set @ 600 MX 10 mail.own.example.",), OWN),
    (("set @ 600 MX 10 mx1.house.example.",), OWN),
    (("unset @ MX",), GANDI),
    (("unset @ TXT", "set @ 60 TXT mx-preset=none"), []),
    (("set @ 600 MX 10 mail.own.example.",), OWN),
    (("unset @ MX",), []),
    (("unset @ TXT",), HOUSE),
]


@DENIALS
def test_changes(signed, kinds):
    server = signed({ZONE: ""}, kinds)
    assert_synthesized(server, ZONE, HOUSE)
    for changes, expected in CHANGES:
        server.set_zone(ZONE, *changes)
        if expected:
            assert_synthesized(server, ZONE, expected)
        else:
            assert_stored(server, ZONE)
    assert "unsigned" not in server.counters(ZONE)


# The additional section

TARGETS = """
mail A 192.0.2.20
mail AAAA 2001:db8::20
@ A 192.0.2.21
service SRV 0 0 25 @
other MX 10 @
web HTTPS 1 @
web SVCB 1 @
"""
OVERRIDE = "@ 600 MX 10 mail\n"
ZONES = {"plain.example": "", "override.example": OVERRIDE,
         "mixed.example": OVERRIDE + "@ 600 MX 20 mx1.house.example.\n"}
# What is signed in the additional section; the apex has no AAAA.
ADDITIONAL = {
    ("service", "SRV"): [("", "A")],
    ("other", "MX"): [("", "A")],
    ("web", "HTTPS"): [("", "A"), ("", "NSEC")],
    ("web", "SVCB"): [("", "A"), ("", "NSEC")],
}
ADDRESSES = [("mail", "A"), ("mail", "AAAA")]


def signed_additional(server, zone, name, rtype):
    """What is signed in the additional section: owners, relative to the zone, and types."""
    origin = dns.name.from_text(zone)
    answer = server.ask(f"{name}.{zone}" if name else zone, rtype, dnssec=True, tcp=True)
    Keys(server, zone).assert_valid(answer)
    assert all("MX" in words for words in bitmaps(answer))
    assert answer.answer
    return {(rrset.name.relativize(origin).to_text().replace("@", ""),
             dns.rdatatype.to_text(rrset.rdtype)) for rrset, _ in signed_pairs(answer.additional)}


def test_additional(signed):
    server = signed({zone: TARGETS + body for zone, body in ZONES.items()})
    for zone in ZONES:
        for (name, rtype), expected in ADDITIONAL.items():
            assert signed_additional(server, zone, name, rtype) == set(expected)
    assert signed_additional(server, "override.example", "", "MX") == set(ADDRESSES)
    # What the module makes has nothing additional.
    for zone in ("plain.example", "mixed.example"):
        assert signed_additional(server, zone, "", "MX") == set()
    assert mx_of(server.ask("mixed.example", dnssec=True)) == preset(600, "10 mail.mixed.example.")
