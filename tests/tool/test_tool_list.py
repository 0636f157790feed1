# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset list: all zones of a server, compared with what it answers and with `show`."""

import json
import os
import pty
import subprocess

import pytest

from knot import MAP, TRANSFER, Knotd, secondary_of, wait_for, zone_text
from kmxpreset import TOOL, run
from test_tool_server import Relay
from test_tool_show import CATALOG, SIGNING, SOURCES, ZONES, signed, with_port, with_templates

MORE = {
    "stored.example": "@ 600 MX 10 mx1.house.example.\n",
    "unknown.example": '@ TXT "mx-preset=nobody"\n',
    "alias.example": '@ TXT "mx-preset=Google"\n',
    "a\\032b\\255.example": '@ TXT "mx-preset=gandi"\n',
}


def rows(result):
    """The list as rows by zone."""
    found = [json.loads(line) for line in result.out.splitlines()]
    assert len({row["zone"] for row in found}) == len(found)
    return {row["zone"]: row for row in found}


@pytest.fixture(scope="module")
def server(shared_knotd):
    return shared_knotd({name: zone_text(body) for name, body in {**ZONES, **MORE}.items()})


def test_agrees_with_show(server):
    result = run("-j", "list", server=server)
    assert (result.status, result.err) == (0, "")
    listed = rows(result)
    assert set(listed) == {f"{zone}." for zone in server.zones}
    for zone, row in listed.items():
        if "\\" in zone:
            assert (row["source"], row["preset"]) == ("marker", "gandi")
            continue
        report = run("-j", "show", zone, server=server).json
        assert row == {key: report[key] for key in ("zone", "source", "preset", "rcode", "map")}
    for zone, source in SOURCES.items():
        assert listed[f"{zone}."]["source"] == source
    assert listed["unknown.example."]["rcode"] == "SERVFAIL"
    assert listed["alias.example."]["preset"] == "gsuite"


def test_text(server):
    """One line a zone, the same fields."""
    version = run("-j", "check", MAP).json["version"]
    listed = rows(run("-j", "list", server=server))
    lines = run("list", server=server).out.splitlines()
    assert lines == [f"{zone} {row['source']} {row['preset'] or '-'} {version}"
                     for zone, row in listed.items()]


@pytest.mark.parametrize("wanted", ["override", "marker", "preset", "built-in", "none",
                                    "marker=gandi", "marker=google", "marker=GSuite",
                                    "built-in=house", "built-in=gandi", "override=gandi"])
def test_filter(server, wanted):
    source, _, preset = wanted.partition("=")
    preset = {"google": "gsuite"}.get(preset, preset.lower())
    result = run("-j", "list", wanted, server=server)
    everything = rows(run("-j", "list", server=server))
    assert rows(result) == {zone: row for zone, row in everything.items()
                            if row["source"] == source and preset in ("", row["preset"])}
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize("wanted, word", [("builtin", "built-in"), ("", "SOURCE"),
                                          ("marker=", "SOURCE"), ("overrid", "SOURCE"),
                                          ("marker=gandy", "'gandy'"), ("=gandi", "SOURCE")])
def test_what_is_wanted_is_not_there(server, wanted, word):
    """An empty list would say that no zone is served so."""
    result = run("list", wanted, server=server)
    assert (result.status, result.out) == (2, "") and word in result.err


def test_zones_that_are_not_loaded(knotd):
    server = knotd({"a.example": zone_text(), "b.example": None, "c.example": zone_text()},
                   start=False)
    server.start(wait_zones=False)
    wait_for(lambda: run("list", server=server).out.count("\n") == 2, "zones")
    result = run("list", server=server)
    assert result.status == 1
    assert [line.split()[0] for line in result.out.splitlines()] == ["a.example.", "c.example."]
    assert "ZONE 'b.example.'" in result.err and result.err.count("\n") == 1


def test_instances(knotd):
    """Templates and zones with instances of their own, and zones that are left alone."""
    other = "other.zone"
    names = ["a.example", "b.example", "c.example", "d.example", "2.0.192.in-addr.arpa"]
    server = knotd({name: zone_text() for name in names},
                   instances={"other": {"builtin": "ovh"},
                              "third": {"builtin": "gandi", "map-file": other}},
                   modules={"a.example": "", "b.example": "[mod-stats, mod-mxpreset/third]",
                            "c.example": "", "d.example": "mod-stats"}, start=False)
    (server.path / other).write_text(MAP.read_text() + "; other\n")
    server.instances["third"]["map-file"] = str(server.path / other)
    server.start()
    text = with_templates(server, "house", {"other": "other"})
    for zone in ("a.example", "b.example"):
        text = text.replace(f"domain: {zone}\n", f"domain: {zone}\n    template: other\n")
    (server.path / "knot.conf").write_text(text)
    server.knotc("reload")
    listed = rows(run("-j", "list", server=server))
    assert [(listed[f"{name}."]["source"], listed[f"{name}."]["preset"]) for name in names] == \
        [("built-in", "ovh"), ("built-in", "gandi"), ("built-in", "house"), ("none", None),
         ("none", None)]
    maps = [listed[f"{name}."]["map"] for name in names[:4]]
    assert maps[0] == maps[2] and maps[1] not in (maps[0], None) and maps[3] is None
    for name in names:
        assert listed[f"{name}."]["preset"] == run("-j", "show", name, server=server).json["preset"]


