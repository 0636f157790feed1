# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys of signed zones: not there yet, at hand, elsewhere, lost."""

import hashlib
import shutil

import dns.edns
import dns.rcode
import pytest

from knot import HOUSE, ede_of, mx_of, preset, wait_for, zone_text
from resolvers import Resolver
from signing import (BODY, DEFAULT, NSEC3, assert_stored, assert_synthesized, bitmaps, is_signed,
                     key_path, key_tags, keymgr, keys_of, policies, signing, wait_signed,
                     with_signatures)

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


def version(text):
    """Of a map without SOA."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


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


def test_signing_turned_off(signed):
    """The zone keeps its signatures: it is served as before until it is loaded without them."""
    server = signed({ZONE: ""})
    del server.modules[ZONE]
    server.reload()
    assert is_signed(server, ZONE)
    assert_synthesized(server, ZONE, HOUSE)
    server.reload()
    changed = preset(60, "1 mx.new.test.")
    server.write_map("house 60 MX 1 mx.new.test.\n")
    wait_for(lambda: server.mx(ZONE, dnssec=True) == changed, "the new map")
    assert_synthesized(server, ZONE, changed)
    server.write_zone(ZONE, zone_text(BODY).replace(" 1 3600 ", " 100 3600 "))
    server.knotc("-b", "zone-reload", ZONE)
    answer = server.ask(ZONE, dnssec=True)
    assert mx_of(answer) == changed and not with_signatures(answer)
    assert "unsigned" not in server.counters(ZONE)


def test_signed_elsewhere_from_now_on(signed):
    """The zone comes with signatures of other keys: it is served as it is stored."""
    server, other = signed({ZONE: ""}), signed({ZONE: ""})
    assert_synthesized(server, ZONE, HOUSE)
    del server.modules[ZONE]
    other.write_zone(ZONE, zone_text(BODY).replace(" 1 3600 ", " 100 3600 "))
    other.knotc("-b", "zone-reload", ZONE)
    other.knotc("-b", "zone-flush", ZONE)
    shutil.copy(other.zone_path(ZONE), server.zone_path(ZONE))
    server.reload()
    wait_for(lambda: key_tags(server, ZONE, "SOA") == key_tags(other, ZONE, "SOA"), "the zone")
    assert_stored(server, ZONE)
    assert server.counters(ZONE)["unsigned"] > 0


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

def lose_keys(server):
    """Takes all private keys away; returns what puts them back."""
    paths = [key_path(server, key) for key in keys_of(server, ZONE)]
    texts = [path.read_bytes() for path in paths]
    for path in paths:
        path.unlink()

    def put_back():
        for path, text in zip(paths, texts):
            path.write_bytes(text)
    return put_back


def assert_failing(server):
    """Neither MX nor a denial of it: SERVFAIL, with the reason, for all that would deny it."""
    for name, rtype in ((ZONE, "MX"), ("www." + ZONE, "MX"), (ZONE, "AAAA"), (ZONE, "TXT"),
                        (ZONE, "NSEC")):
        answer = server.ask(name, rtype, dnssec=True, tcp=True)
        assert answer.rcode() == dns.rcode.SERVFAIL, (name, rtype)
        assert not answer.answer and not answer.authority
        assert ede_of(answer) == (24, "mx-preset: the answer cannot be signed: "
                                      "no private key at hand")
    assert server.ask(ZONE, "SOA", dnssec=True).rcode() == dns.rcode.NOERROR


def wait_back(server, expected=HOUSE):
    wait_for(lambda: server.mx(ZONE, dnssec=True) == expected and
             server.ask(ZONE, "AAAA", dnssec=True).rcode() == dns.rcode.NOERROR,
             "the keys to be found again")
    assert_synthesized(server, ZONE, expected)
    server.wait_log("info.*signing works again")


def test_lost_keys(signed):
    """Before the first query, and back."""
    server = signed({ZONE: ""})
    put_back = lose_keys(server)
    for _ in range(2):
        assert_failing(server)
    assert server.counters(ZONE) == {"failed": 4}
    assert len(server.log_lines("warning.*no private key at hand")) == 1
    put_back()
    wait_back(server)


def test_lost_keys_and_restart(signed):
    """The server itself does not load such a zone."""
    server = signed({ZONE: ""})
    assert_synthesized(server, ZONE, HOUSE)
    put_back = lose_keys(server)
    assert server.stop() == 0
    server.start(wait_zones=False)
    for rtype in ("MX", "AAAA"):
        assert server.ask(ZONE, rtype, dnssec=True).rcode() == dns.rcode.SERVFAIL
    put_back()
    load(server)
    assert_synthesized(server, ZONE, HOUSE)


def test_lost_zsk(signed):
    """Another key of the zone will do, for answers and denials."""
    server = signed({ZONE: ""})
    zsk, = [key for key in keys_of(server, ZONE) if not key["ksk"]]
    ksk, = [key for key in keys_of(server, ZONE) if key["ksk"]]
    key_path(server, zsk).unlink()
    assert_synthesized(server, ZONE, HOUSE)
    assert key_tags(server, ZONE) == {(13, ksk["tag"])}


def test_lost_ksk(signed):
    """It signs nothing that the module makes."""
    server = signed({ZONE: ""})
    ksk, = [key for key in keys_of(server, ZONE) if key["ksk"]]
    key_path(server, ksk).unlink()
    assert_synthesized(server, ZONE, HOUSE)


def test_lost_while_in_use(signed):
    """What is remembered goes on, also when the map changes meanwhile; a zone's change ends it."""
    server = signed({ZONE: ""}, settings={"ede": True, "statistics": True})
    assert_synthesized(server, ZONE, HOUSE)
    text = server.map_path.read_text()
    before = ede_of(server.ask(ZONE, dnssec=True))
    assert before == (29, f"preset house by built-in, map {version(text)}")
    put_back = lose_keys(server)
    assert_synthesized(server, ZONE, HOUSE)

    new = text.replace("mx1.house.example.", "mx3.house.example.")
    server.write_map(new)
    server.wait_log("info.*preset map loaded", 2)
    for _ in range(2):
        assert_synthesized(server, ZONE, HOUSE)
        assert ede_of(server.ask(ZONE, dnssec=True)) == before
    assert not server.log_lines("the answer cannot be signed")

    put_back()
    moved = preset(HOUSE[0][0], "10 mx3.house.example.", "20 mx2.house.example.")
    wait_back(server, moved)
    assert ede_of(server.ask(ZONE, dnssec=True)) == (
        29, f"preset house by built-in, map {version(new)}")


