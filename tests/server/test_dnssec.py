# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed zones of every kind of key and denial: a validator agrees with all that is served."""

import itertools

import dns.flags
import pytest

from knot import GANDI, HOUSE, outlook, preset
from resolvers import delv
from signing import ask_case, assert_denials, assert_stored, with_signatures

OWN = preset(600, "10 mail.own.example.")

KINDS = {
    f"{algorithm}-{denial}-{keys}": (f"algorithm: {algorithm}", lines,
                                     f"single-type-signing: {single}")
    for algorithm, (denial, lines), (keys, single) in itertools.product(
        ("rsasha256", "ecdsap256sha256", "ecdsap384sha384", "ed25519"),
        (("nsec", ""), ("nsec3", "nsec3: on\n    nsec3-salt-length: 8"),
         ("optout", "nsec3: on\n    nsec3-opt-out: on")),
        (("two", "off"), ("single", "on")))
}
CASES = {
    "plain.example": ("", HOUSE),
    "marker.example": ('@ TXT "mx-preset=gandi"\n', GANDI),
    "upper.example": ('@ TXT "mx-preset=outlook id=Mixed-Case"\n', None),
    "override.example": ("@ 600 MX 10 mail.own.example.\n", OWN),
    "mixed.example": ("@ 600 MX 10 mail.own.example.\n@ 600 MX 10 mx1.house.example.\n", OWN),
}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(signed, kind):
    server = signed({zone: body for zone, (body, _) in CASES.items()}, {kind: KINDS[kind]})
    for zone, (_, expected) in CASES.items():
        ask_case(server, zone, expected or outlook("mixed-case"))
        assert_denials(server, zone)
    small = server.ask("plain.example", dnssec=True, payload=512)
    assert len(small.to_wire()) <= 512
    assert small.flags & dns.flags.TC or with_signatures(small)


def test_none_has_no_mx(signed):
    zone = "none.example"
    server = signed({zone: '@ TXT "mx-preset=none"\n'})
    assert server.mx(zone, dnssec=True) == []
    assert_denials(server, zone, mx=False)


def test_truncated(signed):
    zone = "gsuite.example"
    server = signed({zone: '@ TXT "mx-preset=gsuite"\n'},
                    {"rsa": ("algorithm: rsasha256", "zsk-size: 4096")})
    answer = server.ask(zone, dnssec=True, payload=512)
    assert answer.flags & dns.flags.TC
    assert "fully validated" in delv(server, zone, zone)


def test_no_map(signed):
    zone = "mapless.example"
    server = signed({zone: ""}, map_text=None)
    assert server.mx(zone, dnssec=True) == "SERVFAIL"
    assert_denials(server, zone)


def test_off(signed):
    zone = "off.example"
    server = signed({zone: ""}, settings={"dnssec": "off", "statistics": True})
    assert_stored(server, zone)
    assert_stored(server, zone)
    assert server.counters(zone) == {"unsigned": 2}
    assert len(server.log_lines("warning.*cannot be signed: dnssec is off")) == 1
