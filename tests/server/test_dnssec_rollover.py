# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys and algorithms change while queries run: no answer is ever bogus."""

import pytest

from knot import HOUSE, mx_of, wait_for
from signing import (SHORT, Keys, Validator, assert_synthesized, bitmaps, key_tags, keys_of,
                     policies)

ZONE = "roll.example"
PATIENCE = 120
ECDSA, ED25519 = 13, 15


def wait_roll(condition, what):
    wait_for(condition, what, PATIENCE)


def wait_new_keys(server, rtype):
    """Returns what waits until only new keys sign."""
    old = key_tags(server, ZONE, rtype)
    return lambda: wait_roll(lambda: key_tags(server, ZONE, rtype) and
                             not key_tags(server, ZONE, rtype) & old, "new keys")


def published(server):
    """Algorithms and tags of the DNSKEYs."""
    return Keys(server, ZONE).tags


def submit(server):
    """Says that the parent has the DS record of the new key, as soon as it is due."""
    wait_roll(lambda: server.knotc("-b", "zone-ksk-submitted", ZONE, check=False).strip() == "OK",
              "a KSK to be submitted")


@pytest.fixture
def rolling(signed):
    """A server whose zone's first key is known to the parent, so that it can be replaced."""
    def make(*lines):
        server = signed({ZONE: ""}, {"policy": (*lines, *SHORT)}, settings={"spf": True})
        submit(server)
        return server
    return make


def test_zsk_rollover(rolling):
    server = rolling("algorithm: ecdsap256sha256")
    with Validator(server, ZONE):
        for _ in range(2):
            done = wait_new_keys(server, "MX")
            server.knotc("zone-key-rollover", ZONE, "zsk")
            done()
        server.knotc("-b", "zone-sign", ZONE)
        server.knotc("-b", "zone-keys-load", ZONE)
    assert not server.log_lines("warning.*cannot be signed")


@pytest.mark.parametrize("single", ["off", "on"], ids=["ksk", "csk"])
@pytest.mark.parametrize("nsec3", ["off", "on"], ids=["nsec", "nsec3"])
def test_ksk_rollover(rolling, single, nsec3):
    """With one key for everything, it is also another one that signs MX."""
    server = rolling("algorithm: ecdsap256sha256", f"single-type-signing: {single}",
                     f"nsec3: {nsec3}")
    first, = [(key["algorithm"], key["tag"]) for key in keys_of(server, ZONE) if key["ksk"]]
    old = key_tags(server, ZONE)
    with Validator(server, ZONE):
        server.knotc("zone-key-rollover", ZONE, "ksk")
        submit(server)
        wait_roll(lambda: first not in published(server), "the old key to go")
    assert bool(key_tags(server, ZONE) & old) == (single == "off")
    assert_synthesized(server, ZONE, HOUSE)
    assert not server.log_lines("warning.*cannot be signed")


def algorithms(tags):
    return {algorithm for algorithm, _ in tags}


def signing_algorithms(server):
    """Algorithms that sign MX, at least all those of the DNSKEYs (RFC 4035, section 2.2).

    The server itself serves signatures of keys that are not published yet, or no longer.
    """
    before = published(server)
    found = algorithms(key_tags(server, ZONE))
    if before == published(server):
        assert found >= algorithms(before)
    return found


def test_algorithm_rollover(rolling):
    """Signatures of the new algorithm come before its keys, those of the old one go after them."""
    server = rolling("algorithm: ecdsap256sha256")
    seen = []

    def check():
        for rtype in ("AAAA", "MX", "TXT"):
            answer = server.ask(ZONE, rtype, dnssec=True)
            assert all({"MX", "TXT"} <= set(words) for words in bitmaps(answer))
            assert rtype != "MX" or mx_of(answer) == HOUSE
        seen.append(signing_algorithms(server))
        return seen[-1]

    assert check() == {ECDSA}
    with Validator(server, ZONE):
        server.extra = policies({"policy": ("algorithm: ed25519", *SHORT)})
        server.reload()
        wait_roll(lambda: check() == {ECDSA, ED25519}, "MX signed by both algorithms")
        submit(server)
        wait_roll(lambda: check() == {ED25519}, "MX signed by the new algorithm only")
        wait_roll(lambda: check() and algorithms(key_tags(server, ZONE, "SOA")) == {ED25519},
                  "the old signatures to go")
    assert algorithms(published(server)) == {ED25519}
    assert_synthesized(server, ZONE, HOUSE)
    assert not server.log_lines("warning.*cannot be signed")
