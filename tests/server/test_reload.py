# SPDX-License-Identifier: GPL-2.0-or-later
"""Reloads under load: no wrong answer, no answer missing."""

import pytest

from knot import Askers, GANDI, HOUSE, MAP, outlook, preset, zone_text

ROUNDS = 30
OWN = preset(600, "10 mail.own.example.")
MAPS = [MAP.read_text(), MAP.read_text().replace("house.example", "other.example")]
OTHER = preset(3600, "10 mx1.other.example.", "20 mx2.other.example.")
ZONES = {
    "plain.example": ("", [HOUSE, OTHER]),
    "gandi.example": ('@ TXT "mx-preset=gandi"\n', [GANDI]),
    "outlook.example": ('@ TXT "mx-preset=outlook"\n', [outlook("outlook-example")]),
    "bad.example": ('@ TXT "mx-preset=nobody"\n', ["SERVFAIL"]),
    "override.example": ("@ 600 MX 10 mail.own.example.\n", [OWN]),
    "mixed.example": ("@ 600 MX 10 mail.own.example.\n@ 600 MX 10 mx1.house.example.\n"
                      "@ 600 MX 10 mx1.other.example.\n",
                      [preset(600, "10 mail.own.example.", f"10 mx1.{name}.example.")
                       for name in ("house", "other")]),
}


@pytest.mark.parametrize("command", [["reload"], ["-f", "-b", "zone-reload"]])
@pytest.mark.parametrize("new_map", [False, True])
def test_under_load(knotd, command, new_map):
    server = knotd({zone: zone_text(body + "www 60 CNAME @\n")
                    for zone, (body, _) in ZONES.items()}, settings={"statistics": True})
    expected = {prefix + zone: answers for zone, (_, answers) in ZONES.items()
                for prefix in ("", "www.")}
    with Askers(server, expected):
        for number in range(1, ROUNDS + 1):
            if new_map:
                server.write_map(MAPS[number % 2])
            server.knotc(*command)
            if new_map:
                assert server.mx("plain.example") == [HOUSE, OTHER][number % 2]
    assert not server.log_lines(" error: ")
