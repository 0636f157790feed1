# SPDX-License-Identifier: GPL-2.0-or-later
"""The fleet of conf/fleet: what reaches all servers, and what happens when something fails."""

import os
import subprocess

import pytest

from fleet import FILES, Fleet
from knot import ADDRESS, GANDI, HOUSE, OVH, ede_of, mx_of, preset, wait_for
from resolvers import FORGETFUL, Resolver
from signing import BODY, assert_stored, assert_synthesized, keys_of, wait_signed

NOMAIL = preset(3600, "0 .")
OWN = preset(60, "5 mail.own.example.")


@pytest.fixture
def fleet(tmp_path):
    """A fleet with a customer in each group."""
    servers = Fleet(tmp_path)
    try:
        for group in ("house", "gandi", "nomail"):
            servers.primary.put_zone(f"{group}.example")
        servers.start()
        for group in ("house", "gandi", "nomail"):
            servers.primary.add_customer(f"{group}.example", group)
        servers.wait_mx("house.example", HOUSE)
        servers.wait_mx("gandi.example", GANDI)
        servers.wait_mx("nomail.example", NOMAIL)
        yield servers
    finally:
        servers.stop()


def test_overrides(fleet):
    """By dynamic update, knotc and zone file, on the primary."""
    zone, primary = "house.example", fleet.primary
    assert primary.update(zone, ("add", "@", 60, "MX", "5 mail.own.example.")) == "NOERROR"
    fleet.wait_mx(zone, OWN)
    assert primary.update(zone, ("delete", "@", "MX")) == "NOERROR"
    fleet.wait_mx(zone, HOUSE)
    primary.set_zone(zone, "set @ 60 MX 5 mail.own.example.")
    fleet.wait_mx(zone, OWN)
    primary.set_zone(zone, "unset @ MX")
    fleet.wait_mx(zone, HOUSE)
    primary.put_zone(zone, '@ 60 TXT "mx-preset=gandi"\n')
    primary.knotc("-b", "zone-reload", zone)
    fleet.wait_mx(zone, GANDI)


def test_panel_can_do_nothing_else(fleet):
    zone = "house.example"
    for rtype, data in (("A", "192.0.2.1"), ("NS", "ns.house.example."),
                        ("CNAME", "www.house.example.")):
        assert fleet.primary.update(zone, ("add", "www", 60, rtype, data)) != "NOERROR"
    assert fleet.primary.update("mx-presets", ("add", "x", 60, "MX", "1 x.example.")) != "NOERROR"
    assert fleet.secondaries[0].update(
        zone, ("add", "@", 60, "MX", "1 x.example.")) in ("BADKEY", "NOTAUTH")


def test_map(fleet):
    """A change that is good goes everywhere, one that is not goes nowhere."""
    before = fleet.primary.version()
    done = fleet.primary.commit_map("# the new spool",
                                    "unset gandi MX 10 spool.mail.gandi.net.",
                                    "set gandi 10800 MX 10 new.mail.gandi.net.",
                                    'set late 60 MX 1 mx.late.example.',
                                    'set late 3600 TXT "title=Late Mail"')
    assert (done.returncode, done.stdout, done.stderr) == (0, "The map is changed.\n", "")
    fleet.wait_mx("gandi.example", preset(10800, "10 new.mail.gandi.net.",
                                          "50 fb.mail.gandi.net."))
    fleet.wait(lambda server: server.version() == before + 1, "the version")

    for change, reason in (("set late 60 MX 1 192.0.2.1.", "192.0.2.1."),
                           ("unset house", "house"), ("unset nomail", "nomail"),
                           ("set late 61 MX 2 mx.late.example.", ""),
                           ("change late", "neither set nor unset: change late")):
        done = fleet.primary.commit_map(change)
        assert done.returncode == 1 and done.stdout == "" and reason in done.stderr
        assert done.stderr.endswith("Nothing is changed.\n")
        assert "transaction" not in fleet.primary.knotc("zone-status", "mx-presets.")
    assert fleet.primary.version() == before + 1

    fleet.primary.knotc("zone-begin", "mx-presets.")
    done = fleet.primary.commit_map("set later 60 MX 1 mx.late.example.")
    assert done.returncode == 1 and "zone-begin mx-presets.: " in done.stderr
    assert "transaction: open" in fleet.primary.knotc("zone-status", "mx-presets.")


