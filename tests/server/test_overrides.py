# SPDX-License-Identifier: GPL-2.0-or-later
"""An override or a marker switches the built-in off, at once, however it comes into the zone."""

import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

from knot import ADDRESS, GANDI, HOUSE, TRANSFER, preset, secondary_of, zone_text

ZONE = "customer.example"
OWN = preset(600, "10 mail.own.example.")
KEY = ("updater", "kQZ2pDvEGK5M0ZVtHMkMBGNIEpPIvMsSTNRLmBDDdCM=")
PRIMARY = {
    "extra": f"key:\n  - id: {KEY[0]}\n    algorithm: hmac-sha256\n    secret: {KEY[1]}\n"
             + TRANSFER["extra"]
             + f"  - id: update\n    key: {KEY[0]}\n    action: update\n",
    "zone_extra": "    acl: [update, transfer]\n",
}


class Control:
    """knotc zone-set and zone-unset."""

    def __init__(self, knotd):
        self.server = self.primary = knotd({ZONE: zone_text()}, **PRIMARY)

    def add(self, rtype, data):
        self.primary.set_zone(ZONE, f"set @ 600 {rtype} {data}")

    def remove(self, rtype):
        self.primary.set_zone(ZONE, f"unset @ {rtype}")


class Update(Control):
    """A dynamic update signed with TSIG."""

    def send(self, *change):
        update = dns.update.UpdateMessage(ZONE, keyring=dns.tsigkeyring.from_text(dict([KEY])))
        getattr(update, change[0])("@", *change[1:])
        answer = dns.query.tcp(update, ADDRESS, self.primary.patience, self.primary.port)
        assert answer.rcode() == dns.rcode.NOERROR

    def add(self, rtype, data):
        self.send("add", 600, rtype, data)

    def remove(self, rtype):
        self.send("delete", rtype)


class ZoneFile(Control):
    """A changed zone file and zone-reload."""

    serial = 1

    def write(self, body):
        self.serial += 1
        self.primary.write_zone(ZONE, zone_text(body).replace(" 1 3600", f" {self.serial} 3600"))
        self.primary.knotc("-b", "zone-reload", ZONE)

    def add(self, rtype, data):
        self.write(f"@ 600 {rtype} {data}\n")

    def remove(self, rtype):
        self.write("")


class Ixfr(Control):
    """A transfer of the changes to a secondary that runs the module."""

    command = "zone-refresh"
    logged = "IXFR, incoming.*finished"

    def __init__(self, knotd):
        super().__init__(knotd)
        self.server = knotd({ZONE: None}, **secondary_of(self.primary))

    def transfer(self):
        before = len(self.server.log_lines(self.logged))
        self.server.knotc("-b", self.command, ZONE)
        assert len(self.server.log_lines(self.logged)) == before + 1

    def add(self, rtype, data):
        super().add(rtype, data)
        self.transfer()

    def remove(self, rtype):
        super().remove(rtype)
        self.transfer()


class Axfr(Ixfr):
    """A transfer of the whole zone."""

    command = "zone-retransfer"
    logged = "AXFR, incoming.*finished"


@pytest.mark.parametrize("way", [Control, Update, ZoneFile, Ixfr, Axfr])
@pytest.mark.parametrize("rtype,data,expected", [
    ("MX", "10 mail.own.example.", OWN),
    ("TXT", '"mx-preset=gandi"', GANDI),
])
def test_set_and_removed(knotd, way, rtype, data, expected):
    zone = way(knotd)
    for _ in range(3):
        assert zone.server.mx(ZONE) == HOUSE
        zone.add(rtype, data)
        assert zone.server.mx(ZONE) == expected
        zone.remove(rtype)
    assert zone.server.mx(ZONE) == HOUSE


def test_override_over_marker(knotd):
    server = knotd({ZONE: zone_text('@ 600 TXT "mx-preset=gandi"\n')})
    assert server.mx(ZONE) == GANDI
    server.set_zone(ZONE, "set @ 600 MX 10 mail.own.example.")
    assert server.mx(ZONE) == OWN
    server.set_zone(ZONE, "set @ 600 MX 10 mx1.house.example.")
    assert server.mx(ZONE) == OWN
    server.set_zone(ZONE, "unset @ MX 10 mail.own.example.")
    assert server.mx(ZONE) == GANDI
    server.set_zone(ZONE, "unset @ TXT")
    assert server.mx(ZONE) == preset(600, "10 mx1.house.example.")
