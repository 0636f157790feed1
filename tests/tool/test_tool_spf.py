# SPDX-License-Identifier: GPL-2.0-or-later
"""The SPF record that follows the preset, as kmxpreset tells it."""

import pytest

from knot import TRANSFER, secondary_of, txt_of, zone_text
from kmxpreset import MAP, run, run_on_screen
from model import is_spf
from signing import policies, signing, wait_signed

HOUSE = "v=spf1 include:_spf.house.example ~all"
GANDI = "v=spf1 include:_mailcust.gandi.net ?all"

# body -> the SPF record that is served with `spf: on`, and without
CASES = {
    "nothing.example": ("", HOUSE, None),
    "text.example": ('@ 60 TXT "some text"\n', HOUSE, None),
    "builtin.example": ("@ 60 MX 10 mx1.house.example.\n", HOUSE, None),
    "marker.example": ('@ 60 TXT "mx-preset=gandi"\n', GANDI, None),
    "nomail.example": ('@ 60 TXT "mx-preset=null"\n', "v=spf1 -all", None),
    "mute.example": ('@ 60 TXT "mx-preset=strato"\n', None, None),
    "none.example": ('@ 60 TXT "mx-preset=none"\n', None, None),
    "unknown.example": ('@ 60 TXT "mx-preset=gone"\n', None, None),
    "override.example": ("@ 60 MX 10 mail.example.net.\n", None, None),
    "own.example": ('@ 60 TXT "V=SPF1 " "mx"\n', "V=SPF1 mx", "V=SPF1 mx"),
    "two.example": ('@ 60 TXT "v=spf1 a"\n@ 60 TXT "v=spf1"\n', "v=spf1", "v=spf1"),
    "long.example": ('@ 60 TXT "v=spf1 ' + "a:x.example " * 15 + '-all"\n',
                     "v=spf1 " + "a:x.example " * 15 + "-all",
                     "v=spf1 " + "a:x.example " * 15 + "-all"),
}


def agree(server, zone, expected):
    """The tool says what the server answers, in JSON and as text."""
    report = run("-j", "show", zone, server=server).json
    assert report["spf"] == expected
    served = [b"".join(strings).decode() for _, strings in txt_of(server.ask(zone, "TXT"))
              if is_spf(strings)]
    assert served[:1] == ([expected] if expected else [])
    lines = [line for line in run("show", zone, server=server).out.splitlines()
             if line.startswith("SPF")]
    assert lines == ([f"SPF      {expected}"] if expected else [])
    assert max(map(len, run_on_screen("show", zone, server=server))) <= 80


@pytest.mark.parametrize("spf", [True, False])
def test_show(knotd, spf):
    server = knotd({zone: zone_text(body) for zone, (body, _, _) in CASES.items()},
                   settings={"spf": spf})
    for zone, (_, on, off) in CASES.items():
        agree(server, zone, on if spf else off)


def test_signed(knotd):
    """Where a signed zone is served as it is stored, so is its SPF record."""
    zones = {zone: zone_text(CASES[zone][0]) for zone in ("nothing.example", "marker.example",
                                                          "own.example", "builtin.example")}
    primary = knotd(zones, settings={"spf": True}, zone_extra=TRANSFER["zone_extra"],
                    modules={zone: signing() for zone in zones},
                    extra=TRANSFER["extra"] + policies({"policy": ()}))
    secondary = knotd(dict.fromkeys(zones), settings={"spf": True}, **secondary_of(primary))
    wait_signed(primary, zones)
    wait_signed(secondary, zones)
    for zone in zones:
        agree(primary, zone, CASES[zone][1])
        agree(secondary, zone, CASES[zone][2])


def test_edits(knotd):
    """What is reported after an edit is what is served then."""
    server = knotd({"a.example": zone_text()}, settings={"spf": True})
    for args, expected in ((["use", "a.example", "gandi"], GANDI),
                           (["add", "a.example", "@", "10", "mail.example.net"], None),
                           (["reset", "a.example"], HOUSE)):
        for options in (["-n"], []):
            result = run("-j", *options, *args, server=server)
            assert result.status == 0 and result.json["spf"] == expected
        agree(server, "a.example", expected)


def test_differs(knotd, tmp_path):
    """The server itself is asked for the SPF record, too."""
    server = knotd({zone: zone_text(CASES[zone][0]) for zone in
                    ("nothing.example", "two.example", "override.example")},
                   settings={"spf": True})
    other = tmp_path / "other"

    def warning(zone, old, new):
        other.write_text(MAP.read_text().replace(old, new))
        result = run("-j", "-p", other, "show", zone, server=server)
        assert (result.status, result.codes.count("differs")) in ((0, 0), (1, 1))
        return "".join(found["text"] for found in result.json["warnings"]
                       if found["code"] == "differs")

    house = "include:_spf.house.example"
    for zone in server.zones:
        assert warning(zone, house, house) == ""
    assert HOUSE in warning("nothing.example", house, "mx")
    assert HOUSE in warning("nothing.example", f'"spf={house} ~all"', '"note=x"')
    assert warning("override.example", house, "mx") == warning("two.example", house, "mx") == ""


def test_lint(lint):
    """Without a server, the module's defaults count: `spf: off`."""
    head = "@ 3600 SOA ns host 1 3600 600 86400 300\n@ NS ns.example.net.\n"
    for body, _, off in CASES.values():
        assert lint(head + body).json["spf"] == off


def test_check():
    presets = run("-j", "check", MAP).json["presets"]
    assert {preset["name"]: preset["spf"] for preset in presets}["gandi"] == GANDI[7:]
    assert f"spf: {GANDI[7:]}" in run("check", MAP).out
