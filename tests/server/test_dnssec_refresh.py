# SPDX-License-Identifier: GPL-2.0-or-later
"""Signatures beside the queries: what is remembered, and until when it goes on."""

import dns.rcode
import dns.rdatatype

from knot import HOUSE, preset, wait_for, zone_text
from signing import (BODY, NSEC3, Keys, assert_synthesized, bitmaps, key_path, keymgr, keys_of,
                     policies, signing, wait_signed)

ZONE = "refresh.example"
OTHERS = [f"other{number}.example" for number in range(20)]
MANUAL = {"policy": ("algorithm: ecdsap256sha256", "manual: on")}
MOVED = preset(HOUSE[0][0], "10 mx9.house.example.", "20 mx2.house.example.")


def remove_keys(server, zones):
    for zone in zones:
        for key in keys_of(server, zone):
            key_path(server, key).unlink()


def moved(server):
    return server.map_path.read_text().replace("mx1.house.example.", "mx9.house.example.")


def test_reload_forgets_nothing(signed):
    """What was signed is remembered by the zone's name: no key is needed after a reload."""
    server = signed({ZONE: "", **dict.fromkeys(OTHERS, "")})
    for zone in (ZONE, *OTHERS):
        assert_synthesized(server, zone, HOUSE)
    remove_keys(server, (ZONE, *OTHERS))
    for _ in range(3):
        server.reload()
        for zone in (ZONE, *OTHERS):
            assert_synthesized(server, zone, HOUSE)


def test_zone_that_was_gone(signed):
    """It is forgotten with the zone."""
    server = signed({ZONE: "", OTHERS[0]: ""})
    assert_synthesized(server, ZONE, HOUSE)
    remove_keys(server, [ZONE])
    text = server.zones.pop(ZONE)
    server.reload()
    assert server.ask(ZONE).rcode() == dns.rcode.REFUSED
    server.zones[ZONE] = text
    server.write_configuration()
    server.knotc("reload", check=False)
    assert server.ask(ZONE, dnssec=True).rcode() == dns.rcode.SERVFAIL


def test_changes_of_the_map(signed):
    """Each answer is of the map before or of the present one, validated, and ends at the latter."""
    zones = [ZONE, *OTHERS]
    server = signed(dict.fromkeys(zones, ""))
    validators = {zone: Keys(server, zone) for zone in zones}
    for zone in zones:
        assert server.mx(zone, dnssec=True) == HOUSE
    right = [HOUSE, MOVED]
    texts = [server.map_path.read_text(), moved(server)]
    for number in range(1, 9):
        server.write_map(texts[number % 2])
        waiting = set(zones)
        server.wait_log("preset map loaded", number + 1)

        def ask_all():
            for zone in sorted(waiting):
                answer = server.ask(zone, dnssec=True)
                validators[zone].assert_valid(answer)
                found = preset_of(answer)
                assert found in right
                if found == right[number % 2]:
                    waiting.discard(zone)
            return not waiting

        wait_for(ask_all, "all zones with the present map")
        for zone in zones:
            assert server.mx(zone, dnssec=True) == right[number % 2]


def preset_of(answer):
    return sorted((rrset.ttl, rdata.preference, rdata.exchange.to_text())
                  for rrset in answer.answer if rrset.rdtype == dns.rdatatype.MX
                  for rdata in rrset)


def test_change_of_the_zone_is_not_remembered(signed):
    """An override or a marker counts at the next query, also right after a change of the map."""
    server = signed({ZONE: ""})
    gandi = preset(10800, "10 spool.mail.gandi.net.", "50 fb.mail.gandi.net.")
    texts = [server.map_path.read_text(), moved(server)]
    for number in range(6):
        assert server.mx(ZONE, dnssec=True) in (HOUSE, MOVED)
        server.write_map(texts[number % 2])
        server.set_zone(ZONE, "set @ 60 TXT mx-preset=gandi")
        assert server.mx(ZONE, dnssec=True) == gandi
        server.set_zone(ZONE, "set @ 60 MX 5 mail.other.test.")
        assert server.mx(ZONE, dnssec=True) == preset(60, "5 mail.other.test.")
        server.set_zone(ZONE, "unset @ MX", "unset @ TXT")


def many_keys(knotd, kind):
    """A server whose zone has nine active ZSKs."""
    server = knotd({ZONE: zone_text(BODY)}, start=False, modules={ZONE: signing()},
                   extra=policies(kind), settings={"statistics": True})
    server.start(wait_zones=False)
    server.wait_log("no keys are available")
    keymgr(server, ZONE, "generate", "ksk=yes")
    for _ in range(9):
        keymgr(server, ZONE, "generate", "zsk=yes")
    server.knotc("-b", "zone-reload", ZONE)
    wait_signed(server, [ZONE])
    return server


def check_many_keys(server):
    for _ in range(2):
        answer = server.ask(ZONE, dnssec=True, tcp=True)
        assert preset_of(answer) == HOUSE
        assert sum(len(rrset) for rrset in answer.answer
                   if rrset.rdtype == dns.rdatatype.RRSIG) == 9
        denial = server.ask(ZONE, "AAAA", dnssec=True, tcp=True)
        assert "MX" in bitmaps(denial)[0]
        Keys(server, ZONE).assert_valid(denial)
    remove_keys(server, [ZONE])
    assert preset_of(server.ask(ZONE, dnssec=True, tcp=True)) == HOUSE
    assert "MX" in bitmaps(server.ask(ZONE, "AAAA", dnssec=True, tcp=True))[0]


def test_more_than_eight_signatures(knotd):
    """As many as the zone has keys, in answers and denials, and all of them remembered."""
    check_many_keys(many_keys(knotd, MANUAL))


def test_more_than_eight_signatures_nsec3(knotd):
    policy = {"policy": (*MANUAL["policy"], *(item for item in NSEC3["policy"]
                                              if item.startswith("nsec3")))}
    check_many_keys(many_keys(knotd, policy))
