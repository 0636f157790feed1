# SPDX-License-Identifier: GPL-3.0-or-later
"""Several public servers of one signed zone: with its keys, without them, with `dnssec: off`."""

import dns.flags
import pytest

from knot import HOUSE, TRANSFER, mx_of, secondary_of, wait_for, zone_text
from resolvers import Resolver
from signing import (BODY, DEFAULT, assert_denials, assert_stored, policies, signing,
                     wait_signed)

ZONE = "fleet.example"
ZONES = [ZONE, *(f"fleet{number}.example" for number in range(8))]
OFF = {"statistics": True, "dnssec": "off"}
AUTO = {"statistics": True}


@pytest.fixture
def fleet(knotd):
    """A primary that signs, and a secondary of it."""
    def make(first=AUTO, second=AUTO):
        primary = knotd({zone: zone_text(BODY) for zone in ZONES}, settings=first,
                        modules={zone: signing() for zone in ZONES},
                        extra=TRANSFER["extra"] + policies(DEFAULT),
                        zone_extra=TRANSFER["zone_extra"])
        wait_signed(primary, ZONES)
        secondary = knotd(dict.fromkeys(ZONES), settings=second, **secondary_of(primary))
        wait_signed(secondary, ZONES)
        return primary, secondary
    return make


def test_secondary_without_keys(fleet):
    _, secondary = fleet()
    assert_stored(secondary, ZONE)
    assert secondary.counters(ZONE) == {"unsigned": 1}
    assert len(secondary.log_lines("warning.*signed zone is served as stored")) == 1


# What a resolver sees that asks both

# Nothing is remembered, so that each query is for one of the servers.
FORGETFUL = "cache-max-ttl: 0\n    cache-max-negative-ttl: 0"


def answers(path, servers):
    """The exchanges that a resolver gives until it has asked each of its servers for MX."""
    seen = []
    with Resolver("unbound", path, servers, ZONES, FORGETFUL) as resolver:

        def ask():
            for zone in ZONES:
                answer = resolver.ask(zone)
                assert answer.flags & dns.flags.AD
                seen.append([exchange for _, _, exchange in mx_of(answer)])
            return all(any(server.counters(zone) for zone in ZONES) for server in servers)

        wait_for(ask, "the resolver to ask both servers")
    return seen


def test_servers_that_differ(fleet, tmp_path):
    """What the operator has to avoid: both answers are valid."""
    seen = answers(tmp_path / "unbound", fleet(AUTO, AUTO))
    assert [exchange for _, _, exchange in HOUSE] in seen and [] in seen


def test_servers_that_agree(fleet, tmp_path):
    servers = fleet(OFF, OFF)
    assert all(exchanges == [] for exchanges in answers(tmp_path / "unbound", servers))
    for server in servers:
        assert_denials(server, ZONE, mx=False)
