# SPDX-License-Identifier: GPL-2.0-or-later
"""What zones share of the configuration is what each of them has, and is never an earlier one's."""

import itertools
import shutil
import subprocess

import dns.message
import dns.rdataclass
import dns.rdatatype
import pytest

from knot import GANDI, HOUSE, MAP, TRANSFER, secondary_of, wait_for, zone_text
from signing import (BODY, DEFAULT, assert_synthesized, key_path, keys_of, online, policies,
                     wait_signed)

TEMPLATE = "    module: mod-mxpreset/house\n"
ZONES = [f"zone{number}.example" for number in range(6)]
# The settings of an instance, and what a zone without records is served with then.
SETTINGS = [
    ({}, HOUSE),
    ({"preset": "gandi"}, GANDI),
    ({"preset": "outlook", "param": ["id=first"]},
     [(3600, 1, "first.mail.protection.outlook.com.")]),
    ({"preset": "outlook", "param": ["id=other"]},
     [(3600, 1, "other.mail.protection.outlook.com.")]),
]


def assert_all(server, expected):
    assert {zone: server.mx(zone) for zone in ZONES} == dict.fromkeys(ZONES, expected)


def test_reload(knotd):
    """Old and new configurations come to lie where others were before."""
    server = knotd(dict.fromkeys(ZONES, zone_text()), modules=dict.fromkeys(ZONES, ""),
                   template=TEMPLATE)
    for settings, expected in itertools.chain(*itertools.repeat(SETTINGS, 6)):
        server.settings = {"builtin": "house", **settings}
        server.reload()
        assert_all(server, expected)


# Knot DNS 3.2 crashes after a commit that leaves all modules alone, whichever modules it has.
SURVIVES = pytest.mark.skipif(
    " 3.2." in subprocess.run(["knotd", "-V"], capture_output=True, text=True).stdout,
    reason="Knot DNS 3.2 does not survive it")


def commit(server, *changes):
    """A transaction of the configuration."""
    for command in (["conf-begin"], *changes, ["conf-commit"]):
        # Since 3.5, a thread other than the transaction's can get a command, and refuses it.
        output = wait_for(lambda words=command: [text for text in [server.knotc(*words, check=False)]
                                                 if "thread mismatch" not in text], command)
        assert "error" not in output[0], output


@pytest.mark.parametrize("between", [
    pytest.param(0, id="alone"), pytest.param(1, marks=SURVIVES, id="after-another")])
def test_commit(knotd, between):
    """So they do in a database, also after a commit that no zone is loaded for."""
    server = knotd(dict.fromkeys(ZONES, zone_text()), modules=dict.fromkeys(ZONES, ""),
                   template=TEMPLATE, confdb=True)
    for number, (settings, expected) in enumerate((SETTINGS[1:] + SETTINGS[:1]) * 6):
        for _ in range(between):
            commit(server, ("conf-set", "server.identity", f"ns{number}"))
        changes = [("conf-unset", f"mod-mxpreset[house].{item}") for item in ("preset", "param")
                   if item in server.settings]
        server.settings = {"builtin": "house", **settings}
        commit(server, *changes,
               *[("conf-set", f"mod-mxpreset[house].{item}",
                  *(value if isinstance(value, list) else [value]))
                 for item, value in settings.items()])
        assert_all(server, expected)


@SURVIVES
def test_zone_added_later(knotd):
    """A zone that comes alone has what the server has by then, and so has the next one."""
    server = knotd(dict.fromkeys(ZONES[:1], zone_text()), modules=dict.fromkeys(ZONES, ""),
                   template=TEMPLATE, confdb=True)
    for number, (zone, rotation) in enumerate(zip(ZONES[1:], ("on", "off", "on", "off", "on"))):
        server.write_zone(zone, zone_text())
        commit(server, ("conf-set", "server.answer-rotation", rotation))
        commit(server, ("conf-set", f"zone[{zone}]"))
        wait_for(lambda z=zone: not server.ask(z, "SOA").rcode(), f"zone {zone}")
        firsts = set()
        for identifier in range(8):
            query = server.message(zone)
            query.id = identifier
            answer = dns.message.from_wire(server.ask_wire(query.to_wire()))
            firsts.add(answer.find_rrset(answer.answer, query.question[0].name, dns.rdataclass.IN,
                                         dns.rdatatype.MX)[0].exchange)
        assert len(firsts) == (2 if rotation == "on" else 1), (number, zone)


def test_restored(knotd, tmp_path):
    """Zones that other threads load have what the configuration says by then."""
    server = knotd(dict.fromkeys(ZONES, zone_text()), modules=dict.fromkeys(ZONES, ""),
                   template=TEMPLATE)
    for number, (settings, expected) in enumerate(SETTINGS * 2):
        server.settings = {"builtin": "house", **settings}
        server.reload()
        for command in ("zone-backup", "zone-restore"):
            server.knotc("-b", command, "+backupdir", str(tmp_path / f"backup{number}"))
        # A zone that is restored has no contents until the server has loaded it.
        wait_for(lambda: not any(server.ask(zone, "SOA").rcode() for zone in ZONES), "all zones")
        assert_all(server, expected)


