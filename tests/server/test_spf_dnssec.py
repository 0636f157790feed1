# SPDX-License-Identifier: GPL-2.0-or-later
"""The SPF record follows the preset in signed zones: signatures, and denials that agree."""

import dns.flags
import dns.rcode
import pytest

from knot import TRANSFER, ede_of, mx_of, secondary_of, txt_of, wait_for, zone_text
from resolvers import Resolver, delv
from signing import (BODY, DEFAULT, NSEC3, Keys, bitmaps, key_path, key_tags, keys_of, online,
                     signing, wait_signed, with_signatures)
from test_spf import CASES, GANDI, HOUSE, MAP, ON, at, texts

ZONE = "keys.example"
MUTE = MAP.replace("spf=include:_spf.house.example ~all", "note=x")
DENIALS = pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])
RESOLVERS = pytest.mark.parametrize("kind", ["unbound", "bind", "kresd"])
SHOWN = {zone: body for zone, (body, _) in CASES.items()}


@pytest.fixture
def signed_spf(signed):
    """Servers that sign their zones, with `spf: on`."""
    def make(zones, kinds=None, settings=None, map_text=MAP, **options):
        settings = {"statistics": True, **ON, **(settings or {})}
        return signed(zones, kinds, settings=settings, map_text=map_text, **options)
    return make


def listed(server, zone, rtype="AAAA"):
    """Which of MX and TXT a valid denial at the apex lists."""
    answer = server.ask(zone, rtype, dnssec=True, tcp=True)
    Keys(server, zone).assert_valid(answer)
    words, = bitmaps(answer)
    return {"MX", "TXT"} & set(words)


def assert_served(server, zone, expected):
    """TXT of the apex and of names that lead there, valid; denials list TXT where there are some."""
    for name in (zone, "www." + zone, "x.wild." + zone):
        answer = server.ask(name, "TXT", dnssec=True, tcp=True)
        Keys(server, zone).assert_valid(answer)
        assert txt_of(answer) == expected, name
        assert txt_of(server.ask(name, "TXT", tcp=True)) == expected, name
        assert with_signatures(answer, "TXT") == bool(expected)
        assert "fully validated" in delv(server, zone, name, "TXT")
    for rtype in ("AAAA", "NSEC"):
        words = [words for words in bitmaps(server.ask(zone, rtype, dnssec=True, tcp=True))]
        assert all(("TXT" in word) == bool(expected) for word in words)
    assert ("TXT" in listed(server, zone)) == bool(expected)


@DENIALS
@pytest.mark.parametrize("rotation", ["off", "on"])
def test_cases(signed_spf, kinds, rotation):
    server = signed_spf(SHOWN, kinds, server=f"    answer-rotation: {rotation}")
    for zone, (_, expected) in CASES.items():
        assert_served(server, zone, expected)
        assert not server.counters(zone)


@DENIALS
@pytest.mark.parametrize("modules", ["[mod-mxpreset/house, mod-mxpreset/mute]",
                                     "[mod-mxpreset/mute, mod-mxpreset/house]"])
def test_two_instances(signed_spf, kinds, modules):
    """Each adds its types to what the one before has signed."""
    server = signed_spf({ZONE: ""}, kinds, instances={"mute": {"builtin": "house"}},
                        modules={ZONE: signing(module=modules)})
    for _ in range(2):
        for rtype in ("MX", "TXT"):
            Keys(server, ZONE).assert_valid(server.ask(ZONE, rtype, dnssec=True, tcp=True))
        assert listed(server, ZONE) == {"MX", "TXT"}


def test_map(signed_spf):
    """The same zone, with a preset that has an SPF record, has none, and has one again."""
    server = signed_spf({ZONE: ""})
    for text, expected in ((MAP, at(3600, HOUSE)), (MUTE, []), (MAP, at(3600, HOUSE))):
        server.write_map(text)
        wait_for(lambda want=expected: txt_of(server.ask(ZONE, "TXT")) == want, "the new map")
        assert_served(server, ZONE, expected)
        assert listed(server, ZONE) == ({"MX", "TXT"} if expected else {"MX"})


def test_zone(signed_spf):
    server = signed_spf({ZONE: ""})
    assert_served(server, ZONE, at(3600, HOUSE))
    for change, expected in (("set @ 60 MX 10 mail.own.example.", []),
                             ("unset @ MX", at(3600, HOUSE)),
                             ("set @ 60 TXT mx-preset=gandi", at(60, GANDI, "mx-preset=gandi"))):
        server.set_zone(ZONE, change)
        assert_served(server, ZONE, expected)


