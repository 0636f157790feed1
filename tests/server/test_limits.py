# SPDX-License-Identifier: GPL-2.0-or-later
"""Zones and markers at the limits, and what a zone's owner can do to the log."""

import collections
import re
import shutil

import dns.flags
import pytest

from instructions import ask_many, control, wait_kept
from knot import GANDI, HOUSE, MAP, long_marker, mx_of, outlook, preset, split_text, wait_for, zone_text

MANY = 4000


MANY_TXT = "".join(f'@ 60 TXT "text {number}"\n' for number in range(MANY))
MANY_MX = "".join(f"@ 60 MX {number} @\n" for number in range(MANY))  # Just fits a message.
TOO_MANY_MX = "".join(f"@ 60 MX 1 m{number}\n" for number in range(MANY))
BUILTINS = "@ 60 MX 1 mx1.house.example.\n@ 60 MX 2 mx2.house.example.\n"


def many(zone):
    return preset(60, *(f"{number} {zone}." for number in range(MANY)))


CASES = {
    "plain.example": ("", HOUSE),
    "text.example": (MANY_TXT, HOUSE),
    "text-marker.example": (MANY_TXT + '@ 60 TXT "mx-preset=gandi"\n', GANDI),
    "text-two.example": (MANY_TXT + '@ 60 TXT "mx-preset=gandi"\n@ 60 TXT "mx-preset=ovh"\n',
                         "SERVFAIL"),
    "mx.example": (MANY_MX, many("mx.example")),
    "mx-mixed.example": (MANY_MX + BUILTINS, many("mx-mixed.example")),
    "mx-large.example": (TOO_MANY_MX + BUILTINS, "SERVFAIL"),
    "both.example": (MANY_TXT + MANY_MX + BUILTINS, many("both.example")),
    "long.example": (long_marker("mx-preset=outlook", "id=last"), outlook("last")),
    "long-first.example": (long_marker("mx-preset=outlook id=first", "z=z"), outlook("first")),
    "long-twice.example": (long_marker("mx-preset=gandi", "p7=v"), "SERVFAIL"),
    "long-bad.example": (long_marker("mx-preset=gandi", "x=."), "SERVFAIL"),
    "long-name.example": (split_text("mx-preset=" + 60_000 * "a"), "SERVFAIL"),
    "long-spaces.example": (split_text("mx-preset=gandi" + 60_000 * " "), "SERVFAIL"),
}
ZONES = {zone: zone_text(body + "www 60 CNAME @\n") for zone, (body, _) in CASES.items()}


@pytest.fixture(scope="module")
def server(shared_knotd):
    return shared_knotd(ZONES)


@pytest.mark.parametrize("zone", CASES)
def test_large_zone(server, zone):
    for name in (zone, "www." + zone):
        assert server.mx(name, tcp=True) == CASES[zone][1]
        small = server.ask(name, edns=False)
        assert mx_of(small) == CASES[zone][1] or small.flags & dns.flags.TC


def test_too_large_without_module(knotd):
    """What the module answers for a set that no message holds is what Knot itself does."""
    server = knotd({"a.example": zone_text(TOO_MANY_MX)}, module=False)
    assert server.mx("a.example", tcp=True) == CASES["mx-large.example"][1]


# Apexes that would be costly to look through.
LARGEST = 2549
COSTLY = {
    "plain.example": "",
    "builtin.example": "".join(f"@ 60 MX {number} mx{1 + number % 2}.house.example.\n"
                               for number in range(LARGEST)),
    "own.example": "".join(f"@ 60 MX {number} @\n" for number in range(LARGEST)),
    "mixed.example": "".join(f"@ 60 MX {number} m{number}.other.test.\n"
                             for number in range(LARGEST)) + BUILTINS,
    "text.example": MANY_TXT + '@ 60 TXT "mx-preset=gandi"\n',
    "both.example": MANY_TXT + "".join(f"@ 60 MX {number} mx1.house.example.\n"
                                       for number in range(LARGEST)),
    "long.example": long_marker("mx-preset=outlook id=x", "p=v"),
}


