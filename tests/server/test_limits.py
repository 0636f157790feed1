# SPDX-License-Identifier: GPL-3.0-or-later
"""Zones and markers at the limits, and what a zone's owner can do to the log."""

import collections
import re
import shutil

import dns.flags
import pytest

from knot import GANDI, HOUSE, long_marker, mx_of, outlook, preset, split_text, wait_for, zone_text

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


def collected(path):
    return int(re.search(r"^(?:totals|summary): (\d+)", path.read_text(), re.M)[1])


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind is not installed")
@pytest.mark.parametrize("zone", ["plain.example", "text-marker.example", "both.example",
                                  "long.example", "long-twice.example"])
def test_instructions(knotd, tmp_path, zone, capsys):
    """Prints what a query costs in the module's hook."""
    queries = 20
    profile = tmp_path / "callgrind.out"
    server = knotd({zone: ZONES[zone]}, valgrind=[
        "valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}",
        "--toggle-collect=preanswer_mx"])
    for _ in range(queries):
        assert server.ask(zone, payload=512).id is not None
    assert server.stop() == 0
    assert collected(profile) > 0
    with capsys.disabled():
        print(f"\n{zone}: {collected(profile) // queries} instructions per MX query", end="")


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