def test_bad_map(fleet):
    """One that was committed all the same is refused everywhere, and a restart changes nothing."""
    before = fleet.primary.version()
    zones = {"house.example": HOUSE, "gandi.example": GANDI, "nomail.example": NOMAIL}
    fleet.wait(lambda server: list((server.path / "db/mxpreset").glob("*")), "the copy")
    fleet.primary.set_zone("mx-presets.", "set gandi 10800 MX 10 192.0.2.1.")
    fleet.wait(lambda server: server.totals().get("map-refused"), "the refusal")
    for server in fleet.servers:
        server.restart()
        for zone, expected in zones.items():
            fleet.wait_mx(zone, expected, [server])
        assert len(server.log_lines("error.*the copy of the last good one serves")) == 1
        assert (server.version(), server.totals()["map-refused"]) == (before, 1)

    fleet.primary.set_zone("mx-presets.", "unset gandi MX 10 192.0.2.1.")
    fleet.wait(lambda server: server.version() == before + 2, "the good map")


def test_customers(fleet):
    """One is new, moves to another group, and goes; a group that nobody knows serves what is stored."""
    primary, zone = fleet.primary, "new.example"
    primary.put_zone(zone)
    primary.add_customer(zone, "house")
    fleet.wait_mx(zone, HOUSE)
    primary.move_customer(zone, "gandi")
    fleet.wait_mx(zone, GANDI)
    primary.move_customer(zone, "nobody")
    fleet.wait_mx(zone, [])
    primary.move_customer(zone, "nomail")
    fleet.wait_mx(zone, NOMAIL)
    primary.remove_customer(zone)
    fleet.wait_mx(zone, "REFUSED")


def test_primary_down(fleet):
    """Secondaries go on, also when they are restarted."""
    fleet.primary.stop()
    for server in fleet.secondaries:
        server.restart()
    fleet.wait_mx("house.example", HOUSE, fleet.secondaries)
    fleet.wait_mx("gandi.example", GANDI, fleet.secondaries)
    fleet.primary.begin()
    fleet.primary.set_zone("house.example", "set @ 60 MX 5 mail.own.example.")
    fleet.wait_mx("house.example", OWN)


