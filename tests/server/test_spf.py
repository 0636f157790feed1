# SPDX-License-Identifier: GPL-2.0-or-later
"""The SPF record follows the preset: answers for TXT, of unsigned zones."""

import dns.flags
import dns.rcode
import pytest

from knot import Knotd, ede_of, txt_of, wait_for, zone_text

MAP = """
house  3600 MX 10 mx1.house.example.
       TXT "spf=include:_spf.house.example ~all"
gandi 10800 MX 10 spool.mail.gandi.net.
      TXT "spf=include:_mailcust.gandi.net ?all"
mute    300 MX 10 mx.mute.example.
"""
HOUSE = (b"v=spf1 include:_spf.house.example ~all",)
GANDI = (b"v=spf1 include:_mailcust.gandi.net ?all",)
ON = {"spf": True}
CNAMES = "www 60 CNAME @\nchain 60 CNAME www\n*.wild 60 CNAME @\n"


def texts(*strings):
    return "".join(f'@ 60 TXT "{string}"\n' for string in strings)


def at(ttl, *records):
    """The expected records; strings stand for records of one string."""
    return sorted((ttl, record if isinstance(record, tuple) else (record.encode(),))
                  for record in records)


# As many texts as it takes to need TCP.
MANY = [f"{number:04}{'x' * 196}" for number in range(40)]

CASES = {
    "nothing.example": ("", at(3600, HOUSE)),
    "builtin.example": ("@ 60 MX 10 mx1.house.example.\n", at(3600, HOUSE)),
    "marker.example": (texts("mx-preset=gandi"), at(60, GANDI, "mx-preset=gandi")),
    "more.example": (texts("a", "z" * 60), at(60, HOUSE, "a", "z" * 60)),
    "own.example": (texts("v=spf1 mx -all", "a"), at(60, "v=spf1 mx -all", "a")),
    "override.example": ("@ 60 MX 10 mail.own.example.\n", []),
    "mixed.example": ("@ 60 MX 10 mx1.house.example.\n@ 60 MX 10 mail.own.example.\n", []),
    "none.example": (texts("mx-preset=none"), at(60, "mx-preset=none")),
    "mute.example": (texts("mx-preset=mute"), at(60, "mx-preset=mute")),
    "unknown.example": (texts("mx-preset=gone"), at(60, "mx-preset=gone")),
    "many.example": (texts(*MANY), at(60, HOUSE, *MANY)),
}


@pytest.fixture(scope="module", params=[False, True], ids=["in-order", "rotated"])
def server(shared_knotd, request):
    return shared_knotd({zone: zone_text(CNAMES + body) for zone, (body, _) in CASES.items()},
                        map_text=MAP, settings={"statistics": True, **ON},
                        server="    answer-rotation: on" if request.param else "")


@pytest.mark.parametrize("name", ["", "www.", "chain.", "x.wild."])
@pytest.mark.parametrize("zone", CASES)
def test_cases(server, zone, name):
    expected = CASES[zone][1]
    for options in ({}, {"edns": False}, {"dnssec": True}, {"payload": 4096}, {"tcp": True}):
        answer = server.ask(name + zone, "TXT", **options)
        assert answer.flags & dns.flags.AA
        if answer.flags & dns.flags.TC:
            assert zone == "many.example" and txt_of(answer) == []
            continue
        assert txt_of(answer) == expected
        assert not answer.additional and bool(answer.authority) == (not expected)
    assert server.counters(zone) == {}


def test_fits_without_the_added_record_only(knotd):
    """TC exactly where the answer does not fit."""
    zone = "edge.example"
    sizes = []
    for spf in (False, True):
        server = knotd({zone: zone_text(texts(*MANY[:3]))}, map_text=MAP, settings={"spf": spf})
        sizes.append(len(server.ask_wire(server.message(zone, "TXT").to_wire())))
    assert sizes[1] == sizes[0] + 12 + 1 + len(HOUSE[0])
    for payload in range(sizes[0] - 1, sizes[1] + 2):
        answer = server.ask(zone, "TXT", payload=payload)
        assert bool(answer.flags & dns.flags.TC) == (payload < sizes[1])


@pytest.mark.parametrize("last, added", [(1, True), (60, False)])
def test_fits_a_message(knotd, last, added):
    """Over TCP, the added record is left out where a message cannot hold it."""
    zone = "full.example"
    strings = [f"{number:04}{'x' * 196}" for number in range(306)] + ["y" * 200, "z" * last]
    server = knotd({zone: zone_text(CNAMES + texts(*strings))}, map_text=MAP, settings=ON)
    assert txt_of(server.ask(zone, "TXT", tcp=True)) == at(60, *strings, *([HOUSE] * added))
    # Behind a CNAME, room for a whole owner is left.
    assert txt_of(server.ask("www." + zone, "TXT", tcp=True)) == at(60, *strings)


def test_spelling(server):
    answer = server.ask("MoRe.eXample", "TXT")
    assert [rrset.name.to_text() for rrset in answer.answer] == ["MoRe.eXample."]


