# SPDX-License-Identifier: GPL-2.0-or-later
"""Totals over all zones of all instances, by `knotc stats` with a global module."""

import re
import time

import libknot
import libknot.control
import pytest

from knot import GANDI, HOUSE, MAP, Askers, mx_of, wait_for, zone_text

GLOBAL = "    global-module: mod-mxpreset/house\n"
ZONES = {
    "plain.example": zone_text(),
    "other.example": zone_text(),
    "marker.example": zone_text('@ TXT "mx-preset=gandi"\n'),
    "bad.example": zone_text('@ TXT "mx-preset=nobody"\n'),
    "override.example": zone_text("@ 60 MX 5 mail.own.example.\n"),
    "mixed.example": zone_text("@ 60 MX 5 mail.own.example.\n@ 60 MX 5 mx1.house.example.\n"),
}
# A second instance, with a preset of its own.
OPTIONS = {
    "instances": {"second": {"builtin": "house", "preset": "gandi", "statistics": True}},
    "modules": {"other.example": "mod-mxpreset/second"},
    "template": GLOBAL,
}
# What one round of queries at every apex adds.
ROUND = {"synthesized[builtin]": 1, "synthesized[preset]": 1, "synthesized[marker]": 1,
         "failed": 1, "overridden": 2, "filtered": 1}
SERIAL_MAP = "mx-presets. SOA . . {} 1 1 1 1\n$ORIGIN mx-presets.\n{}"


def counted(server):
    """The totals of queries."""
    return {name: value for name, value in server.totals().items()
            if not name.startswith("map-") and name != "zones"}


def serial_map(serial, text="house 60 MX 1 mx.house.example.\n"):
    return SERIAL_MAP.format(serial, text)


def times(number):
    return {name: number * value for name, value in ROUND.items()}


@pytest.mark.parametrize("statistics", [True, False])
def test_sum(knotd, statistics):
    """Every query at an apex counts once, over UDP and TCP, whatever its instance and thread."""
    server = knotd(ZONES, settings={"statistics": statistics, "spf": True}, **OPTIONS)
    assert counted(server) == {}
    for number in range(1, 11):
        for zone in ZONES:
            server.ask(zone, tcp=number % 2 == 0)
            server.ask(zone, "A")
            server.ask(zone, "TXT")
            server.ask("ns." + zone)
        assert counted(server) == times(number)
    assert server.totals()["zones"] == len(ZONES)


def test_names(knotd):
    """All of them are there before anything was counted."""
    lines = knotd({"plain.example": zone_text()}, template=GLOBAL).knotc("-f", "stats",
                                                                        "mod-mxpreset")
    assert re.findall(r"mod-mxpreset\.(\S+)(?: =|:) ", lines) == [
        "synthesized[builtin]", "synthesized[preset]", "synthesized[marker]", "overridden",
        "filtered", "unsigned", "failed", "map-loaded", "map-refused", "map-serial", "map-time",
        "zones"]


def test_unsigned(signed):
    server = signed({"signed.example": zone_text()}, settings={"dnssec": "off"}, template=GLOBAL)
    server.ask("signed.example", dnssec=True)
    assert counted(server) == {"unsigned": 1}


def test_none(knotd):
    """Without a global module there are no totals, and zones count as ever."""
    server = knotd(ZONES, settings={"statistics": True})
    server.ask("plain.example")
    assert server.totals() == {}
    assert server.counters("plain.example") == {"synthesized[builtin]": 1}


def test_exempt(knotd):
    """A zone that is left alone is not in use."""
    server = knotd({"plain.example": zone_text(), "2.0.192.in-addr.arpa": zone_text()},
                   template=GLOBAL)
    assert server.totals()["zones"] == 1


def test_map(knotd):
    """Good loads, refusals, the serial and the time of the map."""
    began = int(time.time())
    server = knotd({"plain.example": zone_text()}, map_text=serial_map(4294967295),
                   template=GLOBAL)
    totals = server.totals()
    assert {name: totals.get(name) for name in ("map-loaded", "map-refused", "map-serial")} == {
        "map-loaded": 1, "map-refused": None, "map-serial": 4294967295}
    assert began <= totals["map-time"] <= time.time()

    server.write_map(serial_map(8, "house 60 MX 1 192.0.2.1.\n"))
    wait_for(lambda: server.totals().get("map-refused") == 1, "the refusal")
    assert server.totals() == {**totals, "map-refused": 1}

    server.write_map(serial_map(8, "other 60 MX 1 mx.other.example.\n"))
    wait_for(lambda: server.totals()["map-refused"] == 2, "the refusal of a map without built-in")

    server.write_map(MAP.read_text())
    wait_for(lambda: server.totals()["map-loaded"] == 2, "the map without a SOA")
    assert "map-serial" not in server.totals()
    assert server.totals()["map-time"] >= totals["map-time"]

    server.reload()
    assert {**server.totals(), "map-time": 0} == {
        "map-loaded": 2, "map-refused": 2, "map-time": 0, "zones": 1}


