# SPDX-License-Identifier: GPL-2.0-or-later
"""The zone is signed anew, by itself or by command: the MX and the denials follow at once."""

import time

import pytest

from knot import HOUSE, mx_of, wait_for
from signing import DEFAULT, NSEC3, Keys, bitmaps, rrsigs

ZONE = "resign.example"
# New signatures every other second, long before the old ones end.
OFTEN = ("algorithm: ecdsap256sha256", "propagation-delay: 0", "dnskey-ttl: 1", "zone-max-ttl: 1",
         "rrsig-lifetime: 10", "rrsig-refresh: 8", "rrsig-pre-refresh: 0")


def validity(server, rtype):
    """Inceptions and expirations of the RRSIGs of a type."""
    return {(rdata.inception, rdata.expiration) for rdata in rrsigs(server, ZONE, rtype)}


def common_validity(server):
    """The same for MX and TXT as for SOA, unless the zone was signed anew in between."""
    before, mx, txt, after = (validity(server, rtype) for rtype in ("SOA", "MX", "TXT", "SOA"))
    assert mx == txt == before or before != after
    return mx if before == after else None


def assert_follows(server):
    """What is served is valid now, and ours for as long as SOA; returns for how long."""
    keys = Keys(server, ZONE)
    for rtype in ("MX", "TXT", "AAAA"):
        answer = server.ask(ZONE, rtype, dnssec=True)
        keys.assert_valid(answer)
        assert all({"MX", "TXT"} <= set(words) for words in bitmaps(answer))
        assert rtype != "MX" or mx_of(answer) == HOUSE
    return wait_for(lambda: common_validity(server), "a time without new signatures")


def test_refresh(signed):
    """Signatures are replaced before they end; the first ones are of no use in the end."""
    server = signed({ZONE: ""}, {"policy": OFTEN}, settings={"spf": True})
    (_, end), = assert_follows(server)
    wait_for(lambda: assert_follows(server) and time.time() > end, "the first signatures to end")
    assert len(server.log_lines("successfully signed")) > 2
    assert not server.log_lines("received command")


@pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])
def test_zone_sign(signed, kinds):
    server = signed({ZONE: ""}, kinds, settings={"spf": True})
    first = assert_follows(server)

    def sign_anew():
        server.knotc("-b", "zone-sign", ZONE)
        return not assert_follows(server) & first

    wait_for(sign_anew, "new signatures")
