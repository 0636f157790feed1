# SPDX-License-Identifier: GPL-3.0-or-later
"""Signed zones: real validators agree with every answer and every denial."""

import itertools
import threading

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest

from knot import (GANDI, HOUSE, TRANSFER, mx_of, outlook, preset, secondary_of, wait_for,
                  zone_text)
from resolvers import Resolver, delv

OWN = preset(600, "10 mail.own.example.")
BODY = "www CNAME @\n*.wild CNAME @\n"

KINDS = {
    f"{algorithm}-{denial}-{keys}": (
        f"algorithm: {algorithm}", DENIAL, f"single-type-signing: {'on' if keys == 'single' else 'off'}")
    for algorithm, (denial, DENIAL), keys in itertools.product(
        ("rsasha256", "ecdsap256sha256", "ecdsap384sha384", "ed25519"),
        (("nsec", ""), ("nsec3", "nsec3: on\n    nsec3-salt-length: 8"),
         ("optout", "nsec3: on\n    nsec3-opt-out: on")),
        ("two", "single"))
}
DEFAULT = {"policy": ("algorithm: ecdsap256sha256",)}
NSEC3 = {"policy": ("algorithm: ed25519", "nsec3: on")}


def policies(kinds):
    return "policy:\n" + "".join(
        f"  - id: {name}\n" + "".join(f"    {line}\n" for line in lines if line)
        for name, lines in kinds.items())


def signing(policy, module="mod-mxpreset/house"):
    """The `module` item of a zone that is signed by the server."""
    return f"{module}\n    dnssec-signing: on\n    dnssec-policy: {policy}"


def is_signed(server, zone):
    return any(rrset.rdtype == dns.rdatatype.RRSIG
               for rrset in server.ask(zone, "SOA", dnssec=True).answer)


def wait_signed(server, zones):
    for zone in zones:
        wait_for(lambda z=zone: is_signed(server, z), f"signatures of {zone}")


@pytest.fixture
def signed(knotd):
    """A server that signs its zones with one policy."""
    def make(zones, kinds=None, **options):
        kinds = kinds or DEFAULT
        server = knotd({zone: zone_text(BODY + body) for zone, body in zones.items()},
                       extra=policies(kinds),
                       modules={zone: signing(next(iter(kinds))) for zone in zones},
                       **{"settings": {"statistics": True}, **options})
        wait_signed(server, zones)
        return server
    return make


def bitmaps(answer):
    """The text of each denial at the apex: it has SOA."""
    return [words for section in (answer.answer, answer.authority, answer.additional)
            for rrset in section if rrset.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
            for rdata in rrset for words in [rdata.to_text().split()] if "SOA" in words]


def with_signatures(answer):
    return any(rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == dns.rdatatype.MX
               for rrset in answer.answer)


def assert_denials(server, zone, mx=True):
    """MX is in every bitmap of the apex, or in none, and validators accept the denials."""
    seen = 0
    for name, rtype in ((zone, "AAAA"), ("nx." + zone, "A"), (zone, "NSEC"), (zone, "ANY"),
                        ("www." + zone, "AAAA")):
        found = bitmaps(server.ask(name, rtype, dnssec=True, tcp=True))
        assert all(("MX" in words) == mx for words in found), (name, rtype)
        seen += len(found)
        if rtype != "ANY":
            assert "fully validated" in delv(server, zone, name, rtype), (name, rtype)
    assert seen >= 2


# Caching validators

def deny_much(resolver, zone):
    for rtype in ("TXT", "AAAA"):
        answer = resolver.ask(zone, rtype)
        assert answer.flags & dns.flags.AD and not answer.answer
    for number in range(20):
        answer = resolver.ask(f"{chr(97 + number)}x{number}.{zone}", "A")
        assert answer.rcode() == dns.rcode.NXDOMAIN and answer.flags & dns.flags.AD


@pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])
@pytest.mark.parametrize("kind", ["unbound", "bind"])
def test_resolver_that_knows_denials(signed, tmp_path, kind, kinds):
    zone = "a.example"
    server = signed({zone: ""}, kinds)
    with Resolver(kind, tmp_path / kind, server, [zone]) as resolver:
        deny_much(resolver, zone)
        for name in (zone, "www." + zone):
            answer = resolver.ask(name)
            assert mx_of(answer) == HOUSE and answer.flags & dns.flags.AD


@pytest.mark.parametrize("kind", ["unbound", "bind"])
def test_resolver_is_misled_by_other_denials(signed, tmp_path, kind):
    """What the module is there to avoid: these resolvers do believe a cached denial."""
    zone = "a.example"
    server = signed({zone: ""}, settings={"dnssec": "off"})
    with Resolver(kind, tmp_path / kind, server, [zone]) as resolver:
        deny_much(resolver, zone)
        server.settings["dnssec"] = "auto"
        server.reload()
        assert mx_of(server.ask(zone, dnssec=True)) == HOUSE
        answer = resolver.ask(zone)
        assert mx_of(answer) == [] and answer.flags & dns.flags.AD


# Every kind of key and denial

