# SPDX-License-Identifier: GPL-2.0-or-later
"""What the configuration refuses, what it takes, and what each item does."""

import re
import subprocess

import pytest

from knot import GANDI, HOUSE, MAP, OVH, outlook, preset, zone_text

ZONE = "plain.example"
LONG = 64 * "a"
MALFORMED = [
    ("builtin", None, ""),
    *((item, value, value) for item in ("builtin", "preset")
      for value in ("", "ho.use", "house.", LONG, "none", "NoNe", "two words")),
    *(("param", [value], value)
      for value in ("", "id", "id=", "=x", "id=a.b", "id=a b", f"id={LONG}", "id=a=b", "i-d=x",
                    "zone=x", "Zone=x")),
    # Knot itself drops an equal second value.
    ("param", ["id=a", "id=b"], "id=b"),
    ("param", ["id=a", "x=y", "ID=b"], "ID=b"),
    *((item, value, value) for item in ("marker", "filter", "ede", "statistics")
      for value in ("maybe", "auto")),
    ("dnssec", "on", "on"),
    ("map-file", "", "is no path of a file"),
]


def assert_names(text, item, value):
    """The message names item and value, a long one cut at 64 octets."""
    lines = re.sub(r"\S*/\S*", "", text).splitlines()  # Not the folder, named after the test.
    assert any(item in line and value[:64] in line for line in lines)


@pytest.fixture(scope="module")
def running(shared_knotd):
    return shared_knotd({ZONE: zone_text()})


@pytest.mark.parametrize("item,value,named", MALFORMED)
def test_malformed(running, knotd, item, value, named):
    settings = {item: value}
    status, output = knotd({ZONE: zone_text()}, start=False, settings=settings).conf_check()
    assert status != 0
    assert_names(output, item, named)

    # At start.
    with pytest.raises(AssertionError, match="knotd ended") as failure:
        knotd({ZONE: zone_text()}, settings=settings)
    assert_names(str(failure.value), item, named)

    # At reload the present configuration stays.
    good = running.settings
    try:
        running.settings = {**good, **settings}
        running.write_configuration()
        with pytest.raises(AssertionError, match="reload"):
            running.knotc("reload")
        assert_names(running.log(), item, named)
        assert running.mx(ZONE) == HOUSE
    finally:
        running.settings = good
        running.write_configuration()


SAME = "@ 60 MX 5 mx1.house.example.\n@ 60 MX 10 mail.own.example.\n"
WHOLE = preset(60, "5 mx1.house.example.", "10 mail.own.example.")
OWN = preset(60, "10 mail.own.example.")
GANDI_MARKER = '@ 60 TXT "mx-preset=gandi"\n'
OUTLOOK_MARKER = '@ 60 TXT "mx-preset=outlook"\n'


@pytest.mark.parametrize("settings,zone,body,expected", [
    ({}, "a.example", SAME, OWN),
    ({"filter": True}, "a.example", SAME, OWN),
    ({"filter": False}, "a.example", SAME, WHOLE),
    ({"filter": False}, "a.example", "@ 60 MX 5 mx1.house.example.\n" + GANDI_MARKER,
     preset(60, "5 mx1.house.example.")),
    ({"marker": True}, "a.example", GANDI_MARKER, GANDI),
    ({"marker": False}, "a.example", GANDI_MARKER, HOUSE),
    ({"marker": False}, "a.example", '@ 60 TXT "mx-preset=none"\n', HOUSE),
    ({"dnssec": "off"}, "a.example", "", HOUSE),
    ({"dnssec": "auto"}, "a.example", "", HOUSE),
    ({"builtin": "HOUSE"}, "a.example", "", HOUSE),
    ({"builtin": "office365"}, "a.example", "", outlook("a-example")),
    ({"builtin": "outlook"}, "a-b.example", "", "SERVFAIL"),
    ({"builtin": "outlook", "param": ["id=given"]}, "a-b.example", "", outlook("given")),
    ({"builtin": "outlook", "param": ["ID=Given"]}, "a.example", "", outlook("Given")),
    ({"builtin": "outlook", "param": ["id=given"]}, "a.example",
     "@ 60 MX 5 given.mail.protection.outlook.com.\n@ 60 MX 10 mail.own.example.\n", OWN),
    ({"builtin": "outlook"}, "a.example",
     "@ 60 MX 5 a-example.mail.protection.outlook.com.\n@ 60 MX 10 mail.own.example.\n", OWN),
    ({"preset": "gandi"}, "a.example", "", GANDI),
    ({"preset": "gandi"}, "a.example", '@ 60 TXT "mx-preset=ovh"\n', OVH),
    ({"preset": "gandi"}, "a.example", SAME, OWN),
    ({"preset": "gandi"}, "a.example", "@ 60 MX 5 mx1.house.example.\n",
     preset(60, "5 mx1.house.example.")),
    ({"preset": "gandi"}, "a.example", "@ 60 MX 50 fb.mail.gandi.net.\n",
     preset(60, "50 fb.mail.gandi.net.")),
    ({"preset": "outlook"}, "a-b.example", "", "SERVFAIL"),
    ({"preset": "outlook", "param": ["id=given", "unused=x"]}, "a-b.example", "",
     outlook("given")),
    # Parameters of the instance are never for markers.
    ({"param": ["id=given"]}, "a-b.example", OUTLOOK_MARKER, "SERVFAIL"),
    ({"param": ["id=given"]}, "a.example", OUTLOOK_MARKER, outlook("a-example")),
    ({"preset": "outlook", "param": ["id=given"]}, "a.example", OUTLOOK_MARKER,
     outlook("a-example")),
    ({"preset": "outlook", "param": ["id=given"]}, "a-b.example", OUTLOOK_MARKER,
     "SERVFAIL"),
])
def test_item(knotd, settings, zone, body, expected):
    server = knotd({zone: zone_text(body)}, settings=settings)
    assert server.mx(zone) == expected


