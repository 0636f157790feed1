# SPDX-License-Identifier: GPL-2.0-or-later
"""Resolvers that validate and cache: none of them denies the MX of a signed zone."""

import dns.flags
import pytest

from knot import HOUSE, mx_of
from resolvers import Resolver
from signing import DEFAULT, NSEC3, deny_much

ZONE = "a.example"
DENIALS = pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])
RESOLVERS = pytest.mark.parametrize("kind", ["unbound", "bind", "kresd"])


@DENIALS
@RESOLVERS
def test_resolver_that_knows_denials(signed, tmp_path, kind, kinds):
    server = signed({ZONE: ""}, kinds)
    with Resolver(kind, tmp_path / kind, [server], [ZONE]) as resolver:
        deny_much(resolver, ZONE)
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
        deny_much(resolver, ZONE)
        server.settings["dnssec"] = "auto"
        server.reload()
        assert mx_of(server.ask(ZONE, dnssec=True)) == HOUSE
        answer = resolver.ask(ZONE)
        assert mx_of(answer) == [] and answer.flags & dns.flags.AD