CASES = {
    "plain.example": ("", HOUSE),
    "marker.example": ('@ TXT "mx-preset=gandi"\n', GANDI),
    "upper.example": ('@ TXT "mx-preset=outlook id=Mixed-Case"\n', None),
    "override.example": ("@ 600 MX 10 mail.own.example.\n", OWN),
    "mixed.example": ("@ 600 MX 10 mail.own.example.\n@ 600 MX 10 mx1.house.example.\n", OWN),
}


def lower(records):
    return [(ttl, preference, exchange.lower()) for ttl, preference, exchange in records]


def ask_case(server, zone, expected):
    for name in (zone, "www." + zone, "x.wild." + zone):
        assert "fully validated" in delv(server, zone, name), name
        for tcp in (False, True):
            plain = server.ask(name, tcp=tcp)
            answer = server.ask(name, tcp=tcp, dnssec=True, payload=4096)
            assert with_signatures(answer) and not with_signatures(plain)
            assert lower(mx_of(plain)) == lower(mx_of(answer)) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(signed, kind):
    server = signed({zone: body for zone, (body, _) in CASES.items()}, {kind: KINDS[kind]})
    for zone, (_, expected) in CASES.items():
        ask_case(server, zone, expected or outlook("mixed-case"))
        assert_denials(server, zone)
    small = server.ask("plain.example", dnssec=True, payload=512)
    assert len(small.to_wire()) <= 512
    assert small.flags & dns.flags.TC or with_signatures(small)


def test_none_has_no_mx(signed):
    zone = "none.example"
    server = signed({zone: '@ TXT "mx-preset=none"\n'})
    assert server.mx(zone, dnssec=True) == []
    assert_denials(server, zone, mx=False)


def test_truncated(signed):
    zone = "gsuite.example"
    server = signed({zone: '@ TXT "mx-preset=gsuite"\n'},
                    {"rsa": ("algorithm: rsasha256", "zsk-size: 4096")})
    answer = server.ask(zone, dnssec=True, payload=512)
    assert answer.flags & dns.flags.TC
    assert "fully validated" in delv(server, zone, zone)


# Without what it takes

def assert_stored(server, zone):
    assert server.mx(zone, dnssec=True) == []
    answer = server.ask(zone, "AAAA", dnssec=True)
    assert bitmaps(answer) and all("MX" not in words for words in bitmaps(answer))


def test_off(signed):
    zone = "off.example"
    server = signed({zone: ""}, settings={"dnssec": "off", "statistics": True})
    assert_stored(server, zone)
    assert_stored(server, zone)
    assert server.counters(zone) == {"unsigned": 2}
    assert len(server.log_lines("warning.*cannot be signed: 'dnssec is off'")) == 1
    assert_denials(server, zone, mx=False)


def test_secondary(knotd):
    zone = "copy.example"
    extra = TRANSFER["extra"] + policies(DEFAULT)
    primary = knotd({zone: zone_text(BODY)}, modules={zone: signing("policy")}, extra=extra,
                    zone_extra=TRANSFER["zone_extra"])
    wait_signed(primary, [zone])
    secondary = knotd({zone: None}, settings={"statistics": True}, **secondary_of(primary))
    wait_signed(secondary, [zone])
    assert_stored(secondary, zone)
    assert secondary.counters(zone) == {"unsigned": 1}
    assert len(secondary.log_lines("warning.*no private key at hand")) == 1


def test_lost_keys(signed):
    zone = "lost.example"
    server = signed({zone: ""})
    for pem in server.path.glob("db/keys/keys/*.pem"):
        pem.unlink()
    assert_stored(server, zone)
    assert server.counters(zone) == {"unsigned": 1}
    assert len(server.log_lines("warning.*no private key at hand")) == 1


def test_no_map(signed):
    zone = "mapless.example"
    server = signed({zone: ""}, map_text=None)
    assert server.mx(zone, dnssec=True) == "SERVFAIL"
    assert_denials(server, zone)


# Roll-overs

class Validator(threading.Thread):
    """Asks delv again and again: everything must be valid."""

    def __init__(self, server, zone):
        super().__init__(daemon=True)
        self.server, self.zone = server, zone
        self.ended = threading.Event()
        self.rounds, self.wrong = 0, []

    def run(self):
        try:
            while not self.ended.is_set():
                for rtype in ("MX", "AAAA"):
                    text = delv(self.server, self.zone, self.zone, rtype)
                    if "fully validated" not in text or (rtype == "MX" and "house" not in text):
                        self.wrong.append((rtype, text))
                self.rounds += 1
        except Exception as error:  # A thread that dies would hide it.
            self.wrong.append(error)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        assert self.rounds > 0 and not self.wrong


SHORT = ("propagation-delay: 1", "dnskey-ttl: 1", "zone-max-ttl: 1", "delete-delay: 1",
         "rrsig-refresh: 1h", "rrsig-lifetime: 1d")


def key_tags(server, zone, rtype="MX"):
    return {(rdata.algorithm, rdata.key_tag)
            for rrset in server.ask(zone, rtype, dnssec=True, tcp=True).answer
            if rrset.rdtype == dns.rdatatype.RRSIG for rdata in rrset}


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
