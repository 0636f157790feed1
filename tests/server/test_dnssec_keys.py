# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of signed zones: not there yet, at hand, elsewhere, lost."""

import pytest

from knot import HOUSE, mx_of, wait_for, zone_text
from signing import (BODY, DEFAULT, assert_stored, assert_synthesized, bitmaps, is_signed,
                     key_path, keymgr, keys_of, policies, signing, wait_signed, with_signatures)

ZONE = "keys.example"
MANUAL = {"policy": ("algorithm: ecdsap256sha256", "manual: on")}
OFFLINE = {"policy": (*MANUAL["policy"], "offline-ksk: on", "dnskey-ttl: 60",
                      "zone-max-ttl: 3600")}


def unloaded(knotd, kinds):
    """A server whose zone cannot be loaded, because there are no keys for it."""
    server = knotd({ZONE: zone_text(BODY)}, start=False, modules={ZONE: signing()},
                   extra=policies(kinds), settings={"statistics": True})
    server.start(wait_zones=False)
    server.wait_log("no keys are available")
    assert server.mx(ZONE, dnssec=True) == "SERVFAIL"
    return server


def load(server):
    server.knotc("-b", "zone-reload", ZONE)
    wait_signed(server, [ZONE])


# Not there yet

def test_keys_made_later(knotd):
    server = unloaded(knotd, MANUAL)
    keymgr(server, ZONE, "generate", "ksk=yes", "zsk=yes")
    load(server)
    assert_synthesized(server, ZONE, HOUSE)
    assert "unsigned" not in server.counters(ZONE)


def test_signed_later(knotd):
    """A zone becomes a signed one with a reload: its MX is signed when its SOA is."""
    server = knotd({ZONE: zone_text(BODY)}, settings={"statistics": True})
    assert server.mx(ZONE, dnssec=True) == HOUSE
    server.modules[ZONE] = signing()
    server.extra = policies(DEFAULT)
    server.reload()

    def check():
        was_signed = is_signed(server, ZONE)
        answer = server.ask(ZONE, dnssec=True)
        assert mx_of(answer) == HOUSE and (with_signatures(answer) or not was_signed)
        return was_signed

    wait_for(check, "the zone to be signed")
    assert_synthesized(server, ZONE, HOUSE)
    assert "unsigned" not in server.counters(ZONE)


def test_unsigned_later(signed):
    """And back again: nothing is signed any more."""
    server = signed({ZONE: ""})
    assert_synthesized(server, ZONE, HOUSE)
    del server.modules[ZONE]
    server.write_zone(ZONE, zone_text(BODY).replace(" 1 3600 ", " 100 3600 "))
    server.reload()
    wait_for(lambda: not is_signed(server, ZONE), "the zone without signatures")
    answer = server.ask(ZONE, dnssec=True)
    assert mx_of(answer) == HOUSE and not with_signatures(answer)


# Elsewhere

def test_offline_ksk(knotd):
    """The server has the ZSK only; the KSK signs at another place, in advance."""
    server = unloaded(knotd, OFFLINE)
    safe = knotd({ZONE: None}, start=False, modules={ZONE: signing()}, extra=policies(OFFLINE))
    (safe.path / "db").mkdir()
    assert safe.conf_check()[0] == 0
    request, response = server.path / "ksr", server.path / "skr"

    keymgr(server, ZONE, "pregenerate", "+1d")
    request.write_text(keymgr(server, ZONE, "generate-ksr", "+0", "+1d"))
    keymgr(safe, ZONE, "generate", "ksk=yes", "zsk=no")
    response.write_text(keymgr(safe, ZONE, "sign-ksr", str(request)))
    keymgr(server, ZONE, "import-skr", str(response))
    load(server)
    assert [key["ksk"] for key in keys_of(server, ZONE)] == [False]
    assert_synthesized(server, ZONE, HOUSE)


# Lost

def assert_lost(server):
    for _ in range(2):
        assert_stored(server, ZONE)
    assert server.counters(ZONE) == {"unsigned": 2}
    assert len(server.log_lines("warning.*no private key at hand")) == 1


def test_lost_keys(signed):
    server = signed({ZONE: ""})
    for key in keys_of(server, ZONE):
        key_path(server, key).unlink()
    assert_lost(server)


def test_lost_zsk(signed):
    server = signed({ZONE: ""})
    zsk, = [key for key in keys_of(server, ZONE) if not key["ksk"]]
    key_path(server, zsk).unlink()
    assert_lost(server)


def test_lost_ksk(signed):
    """It signs nothing that the module makes."""
    server = signed({ZONE: ""})
    ksk, = [key for key in keys_of(server, ZONE) if key["ksk"]]
    key_path(server, ksk).unlink()
    assert_synthesized(server, ZONE, HOUSE)


@pytest.mark.parametrize("first, second", [("MX", "AAAA"), ("AAAA", "MX")])
def test_lost_while_in_use(signed, first, second):
    """A signature that was made before does not make MX and denials differ."""
    server = signed({ZONE: ""})
    with_keys = server.ask(ZONE, first, dnssec=True)
    assert mx_of(with_keys) == HOUSE or "MX" in bitmaps(with_keys)[0]
    for key in keys_of(server, ZONE):
        key_path(server, key).unlink()
    server.ask(ZONE, second, dnssec=True)
    assert_stored(server, ZONE)


def test_unreadable_zsk(signed):
    server = signed({ZONE: ""})
    for key in keys_of(server, ZONE):
        key_path(server, key).write_text("no key\n")
    assert_lost(server)


def test_wrong_key_and_back(signed):
    """A key's file holds another key: nothing bogus. The right one is found without a reload."""
    server = signed({ZONE: ""})
    zsk, ksk = [key_path(server, key)
                for key in sorted(keys_of(server, ZONE), key=lambda key: key["ksk"])]
    right = zsk.read_text()
    zsk.write_text(ksk.read_text())
    assert_lost(server)
    zsk.write_text(right)
    wait_for(lambda: server.mx(ZONE, dnssec=True) == HOUSE, "the key to be found again")
    assert_synthesized(server, ZONE, HOUSE)
