# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever the preset map is, the server comes up, and a failure is never a denial."""

import os

import pytest

from knot import GANDI, HOUSE, MAP, OVH, preset, wait_for, zone_text

GOOD = MAP.read_text()
OWN = preset(600, "10 mail.own.example.")
BUILTIN = preset(600, "5 mx1.house.example.")
ZONES = {
    "plain.example": "",
    "unknown.example": '@ TXT "mx-preset=nobody"\n',
    "gandi.example": '@ TXT "mx-preset=gandi"\n',
    "override.example": "@ 600 MX 10 mail.own.example.\n",
    "builtin.example": "@ 600 MX 5 mx1.house.example.\n",
    "none.example": '@ TXT "mx-preset=none"\n',
}
ALIAS = "www 60 CNAME @\n"
WITH_MAP = {"plain.example": HOUSE, "unknown.example": "SERVFAIL", "gandi.example": GANDI,
            "override.example": OWN, "builtin.example": BUILTIN, "none.example": []}
WITHOUT_MAP = {**WITH_MAP, "plain.example": "SERVFAIL", "gandi.example": "SERVFAIL"}
WITHOUT_BUILTIN = {**WITHOUT_MAP, "gandi.example": GANDI}
ZONES = {zone: zone_text(body + ALIAS) for zone, body in ZONES.items()}


def assert_served(server, expected):
    for zone, records in expected.items():
        for name in (zone, "www." + zone):
            for tcp in (False, True):
                assert server.mx(name, tcp=tcp) == records, name
        assert len(server.ask(zone, "SOA").answer) == 1
        assert len(server.ask("ns." + zone, "A").answer) == 1


def assert_served_soon(server, expected):
    wait_for(lambda: server.mx("plain.example") == expected["plain.example"], "the new map")
    assert_served(server, expected)


def refusals(server):
    return server.log_lines(" error: .*preset map refused")


BROKEN = "house 60 MX 10 mx1.house.example.\nhouse 61 MX 20 mx2.house.example.\n"
MORE = BROKEN + "a 60 MX 10 mx\nb 60 SRV 1 1 1 a.\n"


def write(content):
    """Makes a file."""
    return lambda path: path.write_bytes(content if isinstance(content, bytes)
                                         else content.encode())


def link(target):
    return lambda path: path.symlink_to(target)


def replace(server, make):
    """Puts something in place of the map at once; None leaves nothing there."""
    if make is None:
        server.map_path.unlink(missing_ok=True)
        return
    new = server.map_path.with_suffix(".new")
    make(new)
    new.rename(server.map_path)


BAD = {
    "missing": (None, ": "),
    "empty": (write(""), ":1: .*empty"),
    "no-preset": (write("; nothing\n"), ":1: "),
    "cut-off": (write(GOOD[:GOOD.index("ovh ")] + "ovh 60 MX"), r":\d+: "),
    "no-newline": (write(GOOD[:-1]), r":\d+: .*newline"),
    "broken": (write(BROKEN), ":2: "),
    "two-errors": (write(BROKEN + "a 60 MX 10 mx\n"), r":2: .*\band 1 more\b"),
    "three-errors": (write(MORE), r":2: .*\band 2 more\b"),
    "binary": (write(bytes(range(256)) * 16), r":\d+: "),
    "directory": (link("."), ": .*regular file"),
    "fifo": (os.mkfifo, ": .*regular file"),
    "device": (link("/dev/zero"), ": .*regular file"),
    "dangling": (link("nowhere"), ": "),
}
ABSENT = ("missing", "dangling")


@pytest.mark.parametrize("kind", BAD)
def test_bad_at_start(knotd, kind):
    make, reason = BAD[kind]
    server = knotd(ZONES, start=False, map_text=None)
    replace(server, make)
    server.start()
    if kind in ABSENT:
        assert len(server.log_lines("warning: .*preset map does not exist yet, ")) == 1
    else:
        assert len(server.log_lines(f"error: .*{server.map_path}{reason}")) == 1
    assert len(refusals(server)) == int(kind not in ABSENT)
    assert_served(server, WITHOUT_MAP)

    # Repaired.
    server.write_map(GOOD)
    assert_served_soon(server, WITH_MAP)
    assert len(refusals(server)) == int(kind not in ABSENT)


