# SPDX-License-Identifier: GPL-2.0-or-later
"""Several public servers of one signed zone: with its keys, without them, with `dnssec: off`."""

import shutil

import dns.flags
import dns.rcode
import pytest

from knot import HOUSE, TRANSFER, mx_of, secondary_of, wait_for, zone_text
from resolvers import FORGETFUL, Resolver
from signing import (BODY, DEFAULT, Keys, Validator, assert_denials, assert_stored, assert_synthesized,
                     key_path, key_tags, keymgr, keys_of, policies, signing, wait_signed)

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


# With the zone's keys, which come later than the zone

MANUAL = {"policy": ("algorithm: ecdsap256sha256", "manual: on", "dnskey-ttl: 1")}


def zsks(primary):
    return [key for key in keys_of(primary, ZONE) if not key["ksk"]]


def copy_keys(primary, secondary):
    """Copies the keys that sign the zone's contents; the one that signs its keys stays."""
    for key in zsks(primary):
        path = key_path(secondary, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(key_path(primary, key), path)


@pytest.fixture
def late(knotd):
    """A primary that signs, and a secondary that has its keys of now."""
    primary = knotd({ZONE: zone_text(BODY)}, start=False, modules={ZONE: signing()},
                    extra=TRANSFER["extra"] + policies(MANUAL), zone_extra=TRANSFER["zone_extra"])
    (primary.path / "db").mkdir()
    primary.conf_check()
    keymgr(primary, ZONE, "generate", "ksk=yes", "zsk=no")
    keymgr(primary, ZONE, "generate", "ksk=no", "zsk=yes")
    primary.start()
    secondary = knotd({ZONE: None}, settings=AUTO, **secondary_of(primary))
    wait_signed(secondary, [ZONE])
    copy_keys(primary, secondary)
    assert_synthesized(secondary, ZONE, HOUSE)
    return primary, secondary


def set_key(primary, secondary, key, what):
    """Lets a key retire or go, and waits until the secondary has the zone after that."""
    before = serial(secondary)
    keymgr(primary, ZONE, "set", key["id"], f"{what}=+0")
    primary.knotc("-b", "zone-keys-load", ZONE)
    # The secondary has no word from the primary, so it is told to look.
    secondary.knotc("-b", "zone-refresh", ZONE)
    wait_for(lambda: serial(secondary) != before, "the zone from the primary")


def serial(server):
    return server.ask(ZONE, "SOA").answer[0][0].serial


def roll(primary, secondary):
    """Replaces the key that signs the zone; returns the old one and its tag."""
    old, = zsks(primary)
    tags = key_tags(secondary, ZONE, "SOA")
    keymgr(primary, ZONE, "generate", "ksk=no", "zsk=yes")
    set_key(primary, secondary, old, "retire")
    assert not key_tags(secondary, ZONE, "SOA") & tags
    assert Keys(secondary, ZONE).tags > tags
    return old, tags


def test_key_comes_late(late):
    """The old key goes on until the new one is there."""
    primary, secondary = late
    old, tags = roll(primary, secondary)
    with Validator(secondary, ZONE):
        assert_synthesized(secondary, ZONE, HOUSE)
        assert key_tags(secondary, ZONE) == tags
        copy_keys(primary, secondary)
        for rtype in ("MX", "NSEC"):
            wait_for(lambda rtype=rtype: key_tags(secondary, ZONE, rtype) ==
                     key_tags(secondary, ZONE, "SOA"), f"{rtype} signed by the new key")
    set_key(primary, secondary, old, "remove")
    assert_synthesized(secondary, ZONE, HOUSE)
    assert "failed" not in secondary.counters(ZONE)


def test_key_comes_too_late(late):
    """Without a key that is published there is no answer, and no denial."""
    primary, secondary = late
    old, tags = roll(primary, secondary)
    set_key(primary, secondary, old, "remove")
    assert not Keys(secondary, ZONE).tags & tags
    for rtype in ("MX", "AAAA"):
        assert secondary.ask(ZONE, rtype, dnssec=True).rcode() == dns.rcode.SERVFAIL
    copy_keys(primary, secondary)
    wait_for(lambda: secondary.mx(ZONE, dnssec=True) == HOUSE, "the new key")
    assert_synthesized(secondary, ZONE, HOUSE)
    secondary.wait_log("info.*signing works again")


def test_key_goes_with_the_old_one(late):
    """What the old key has signed is not used once that key is gone."""
    primary, secondary = late
    old, tags = roll(primary, secondary)
    assert key_tags(secondary, ZONE) == tags
    set_key(primary, secondary, old, "remove")
    assert secondary.ask(ZONE, dnssec=True).rcode() == dns.rcode.SERVFAIL
