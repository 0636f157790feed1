# SPDX-License-Identifier: GPL-3.0-or-later
"""Resolvers that validate and cache: none of them denies the MX of a signed zone."""

import dns.flags
import dns.rcode
import pytest

from knot import HOUSE, mx_of
from resolvers import Resolver
from signing import DEFAULT, NSEC3

ZONE = "a.example"
DENIALS = pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])
RESOLVERS = pytest.mark.parametrize("kind", ["unbound", "bind", "kresd"])


def deny_much(resolver):
    """Leaves all denials of the zone in the cache, as far as a resolver keeps them."""
    for rtype in ("TXT", "AAAA"):
        answer = resolver.ask(ZONE, rtype)
        assert answer.flags & dns.flags.AD and not answer.answer
    for number in range(20):
        answer = resolver.ask(f"{chr(97 + number)}x{number}.{ZONE}", "A")
        assert answer.rcode() == dns.rcode.NXDOMAIN and answer.flags & dns.flags.AD


@DENIALS
@RESOLVERS
def test_resolver_that_knows_denials(signed, tmp_path, kind, kinds):
    server = signed({ZONE: ""}, kinds)
    with Resolver(kind, tmp_path / kind, [server], [ZONE]) as resolver:
        deny_much(resolver)
        for name in (ZONE, "www." + ZONE):
            answer = resolver.ask(name)
            assert mx_of(answer) == HOUSE and answer.flags & dns.flags.AD


# What the module is there to avoid: these resolvers do believe a cached denial.
@pytest.mark.parametrize("kind, kinds", [("unbound", DEFAULT), ("bind", DEFAULT),
                                         ("kresd", DEFAULT), ("kresd", NSEC3)],
                         ids=["unbound-nsec", "bind-nsec", "kresd-nsec", "kresd-nsec3"])
def test_resolver_is_misled_by_other_denials(signed, tmp_path, kind, kinds):
    server = signed({ZONE: ""}, kinds, settings={"dnssec": "off"})
    with Resolver(kind, tmp_path / kind, [server], [ZONE]) as resolver:
        deny_much(resolver)
        server.settings["dnssec"] = "auto"
        server.reload()
        assert mx_of(server.ask(ZONE, dnssec=True)) == HOUSE
        answer = resolver.ask(ZONE)
        assert mx_of(answer) == [] and answer.flags & dns.flags.AD
