# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed zones in messages of all sizes, and in those that carry a TSIG record."""

import dns.flags
import dns.message
import dns.rdatatype
import dns.tsig
import pytest

from knot import HOUSE, mx_of, wait_for
from signing import Keys, bitmaps, sections, signed_pairs

ZONE, WILD = "message.example", "wild.example"
ZONES = {ZONE: "@ HTTPS 1 @\n@ HTTPS 2 mail\nh HTTPS 0 @\n@ A 192.0.2.1\nmail A 192.0.2.4\n",
         WILD: "* MX 10 mail\nmail A 192.0.2.2\nmail AAAA 2001:db8::2\n"
               "cut NS ns.cut\nns.cut A 192.0.2.3\nns.cut AAAA 2001:db8::3\n"}
# What has MX in it, or a denial at the apex: in the authority, answer or additional section.
QUESTIONS = [(ZONE, "MX"), (ZONE, "AAAA"), ("www." + ZONE, "AAAA"), ("nx." + ZONE, "A"),
             ("a.nx." + ZONE, "MX"), (ZONE, "NSEC"), (ZONE, "HTTPS"), ("h." + ZONE, "HTTPS"),
             ("cut." + WILD, "A")]
# Without salt, the same denials come with the same names each time.
NSEC3 = ("nsec3: on", "nsec3-salt-length: 0")
DENIALS = {"nsec": ("nsec3: off",), "nsec3": NSEC3, "optout": (*NSEC3, "nsec3-opt-out: on")}
ALGORITHMS = {"rsa": ("algorithm: rsasha256", "zsk-size: 4096"),
              "ecdsa": ("algorithm: ecdsap256sha256",)}

SMALLEST = 512  # Octets of any response over UDP.
LARGE = {"server": "    udp-max-payload: 4096\n"}

SECRET = "Y2xlYXJseSBubyBzZWNyZXQgYXQgYWxs"
KEY = dns.tsig.Key("key.", SECRET, dns.tsig.HMAC_SHA256)
KEYED = {"extra": f"key:\n  - id: key\n    algorithm: hmac-sha256\n    secret: {SECRET}\n"
                  "acl:\n  - id: query\n    key: key\n    action: query\n",
         "zone_extra": "    acl: query\n"}


def assert_no_lie(keys, *parts):
    """What is signed is valid, also in a truncated answer; a denial at the apex has MX."""
    for section in parts:
        for rrset, rrsigs in signed_pairs(section):
            keys.assert_signed(rrset, rrsigs)
            for rdata in rrset:
                words = rdata.to_text().split()
                denial = rrset.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
                assert not denial or "SOA" not in words or "MX" in words


def wildcard_name(server):
    """A name whose answer from a wildcard comes with the denial at the apex, and with addresses."""
    names = (f"!{number}.{WILD}" for number in range(100))
    return next(name for name in names
                if bitmaps(server.ask(name, "MX", dnssec=True, tcp=True)))


def ask_whole(server, name, rtype):
    """Asks until the answer is there: a worker leaves a costly signature to its next turn."""
    def ask():
        answer = server.ask(name, rtype, dnssec=True, tcp=True)
        return answer if sections(answer) else None
    return wait_for(ask, "the answer")


def ask_sized(server, keys, name, rtype, size):
    """Asks for an answer of at most a size, which has to be right."""
    query = server.message(name, rtype, dnssec=True, payload=size)
    wire = server.ask_wire(query.to_wire())
    answer = dns.message.from_wire(wire)
    assert len(wire) <= size
    assert_no_lie(keys, answer.answer, answer.authority, answer.additional)
    # Also where the signatures did not fit.
    assert all("MX" in words for words in bitmaps(answer))
    if not answer.flags & dns.flags.TC:
        keys.assert_valid(answer)
    return answer


@pytest.mark.parametrize("denial", DENIALS)
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_sizes(signed, denial, algorithm):
    """Wherever a response is cut off, what is left of it is right."""
    server = signed(ZONES, {"policy": (*ALGORITHMS[algorithm], *DENIALS[denial])}, **LARGE)
    keys = {zone: Keys(server, zone) for zone in ZONES}
    for name, rtype in [*QUESTIONS, (wildcard_name(server), "MX")]:
        zone, = (zone for zone in ZONES if name.endswith(zone))
        whole = ask_whole(server, name, rtype)
        keys[zone].assert_valid(whole)
        last = max(SMALLEST, len(whole.to_wire())) + 16
        answers = [ask_sized(server, keys[zone], name, rtype, size)
                   for size in range(SMALLEST, last, 16)]
        assert sections(answers[-1]) == sections(whole)
        assert algorithm != "rsa" or answers[0].flags & dns.flags.TC


# With TSIG

def ask_keyed(server, name, rtype, **options):
    """Asks with TSIG; returns the octets of the answer and the answer, whose TSIG is right."""
    tcp = options.pop("tcp", False)
    query = server.message(name, rtype, dnssec=True, **options)
    query.use_tsig({KEY.name: KEY})
    wire = server.ask_wire(query.to_wire(), tcp)
    answer = dns.message.from_wire(wire, keyring={KEY.name: KEY}, request_mac=query.mac)
    assert answer.had_tsig and answer.tsig_error == 0
    return wire, answer


@pytest.mark.parametrize("denial", DENIALS)
def test_tsig(signed, denial):
    server = signed(ZONES, {"policy": (*ALGORITHMS["ecdsa"], *DENIALS[denial])}, **KEYED)
    keys = {zone: Keys(server, zone) for zone in ZONES}
    denials = 0
    for name, rtype in [*QUESTIONS, (wildcard_name(server), "MX")]:
        zone, = (zone for zone in ZONES if name.endswith(zone))
        plain = server.ask(name, rtype, dnssec=True, tcp=True)
        for tcp in (False, True):
            _, answer = ask_keyed(server, name, rtype, tcp=tcp)
            keys[zone].assert_valid(answer)
            assert_no_lie(keys[zone], answer.answer, answer.authority, answer.additional)
            assert sections(answer) == sections(plain)
        denials += bool(bitmaps(plain))
    assert mx_of(ask_keyed(server, ZONE, "MX")[1]) == HOUSE
    assert denials > 3


@pytest.mark.parametrize("denial", DENIALS)
def test_sizes_with_tsig(signed, denial):
    """There is always room for TSIG; an answer that is not cut off is right."""
    server = signed(ZONES, {"policy": (*ALGORITHMS["rsa"], *DENIALS[denial])}, **LARGE, **KEYED)
    keys = {zone: Keys(server, zone) for zone in ZONES}
    cut = 0
    # The server itself signs a truncated NXDOMAIN before it sets the rcode.
    questions = [(name, rtype) for name, rtype in QUESTIONS if "nx." not in name]
    for name, rtype in [*questions, (wildcard_name(server), "MX")]:
        zone, = (zone for zone in ZONES if name.endswith(zone))
        for size in range(SMALLEST, 4096, 64):
            wire, answer = ask_keyed(server, name, rtype, payload=size)
            assert len(wire) <= size
            if answer.flags & dns.flags.TC:
                cut += 1
            else:
                keys[zone].assert_valid(answer)
                # An additional section that was cut off is too late to be corrected.
                assert_no_lie(keys[zone], answer.answer, answer.authority)
    assert cut > 0
