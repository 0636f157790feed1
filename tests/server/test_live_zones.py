# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps change while zones, and the module, come and go."""

import itertools
import re

import pytest

from knot import Askers, wait_for, zone_text
from mapstates import (  # noqa: F401  (two are fixtures)
    LOADED, ZONES, States, background, freed_memory_is_overwritten, live, load,
    served)


def test_many_zones(knotd):
    """1,000 zones of ten instances that share three maps."""
    zones = {f"z{number}.example": number % 10 for number in range(1000)}
    server = knotd({zone: zone_text() for zone in zones}, start=False, map_text=None,
                   modules={zone: f"mod-mxpreset/i{i}" for zone, i in zones.items()})
    maps = [States(server.path / f"map{number}") for number in range(3)]
    server.instances = {f"i{i}": {"builtin": "house", "map-file": maps[i % 3].path,
                                  "param": [f"p{i}=v"]} for i in range(10)}
    for states in maps:
        states.switch()
    server.start()
    some = {zone: maps[i % 3] for zone, i in itertools.islice(zones.items(), 20)}
    with Askers(server, some):
        for _ in range(100):
            for states, zone in zip(maps, some):
                states.switch()
                states.wait(server, zone)
        server.reload()
    for zone, i in zones.items():
        assert server.mx(zone) == served(maps[i % 3].last)
    loads = len(server.log_lines(LOADED))
    assert loads == 303


@pytest.mark.parametrize("command", [["reload"], ["-f", "-b", "zone-reload"]])
def test_reloads_meanwhile(live, command):  # noqa: F811
    server, states = live()
    with Askers(server, load(states)):
        with background(states.switch):
            for _ in range(30):
                server.knotc(*command)
        states.wait(server)
    assert not server.log_lines(" error: ")


CATALOG = "catalog.example"


def catalog(path):
    return f"""template:
  - id: member
    storage: {path}
    file: "%s.zone"
    zonefile-sync: -1
    module: mod-mxpreset/house
zone:
  - domain: {CATALOG}
    catalog-role: interpret
    catalog-template: member
"""


def rcode_is(server, zone, rcode):
    wait_for(lambda: server.ask(zone, "SOA").rcode() == rcode, f"{rcode!r} of {zone}")


def names_in_log(server):
    """Names of the zones on whose behalf the map's loads were logged."""
    return {re.search(r" info: \[(.*?)\]", line)[1] for line in server.log_lines(LOADED)}


def test_catalog_members_meanwhile(live):  # noqa: F811
    """The server speaks of a map for no zone that is gone."""
    server, states = live(start=False)
    server.tail = catalog(server.path)
    server.write_zone(CATALOG, zone_text('version 0 TXT "2"\n'))
    server.start()
    names = [f"member{number}.example" for number in range(5)]
    with Askers(server, load(states)), background(states.switch):
        for _ in range(6):
            for name in names:
                server.write_zone(name, zone_text())  # It goes with the member.
            server.set_zone(CATALOG, *(f"set {name[:7]}.zones 0 PTR {name}." for name in names))
            for name in names:
                rcode_is(server, name, 0)
                assert server.mx(name) in states
            server.set_zone(CATALOG, *(f"unset {name[:7]}.zones" for name in names))
            for name in names:
                rcode_is(server, name, 5)
    states.wait(server)
    assert names_in_log(server) <= {f"{name}." for name in [*ZONES, CATALOG, *names]}


def test_large_member_leaves(live):  # noqa: F811
    """One that came last takes long to free, while maps are logged: not in its name any more."""
    server, states = live(start=False)
    server.tail = catalog(server.path)
    server.write_zone(CATALOG, zone_text('version 0 TXT "2"\n'))
    server.start()
    large = "large.example"
    server.write_zone(large, zone_text("".join(f"h{n} A 192.0.2.1\n" for n in range(600_000))))
    server.set_zone(CATALOG, f"set large.zones 0 PTR {large}.")
    rcode_is(server, large, 0)
    loads = len(server.log_lines(LOADED))
    with background(states.switch):
        server.set_zone(CATALOG, "unset large.zones")
        rcode_is(server, large, 5)
        server.wait_log(LOADED, loads + 20)
    states.wait(server)
    assert names_in_log(server) <= {f"{name}." for name in [*ZONES, CATALOG, large]}
