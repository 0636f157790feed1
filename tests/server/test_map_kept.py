# SPDX-License-Identifier: GPL-2.0-or-later
"""The last good map survives a restart; its version, and what is gone, are logged."""

import hashlib
import os

import pytest

from knot import GANDI, HOUSE, MAP, preset, wait_for, zone_text

ZONE = "plain.example"
MARKED = "marked.example"
ZONES = {ZONE: zone_text(), MARKED: zone_text('@ TXT "mx-preset=gandi"\n')}
GOOD = MAP.read_text()
VERSION = hashlib.sha256(GOOD.encode()).hexdigest()[:8]
BAD = GOOD.replace("mx1.house.example.\n", "mx1.house.example\n", 1)
SOA = "maps. 60 SOA ns.maps. h.maps. {serial} 1 1 1 1\n$ORIGIN maps.\n"


def wait_kept(server, text=GOOD):
    wait_for(lambda: [text] == [path.read_text().split("\n", 1)[1] for path in server.kept_maps()],
             "the copy")


def restart(server):
    assert server.stop() == 0
    server.start()


@pytest.fixture
def kept(knotd):
    """A server that has kept a copy, and is stopped."""
    def make(**options):
        server = knotd(ZONES, **options)
        wait_kept(server)
        assert server.stop() == 0
        return server
    return make


def spoil(server):
    server.write_map(BAD)


def remove(server):
    server.map_path.unlink()


def truncate(server):
    server.write_map("")


def lack(server):
    server.write_map(GOOD.replace("house ", "hause ", 1))


@pytest.mark.parametrize("change, reason", [
    (spoil, "final dot is missing"), (remove, "not exist"), (truncate, "empty"),
    (lack, "builtin 'house' is missing")])
def test_restart(kept, change, reason):
    """Whatever became of the file: all is served as before, and the error line says from what."""
    server = kept()
    change(server)
    for _ in range(2):
        server.start()
        assert server.mx(ZONE) == HOUSE and server.mx(MARKED) == GANDI
        server.wait_log(f"error.*refused, the copy of the last good one serves, "
                        f"version {VERSION}, .*{reason}")
        assert not server.log_lines("preset map loaded")
        assert server.stop() == 0
    server.write_map(GOOD.replace("mx1.house", "mx9.house"))
    server.start()
    assert server.mx(ZONE) == preset(3600, "10 mx9.house.example.", "20 mx2.house.example.")


def test_preset_is_missing(kept):
    server = kept(settings={"preset": "gandi"})
    server.write_map("house 60 MX 1 mx.house.example.\n")
    server.start()
    assert server.mx(ZONE) == GANDI
    server.wait_log("error.*copy.*preset 'gandi' is missing")


def test_good_again(kept):
    """A file that is repaired is taken without a restart, and kept then."""
    server = kept()
    spoil(server)
    server.start()
    new = GOOD.replace("mx1.house", "mx9.house")
    server.write_map(new)
    wait_for(lambda: server.mx(ZONE) != HOUSE, "the new map")
    wait_kept(server, new)


@pytest.mark.parametrize("damage", [
    lambda data: data[:-1], lambda data: data.replace(b"gandi", b"ganti", 1), lambda data: b"",
    lambda data: b";" + data, lambda data: data.split(b"\n", 1)[1]])
def test_damaged_copy(kept, damage):
    server = kept()
    spoil(server)
    path, = server.kept_maps()
    path.write_bytes(damage(path.read_bytes()))
    server.start()
    assert server.mx(ZONE) == "SERVFAIL"
    server.wait_log("error.*preset map refused, /")


def test_copy_that_lacks_it_too(kept):
    """Nothing is better than the file."""
    server = kept()
    server.settings["builtin"] = "nobody"
    server.start()
    assert server.mx(ZONE) == "SERVFAIL" and server.mx(MARKED) == GANDI
    assert not server.log_lines("the copy of")


def test_no_copy_of_what_lacks_something(knotd):
    server = knotd(ZONES, settings={"preset": "nobody"})
    server.write_map(GOOD + "nobody2 MX 1 a.example.\n")
    server.wait_log("info.*preset map loaded", 2)
    server.write_map(GOOD + "nobody MX 1 a.example.\n")
    wait_for(lambda: server.mx(ZONE) == preset(3600, "1 a.example."), "the preset")
    wait_kept(server, GOOD + "nobody MX 1 a.example.\n")


def test_folder_cannot_be_written(knotd):
    """One warning; nothing else changes."""
    server = knotd(ZONES, start=False)
    (server.path / "db").mkdir(exist_ok=True)
    (server.path / "db/mxpreset").write_text("in the way\n")
    server.start()
    server.wait_log("warning.*no copy of the preset map can be kept")
    server.write_map(GOOD.replace("mx1.house", "mx9.house"))
    server.wait_log("info.*preset map loaded", 2)
    assert server.mx(ZONE) != HOUSE
    assert len(server.log_lines("warning.*no copy")) == 1


def test_does_not_exist_yet(knotd):
    """Without a copy, that is a warning."""
    server = knotd(ZONES, map_text=None)
    assert len(server.log_lines("warning.*preset map does not exist yet")) == 1
    assert not server.log_lines(" error: ")
    server.write_map(GOOD)
    wait_for(lambda: server.mx(ZONE) == HOUSE, "the map")


def test_does_not_exist_at_a_reload(knotd):
    """A path that was mistyped is an error: nothing says that the file is to come."""
    server = knotd(ZONES)
    wait_kept(server)
    server.settings["map-file"] = server.path / "mistyped.zone"
    server.reload()
    line, = server.wait_log("error: .*preset map refused, .*mistyped.zone")
    assert "not exist" in line and not server.log_lines("does not exist yet")
    assert server.mx(ZONE) == "SERVFAIL"


def test_version(knotd):
    """A hash of the text, or the serial; the first line names the module's own, too."""
    server = knotd(ZONES)
    first, = server.log_lines("info.*preset map loaded")
    assert f"records, version {VERSION}" in first and ", version 0." in first
    server.write_map(SOA.format(serial=2026112601) + "house 60 MX 1 mx.house.example.\n")
    server.wait_log("info.*preset map loaded.*1 presets, 1 records, version 2026112601$")
    assert len(server.log_lines(", version 0[.]")) == 1


def test_what_is_gone(knotd):
    names = [f"p{number:02}" for number in range(14)]
    text = GOOD + "".join(f"{name} MX 1 a.example.\n" for name in names)
    server = knotd(ZONES, map_text=text)
    server.write_map(GOOD + "p13 MX 1 a.example.\n")
    server.wait_log("warning.*presets are gone: p00, .*, p09 and 3 more$")
    server.write_map(GOOD)
    server.wait_log("warning.*presets are gone: p13$")
    assert len(server.log_lines("presets are gone")) == 2


def test_owner(kept):
    """Nobody but the server reads and writes it."""
    server = kept()
    path, = server.kept_maps()
    assert path.stat().st_mode & 0o7 == 0 and path.parent.stat().st_mode & 0o7 == 0
    assert path.stat().st_uid == os.geteuid()
