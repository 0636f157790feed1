# SPDX-License-Identifier: GPL-2.0-or-later
"""Zones that mod-onlinesign signs after this module."""

import dns.flags
import dns.rcode
import pytest

from knot import GANDI, HOUSE, MAP, mx_of, outlook, preset, zone_text
from resolvers import Resolver, delv
from signing import (BODY, DEFAULT, Keys, ask_case, assert_denials, bitmaps, deny_much, online,
                     policies, signing, wait_signed, with_signatures)

OWN = preset(600, "10 mail.own.example.")
UPPER = "upper 3600 MX 10 B.Upper.Example.\n      3600 MX 10 a.UPPER.example.\n"
CASES = {
    "plain.example": ("", HOUSE),
    "marker.example": ('@ TXT "mx-preset=gandi"\n', GANDI),
    "upper.example": ('@ TXT "mx-preset=upper"\n',
                      preset(3600, "10 a.upper.example.", "10 b.upper.example.")),
    "id.example": ('@ TXT "mx-preset=outlook id=Mixed-Case"\n', outlook("mixed-case")),
    "override.example": ("@ 600 MX 10 mail.own.example.\n", OWN),
    "mixed.example": ("@ 600 MX 10 mail.own.example.\n@ 600 MX 10 mx1.house.example.\n", OWN),
    "inside.example": ("@ 600 MX 10 mail\n@ 600 MX 10 mx1.house.example.\nmail A 192.0.2.25\n",
                       preset(600, "10 mail.inside.example.")),
}
ZONE = "online.example"


@pytest.fixture
def signed_online(knotd):
    """Servers whose zones mod-onlinesign signs."""
    def make(zones, bitmap="[A, AAAA, MX]", module=online(), **options):
        return knotd({zone: zone_text(BODY + body) for zone, body in zones.items()},
                     modules={zone: module for zone in zones},
                     extra=f"mod-onlinesign:\n  - id: online\n    nsec-bitmap: {bitmap}\n" +
                     policies(DEFAULT),
                     **options)
    return make


@pytest.mark.parametrize("rotation", ["off", "on"])
def test_cases(signed_online, rotation):
    server = signed_online({zone: body for zone, (body, _) in CASES.items()},
                           map_text=MAP.read_text() + UPPER,
                           server=f"    answer-rotation: {rotation}")
    for zone, (_, expected) in CASES.items():
        ask_case(server, zone, expected)
        assert_denials(server, zone)
        assert "negative response, fully validated" in delv(server, zone, "nx." + zone)


def test_signatures_left_in_the_zone(signed_online):
    """The server has signed it until now, and leaves its signatures in it."""
    server = signed_online({ZONE: ""}, module=signing())
    wait_signed(server, [ZONE])
    server.modules[ZONE] = online()
    server.reload()
    answer = server.ask(ZONE, dnssec=True)
    Keys(server, ZONE).assert_valid(answer)
    assert mx_of(answer) == HOUSE
    words, = bitmaps(server.ask(ZONE, "AAAA", dnssec=True))
    assert "MX" in words


def test_none(signed_online):
    """Other denials list MX all the same: whoever believes them asks, and gets a valid one."""
    server = signed_online({ZONE: '@ TXT "mx-preset=none"\n'})
    for name in (ZONE, "www." + ZONE):
        answer = server.ask(name, dnssec=True)
        assert mx_of(answer) == []
        assert [("MX" in words) for words in bitmaps(answer)] == [False]
        assert "fully validated" in delv(server, ZONE, name)
    assert_denials(server, ZONE)


def test_no_map(signed_online):
    server = signed_online({ZONE: ""}, map_text=None)
    for name in (ZONE, "www." + ZONE):
        assert server.mx(name, dnssec=True) == "SERVFAIL"
    assert_denials(server, ZONE)


@pytest.mark.parametrize("kind", ["unbound", "bind", "kresd"])
def test_resolver_that_knows_denials(signed_online, tmp_path, kind):
    server = signed_online({ZONE: ""})
    with Resolver(kind, tmp_path / kind, [server], [ZONE]) as resolver:
        deny_much(resolver, ZONE, dns.rcode.NOERROR)
        for name in (ZONE, "www." + ZONE):
            answer = resolver.ask(name)
            assert mx_of(answer) == HOUSE and answer.flags & dns.flags.AD


def test_resolver_is_misled_without_mx_in_bitmap(signed_online, tmp_path):
    """What the warning at load is about."""
    server = signed_online({ZONE: ""}, bitmap="[A, AAAA]")
    with Resolver("unbound", tmp_path / "unbound", [server], [ZONE]) as resolver:
        deny_much(resolver, ZONE, dns.rcode.NOERROR)
        assert server.mx(ZONE, dnssec=True) == HOUSE
        answer = resolver.ask(ZONE)
        assert mx_of(answer) == [] and answer.flags & dns.flags.AD


@pytest.mark.parametrize("body", ["", "@ MX 10 mail.own.example.\n@ MX 10 mx1.house.example.\n"])
def test_wrong_order(signed_online, body):
    """Behind a CNAME the other module has signed by then: no answer, rather than a bogus one."""
    server = signed_online({ZONE: body}, module="[mod-onlinesign/online, mod-mxpreset/house]",
                           settings={"statistics": True})
    answer = server.ask(ZONE, dnssec=True)
    assert with_signatures(answer) and "fully validated" in delv(server, ZONE, ZONE)
    assert server.mx("www." + ZONE) == mx_of(answer)
    assert server.mx("www." + ZONE, dnssec=True) == "SERVFAIL"
    assert server.counters(ZONE)["failed"] == 1