@pytest.mark.parametrize("kind", BAD)
def test_bad_later(knotd, kind):
    make, reason = BAD[kind]
    server = knotd(ZONES)
    replace(server, make)
    server.wait_log(f"error: .*{server.map_path}{reason}")
    for _ in range(2):
        assert_served(server, WITH_MAP)
        assert len(refusals(server)) == 1
        server.reload()

    server.write_map(GOOD.replace("house.example", "new.example"))
    new = preset(3600, "10 mx1.new.example.", "20 mx2.new.example.")
    assert_served_soon(server, {**WITH_MAP, "plain.example": new})
    assert len(refusals(server)) == 1


NO_HOUSE = GOOD[GOOD.index("gandi "):]
NO_OVH = GOOD[:GOOD.index("ovh ")]


def test_builtin_missing_at_start(knotd):
    server = knotd(ZONES, map_text=NO_HOUSE)
    assert len(server.log_lines(f"error: .*{server.map_path}.*'house'")) == 1
    assert_served(server, WITHOUT_BUILTIN)
    server.write_map(GOOD)
    assert_served_soon(server, WITH_MAP)


def test_builtin_missing_preset_there(knotd):
    server = knotd(ZONES, map_text=NO_HOUSE, settings={"preset": "ovh"})
    assert_served(server, {**WITHOUT_BUILTIN, "plain.example": OVH})


def test_preset_missing_at_start(knotd):
    server = knotd(ZONES, map_text=NO_OVH, settings={"preset": "ovh"})
    assert len(server.log_lines(f"error: .*{server.map_path}.*'ovh'")) == 1
    assert_served(server, {**WITH_MAP, "plain.example": "SERVFAIL"})
    server.write_map(GOOD)
    assert_served_soon(server, {**WITH_MAP, "plain.example": OVH})


@pytest.mark.parametrize("text,name", [(NO_HOUSE, "house"), (NO_OVH, "ovh")])
def test_lacking_later(knotd, text, name):
    """A map that lacks what an instance takes from the present one changes nothing."""
    server = knotd({**ZONES, "other.example": zone_text()},
                   instances={"other": {"builtin": "house", "preset": "ovh"}},
                   modules={"other.example": "mod-mxpreset/other"})
    server.write_map(text.replace("spool.mail", "changed.mail"))
    server.wait_log(f"error: .*{server.map_path}.*'{name}'")
    for _ in range(2):
        assert_served(server, WITH_MAP)
        assert server.mx("other.example") == OVH
        server.reload()
    assert len(refusals(server)) == 1
    assert len(server.log_lines(f"error: .*{server.map_path}.*'{name}'")) == 1


def test_unused_preset_may_go(knotd):
    server = knotd({**ZONES, "ovh.example": zone_text('@ TXT "mx-preset=ovh"\n')})
    assert server.mx("ovh.example") == OVH
    server.write_map(NO_OVH)
    server.wait_log("warning: .*presets are gone: .*ovh")
    assert server.mx("ovh.example") == "SERVFAIL"
    assert not refusals(server)
    assert len(server.log_lines("warning: .*presets are gone: .*ovh")) == 1


def test_one_line_for_a_good_map(knotd):
    text = "house MX 10 a.test.\nhouse MX 20 b.test.\nother MX 10 c.test.\nalias CNAME other\n"
    server = knotd({f"z{number}.example": zone_text() for number in range(1000)}, map_text=text)
    loaded = r" info: .*preset map loaded, "
    for count, presets, records in ((1, 2, 3), (2, 3, 4)):
        lines = server.wait_log(loaded, count)
        assert len(lines) == count
        assert f"{server.map_path}: {presets} presets, {records} records" in lines[-1]
        server.reload()
        if count == 1:
            server.write_map(text + "third MX 10 d.test.\n")
    assert len(server.log_lines(loaded)) == 2
    assert server.mx("z999.example") == preset(3600, "10 a.test.", "20 b.test.")


def test_map_that_knot_serves(knotd):
    """The map is a zone like any other: with SOA, NS and glue."""
    records = "".join(line + "\n" for line in GOOD.splitlines() if not line.startswith(";"))
    server = knotd({"plain.example": zone_text(), "maps.example": zone_text(records)}, start=False,
                   modules={"maps.example": ""})
    server.settings["map-file"] = server.zone_path("maps.example")
    server.start()
    assert server.mx("plain.example") == HOUSE
    assert server.mx("gandi.maps.example") == GANDI
