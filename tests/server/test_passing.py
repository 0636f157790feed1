# SPDX-License-Identifier: GPL-2.0-or-later
"""Failures that pass: what could not be read for want of something is read when there is some."""

import errno
import os
import resource

import pytest

from knot import HOUSE, MAP, MODULE, TRANSFER, preset, secondary_of, wait_for, zone_text
from signing import BODY, DEFAULT, assert_synthesized, policies, signing, wait_signed

ZONE = "plain.example"
ZONES = {ZONE: zone_text()}
NEW = MAP.read_text().replace("mx1.house.example.", "mx9.house.example.")
NEW_HOUSE = preset(3600, "10 mx9.house.example.", "20 mx2.house.example.")
CAUSES = {errno.EMFILE: "too many open files", errno.ENFILE: "too many open files in system",
          errno.ENOMEM: "not enough memory", errno.EIO: "Input/output error"}


@pytest.fixture
def switch(tmp_path):
    """Lets a server fail to open what holds a word in its path, until it is told otherwise."""
    class Switch:
        path = tmp_path / "switch"
        environment = {"LD_PRELOAD": str(MODULE.parent.parent / "tests/fail.so"), "FAIL_SWITCH": str(path)}

        def on(self, word, number):
            new = self.path.with_suffix(".new")
            new.write_text(f"{word}\n{number}\n")
            new.rename(self.path)

        def off(self):
            self.path.unlink()
    return Switch()


@pytest.mark.parametrize("number", CAUSES)
def test_map_at_start(knotd, switch, number):
    """Nothing is served until the map can be read; then it is, without a reload."""
    switch.on("mx-presets.zone", number)
    server = knotd(ZONES, environment=switch.environment)
    assert server.mx(ZONE) == "SERVFAIL"
    (line,) = server.wait_log("preset map refused")
    assert CAUSES[number] in line
    switch.off()
    wait_for(lambda: server.mx(ZONE) == HOUSE, "the map")
    server.wait_log("preset map loaded")
    assert len(server.log_lines("preset map refused")) == 1


@pytest.mark.parametrize("number", CAUSES)
def test_map_that_changes(knotd, switch, number):
    """The last good map serves meanwhile; a reload changes nothing, and is not needed."""
    server = knotd(ZONES, environment=switch.environment)
    assert server.mx(ZONE) == HOUSE
    server.wait_log("preset map loaded")
    switch.on("mx-presets.zone", number)
    server.write_map(NEW)
    (line,) = server.wait_log("preset map refused, the last good one keeps serving")
    assert CAUSES[number] in line
    server.knotc("reload")
    assert server.mx(ZONE) == HOUSE
    switch.off()
    wait_for(lambda: server.mx(ZONE) == NEW_HOUSE, "the new map")
    server.wait_log("preset map loaded", 2)
    assert len(server.log_lines("preset map refused")) == 1


def test_map_too_large_for_memory(knotd):
    """A map for which there is no address space is no reason to crash, nor to be forgotten."""
    server = knotd(ZONES)
    assert server.mx(ZONE) == HOUSE
    pid = server.process.pid
    pages = int(open(f"/proc/{pid}/statm", encoding="ascii").read().split()[0])
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS,
                     (pages * os.sysconf("SC_PAGESIZE") + (16 << 20), before[1]))
    server.write_map(NEW + 60 * (";" + 999_999 * "x" + "\n"))
    (line,) = server.wait_log("preset map refused")
    assert "not enough memory" in line
    assert server.mx(ZONE) == HOUSE
    resource.prlimit(pid, resource.RLIMIT_AS, before)
    wait_for(lambda: server.mx(ZONE) == NEW_HOUSE, "the new map", 60)
    assert server.stop() == 0