def test_map_missing(knotd):
    """A map that does not exist yet was not refused."""
    server = knotd({"plain.example": zone_text()}, map_text=None, template=GLOBAL)
    assert server.totals() == {"zones": 1}
    server.write_map(serial_map(3))
    wait_for(lambda: server.totals().get("map-serial") == 3, "the map")
    server.map_path.unlink()
    wait_for(lambda: server.totals().get("map-refused") == 1, "the file that is gone")


def test_copy(knotd):
    """The copy of an earlier start is served and shown, and no load of the file."""
    server = knotd({"plain.example": zone_text()}, map_text=serial_map(5), template=GLOBAL)
    wait_for(server.kept_maps, "the copy")
    server.stop()
    for text in ("rubbish", "other 60 MX 1 mx.other.example.\n"):
        server.write_map(text)
        server.start()
        assert server.mx("plain.example") == [(60, 1, "mx.house.example.")]
        totals = server.totals()
        assert (totals["map-serial"], totals["map-refused"]) == (5, 1), text
        assert not {"map-loaded", "map-time"} & set(totals), text
        server.stop()


def test_copy_waits_for_zones(knotd):
    """A global module alone does not know what zones need: no copy is overwritten for it."""
    server = knotd({"plain.example": zone_text()}, map_text=serial_map(5), template=GLOBAL)
    wait_for(server.kept_maps, "the copy")
    server.stop()
    (copy,) = server.kept_maps()
    kept = copy.read_bytes()
    server.write_map(serial_map(6, "other 60 MX 1 mx.other.example.\n"))
    zones, server.zones = server.zones, {}
    server.start()
    serial, end = 6, time.monotonic() + 1.5  # Zones are thought to have come after half a second.
    while time.monotonic() < end:
        wait_for(lambda n=serial: server.totals().get("map-serial") == n, "the map")
        serial += 1
        server.write_map(serial_map(serial, "other 60 MX 1 mx.other.example.\n"))
    assert copy.read_bytes() == kept
    server.zones = zones
    server.reload()
    server.wait_zones()
    assert server.mx("plain.example") == [(60, 1, "mx.house.example.")]


def test_reload(knotd):
    """It comes, stays and goes with reloads while all threads are asked, and zones do, too."""
    server = knotd(ZONES, **{**OPTIONS, "template": ""})
    right = {zone: [server.mx(zone)] for zone in ZONES}
    with Askers(server, right) as load:
        for template in (GLOBAL, GLOBAL, "", GLOBAL, "", "", GLOBAL):
            server.template = template
            server.reload()
            rounds = [thread.rounds for thread in load.threads]
            wait_for(lambda n=rounds: all(thread.rounds > before + 1 for thread, before
                                          in zip(load.threads, n)), "queries after the reload")
            if template:
                totals = server.totals()
                assert totals["zones"] == len(ZONES)
                assert totals["failed"] > 0 and totals["synthesized[preset]"] > 0
            else:
                assert server.totals() == {}
    server.reload()
    assert counted(server) == {}
    for zone in ZONES:
        server.ask(zone)
    assert counted(server) == ROUND

    del server.zones["plain.example"]
    server.reload()
    wait_for(lambda: server.totals()["zones"] == len(ZONES) - 1, "the zone to go")
    assert server.stop() == 0


def test_both_instances(knotd):
    """Two global modules count the same, each with its own map."""
    server = knotd(ZONES, **{**OPTIONS,
                             "template": "    global-module: [mod-mxpreset/house, "
                                         "mod-mxpreset/second]\n"})
    for zone in ZONES:
        server.ask(zone)
    lines = server.knotc("stats")
    assert re.findall(r"filtered(?: =|:) (\d+)", lines) == ["1", "1"]
    assert re.findall(r"zones(?: =|:) (\d+)", lines) == [str(len(ZONES))] * 2


def test_conf_commit(knotd):
    """Settings that are changed in a configuration database."""
    server = knotd({"plain.example": zone_text()}, confdb=True, template=GLOBAL)
    assert server.mx("plain.example") == HOUSE
    assert counted(server) == {"synthesized[builtin]": 1}
    server.knotc("conf-begin")
    server.knotc("conf-set", "mod-mxpreset[house].preset", "gandi")
    server.knotc("conf-commit")
    assert server.mx("plain.example") == GANDI
    assert counted(server).get("synthesized[preset]") == 1
    assert server.totals()["zones"] == 1


def test_exporter(knotd):
    """Knot's exporter reads them by libknot's control module for Python."""
    server = knotd(ZONES, **OPTIONS)
    for zone in ZONES:
        mx_of(server.ask(zone))
    libknot.Knot()
    control = libknot.control.KnotCtl()
    control.connect(str(server.socket_path))
    control.set_timeout(60)
    control.send_block(cmd="stats", flags="")
    stats = control.receive_stats()["mod-mxpreset"]
    control.send(libknot.control.KnotCtlType.END)
    control.close()
    assert {kind: int(value) for kind, value in stats["synthesized"].items()} == {
        "builtin": 1, "preset": 1, "marker": 1}
    assert (int(stats["failed"]), int(stats["map-loaded"]), int(stats["zones"])) == (
        1, 1, len(ZONES))
    assert int(stats["map-time"]) > 0