def test_item_changed_at_reload(knotd):
    server = knotd({"a.example": zone_text(SAME), "b.example": zone_text(GANDI_MARKER)})
    for settings, same, marked in (({}, OWN, GANDI), ({"filter": False}, WHOLE, GANDI),
                                   ({"marker": False, "preset": "ovh"}, OWN, OVH),
                                   ({}, OWN, GANDI)):
        server.settings = {"builtin": "house", **settings}
        server.reload()
        assert server.mx("a.example") == same
        assert server.mx("b.example") == marked


def test_instances_of_one_server(knotd):
    other = MAP.read_text().replace("house.example", "other.example")
    zones = {zone: zone_text() for zone in ("a.example", "b.example", "c.example", "d.example")}
    server = knotd(zones, start=False,
                   instances={"gandi": {"builtin": "house", "preset": "gandi"},
                              "other": {"builtin": "house"}},
                   modules={"b.example": "mod-mxpreset/gandi", "c.example": "mod-mxpreset/other",
                            "d.example": ""})
    other_map = server.path / "other.zone"
    other_map.write_text(other)
    server.instances["other"]["map-file"] = other_map
    server.start()
    assert server.mx("a.example") == HOUSE
    assert server.mx("b.example") == GANDI
    assert server.mx("c.example") == preset(3600, "10 mx1.other.example.", "20 mx2.other.example.")
    assert server.mx("d.example") == []


def test_default_path(knotd):
    """Without `map-file`, the map is the one beside Knot's own configuration."""
    server = knotd({ZONE: zone_text()}, settings={"map-file": None}, map_text=None)
    lines = server.log_lines(r"preset map (loaded|refused|does not exist yet), \S*/knot/mx-presets\.zone")
    assert len(lines) == 1 and str(server.path) not in lines[0]


@pytest.mark.parametrize("map_text", [None, "", "gandi MX 10", "other MX 10 mx.other.example.\n"])
def test_check_is_not_about_the_map(knotd, map_text):
    server = knotd({ZONE: zone_text()}, start=False, map_text=map_text,
                   settings={"preset": "gandi"})
    assert server.conf_check()[0] == 0


def test_scope_is_the_zone(knotd):
    """As a module of the whole server it is refused, not ignored."""
    server = knotd({ZONE: zone_text()}, start=False)
    server.port = 1
    text = server.configuration().replace("    file: \"%s.zone\"",
                                          "    file: \"%s.zone\"\n    global-module: mod-mxpreset")
    (server.path / "knot.conf").write_text(text)
    ret = subprocess.run(["knotc", "-c", str(server.path / "knot.conf"), "conf-check"],
                         capture_output=True, text=True, timeout=60, check=False)
    assert ret.returncode != 0 and "mod-mxpreset" in ret.stdout + ret.stderr
