# SPDX-License-Identifier: GPL-2.0-or-later
"""The steps of doc/fleet.md, in its order, with the files of conf/fleet.

Each test begins with the heading that it is about; where the page has commands, these are run.
"""

import contextlib
import os
import re
import subprocess
import sys

import pytest

from fleet import FILES, PAGE, SECRETS, Fleet, commands
from knot import (ADDRESS, GANDI, HOUSE, MAP, OVH, Askers, ede_of, free_port, preset, wait_for)
from resolvers import FORGETFUL, Resolver
from signing import BODY, assert_stored, assert_synthesized, key_tags, keys_of, wait_signed

NOMAIL = preset(3600, "0 .")
OWN = preset(60, "5 mail.own.example.")
LATE = preset(60, "1 mx.late.example.")
DENIED = ("BADKEY", "NOTAUTH", "REFUSED")  # What Knot says depends on its release.
# A customer in each group.
CUSTOMERS = {"house.example": HOUSE, "gandi.example": GANDI, "nomail.example": NOMAIL}


@pytest.fixture
def fleet(tmp_path):
    """A primary and two secondaries, with a customer in each group."""
    servers = Fleet(tmp_path)
    try:
        for zone in CUSTOMERS:
            servers.primary.put_zone(zone)
        servers.start()
        for zone, expected in CUSTOMERS.items():
            servers.primary.add_customer(zone, zone.split(".")[0])
            servers.wait_mx(zone, expected)
        yield servers
    finally:
        servers.stop()


def test_every_section():
    """Who talks to whom, sizes and times are read; all else is done here."""
    headings = re.findall("^## (.*)$", PAGE, re.MULTILINE)
    done = [test.__doc__ for name, test in vars(sys.modules[__name__]).items()
            if name.startswith("test_")]
    for heading in headings[1:-1]:
        assert any(text.startswith(f"{heading}: ") for text in done), heading


def test_first_server(tmp_path):
    """The first server: it is made, a customer is added, and looked at."""
    fleet, zone = Fleet(tmp_path), "customer.example"
    try:
        server = fleet.primary.begin()
        server.put_zone(zone)
        assert server.run(commands("Daily work")[0])[0] == 0
        wait_for(lambda: server.mx(zone) == HOUSE, "the customer")
        status, output, _ = server.run(f"kmxpreset show {zone}")
        assert status == 0 and "source   built-in" in output
    finally:
        fleet.stop()


@pytest.mark.parametrize("role, left", [("primary", "transfer"), ("primary", "panel"),
                                        ("secondary", "transfer")])
def test_first_server_needs_keys(tmp_path, role, left):
    """The first server: with the placeholder of a key, no server starts."""
    server = Fleet(tmp_path).servers[role == "secondary"]
    server.secrets = {name: text for name, text in SECRETS.items() if name != left}
    status, output = server.conf_check()
    assert status != 0 and "invalid base64" in output
    ended = subprocess.run(["knotd", "-c", str(server.path / "knot.conf")], capture_output=True,
                           text=True, timeout=60)
    assert ended.returncode != 0 and "invalid base64" in ended.stdout + ended.stderr


def with_third(text):
    """The primary's configuration with the lines for another secondary."""
    return text.replace("\nacl:", """
  - id: secondary3
    address: 192.0.2.4@53
    key: transfer

acl:""").replace("[secondary1, secondary2]", "[secondary1, secondary2, secondary3]")


def test_second_server(fleet):
    """The second server, and any other: with a few lines on the primary, all comes by itself."""
    server, primary = fleet.add("secondary3", "secondary"), fleet.primary
    primary.edit = with_third
    assert primary.conf_check()[0] == 0
    primary.reload()
    server.make_folders()
    server.begin()
    for zone, expected in CUSTOMERS.items():
        fleet.wait_mx(zone, expected, [server])
    assert len(server.log_lines("preset map does not exist yet")) == 1
    status, *output = primary.run("kmxpreset -a verify 192.0.2.4")
    assert status == 0, output
    # From now on it is told of changes.
    primary.set_zone("house.example", "set @ 60 MX 5 mail.own.example.")
    fleet.wait_mx("house.example", OWN)


