# SPDX-License-Identifier: GPL-2.0-or-later
"""Every counter, by `knotc zone-stats`."""

import pytest

from knot import HOUSE, MAP, zone_text

CASES = {
    "plain": ("", {"synthesized[builtin]"}),
    "marker": ('@ TXT "mx-preset=gandi"\n', {"synthesized[marker]"}),
    "bad-marker": ('@ TXT "mx-preset=nobody"\n', {"failed"}),
    "none": ('@ TXT "mx-preset=none"\n', set()),
    "builtin": ("@ 60 MX 5 mx1.house.example.\n", set()),
    "builtin-bad-marker": ('@ 60 MX 5 mx1.house.example.\n@ TXT "mx-preset=nobody"\n',
                           {"failed"}),
    "override": ("@ 60 MX 5 mail.own.example.\n", {"overridden"}),
    "override-bad-marker": ('@ 60 MX 5 mail.own.example.\n@ TXT "mx-preset=nobody"\n',
                            {"overridden"}),
    "mixed": ("@ 60 MX 5 mail.own.example.\n@ 60 MX 5 mx1.house.example.\n",
              {"overridden", "filtered"}),
}
PRESET_CASES = {
    "plain": ("", {"synthesized[preset]"}),
    "hyphen-x": ("", {"failed"}),
    "bad": ('@ TXT "mx-preset=nobody"\n', {"failed"}),
    "both-bad-x": ('@ TXT "mx-preset=nobody"\n', {"failed"}),
    "marker": ('@ TXT "mx-preset=gandi"\n', {"synthesized[marker]"}),
    "mixed": CASES["mixed"],
}
MAPLESS_CASES = {
    "plain": ("", {"failed"}),
    "marker": ('@ TXT "mx-preset=gandi"\n', {"failed"}),
    "bad-marker": ('@ TXT "mx-preset=gandi x"\n', {"failed"}),
    "none": CASES["none"],
    "override": CASES["override"],
    "mixed": (CASES["mixed"][0], {"overridden"}),
}


def assert_counted(server, cases):
    for name, (_, counters) in cases.items():
        zone = f"{name}.example"
        for number, (asked, options) in enumerate([(zone, {}), (zone, {"tcp": True}),
                                                   ("www." + zone, {"dnssec": True})], 1):
            server.ask(asked, **options)
            assert server.counters(zone) == dict.fromkeys(counters, number), name
        for asked, rtype in ((zone, "A"), (zone, "ANY"), ("ns." + zone, "MX"), ("x." + zone, "MX")):
            server.ask(asked, rtype)
        assert server.counters(zone) == dict.fromkeys(counters, number), name


@pytest.mark.parametrize("cases,settings,map_text", [
    (CASES, {}, MAP.read_text()),
    (PRESET_CASES, {"preset": "outlook"}, MAP.read_text()),
    (MAPLESS_CASES, {}, None),
], ids=["builtin", "preset", "no-map"])
def test_counters(knotd, cases, settings, map_text):
    zones = {f"{name}.example": zone_text(body + "www 60 CNAME @\n")
             for name, (body, _) in cases.items()}
    assert_counted(knotd(zones, settings={"statistics": True, **settings}, map_text=map_text),
                   cases)


def test_off(knotd):
    server = knotd({"plain.example": zone_text()}, settings={"statistics": False})
    assert server.mx("plain.example") == HOUSE
    assert "mxpreset" not in server.knotc("zone-stats", "plain.example", check=False)