def test_switch(signed_spf):
    """`spf: off` is as if there were no such thing."""
    server = signed_spf({ZONE: ""})
    for spf, expected in ((True, at(3600, HOUSE)), (False, []), (True, at(3600, HOUSE))):
        server.settings["spf"] = spf
        server.reload()
        wait_for(lambda want=expected: txt_of(server.ask(ZONE, "TXT")) == want, "the reload")
        assert_served(server, ZONE, expected)


# Keys

def lose_keys(server):
    """Takes all private keys away; returns what puts them back."""
    paths = [key_path(server, key) for key in keys_of(server, ZONE)]
    kept = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()
    return lambda: [path.write_bytes(text) for path, text in zip(paths, kept)]


def test_lost_keys(signed_spf):
    """A signature that cannot be made leaves the TXT as the zone stores them, with theirs."""
    server = signed_spf({ZONE: texts("a")}, settings={"ede": True})
    put_back = lose_keys(server)
    for name in (ZONE, "www." + ZONE):
        answer = server.ask(name, "TXT", dnssec=True)
        Keys(server, ZONE).assert_valid(answer)
        assert txt_of(answer) == at(60, "a") and with_signatures(answer, "TXT")
        assert ede_of(answer) is None
    assert server.mx(ZONE, dnssec=True) == "SERVFAIL"
    put_back()
    wait_for(lambda: txt_of(server.ask(ZONE, "TXT")) == at(60, HOUSE, "a"), "the keys")
    assert_served(server, ZONE, at(60, HOUSE, "a"))


def test_lost_while_in_use(signed_spf):
    """What is remembered goes on, each type for itself, also when the map changes meanwhile."""
    def assert_both(exchange, expected):
        answer = server.ask(ZONE, dnssec=True)
        Keys(server, ZONE).assert_valid(answer)
        assert [record[2] for record in mx_of(answer)] == [exchange]
        assert_served(server, ZONE, expected)

    server = signed_spf({ZONE: texts("a")})
    assert_both("mx1.house.example.", at(60, HOUSE, "a"))
    put_back = lose_keys(server)
    assert_both("mx1.house.example.", at(60, HOUSE, "a"))
    server.write_map(MAP.replace("include:_spf.house.example", "mx").replace("mx1", "mx3"))
    server.wait_log("info.*preset map loaded", 2)
    for _ in range(2):
        assert_both("mx1.house.example.", at(60, HOUSE, "a"))
    put_back()
    now = at(60, "a", "v=spf1 mx ~all")
    wait_for(lambda: txt_of(server.ask(ZONE, "TXT")) == now, "the keys")
    assert_both("mx3.house.example.", now)


def test_spf_comes_while_keys_are_away(signed_spf):
    """The denials without TXT that are remembered go on: TXT cannot be signed."""
    server = signed_spf({ZONE: ""}, map_text=MUTE)
    assert_served(server, ZONE, [])
    put_back = lose_keys(server)
    server.write_map(MAP)
    server.wait_log("info.*preset map loaded", 2)
    assert_served(server, ZONE, [])
    assert listed(server, ZONE) == {"MX"}
    put_back()
    wait_for(lambda: txt_of(server.ask(ZONE, "TXT")) == at(3600, HOUSE), "the keys")
    assert_served(server, ZONE, at(3600, HOUSE))


@DENIALS
def test_spf_goes_while_keys_are_away(signed_spf, kinds):
    """What is remembered goes on, answers and denials, as none without TXT can be signed."""
    server = signed_spf({ZONE: ""}, kinds)
    assert_served(server, ZONE, at(3600, HOUSE))
    put_back = lose_keys(server)
    server.write_map(MUTE)
    server.wait_log("info.*preset map loaded", 2)
    for _ in range(2):
        assert_served(server, ZONE, at(3600, HOUSE))
        Keys(server, ZONE).assert_valid(server.ask("x." + ZONE, "A", dnssec=True))
    put_back()
    wait_for(lambda: txt_of(server.ask(ZONE, "TXT")) == [], "the keys")
    assert_served(server, ZONE, [])


def assert_unproven(server):
    """TXT cannot be denied: no denial that lists it is an answer to a query for it."""
    for name in (ZONE, "www." + ZONE):
        answer = server.ask(name, "TXT", dnssec=True, tcp=True)
        assert answer.rcode() == dns.rcode.SERVFAIL
        assert ede_of(answer) == (24, "mx-preset: the answer cannot be signed: "
                                      "no private key at hand")