def test_lost_before_another_rule(signed):
    """What goes on is told and counted as what it is, not as what the new map would make it."""
    own = "10 mail.example.net."
    server = signed({ZONE: f"@ 600 MX {own}\n@ 600 MX 20 mx1.house.example.\n"
                           '@ TXT "mx-preset=gandi"\n'},
                    settings={"ede": True, "statistics": True})
    assert server.mx(ZONE, dnssec=True) == preset(600, own)
    lose_keys(server)
    server.write_map(server.map_path.read_text().replace(
        "retired=mail.house.example", "retired=mail.example.net"))
    server.wait_log("info.*preset map loaded", 2)
    answer = server.ask(ZONE, dnssec=True)
    assert mx_of(answer) == preset(600, own)
    assert not [one for one in answer.options if one.otype == dns.edns.OptionType.EDE]
    assert server.counters(ZONE) == {"overridden": 2, "filtered": 2}


@pytest.mark.parametrize("first", ["MX", "AAAA"])
def test_lost_after_one_query(signed, first):
    """What was not signed yet fails; it does not become a denial. With MX, the NSEC is signed."""
    server = signed({ZONE: ""})
    with_keys = server.ask(ZONE, first, dnssec=True)
    assert mx_of(with_keys) == HOUSE or "MX" in bitmaps(with_keys)[0]
    lose_keys(server)
    for rtype in ("MX", "AAAA"):
        answer = server.ask(ZONE, rtype, dnssec=True)
        good = first in (rtype, "MX")
        assert answer.rcode() == (dns.rcode.NOERROR if good else dns.rcode.SERVFAIL)


def test_lost_before_the_denial(signed):
    """An answer that comes with a denial fails with that, and is not told to be a preset's."""
    server = signed({ZONE: "* CNAME @\n"}, settings={"ede": True, "spf": True})
    name = "!." + ZONE  # Between the apex and the wildcard.
    assert server.mx(ZONE, dnssec=True) == HOUSE
    lose_keys(server)
    assert server.mx(ZONE, dnssec=True) == HOUSE  # It is remembered.
    answer = server.ask(name, dnssec=True)
    assert answer.rcode() == dns.rcode.SERVFAIL
    assert ede_of(answer) == (24, "mx-preset: the answer cannot be signed: "
                                  "no private key at hand")


def test_unreadable_keys(signed):
    server = signed({ZONE: ""})
    for key in keys_of(server, ZONE):
        key_path(server, key).write_text("no key\n")
    assert_failing(server)


def test_wrong_keys_and_back(signed):
    """A key's file holds another key: nothing bogus. The right one is found without a reload."""
    server = signed({ZONE: "", "other.example": ""})
    wrong, = [key_path(server, key) for key in keys_of(server, "other.example")
              if key["ksk"]]
    paths = [key_path(server, key) for key in keys_of(server, ZONE)]
    right = [path.read_text() for path in paths]
    for path in paths:
        path.write_text(wrong.read_text())
    assert_failing(server)
    for path, text in zip(paths, right):
        path.write_text(text)
    wait_back(server)


RESOLVERS = pytest.mark.parametrize("kind, kinds", [
    ("unbound", DEFAULT), ("bind", DEFAULT), ("kresd", DEFAULT), ("kresd", NSEC3)],
    ids=["unbound-nsec", "bind-nsec", "kresd-nsec", "kresd-nsec3"])


@RESOLVERS
def test_no_resolver_learns_a_denial(signed, tmp_path, kind, kinds):
    """With keys away, a resolver that asks for all sorts of names never says that there is no MX."""
    server = signed({ZONE: ""}, kinds)
    put_back = lose_keys(server)
    with Resolver(kind, tmp_path / kind, [server], [ZONE]) as resolver:
        for name, rtype in ((ZONE, "TXT"), (ZONE, "AAAA"), ("nx." + ZONE, "A")):
            resolver.ask(name, rtype)
        assert resolver.ask(ZONE).rcode() == dns.rcode.SERVFAIL
        put_back()
        wait_back(server)
        wait_for(lambda: mx_of(resolver.ask(ZONE)) == HOUSE, "the MX through the resolver", 30)
