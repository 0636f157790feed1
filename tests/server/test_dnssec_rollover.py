# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and algorithms change while queries run: no answer is ever bogus."""

from knot import HOUSE, mx_of, wait_for
from signing import SHORT, Validator, bitmaps, key_tags, policies


def wait_new_keys(server, zone, rtype):
    """Waits until only new keys sign."""
    old = key_tags(server, zone, rtype)
    return lambda: wait_for(lambda: key_tags(server, zone, rtype) and
                            not key_tags(server, zone, rtype) & old, "new keys", 60)


def test_zsk_rollover(signed):
    zone = "roll.example"
    server = signed({zone: ""}, {"policy": ("algorithm: ecdsap256sha256", *SHORT)})
    with Validator(server, zone):
        for _ in range(2):
            done = wait_new_keys(server, zone, "MX")
            server.knotc("zone-key-rollover", zone, "zsk")
            done()
        server.knotc("-b", "zone-sign", zone)
        server.knotc("-b", "zone-keys-load", zone)
    assert not server.log_lines("warning.*cannot be signed")


def test_algorithm_rollover(signed):
    """Signatures of the new algorithm come before its keys: every answer stays signed and MX."""
    zone = "algorithm.example"
    server = signed({zone: ""}, {"policy": ("algorithm: ecdsap256sha256", *SHORT)})
    server.extra = policies({"policy": ("algorithm: ed25519", *SHORT)})
    server.reload()

    def check():
        for rtype in ("AAAA", "MX"):
            answer = server.ask(zone, rtype, dnssec=True)
            assert all("MX" in words for words in bitmaps(answer))
            assert rtype != "MX" or mx_of(answer) == HOUSE
        return 15 in {algorithm for algorithm, _ in key_tags(server, zone)}

    wait_for(check, "MX signed by the new algorithm")
