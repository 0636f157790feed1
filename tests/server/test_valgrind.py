# SPDX-License-Identifier: GPL-2.0-or-later
"""A server's life under memcheck: no error and no leak with the module in its stack."""

import pathlib
import re
import shutil
import xml.etree.ElementTree

import dns.rcode
import pytest

from knot import Askers, GANDI, HOUSE, MAP, SANITIZERS, long_marker, mx_of, outlook, preset, zone_text
from signing import (BODY, bitmaps, key_path, keys_of, policies, signing, wait_signed,
                     with_signatures)

OWN = preset(600, "10 mail.own.example.")
ZONES = {
    "plain.example": ("", HOUSE),
    "gandi.example": ('@ TXT "mx-preset=gandi"\n', GANDI),
    "outlook.example": ('@ TXT "mx-preset=out" "look"\n', outlook("outlook-example")),
    "id.example": ('@ TXT "mx-preset=outlook id=b" " x=1 y=2"\n', outlook("b")),
    "twice.example": ('@ TXT "mx-preset=outlook x=1" " x=1 y=2"\n', "SERVFAIL"),
    "bad.example": ('@ TXT "mx-preset=\\000\\255\\"\'"\n', "SERVFAIL"),
    "none.example": ('@ TXT "mx-preset=none"\n', []),
    "override.example": ("@ 600 MX 10 mail.own.example.\n", OWN),
    "mixed.example": ("@ 600 MX 10 mail.own.example.\n@ 600 MX 10 mx1.house.example.\n", OWN),
    "2.0.192.in-addr.arpa": ("", []),
}
COMMAND = ["valgrind", "--leak-check=full", "--show-leak-kinds=definite,indirect",
           "--errors-for-leak-kinds=definite,indirect", "--keep-debuginfo=yes", "--num-callers=40",
           "--fair-sched=yes", "--xml=yes"]


def frames(error):
    for frame in error.iter("frame"):
        yield frame.findtext("fn", ""), pathlib.Path(frame.findtext("obj", "")).name


def ours(error):
    return any(re.match("mxp_|mxpreset_", fn) or obj == "mxpreset.so"
               for fn, obj in frames(error))


def ask_all(server):
    for zone, (_, expected) in ZONES.items():
        for name in (zone, "www." + zone):
            for options in ({}, {"tcp": True}, {"edns": False}, {"dnssec": True}):
                assert server.mx(name, **options) == expected
                assert server.ask(name, "TXT", **options).rcode() == dns.rcode.NOERROR
            server.ask(name, payload=512)
            server.ask(name, "ANY")


def own_errors(report):
    errors = xml.etree.ElementTree.parse(report).getroot().findall("error")
    return [xml.etree.ElementTree.tostring(error, "unicode") for error in errors if ours(error)]


@pytest.fixture
def memcheck(knotd, tmp_path):
    """Runs a server under memcheck; its report is looked at when the test is done."""
    if shutil.which("valgrind") is None:
        pytest.skip("valgrind is not installed")
    if SANITIZERS:
        pytest.skip("valgrind does not run sanitized code")
    report = tmp_path / "valgrind.xml"
    started = []

    def start(zones, **options):
        started.append(knotd(zones, valgrind=[*COMMAND, f"--xml-file={report}"], **options))
        return started[0]

    yield start
    for server in started:
        assert server.stop() == 0
        assert not own_errors(report)


def test_life(memcheck):
    server = memcheck({zone: zone_text(body + "www 60 CNAME @\n")
                       for zone, (body, _) in ZONES.items()},
                      settings={"statistics": True, "ede": True, "param": ["id=x", "other=y"],
                                "preset": "house", "spf": True},
                      server="    answer-rotation: on\n")
    ask_all(server)
    server.reload()
    ask_all(server)
    server.write_map(MAP.read_text() + "more MX 10 mx\n")
    server.reload()
    server.write_map(MAP.read_text() + "more MX 10 mx.more.example.\n")
    server.knotc("-f", "-b", "zone-reload")
    ask_all(server)
    server.settings["preset"] = "gandi"
    server.reload()
    assert server.mx("plain.example") == GANDI
    server.settings["preset"] = "house"
    server.reload()
    ask_all(server)


def test_new_maps_under_load(memcheck):
    """A query that takes long still has its map when a new one is published."""
    zone = "long.example"
    text = long_marker("mx-preset=outlook", "id=last")
    server = memcheck({zone: zone_text(text)})
    with Askers(server, {zone: [outlook("last")]}):
        for _ in range(10):
            server.write_map(MAP.read_text())
            server.reload()


def test_global_module_under_load(memcheck):
    """It comes and goes while its zones are asked."""
    zone = "long.example"
    text = long_marker("mx-preset=outlook", "id=last")
    server = memcheck({zone: zone_text(text)})
    with Askers(server, {zone: [outlook("last")]}):
        for _ in range(5):
            for server.template in ("    global-module: mod-mxpreset/house\n", ""):
                server.reload()
                server.write_map(MAP.read_text())


# Signed zones

SIGNED = {"nsec.example": "", "nsec3.example": "", "lost.example": "",
          "mixed.example": "@ 600 MX 10 mail\nmail A 192.0.2.2\n@ 600 MX 10 mx1.house.example.\n"}
POLICIES = {"nsec": ("algorithm: ecdsap256sha256",),
            "nsec3": ("algorithm: ed25519", "nsec3: on")}


def ask_signed(server):
    """MX and denials at the apex, whole and cut off."""
    for zone in server.zones:
        for options in ({}, {"tcp": True}, {"payload": 512}, {"dnssec": False}):
            for name, rtype in ((zone, "MX"), ("www." + zone, "MX"), (zone, "TXT"),
                                ("www." + zone, "TXT"), (zone, "AAAA"), (zone, "NSEC"),
                                ("nx." + zone, "A")):
                server.ask(name, rtype, **{"dnssec": True, **options})
        mx = server.ask(zone, dnssec=True, tcp=True)
        denial = server.ask(zone, "AAAA", dnssec=True, tcp=True)
        assert with_signatures(mx) and mx_of(mx)
        assert all("MX" in words for words in bitmaps(denial))


def test_signed_zones(memcheck):
    server = memcheck({zone: zone_text(BODY + body) for zone, body in SIGNED.items()},
                      modules={zone: signing("nsec3" if zone == "nsec3.example" else "nsec")
                               for zone in SIGNED},
                      extra=policies(POLICIES), settings={"statistics": True, "spf": True})
    wait_signed(server, SIGNED)
    for key in keys_of(server, "lost.example"):
        key_path(server, key).unlink()
    for rtype in ("MX", "AAAA"):
        assert server.ask("lost.example", rtype, dnssec=True).rcode() == dns.rcode.SERVFAIL
    del server.zones["lost.example"]
    server.reload()

    ask_signed(server)
    for _ in range(10):  # More signatures than are remembered.
        server.knotc("-b", "zone-sign")
        for zone in server.zones:
            assert bitmaps(server.ask(zone, "AAAA", dnssec=True))
    ask_signed(server)
    server.set_zone("nsec.example", "set @ 60 TXT mx-preset=gandi")
    server.reload()
    ask_signed(server)
    del server.zones["nsec.example"]
    server.reload()
    ask_signed(server)