def cost(server, zone):
    """Instructions of the server's process for one MX query."""
    wait_kept(server)
    query = server.message(zone).to_wire()
    ask_many(server, query, 20)
    control(server, "--instr=on")
    ask_many(server, query, 200)
    control(server, "--instr=off")
    assert server.stop() == 0
    return int(re.search(r"Collected : (\d+)", server.output())[1]) // 200


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
def test_instructions(knotd, capsys):
    """No customer's zone makes an MX query cost more than ten times that in a plain one."""
    callgrind = ["valgrind", "--tool=callgrind", "--instr-atstart=no",
                 "--callgrind-out-file=/dev/null"]
    costs = {zone: cost(knotd({zone: zone_text(body)}, valgrind=callgrind), zone)
             for zone, body in COSTLY.items()}
    with capsys.disabled():
        print("\ninstructions per MX query:", costs, end="")
    assert max(costs.values()) <= 10 * costs["plain.example"]


def test_large_apex_changes(knotd):
    """What is remembered of a large apex is never older than its zone or its map."""
    zone = "large.example"
    own = preset(60, *(f"{number} mx1.house.example." for number in range(300)))
    records = "".join(f"@ 60 MX {number} mx1.house.example.\n" for number in range(300))
    # Knot DNS 3.2 can crash when it writes a large zone's file while that is edited.
    server = knotd({zone: zone_text(records + MANY_TXT)}, zone_extra="    zonefile-sync: -1\n")

    def expect(right):
        for _ in range(3):
            assert server.mx(zone, tcp=True) == right

    def change(*changes):
        server.set_zone(zone, *changes)

    expect(own)
    change("set @ 60 TXT mx-preset=gandi")
    expect(GANDI)
    change("unset @ TXT mx-preset=gandi", "set @ 60 TXT mx-preset=gandy")
    expect("SERVFAIL")
    change("set @ 60 MX 7 mail.other.test.")
    expect(preset(60, "7 mail.other.test."))
    change("unset @ MX 7 mail.other.test.")
    expect("SERVFAIL")
    server.write_map(MAP.read_text() + "gandy 60 MX 1 mx.gandy.test.\n")
    wait_for(lambda: server.mx(zone, tcp=True) == preset(60, "1 mx.gandy.test."), "the new map")
    change("unset @ TXT mx-preset=gandy")
    expect(own)
    server.write_map(MAP.read_text().replace("mx1.house.example.", "mx3.house.example."))
    wait_for(lambda: server.log_lines("preset map loaded.*19 presets|presets are gone"), "the map")
    expect(own)  # It is the zone's own now.
    change(*(f"unset @ MX {number} mx1.house.example." for number in range(300)))
    expect(preset(3600, "10 mx3.house.example.", "20 mx2.house.example."))


# Text that would forge a line, end a quotation or disturb a terminal.
NASTY = "".join(f"\\{ord(ch):03}" for ch in "\n2026-01-01T00:00:00+0000\terror:\r'\"\\") + \
    "\\228\\027\\000" + 100 * "x"
FLOOD = [f"flood{number}.example" for number in range(200)]


def causes(server):
    return server.log_lines(r" warning: \[flood\d+\.example\.\] .*MX, ")


def test_flood_of_warnings(knotd):
    server = knotd({zone: zone_text(f'@ 60 TXT "mx-preset={NASTY}"\n') for zone in FLOOD})

    def flooded():
        for zone in FLOOD:
            assert server.mx(zone) == "SERVFAIL"
        return len(causes(server)) > 30

    wait_for(flooded, "warnings of three seconds")
    lines = causes(server)
    zones = collections.Counter(re.search(r"\[(flood\d+)", line)[1] for line in lines)
    assert set(zones.values()) == {1}
    assert max(collections.Counter(line.split()[0] for line in lines).values()) <= 10

    for line in server.log_path.read_bytes().decode("latin-1").split("\n"):
        assert not line or re.match(r"\d{4}-\d\d-\d\dT\S+ (info|warning|notice): ", line)
        assert line.isprintable() and line.isascii()
    for line in lines:
        quoted = re.fullmatch(r".*unknown preset '(.*)'\.*", line)[1]
        octets = re.findall(r"\\\d{3}|\\.|[^\\']", quoted)
        assert "".join(octets) == quoted and len(octets) == 64
        assert octets[0] == r"\010" and octets[-1] == "x"


def test_one_warning_for_each_cause(knotd):
    zone = "flood0.example"
    server = knotd({zone: zone_text('@ 60 TXT "mx-preset=nobody"\n')})
    for text in ("nobody", "gandi x", "nobody", "nobody2", "gandi x=."):
        server.set_zone(zone, "unset @ TXT", f"set @ 60 TXT \"mx-preset={text}\"")
        for _ in range(20):
            assert server.mx(zone) == "SERVFAIL"
    assert len(causes(server)) == 3