def zones_with_items(*zones):
    """Zones of the default template, each with items of its own."""
    return "".join(f"  - domain: {zone}\n" + "".join(f"    {item}\n" for item in items)
                   for zone, items in zones)


SIGNS = ["dnssec-signing: on", "dnssec-policy: policy"]


@pytest.mark.parametrize("signs_first", [False, True])
def test_own_signing(knotd, signs_first):
    """A zone signs, or does not, whatever the one before it does."""
    zones = {"a.example": SIGNS if signs_first else [], "b.example": [] if signs_first else SIGNS,
             "c.example": SIGNS if signs_first else [], "d.example": []}
    server = knotd({}, template=TEMPLATE, extra=policies(DEFAULT), start=False,
                   settings={"statistics": True}, tail=zones_with_items(*zones.items()))
    for zone in zones:
        server.write_zone(zone, zone_text(BODY))
    server.start()
    signed = [zone for zone, items in zones.items() if items]
    wait_signed(server, signed)
    for zone in signed:
        assert_synthesized(server, zone, HOUSE)
    for zone in zones:
        answer = server.ask(zone, dnssec=True)
        types = {rrset.rdtype for rrset in answer.answer}
        assert (dns.rdatatype.RRSIG in types) == (zone in signed), zone
        assert server.mx(zone) == HOUSE


@pytest.mark.parametrize("own", ["a.example", "z.example"])
def test_own_policy(knotd, own):
    """Each zone is signed with the keys of its own policy's keystore."""
    keystore = "keystore:\n  - id: apart\n    backend: pem\n    config: apart\n"
    kinds = {"policy": ("algorithm: ecdsap256sha256",),
             "apart": ("algorithm: ecdsap256sha256", "keystore: apart")}
    zones = {"k.example": [], "l.example": [], own: ["dnssec-policy: apart"]}
    server = knotd({}, start=False, extra=keystore + policies(kinds),
                   template=TEMPLATE + "    dnssec-signing: on\n    dnssec-policy: policy\n",
                   tail=zones_with_items(*sorted(zones.items())))
    for zone in zones:
        server.write_zone(zone, zone_text(BODY))
    server.start()
    wait_signed(server, zones)
    for zone in zones:
        assert_synthesized(server, zone, HOUSE)


@pytest.mark.parametrize("own", ["a.example", "z.example"])
def test_own_master(knotd, own):
    """A secondary zone finds its keys beside zones that have no primary."""
    primary = knotd({own: zone_text(BODY)}, modules={own: "mod-mxpreset/house\n"
                    "    dnssec-signing: on\n    dnssec-policy: policy"},
                    extra=TRANSFER["extra"] + policies(DEFAULT), zone_extra=TRANSFER["zone_extra"])
    wait_signed(primary, [own])
    zones = {"k.example": [], own: ["master: primary", "zonefile-load: none"]}
    secondary = knotd({}, start=False, template=TEMPLATE, extra=secondary_of(primary)["extra"],
                      tail=zones_with_items(*sorted(zones.items())))
    secondary.write_zone("k.example", zone_text())
    keys = secondary.path / "db/keys/keys"
    keys.mkdir(parents=True)
    for key in keys_of(primary, own):
        shutil.copy(key_path(primary, key), keys)
    secondary.start()
    wait_signed(secondary, [own])
    assert_synthesized(secondary, own, HOUSE)
    assert secondary.mx("k.example") == HOUSE


@pytest.mark.parametrize("own", ["a.example", "z.example"])
def test_own_modules(knotd, own):
    """A zone with a list of its own is signed online beside zones that are not."""
    zones = {"k.example": [], own: [f"module: {online()}"]}
    server = knotd({}, start=False, template=TEMPLATE,
                   extra="mod-onlinesign:\n  - id: online\n    nsec-bitmap: [A, AAAA]\n",
                   tail=zones_with_items(*sorted(zones.items())))
    for zone in zones:
        server.write_zone(zone, zone_text(BODY))
    server.start()
    wait_signed(server, [own])
    warnings = server.log_lines("nsec-bitmap of mod-onlinesign has to list MX")
    assert len(warnings) == 1 and own in warnings[0]
    assert server.mx("k.example") == HOUSE == server.mx(own)


def test_many_instances(knotd):
    """More instances than are remembered, each with its own preset."""
    text = MAP.read_text() + "".join(f"own{number} 60 MX 1 mx{number}.own.test.\n"
                                     for number in range(50))
    zones = [f"many{number}.example" for number in range(150)]
    server = knotd(dict.fromkeys(zones, zone_text()), map_text=text,
                   instances={f"i{number}": {"builtin": f"own{number}"} for number in range(50)},
                   modules={zone: f"mod-mxpreset/i{number % 50}"
                            for number, zone in enumerate(zones)})
    for number, zone in enumerate(zones):
        assert server.mx(zone) == [(60, 1, f"mx{number % 50}.own.test.")]