def test_rotation(server):
    orders = {tuple(rdata.strings for rrset in server.ask("more.example", "TXT").answer
                    for rdata in rrset) for _ in range(30)}
    rotates = "answer-rotation: on" in server.configuration()
    assert len(orders) == (3 if rotates else 1)


# What is served changes with the zone, and with the map.

def test_edits(knotd):
    zone = "nothing.example"
    server = knotd({zone: zone_text()}, map_text=MAP, settings=ON)
    for change, expected in (
            ('set @ 60 TXT a', at(60, HOUSE, "a")),
            ('set @ 60 TXT mx-preset=gandi', at(60, GANDI, "a", "mx-preset=gandi")),
            ('set @ 60 TXT "v=spf1 -all"', at(60, "v=spf1 -all", "a", "mx-preset=gandi")),
            ('unset @ TXT "v=spf1 -all"', at(60, GANDI, "a", "mx-preset=gandi")),
            ('set @ 60 MX 10 mail.own.example.', at(60, "a", "mx-preset=gandi")),
            ('unset @ MX', at(60, GANDI, "a", "mx-preset=gandi")),
            ('unset @ TXT', at(3600, HOUSE))):
        server.set_zone(zone, change)
        assert txt_of(server.ask(zone, "TXT")) == expected, change


def test_map(knotd):
    zone = "nothing.example"
    server = knotd({zone: zone_text()}, map_text=MAP, settings=ON)
    assert txt_of(server.ask(zone, "TXT")) == at(3600, HOUSE)
    server.write_map(MAP.replace("include:_spf.house.example", "mx"))
    wait_for(lambda: txt_of(server.ask(zone, "TXT")) == at(3600, "v=spf1 mx ~all"), "the new SPF")
    server.write_map(MAP.replace("spf=include:_spf.house.example ~all", "note=x"))
    wait_for(lambda: txt_of(server.ask(zone, "TXT")) == [], "no SPF")


def test_no_map(knotd):
    """A failure is one of MX; TXT are what the zone stores."""
    zones = {"nothing.example": zone_text(), "marker.example": zone_text(texts("mx-preset=gandi"))}
    server = knotd(zones, map_text=None, settings=ON)
    assert server.mx("nothing.example") == "SERVFAIL"
    assert txt_of(server.ask("nothing.example", "TXT")) == []
    assert txt_of(server.ask("marker.example", "TXT")) == at(60, "mx-preset=gandi")
    assert not server.log_lines("TXT")


def test_ede(knotd):
    zones = {zone: zone_text(CASES[zone][0]) for zone in
             ("nothing.example", "builtin.example", "marker.example", "own.example",
              "none.example", "unknown.example", "override.example")}
    map_text = "@ SOA ns host 77 3600 600 86400 300\n" + MAP
    server = knotd(zones, map_text=map_text, settings={"ede": True, **ON})
    built_in = (29, "preset house by built-in, map 77")
    expected = {"nothing.example": built_in, "builtin.example": built_in,
                "marker.example": (29, "preset gandi by marker, map 77")}
    for zone in zones:
        assert ede_of(server.ask(zone, "TXT")) == expected.get(zone), zone
        assert not server.ask(zone, "TXT", edns=False).options


def test_conf(knotd):
    """`spf` is a switch, off by default, and a reload changes it."""
    zone = "nothing.example"
    server = knotd({zone: zone_text()}, map_text=MAP)
    assert txt_of(server.ask(zone, "TXT")) == []
    server.settings["spf"] = "on"
    server.reload()
    assert txt_of(server.ask(zone, "TXT")) == at(3600, HOUSE)
    server.settings["spf"] = "maybe"
    status, text = server.conf_check()
    assert status != 0 and "spf" in text


def test_exempt_zone(knotd):
    zone = "2.0.192.in-addr.arpa"
    server = knotd({zone: zone_text()}, map_text=MAP, settings=ON)
    assert txt_of(server.ask(zone, "TXT")) == []


def test_other_names(server):
    """Other names are none of the module's business."""
    assert server.ask("nx.nothing.example", "TXT").rcode() == dns.rcode.NXDOMAIN
    assert txt_of(server.ask("ns.nothing.example", "TXT")) == []


def test_not_alone(tmp_path):
    """A module before this one that has answered is left alone."""
    zone = "nothing.example"
    (tmp_path / "geo.conf").write_text(f'{zone}:\n  - net: 0.0.0.0/0\n    TXT: "geo"\n')
    extra = f"mod-geoip:\n  - id: geo\n    mode: subnet\n    config-file: {tmp_path}/geo.conf\n"
    with Knotd(tmp_path / "knot", {zone: zone_text()}, map_text=MAP, settings=ON, extra=extra,
               modules={zone: "[mod-geoip/geo, mod-mxpreset/house]"}) as server:
        assert txt_of(server.ask(zone, "TXT")) == at(60, "geo")