def test_secondary_from_nothing(fleet):
    """All that one needs comes from the primary."""
    server = fleet.secondaries[1]
    server.stop()
    for path in sorted((server.path / "db").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (server.path / "db/zones").mkdir()
    server.begin()
    for zone, expected in (("house.example", HOUSE), ("gandi.example", GANDI),
                           ("nomail.example", NOMAIL)):
        fleet.wait_mx(zone, expected, [server])
    wait_for(lambda: server.version() == fleet.primary.version(), "the map")


def test_placeholders():
    """Nobody runs a fleet with the keys of an example."""
    text = (FILES / "primary.conf").read_text() + (FILES / "secondary.conf").read_text()
    assert text.count("secret:") == text.count('secret: "(keymgr -t') == 3


LATE = preset(60, "1 mx.late.example.")


def assert_resolved(resolver, zone, expected):
    """A resolver that remembers nothing gives this, with TTL 0."""
    assert mx_of(resolver.ask(zone)) == [(0, *record) for _, *record in expected]


def test_older_map(fleet, tmp_path):
    """A server that has not heard of a preset yet fails, and resolvers ask the next one."""
    primary, (older, newer), zone = fleet.primary, fleet.secondaries, "house.example"
    older.knotc("zone-freeze", "mx-presets.")
    assert primary.commit_map("set late 60 MX 1 mx.late.example.").returncode == 0
    assert primary.update(zone, ("add", "@", 60, "TXT", "mx-preset=late")) == "NOERROR"
    fleet.wait_mx(zone, LATE, [primary, newer])
    fleet.wait_mx(zone, "SERVFAIL", [older])
    assert ede_of(older.ask(zone)) == (24, "mx-preset: unknown preset 'late'")

    failed = older.totals()["failed"]
    with Resolver("unbound", tmp_path / "unbound", [older, newer], [zone], FORGETFUL) as resolver:
        def ask():
            assert_resolved(resolver, zone, LATE)
            return older.totals()["failed"] > failed
        wait_for(ask, "the resolver to ask the older server")

    older.knotc("zone-thaw", "mx-presets.")
    older.knotc("zone-refresh", "mx-presets.")
    fleet.wait_mx(zone, LATE)


def test_rolling_restart(fleet, tmp_path):
    """While one server after the other is restarted, as for an upgrade, mail is delivered."""
    zones = {"house.example": HOUSE, "gandi.example": GANDI, "nomail.example": NOMAIL}
    # Unbound gives no answer that took longer: the client would ask again.
    patient = FORGETFUL + "\n    discard-timeout: 30000" + "".join(
        f"\n    outgoing-port-avoid: {server.port}" for server in fleet.servers)
    with Resolver("unbound", tmp_path / "unbound", fleet.servers, zones, patient) as resolver:
        for server in fleet.servers:
            server.stop()
            for zone, expected in zones.items():
                assert_resolved(resolver, zone, expected)
            server.begin()
            for zone, expected in zones.items():
                assert_resolved(resolver, zone, expected)
                fleet.wait_mx(zone, expected, [server])


# All that names the module: its items, and its sections.
MODULE_LINES = r"(?m)^ +(global-)?module: .*\n|^(mod-mxpreset|module):\n(^( .*)?\n)+"


def test_in_and_out(fleet):
    """Zones that store the house's MX are adopted; after freeze, the module can be taken away."""
    primary, zone = fleet.primary, "stored.example"
    servers = [f"{ADDRESS}@{server.port}" for server in fleet.secondaries]
    primary.put_zone(zone, "@ 3600 MX 10 mx1.house.example.\n@ 3600 MX 20 mx2.house.example.\n")
    primary.put_zone("own.example", "@ 60 MX 5 mail.own.example.\n")
    for name in (zone, "own.example"):
        primary.add_customer(name, "house")
    fleet.wait_mx(zone, HOUSE)
    fleet.wait_mx("own.example", OWN)

    assert primary.tool("-a", "adopt")[0] == 0
    assert "MX" not in primary.knotc("zone-read", zone)
    assert primary.commit_map("unset house MX 20 mx2.house.example.").returncode == 0
    fleet.wait_mx(zone, HOUSE[:1])
    assert primary.update("gandi.example", ("add", "@", 60, "TXT", "mx-preset=ovh")) == "NOERROR"
    right = {zone: HOUSE[:1], "house.example": HOUSE[:1], "gandi.example": OVH,
             "nomail.example": NOMAIL, "own.example": OWN}
    for name, expected in right.items():
        fleet.wait_mx(name, expected)
    status, lines = primary.tool("-a", "verify", *servers)
    assert status == 0, lines

    status, lines = primary.tool("-a", "freeze")
    assert status == 0, lines
    for server in fleet.servers:
        wait_for(lambda s=server: all("MX" in s.knotc("zone-read", name) for name in right),
                 "the MX that are stored")
        server.removed = MODULE_LINES
        server.reload()
        assert server.totals() == {} and "mxpreset" not in server.configuration()
        for name, expected in right.items():
            assert server.mx(name) == expected


def send_zsks(fleet, server):
    folder = server.path / "db/keys/keys"
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([str(FILES / "send-zsks"), f"{folder}/"], check=True, timeout=60,
                   env={**os.environ, "KEYS": str(fleet.primary.path / "db/keys")})
    return {path.stem for path in folder.iterdir()}


def test_signed(fleet):
    """A secondary of a signed zone serves what is stored until it has the keys that sign; KSKs stay."""
    zone, primary = "signed.example", fleet.primary
    primary.put_zone(zone, BODY)
    primary.add_customer(zone, "signed")
    wait_signed(primary, [zone])
    assert_synthesized(primary, zone, HOUSE)
    for server in fleet.secondaries:
        wait_signed(server, [zone])
        assert_stored(server, zone)
        assert server.totals()["unsigned"] > 0

        zsks = {key["id"] for key in keys_of(primary, zone) if not key["ksk"]}
        assert send_zsks(fleet, server) == zsks and len(zsks) == 1
    for server in fleet.secondaries:
        wait_for(lambda s=server: s.mx(zone, dnssec=True) == HOUSE, "the key to be found")
        assert_synthesized(server, zone, HOUSE)

    primary.knotc("zone-key-rollover", zone, "zsk")
    wait_for(lambda: len(keys_of(primary, zone)) == 3, "the new ZSK")
    assert len(send_zsks(fleet, fleet.secondaries[0])) == 2
    assert_synthesized(fleet.secondaries[0], zone, HOUSE)