def test_catalog(knotd):
    """Members are served by the template of their group. A catalog has no mail itself."""
    server = knotd({"cat.example": CATALOG}, start=False, instances={"other": {"builtin": "ovh"}},
                   zone_extra="    catalog-role: interpret\n    catalog-template: [first, other]\n")
    for name in ("a.example", "b.example"):
        server.write_zone(name, zone_text())
    text = with_templates(server, None, {"first": "house", "other": "other"})
    configuration = type(server).configuration
    server.configuration = lambda: with_port(text, configuration(server))
    server.start(wait_zones=False)
    wait_for(lambda: run("list", server=server).out.count("\n") == 3, "the members")
    listed = rows(run("-j", "list", server=server))
    assert {zone: (row["source"], row["preset"]) for zone, row in listed.items()} == {
        "cat.example.": ("none", None), "a.example.": ("built-in", "house"),
        "b.example.": ("built-in", "ovh")}


@pytest.mark.parametrize("dnssec", ["auto", "off"])
def test_signed(knotd, dnssec):
    """A signed zone is served by the preset where it can be signed, and else as it is stored."""
    server = knotd({"a.example": zone_text(), "b.example": zone_text()},
                   settings={"dnssec": dnssec}, zone_extra=SIGNING)
    for zone in server.zones:
        signed(server, zone)
    listed = rows(run("-j", "list", server=server))
    assert {row["source"] for row in listed.values()} == \
        ({"built-in"} if dnssec == "auto" else {"none"})


def test_secondary(knotd):
    primary = knotd({name: zone_text(body) for name, body in ZONES.items()}, **TRANSFER)
    second = knotd({name: None for name in ZONES}, **secondary_of(primary))
    assert rows(run("-j", "list", server=second)) == rows(run("-j", "list", server=primary))


def test_no_map(knotd):
    """The list is what queries get; that the map is wrong is said, and the exit status."""
    server = knotd({"a.example": zone_text(), "b.example": zone_text(ZONES["override.example"])},
                   map_text="house MX 10 mx1\n")
    result = run("-j", "list", server=server)
    assert result.status == 1 and f"{server.map_path}:1: " in result.err
    assert {zone: row["rcode"] for zone, row in rows(result).items()} == {
        "a.example.": "SERVFAIL", "b.example.": "NOERROR"}
    server.write_map("")
    assert run("list", "marker=gandi", server=server).status == 1


def test_bad_name(server):
    result = run("list", "marker=" + 64 * "ü", server=server)
    assert result.status == 2 and "is in no preset map" in result.err


def test_map_that_nobody_uses(knotd):
    server = knotd({"a.example": zone_text()},
                   instances={"other": {"builtin": "house", "map-file": "/nowhere"}})
    result = run("list", server=server)
    assert (result.status, result.err) == (0, "")


def test_no_zones(knotd):
    server = knotd({})
    result = run("list", server=server)
    assert (result.status, result.out, result.err) == (0, "", "")


def test_few_requests(server, tmp_path):
    """However many zones there are, and over one connection."""
    seen = []
    between = Relay(server, tmp_path / "relay", b"zone-read", lambda: None)
    forward = between.pump

    def pump(source, target, from_tool):
        seen.append(from_tool)
        return forward(source, target, from_tool)
    between.pump = pump
    assert run("list", server=between).status == 0
    between.close()
    assert seen.count(True) == 1


@pytest.mark.parametrize("command", [b"conf-read", b"zone-status", b"zone-read"])
def test_server_dies(knotd, tmp_path, command):
    """Half a list is no list: the exit status says so."""
    server = knotd({f"z{i}.example": zone_text() for i in range(50)})
    between = Relay(server, tmp_path / "relay", command, server.process.kill)
    result = run("list", server=between)
    between.close()
    assert result.status == 1 and "no answer" in result.err and result.err.count("\n") == 1


def test_zones_that_change_meanwhile(knotd, tmp_path):
    """A zone that is there no more is said, one that is new is for the next list."""
    server = knotd({"a.example": zone_text(), "b.example": zone_text(), "c.example": zone_text()})
    between = Relay(server, tmp_path / "relay", b"zone-read", reply=(b"b.example", b"n.example"))
    result = run("list", server=between)
    between.close()
    assert result.status == 1 and "'b.example.'" in result.err and result.err.count("\n") == 1
    assert [line.split()[0] for line in result.out.splitlines()] == ["a.example.", "c.example."]


def test_records_that_cannot_be_understood(knotd, tmp_path):
    """One zone of many: the others are listed."""
    server = knotd({f"{name}.example": zone_text('@ TXT "mx-preset=gandi"\n') for name in "abc"})
    between = Relay(server, tmp_path / "relay", b"zone-read",
                    reply=(b"b.example.\x18\x00\x043600\x19\x00\x03TXT",
                           b"b.example.\x18\x00\x0436x0\x19\x00\x03TXT"))
    result = run("list", server=between)
    between.close()
    assert result.status == 1 and "ZONE 'b.example.' cannot be read" in result.err, result
    assert [line.split()[0] for line in result.out.splitlines()] == ["a.example.", "c.example."]


def test_progress(knotd):
    """On a terminal one sees how far it is, and nothing of it stays."""
    server = knotd({f"z{i}.example": zone_text() for i in range(20)})
    screen, terminal = pty.openpty()
    with subprocess.Popen([str(TOOL), "-s", str(server.socket_path), "list"],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=terminal) as process:
        out = process.communicate()[0].decode()
    os.close(terminal)
    told = os.read(screen, 65536).decode()
    os.close(screen)
    assert "of 20 zones" in told and told.endswith("\r\033[K")
    assert out == run("list", server=server).out and out.count("\n") == 20