@DENIALS
def test_spf_goes_that_nobody_has_asked_for(signed_spf, kinds):
    """A denial that lists more than is served denies nothing."""
    server = signed_spf({ZONE: ""}, kinds)
    assert mx_of(server.ask(ZONE)) and listed(server, ZONE) == {"MX", "TXT"}
    lose_keys(server)
    server.write_map(MUTE)
    server.wait_log("info.*preset map loaded", 2)
    for _ in range(2):
        assert listed(server, ZONE) == {"MX", "TXT"}
        assert_unproven(server)


@DENIALS
def test_zone_changes_while_keys_are_away(knotd, signed, kinds):
    """The denial is still the zone's, while the answers that it was remembered with are not."""
    primary = signed({ZONE: ""}, kinds, map_text=MAP, settings={"dnssec": "off"},
                     extra=TRANSFER["extra"], zone_extra=TRANSFER["zone_extra"])
    server = knotd({ZONE: None}, map_text=MAP, settings=ON, **secondary_of(primary))
    wait_signed(server, [ZONE])
    for key in keys_of(primary, ZONE):
        key_path(server, key).parent.mkdir(parents=True, exist_ok=True)
        key_path(server, key).write_bytes(key_path(primary, key).read_bytes())
    wait_for(lambda: txt_of(server.ask(ZONE, "TXT")) == at(3600, HOUSE), "the keys")
    assert_served(server, ZONE, at(3600, HOUSE))
    for key in keys_of(primary, ZONE):
        key_path(server, key).unlink()
    primary.set_zone(ZONE, "set zzz 60 A 192.0.2.9")
    server.knotc("-b", "zone-refresh", ZONE)
    wait_for(lambda: server.ask("zzz." + ZONE, "A").rcode() == dns.rcode.NOERROR, "the change")
    for _ in range(2):
        assert_unproven(server)
        assert server.mx(ZONE, dnssec=True) == "SERVFAIL"


def test_lost_zsk(signed_spf):
    """Another key of the zone will do."""
    server = signed_spf({ZONE: ""})
    zsk, = [key for key in keys_of(server, ZONE) if not key["ksk"]]
    ksk, = [key for key in keys_of(server, ZONE) if key["ksk"]]
    key_path(server, zsk).unlink()
    assert_served(server, ZONE, at(3600, HOUSE))
    assert key_tags(server, ZONE, "TXT") == {(13, ksk["tag"])}


def test_built_in_stored(signed_spf):
    """With MX stored, TXT alone is due; without keys, nothing is wrong with denials."""
    server = signed_spf({ZONE: "@ 60 MX 10 mx1.house.example.\n"})
    put_back = lose_keys(server)
    assert_served(server, ZONE, [])
    put_back()
    wait_for(lambda: txt_of(server.ask(ZONE, "TXT")) == at(3600, HOUSE), "the keys")
    assert_served(server, ZONE, at(3600, HOUSE))


def test_secondary_without_keys(knotd, signed):
    """It serves the zone as it is stored."""
    zones = {ZONE: "", "marker.example": texts("mx-preset=gandi")}
    primary = signed(zones, map_text=MAP, settings={"dnssec": "off"},
                     extra=TRANSFER["extra"], zone_extra=TRANSFER["zone_extra"])
    server = knotd(dict.fromkeys(zones), map_text=MAP, settings=ON, **secondary_of(primary))
    wait_signed(server, zones)
    assert_served(server, ZONE, [])
    assert_served(server, "marker.example", at(60, "mx-preset=gandi"))
    assert listed(server, ZONE) == set()
    server.wait_log(rf"warning: \[{ZONE}\.\].*this server does not sign|no private key at hand")


# Resolvers

def deny(resolver, zone, rcode=dns.rcode.NXDOMAIN):
    """Leaves denials of the zone in the cache, as far as a resolver keeps them."""
    assert resolver.ask(zone, "AAAA").flags & dns.flags.AD
    for number in range(20):
        answer = resolver.ask(f"{chr(97 + number)}x{number}.{zone}", "A")
        assert answer.rcode() == rcode and answer.flags & dns.flags.AD