def test_second_server_lost(fleet):
    """The second server, and any other: one that has lost its disk gets all of it again."""
    server = fleet.secondaries[1]
    server.stop()
    for path in sorted((server.path / "db").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    server.make_folders()
    server.begin()
    for zone, expected in CUSTOMERS.items():
        fleet.wait_mx(zone, expected, [server])
    wait_for(lambda: server.version() == fleet.primary.version(), "the map")


def test_moving_in(fleet):
    """Moving in zones that store the house's MX: a change of the map reaches them from then on."""
    primary = fleet.primary
    stored = {"stored.example": HOUSE, "one.example": HOUSE[:1], "own.example": OWN}
    for zone, records in stored.items():
        primary.put_zone(zone, "".join(f"@ {ttl} MX {preference} {exchange}\n"
                                       for ttl, preference, exchange in records))
        primary.add_customer(zone, "house")
    for zone, expected in stored.items():
        fleet.wait_mx(zone, expected)
    dry, done = commands("Moving in zones that store the house's MX")[0].splitlines()

    for command, left in ((dry, True), (done, False)):
        status, _, errors = primary.run(command)
        assert status == 1 and "'one.example.' is left out" in errors
        assert ("MX" in primary.knotc("zone-read", "stored.example")) == left
        for zone, expected in stored.items():
            assert primary.mx(zone) == expected
    assert primary.commit_map("set house 3600 MX 30 mx3.house.example.").returncode == 0
    more = sorted([*HOUSE, (3600, 30, "mx3.house.example.")])
    for zone, expected in {**stored, "stored.example": more, "house.example": more}.items():
        fleet.wait_mx(zone, expected)


def test_daily_customers(fleet):
    """Daily work: one is new, moves to another group, and goes; an unknown group serves what is stored."""
    primary, zone = fleet.primary, "customer.example"
    primary.put_zone(zone)
    assert primary.run(commands("Daily work")[0])[0] == 0
    fleet.wait_mx(zone, HOUSE)
    primary.move_customer(zone, "gandi")
    fleet.wait_mx(zone, GANDI)
    primary.move_customer(zone, "nobody")
    fleet.wait_mx(zone, [])
    primary.move_customer(zone, "nomail")
    fleet.wait_mx(zone, NOMAIL)
    primary.remove_customer(zone)
    fleet.wait_mx(zone, "REFUSED")


def test_daily_overrides(fleet):
    """Daily work: overrides and markers by kmxpreset, dynamic update, knotc and zone file."""
    zone, primary = "house.example", fleet.primary
    assert primary.tool("add", zone, "@", "5", "mail.own.example.", "60")[0] == 0
    fleet.wait_mx(zone, OWN)
    assert primary.tool("reset", zone)[0] == 0
    fleet.wait_mx(zone, HOUSE)
    assert primary.tool("use", zone, "gandi")[0] == 0
    fleet.wait_mx(zone, GANDI)
    assert primary.update(zone, ("delete", "@", "TXT"),
                          ("add", "@", 60, "MX", "5 mail.own.example.")) == "NOERROR"
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


def test_daily_panel(fleet):
    """Daily work: the panel can change nothing but MX and TXT of customers' zones, on the primary."""
    zone = "house.example"
    for rtype, data in (("A", "192.0.2.1"), ("NS", "ns.house.example."), ("CNAME", "x.example."),
                        ("SOA", "a. b. 9 9 9 9 9"), ("DNSKEY", "256 3 13 AAAA"),
                        ("SPF", '"v=spf1"')):
        for owner in ("@", "www"):
            assert fleet.primary.update(zone, ("add", owner, 60, rtype, data)) in DENIED, rtype
    for rtype in ("SOA", "NS"):
        assert fleet.primary.update(zone, ("delete", "@", rtype)) in DENIED, rtype
    # What removes all of a name concerns other types, too.
    assert fleet.primary.update(zone, ("delete", "@")) in DENIED
    for other in ("mx-presets", "catalog"):
        assert fleet.primary.update(other, ("add", "x", 60, "TXT", "x")) in DENIED
    assert fleet.secondaries[0].update(zone, ("add", "@", 60, "TXT", "x")) in DENIED
    assert fleet.primary.update(zone, ("add", "www", 60, "TXT", "x")) == "NOERROR"


def test_daily_map(fleet):
    """Daily work: a change of the map, looked at before, reaches all servers."""
    primary, before = fleet.primary, fleet.primary.version()
    old, new = (primary.path / name for name in ("old", "new"))
    old.write_text(MAP.read_text())
    new.write_text(MAP.read_text().replace("50 fb.mail.gandi", "20 fb2.mail.gandi"))
    status, lines = primary.tool("diff", str(old), str(new))
    assert status == 1 and [line.split() for line in lines[:1]] == [
        ["changed", "gandi", "zones", "1"]], lines

    assert primary.run(commands("Daily work")[1]) == (0, "The map is changed.\n", "")
    fleet.wait_mx("gandi.example", preset(10800, "10 spool.mail.gandi.net.",
                                          "20 fb2.mail.gandi.net."))
    fleet.wait(lambda server: server.version() == before + 1, "the version")

    # Comments, empty lines, and text in quotes.
    done = primary.commit_map("# late", "", "set late 60 MX 1 mx.late.example.",
                              'set late 3600 TXT "title=Late  Mail"')
    assert (done.returncode, done.stdout, done.stderr) == (0, "The map is changed.\n", "")
    assert '"title=Late  Mail"' in primary.knotc("zone-read", "mx-presets.", "late", "TXT")


def assert_refused(server, done, reason, version):
    """Nothing is changed, nothing is left open."""
    assert done.returncode == 1 and done.stdout == "" and reason in done.stderr, done
    assert done.stderr.endswith("Nothing is changed.\n")
    assert "transaction" not in server.knotc("zone-status", "mx-presets.")
    assert server.version() == version


def test_daily_map_refused(fleet):
    """Daily work: a change that is not good goes nowhere, and says why."""
    primary, version = fleet.primary, fleet.primary.version()
    command, *expected = commands("Daily work")[2].splitlines()
    assert primary.run(command.lstrip("$ ")) == (1, "", "".join(f"{line}\n" for line in expected))
    for change, reason in (("set late 60 MX 1 192.0.2.1.", "192.0.2.1."),
                           ("unset house", "house"), ("unset nomail", "nomail"),
                           ("set late 61 MX 2", "zone-set mx-presets. late 61 MX 2: "),
                           ("unset nobody", "zone-unset mx-presets. nobody: "),
                           ("set @ 60 DNAME x.", "zone-commit mx-presets.: "),
                           ("change late", "neither set nor unset: change late")):
        assert_refused(primary, primary.commit_map("set good 60 MX 1 mx.late.example.", change),
                       reason, version)
    for zone, expected in CUSTOMERS.items():
        fleet.wait_mx(zone, expected)


@pytest.mark.parametrize("tool, reason", [
    ("exit 127", ""), ("echo '-:1: wrong' >&2; exit 1", "-:1: wrong\n"),
    ("kill -TERM $PPID", ""), ("kill -INT $PPID $$", "")],
    ids=["unusable", "wrong", "SIGTERM", "SIGINT"])
def test_daily_map_interrupted(fleet, tmp_path, tool, reason):
    """Daily work: a change of the map that ends before its commit leaves nothing open."""
    (tmp_path / "kmxpreset").write_text(f"#!/bin/sh\ncat >/dev/null\n{tool}\n")
    (tmp_path / "kmxpreset").chmod(0o755)
    done = fleet.primary.commit_map("set late 60 MX 1 mx.late.example.", tools=tmp_path)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr == f"{reason}Nothing is changed.\n"
    assert "transaction" not in fleet.primary.knotc("zone-status", "mx-presets.")
    assert "late" not in fleet.primary.knotc("zone-read", "mx-presets.")


def test_daily_map_in_use(fleet):
    """Daily work: a transaction of somebody else is left alone."""
    fleet.primary.knotc("zone-begin", "mx-presets.")
    fleet.primary.knotc("zone-set", "mx-presets.", "late", "60", "MX", "1", "mx.late.example.")
    done = fleet.primary.commit_map("set later 60 MX 1 mx.late.example.")
    assert done.returncode == 1 and done.stdout == ""
    assert re.fullmatch("zone-begin mx-presets.: .*transaction.*\n", done.stderr)
    changes = fleet.primary.knotc("zone-diff", "mx-presets.")
    assert "late.mx-presets." in changes and "later" not in changes


def test_daily_map_missing(tmp_path):
    """Daily work: without server, or without the zone of the map, nothing is changed."""
    fleet = Fleet(tmp_path)
    server = fleet.primary
    server.edit = lambda text: text.replace("  - domain: mx-presets\n", "")
    try:
        for begin, reason in ((lambda: None, "failed to connect"), (server.begin, "no such zone")):
            begin()
            done = server.commit_map("set late 60 MX 1 mx.late.example.")
            assert done.returncode == 1 and done.stdout == ""
            assert re.fullmatch(f"zone-begin mx-presets.: .*{reason}.*\n", done.stderr)
    finally:
        fleet.stop()


def test_daily_map_before_markers(fleet):
    """Daily work: a preset, then markers; no marker, then no preset: no query ever fails."""
    primary, zone = fleet.primary, "house.example"
    with contextlib.ExitStack() as load:
        for server in fleet.servers:
            load.enter_context(Askers(server, {zone: [HOUSE, LATE], "gandi.example": [GANDI]}))
        assert primary.commit_map("set late 60 MX 1 mx.late.example.").returncode == 0
        wait_for(lambda: primary.version() == 2, "the preset")
        fleet.wait(lambda server: server.version() == 2, "the preset")
        assert primary.tool("use", zone, "late")[0] == 0
        fleet.wait_mx(zone, LATE)
        assert primary.tool("list", "marker=late") == (0, [f"{zone}. marker late 2"])
        assert primary.tool("reset", zone)[0] == 0
        fleet.wait_mx(zone, HOUSE)
        assert primary.tool("list", "marker=late") == (0, [])
        assert primary.commit_map("unset late").returncode == 0
        fleet.wait(lambda server: server.log_lines("presets are gone: late"), "the end of it")
    for server in fleet.servers:
        assert "failed" not in server.totals()


def test_daily_older_map(fleet, tmp_path):
    """Daily work: a server with an older map fails, and a resolver asks the next one."""
    primary, (older, newer), zone = fleet.primary, fleet.secondaries, "house.example"
    older.knotc("zone-freeze", "mx-presets.")
    assert primary.commit_map("set late 60 MX 1 mx.late.example.").returncode == 0
    assert primary.update(zone, ("add", "@", 60, "TXT", "mx-preset=late")) == "NOERROR"
    fleet.wait_mx(zone, LATE, [primary, newer])
    fleet.wait_mx(zone, "SERVFAIL", [older])
    assert ede_of(older.ask(zone)) == (24, "mx-preset: unknown preset 'late'")
    assert older.tool("list", "marker") == (0, [f"{zone}. marker - 1"])
    status, output, _ = primary.run("kmxpreset -a verify 192.0.2.2 192.0.2.3")
    assert status == 1 and "unknown preset 'late'" in output

    failed = older.totals()["failed"]
    with Resolver("unbound", tmp_path / "unbound", [older, newer], [zone], FORGETFUL) as resolver:
        def ask():
            assert resolver.mx(zone) == forgotten(LATE)
            return older.totals()["failed"] > failed
        wait_for(ask, "the resolver to ask the older server")

    older.knotc("zone-thaw", "mx-presets.")
    older.knotc("zone-refresh", "mx-presets.")
    fleet.wait_mx(zone, LATE)


def forgotten(expected):
    """What a resolver gives that remembers nothing: the TTL is 0."""
    return [(0, *record) for _, *record in expected]


def send_zsks(fleet, folder, **environment):
    return subprocess.run([str(FILES / "send-zsks"), str(folder)], timeout=60,
                          capture_output=True, text=True,
                          env={**os.environ, "KEYS": str(fleet.primary.path / "db/keys"),
                               **environment})


def sent(fleet, server):
    """Sends the keys: those that the server has then."""
    folder = server.path / "db/keys/keys"
    done = send_zsks(fleet, f"{folder}/")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for path in folder.iterdir():
        assert path.suffix == ".pem" and path.stat().st_mode & 0o007 == 0, path
    return {path.stem for path in folder.iterdir()}


def zsks_of(server, zone):
    return {key["id"] for key in keys_of(server, zone) if not key["ksk"]}


def add_signed(fleet):
    zone = "signed.example"
    fleet.primary.put_zone(zone, BODY)
    fleet.primary.add_customer(zone, "signed")
    for server in fleet.servers:
        wait_signed(server, [zone])
    return zone


# Of what Knot waits for, only the TTL of presets is as in the file: old keys stay published.
QUICK = "    zone-max-ttl: 4h\n    propagation-delay: 1\n    dnskey-ttl: 1\n"


def test_signed(fleet):
    """Signed zones: secondaries need the ZSKs; one that is late to get a new one uses the old one."""
    primary, (first, second) = fleet.primary, fleet.secondaries
    primary.edit = lambda text: text.replace("    zone-max-ttl: 4h\n", QUICK)
    primary.reload()
    zone = add_signed(fleet)
    assert_synthesized(primary, zone, HOUSE)
    for server in fleet.secondaries:
        assert_stored(server, zone)
        assert server.totals()["unsigned"] > 0
        assert sent(fleet, server) == zsks_of(primary, zone)
    for server in fleet.secondaries:
        wait_for(lambda s=server: s.mx(zone, dnssec=True) == HOUSE, "the key to be found")
        assert_synthesized(server, zone, HOUSE)

    old = key_tags(primary, zone, "SOA")
    primary.knotc("zone-key-rollover", zone, "zsk")
    wait_for(lambda: len(zsks_of(primary, zone)) == 2, "the new ZSK")
    assert sent(fleet, first) == zsks_of(primary, zone)
    for server in fleet.servers:
        wait_for(lambda s=server: not key_tags(s, zone, "SOA") & old, "the new ZSK to sign")
    for server in fleet.servers:
        assert_synthesized(server, zone, HOUSE)
    assert key_tags(first, zone) == key_tags(primary, zone) == key_tags(primary, zone, "SOA")
    assert key_tags(second, zone) == old
    assert sent(fleet, second) == zsks_of(primary, zone)
    wait_for(lambda: key_tags(second, zone) == key_tags(primary, zone), "the new ZSK to be found")


def test_signed_keys_not_sent(fleet):
    """Signed zones: send-zsks without ssh, without the primary's keys, or of a key that is gone."""
    zone, target = add_signed(fleet), fleet.secondaries[0].path / "target"
    ssh = f"ssh -o BatchMode=yes -p {free_port()}"  # Nobody listens there.
    for environment, folder, reason in (({"RSYNC_RSH": ssh}, f"{ADDRESS}:{target}/", "rsync: "),
                                        ({"KEYS": str(target)}, f"{target}/", str(target))):
        done = send_zsks(fleet, folder, **environment)
        assert done.returncode != 0 and done.stdout == "" and reason in done.stderr
        assert not target.exists()
    zsk, = zsks_of(fleet.primary, zone)
    (fleet.primary.path / f"db/keys/keys/{zsk}.pem").unlink()
    done = send_zsks(fleet, f"{target}/")
    assert done.returncode != 0 and f"{zsk}.pem" in done.stderr


def test_watch_bad_map(fleet):
    """What to watch: a bad map that was committed all the same is refused everywhere, and after a restart."""
    before = fleet.primary.version()
    fleet.wait(lambda server: server.kept_maps(), "the copy")
    fleet.primary.set_zone("mx-presets.", "set gandi 10800 MX 10 192.0.2.1.")
    fleet.wait(lambda server: server.totals().get("map-refused"), "the refusal")
    for server in fleet.servers:
        for zone, expected in CUSTOMERS.items():
            fleet.wait_mx(zone, expected, [server])
        server.restart()
        for zone, expected in CUSTOMERS.items():
            fleet.wait_mx(zone, expected, [server])
        assert len(server.log_lines("error.*the copy of the last good one serves")) == 1
        assert (server.version(), server.totals()["map-refused"]) == (before, 1)

    done = fleet.primary.commit_map("unset gandi MX 10 192.0.2.1.")
    assert (done.returncode, done.stderr) == (0, "")
    fleet.wait(lambda server: server.version() == before + 2, "the good map")


def test_watch_primary_down(fleet):
    """What to watch: when the primary is down, secondaries go on, also after a restart."""
    fleet.primary.stop()
    for server in fleet.secondaries:
        server.restart()
    for zone, expected in CUSTOMERS.items():
        fleet.wait_mx(zone, expected, fleet.secondaries)
    fleet.primary.begin()
    fleet.primary.set_zone("house.example", "set @ 60 MX 5 mail.own.example.")
    fleet.wait_mx("house.example", OWN)


def test_watch_totals(fleet):
    """What to watch: all counters of the page are there, on all servers."""
    names = re.findall(r"^ +mod-mxpreset\.([a-z-]+)", PAGE, re.MULTILINE)
    assert len(names) == 10
    for server in fleet.servers:
        assert names == list(dict.fromkeys(re.findall(
            r"^mod-mxpreset\.([a-z-]+)", server.knotc("-f", "stats", "mod-mxpreset"),
            re.MULTILINE)))


def test_upgrade(fleet, tmp_path):
    """Upgrade: one server after the other gets a new file and a restart, and no query fails."""
    # Unbound gives no answer that took longer: the client would ask again.
    patient = FORGETFUL + "\n    discard-timeout: 30000" + "".join(
        f"\n    outgoing-port-avoid: {server.port}" for server in fleet.servers)
    expected = {zone: [forgotten(records)] for zone, records in CUSTOMERS.items()}
    with Resolver("unbound", tmp_path / "unbound", fleet.servers, CUSTOMERS, patient) as resolver, \
            Askers(resolver, expected) as load:
        for server in [*fleet.secondaries, fleet.primary]:
            def go_on():
                """Waits until all zones have been asked for once more."""
                rounds = [thread.rounds for thread in load.threads]
                wait_for(lambda: all(thread.rounds > before + 1 for thread, before
                                     in zip(load.threads, rounds)), "queries")
            server.install_module()
            server.reload()
            go_on()
            server.stop()
            go_on()
            server.begin()
            for zone, records in CUSTOMERS.items():
                fleet.wait_mx(zone, records, [server])
            assert server.log_lines(r"module 'mod-mxpreset/\w+', version \d")
            go_on()
        status, *output = fleet.primary.run(commands("Upgrade")[0])
        assert status == 0, output


# All that names the module: its items, and its sections.
MODULE_LINES = r"(?m)^ +(global-)?module: .*\n|^(mod-mxpreset|module):\n(^( .*)?\n)+"


def roll_back(fleet):
    """Freezes customers of all kinds: what each is served with."""
    primary = fleet.primary
    primary.put_zone("own.example", "@ 60 MX 5 mail.own.example.\n")
    primary.put_zone("none.example", '@ 60 TXT "mx-preset=none"\n')
    for zone in ("own.example", "none.example"):
        primary.add_customer(zone, "house")
    assert primary.update("gandi.example", ("add", "@", 60, "TXT", "mx-preset=ovh")) == "NOERROR"
    right = {**CUSTOMERS, "gandi.example": OVH, "own.example": OWN, "none.example": []}
    for zone, expected in right.items():
        fleet.wait_mx(zone, expected)

    dry, done = commands("Roll back")[0].splitlines()
    status, *output = primary.run(dry)
    assert status == 0, output
    assert "MX" not in primary.knotc("zone-read", "house.example")
    status, *output = primary.run(done)
    assert status == 0, output
    for server in fleet.servers:
        for zone in CUSTOMERS:
            wait_for(lambda s=server, z=zone: "MX" in s.knotc("zone-read", z), "what is stored")
    return right


def test_roll_back(fleet):
    """Roll back: each zone stores what it is served with; the way back in is adopt."""
    right = roll_back(fleet)
    assert "mx-preset" not in fleet.primary.knotc("zone-read", "gandi.example")
    for zone, expected in right.items():
        fleet.wait_mx(zone, expected)
    status, *output = fleet.primary.run("kmxpreset -a verify 192.0.2.2 192.0.2.3")
    assert status == 0, output
    assert fleet.primary.tool("adopt", "house.example")[0] == 0
    assert "MX" not in fleet.primary.knotc("zone-read", "house.example")
    fleet.wait_mx("house.example", HOUSE)


def test_remove(fleet):
    """Remove: the configuration first, then the module; the other way round, a reload changes nothing."""
    right = roll_back(fleet)

    def assert_right(server):
        for zone, expected in right.items():
            fleet.wait_mx(zone, expected, [server])
    early = fleet.secondaries[1]
    early.module_path.unlink()
    assert early.conf_check()[0] != 0
    early.knotc("reload", check=False)  # It fails where the folder of modules names the file.
    assert_right(early)
    for server in fleet.servers:
        server.edit = lambda text: re.sub(MODULE_LINES, "", text)
        status, output = server.conf_check()
        assert status == 0, output
        server.reload()
        assert server.totals() == {} and "mxpreset" not in server.configuration()
        assert_right(server)
        server.module_path.unlink(missing_ok=True)
        server.restart()
        assert_right(server)