def test_polled_only(knotd, switch):
    """Without inotify(7) a map is looked at from time to time, which is said once."""
    switch.on("inotify", errno.EMFILE)
    zones = {**ZONES, "second.example": zone_text()}
    server = knotd(zones, environment=switch.environment)
    server.wait_log("polled only, not watched: Too many open files")
    server.write_map(NEW)
    wait_for(lambda: server.mx(ZONE) == NEW_HOUSE, "the new map")
    server.knotc("reload")
    assert len(server.log_lines("polled only")) == 1
    switch.off()
    server.write_map(MAP.read_text())
    wait_for(lambda: server.mx(ZONE) == HOUSE, "the old map")


@pytest.mark.parametrize("mode, warnings", [(0o644, 0), (0o664, 0), (0o646, 1), (0o666, 1)])
def test_writable_map(knotd, mode, warnings):
    """Whoever can write the map moves everybody's mail: one warning at load."""
    server = knotd(ZONES, start=False)
    server.map_path.chmod(mode)
    server.start()
    server.wait_log("preset map loaded")
    server.knotc("reload")
    assert server.mx(ZONE) == HOUSE
    assert len(server.log_lines(r"warning: .*not safe: others can write it")) == warnings


def test_zone_without_memory(knotd, switch):
    """A zone that cannot be set up fails, counted in the totals, until it is loaded again."""
    switch.on("strdup unlucky", errno.ENOMEM)
    server = knotd({ZONE: zone_text(), "poor.example": zone_text()},
                   instances={"second": {"builtin": "unlucky"}},
                   modules={"poor.example": "mod-mxpreset/second"},
                   map_text=MAP.read_text() + "unlucky 60 MX 1 mx.unlucky.example.\n",
                   template="    global-module: mod-mxpreset/house\n",
                   environment=switch.environment)
    server.wait_log("not enough memory for the zone")
    assert server.mx("poor.example") == "SERVFAIL"
    assert server.ask("poor.example", "A").rcode() == 0
    assert server.ask("ns.poor.example").rcode() == 2
    assert server.mx(ZONE) == HOUSE
    totals = server.totals()
    assert (totals["failed"], totals["synthesized[builtin]"], totals["zones"]) == (1, 1, 2)
    switch.off()
    server.reload()
    assert server.mx("poor.example") == preset(60, "1 mx.unlucky.example.")


SIGNED = "signed.example"
PRIMARY = {"modules": {SIGNED: signing()}, "extra": TRANSFER["extra"] + policies(DEFAULT),
           "zone_extra": TRANSFER["zone_extra"], "settings": {"statistics": True}}


def rcodes(server):
    """What becomes of MX, and of a denial of it."""
    return [server.ask(SIGNED, rtype, dnssec=True).rcode() for rtype in ("MX", "AAAA")]


@pytest.mark.parametrize("number", CAUSES)
def test_key(knotd, switch, number):
    """A key that cannot be read now is no missing one: it is tried again soon."""
    server = knotd({SIGNED: zone_text(BODY)}, environment=switch.environment, **PRIMARY)
    wait_signed(server, [SIGNED])
    switch.on(".pem", number)
    assert rcodes(server) == [2, 2]
    switch.off()
    wait_for(lambda: server.mx(SIGNED, dnssec=True) == HOUSE, "the signature")
    assert_synthesized(server, SIGNED, HOUSE)
    server.wait_log("signing works again")
    assert "unsigned" not in server.counters(SIGNED)


@pytest.mark.parametrize("number", CAUSES)
def test_key_of_secondary(knotd, switch, number):
    """Whether a secondary has keys is not known as long as its keystore cannot be read."""
    primary = knotd({SIGNED: zone_text(BODY)}, **PRIMARY)
    wait_signed(primary, [SIGNED])
    secondary = knotd({SIGNED: None}, start=False, environment=switch.environment,
                      settings={"statistics": True}, **secondary_of(primary))
    (secondary.path / "db/keys/keys").mkdir(parents=True)
    secondary.start()
    wait_signed(secondary, [SIGNED])
    switch.on(".pem", number)
    assert rcodes(secondary) == [2, 2]
    assert rcodes(secondary) == [2, 2]
    switch.off()
    wait_for(lambda: rcodes(secondary) == [0, 0], "the zone's own contents")
    assert secondary.counters(SIGNED)["unsigned"] > 0