@DENIALS
@RESOLVERS
def test_resolver_that_knows_denials(signed_spf, tmp_path, kind, kinds):
    server = signed_spf({ZONE: ""}, kinds)
    with Resolver(kind, tmp_path / kind, [server], [ZONE]) as resolver:
        deny(resolver, ZONE)
        for name in (ZONE, "www." + ZONE):
            answer = resolver.ask(name, "TXT")
            assert txt_of(answer) == at(3600, HOUSE) and answer.flags & dns.flags.AD
            assert mx_of(resolver.ask(name))


@pytest.mark.parametrize("kind, kinds", [("unbound", DEFAULT), ("bind", DEFAULT),
                                         ("kresd", DEFAULT), ("kresd", NSEC3)],
                         ids=["unbound-nsec", "bind-nsec", "kresd-nsec", "kresd-nsec3"])
def test_resolver_is_misled_by_other_denials(signed_spf, tmp_path, kind, kinds):
    """What the bits are for: these resolvers do believe a denial that was true before."""
    server = signed_spf({ZONE: ""}, kinds, map_text=MUTE)
    with Resolver(kind, tmp_path / kind, [server], [ZONE]) as resolver:
        deny(resolver, ZONE)
        server.write_map(MAP)
        wait_for(lambda: txt_of(server.ask(ZONE, "TXT")) == at(3600, HOUSE), "the new map")
        answer = resolver.ask(ZONE, "TXT")
        assert txt_of(answer) == [] and answer.flags & dns.flags.AD


# mod-onlinesign

def online_spf(knotd, zones, bitmap, module=online(), **options):
    return knotd({zone: zone_text(BODY + body) for zone, body in zones.items()}, map_text=MAP,
                 modules={zone: module for zone in zones}, settings=ON,
                 extra=f"mod-onlinesign:\n  - id: online\n    nsec-bitmap: {bitmap}\n", **options)


def test_online(knotd):
    zones = {zone: SHOWN[zone] for zone in ("nothing.example", "marker.example", "more.example",
                                            "own.example", "override.example")}
    server = online_spf(knotd, zones, "[A, AAAA, MX, TXT]")
    for zone in zones:
        expected = CASES[zone][1]
        for name in (zone, "www." + zone):
            answer = server.ask(name, "TXT", dnssec=True, tcp=True)
            assert txt_of(answer) == expected
            assert "fully validated" in delv(server, zone, name, "TXT")
        words, = bitmaps(server.ask(zone, "AAAA", dnssec=True))
        assert "TXT" in words
    assert not server.log_lines("nsec-bitmap")


@pytest.mark.parametrize("bitmap, lines", [
    ("[A, AAAA]", ["MX", "TXT"]), ("[A, AAAA, MX]", ["TXT"]), ("[A, AAAA, TXT]", ["MX"]),
    ("[MX, TXT]", [])])
def test_online_bitmap(knotd, bitmap, lines):
    """Warned about when the zone is loaded, TXT only where it is synthesized."""
    server = online_spf(knotd, {ZONE: ""}, bitmap)
    warning = "nsec-bitmap of mod-onlinesign has to list "
    assert [line.rpartition(warning)[2] for line in server.log_lines(warning)] == lines
    server.settings = {**server.settings, "spf": False}
    assert server.stop() == 0
    server.start()
    lines = [line for line in lines if line == "MX"]
    assert [line.rpartition(warning)[2] for line in server.log_lines(warning)] == lines


def test_online_resolver(knotd, tmp_path):
    server = online_spf(knotd, {ZONE: ""}, "[A, AAAA, MX, TXT]")
    with Resolver("unbound", tmp_path / "unbound", [server], [ZONE]) as resolver:
        deny(resolver, ZONE, dns.rcode.NOERROR)
        answer = resolver.ask(ZONE, "TXT")
        assert txt_of(answer) == at(3600, HOUSE) and answer.flags & dns.flags.AD


def test_wrong_order(knotd):
    """Behind a CNAME the other module has signed by then: what is stored, rather than bogus."""
    server = online_spf(knotd, {ZONE: texts("a")}, "[MX, TXT]",
                        module="[mod-onlinesign/online, mod-mxpreset/house]")
    assert txt_of(server.ask(ZONE, "TXT", dnssec=True)) == at(60, HOUSE, "a")
    assert "fully validated" in delv(server, ZONE, ZONE, "TXT")
    assert txt_of(server.ask("www." + ZONE, "TXT", dnssec=True)) == at(60, "a")
    assert "fully validated" in delv(server, ZONE, "www." + ZONE, "TXT")
    assert txt_of(server.ask("www." + ZONE, "TXT")) == at(60, HOUSE, "a")
