# SPDX-License-Identifier: GPL-3.0-or-later
"""An override switches the built-in off, at once, however it comes into the zone."""

from knot import HOUSE, preset, zone_text

ZONE = "customer.example"
OWN = preset(600, "10 mail.own.example.")


def test_set_and_unset(knotd):
    server = knotd({ZONE: zone_text()})
    assert server.mx(ZONE) == HOUSE
    server.set_zone(ZONE, "set @ 600 MX 10 mail.own.example.")
    assert server.mx(ZONE) == OWN
    server.set_zone(ZONE, "unset @ MX")
    assert server.mx(ZONE) == HOUSE


def test_zone_file(knotd):
    server = knotd({ZONE: zone_text()})
    server.write_zone(ZONE, zone_text("@ 600 MX 10 mail.own.example.\n").replace(" 1 3600", " 2 3600"))
    server.knotc("-b", "zone-reload", ZONE)
    assert server.mx(ZONE) == OWN
    server.write_zone(ZONE, zone_text().replace(" 1 3600", " 3 3600"))
    server.knotc("-b", "zone-reload", ZONE)
    assert server.mx(ZONE) == HOUSE
