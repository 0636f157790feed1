# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed zones for tests: policies, and what is asked of every answer and denial."""

import json
import subprocess
import threading
import time

import dns.dnssec
import dns.flags
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from knot import UTILITY, mx_of, wait_for, zone_text
from resolvers import delv

BODY = "www CNAME @\n*.wild CNAME @\n"

DEFAULT = {"policy": ("algorithm: ecdsap256sha256",)}
NSEC3 = {"policy": ("algorithm: ed25519", "nsec3: on")}
# What makes roll-overs quick.
SHORT = ("propagation-delay: 1", "dnskey-ttl: 1", "zone-max-ttl: 1", "delete-delay: 1",
         "rrsig-refresh: 1h", "rrsig-lifetime: 1d")


def policies(kinds):
    return "policy:\n" + "".join(
        f"  - id: {name}\n" + "".join(f"    {line}\n" for line in lines if line)
        for name, lines in kinds.items())


def signing(policy="policy", module="mod-mxpreset/house"):
    """The `module` item of a zone that is signed by the server."""
    return f"{module}\n    dnssec-signing: on\n    dnssec-policy: {policy}"


def online(name="online", module="mod-mxpreset/house"):
    """The `module` item of a zone that mod-onlinesign signs."""
    return f"[{module}, mod-onlinesign/{name}]"


def signed_by(make, zones, kinds=None, **options):
    """A server that signs its zones with one policy; `make` is the fixture `knotd` or alike."""
    kinds = kinds or DEFAULT
    extra = options.pop("extra", "")
    server = make({zone: zone_text(BODY + body) for zone, body in zones.items()},
                  **{"extra": extra + policies(kinds),
                     "modules": {zone: signing(next(iter(kinds))) for zone in zones},
                     "settings": {"statistics": True}, **options})
    wait_signed(server, zones)
    return server


def is_signed(server, zone):
    return with_signatures(server.ask(zone, "SOA", dnssec=True), "SOA")


def wait_signed(server, zones):
    for zone in zones:
        wait_for(lambda z=zone: is_signed(server, z), f"signatures of {zone}", server.patience)


# Keys

def keymgr(server, zone, *words):
    """Runs keymgr on the server's keys and returns its output."""
    ret = subprocess.run(["keymgr", "-c", str(server.path / "knot.conf"), "-j", zone, *words],
                         capture_output=True, text=True, timeout=60, env=UTILITY)
    assert ret.returncode == 0, (words, ret.stdout, ret.stderr)
    return ret.stdout


def keys_of(server, zone):
    return json.loads(keymgr(server, zone, "list"))


def key_path(server, key):
    return server.path / f"db/keys/keys/{key['id']}.pem"


# What is in an answer

def sections(answer):
    return [*answer.answer, *answer.authority, *answer.additional]


def bitmaps(answer):
    """The words of each denial at the apex: it has SOA."""
    return [words for rrset in sections(answer)
            if rrset.rdtype in (dns.rdatatype.NSEC, dns.rdatatype.NSEC3)
            for rdata in rrset for words in [rdata.to_text().split()] if "SOA" in words]


def signed_pairs(section):
    """The RRsets of a section that have RRSIGs in it, with these."""
    for rrset in section:
        rrsigs = [rdata for other in section
                  if other.rdtype == dns.rdatatype.RRSIG and other.name == rrset.name and
                  other.covers == rrset.rdtype for rdata in other]
        if rrsigs:
            yield rrset, rrsigs


def with_signatures(answer, rtype="MX"):
    covered = dns.rdatatype.from_text(rtype)
    return any(rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == covered
               for rrset in answer.answer)


def rrsigs(server, zone, rtype="MX"):
    """RDATA of the RRSIGs of a type at the apex."""
    covered = dns.rdatatype.from_text(rtype)
    return [rdata for rrset in server.ask(zone, rtype, dnssec=True, tcp=True).answer
            if rrset.rdtype == dns.rdatatype.RRSIG and rrset.covers == covered for rdata in rrset]


def key_tags(server, zone, rtype="MX"):
    return {(rdata.algorithm, rdata.key_tag) for rdata in rrsigs(server, zone, rtype)}


# Validity

class Keys:
    """The DNSKEYs of a zone; tells what is not signed with them as it should."""

    def __init__(self, server, zone):
        self.zone = dns.name.from_text(zone)
        answer = server.ask(zone, "DNSKEY", dnssec=True, tcp=True)
        self.keys = {self.zone: answer.find_rrset(answer.answer, self.zone, dns.rdataclass.IN,
                                                  dns.rdatatype.DNSKEY)}
        self.tags = {(key.algorithm, dns.dnssec.key_id(key)) for key in self.keys[self.zone]}

    def assert_signed(self, rrset, signatures):
        """Every signature of a published key is valid, and there is one."""
        checked = 0
        for rrsig in signatures:
            if (rrsig.algorithm, rrsig.key_tag) in self.tags:
                dns.dnssec.validate_rrsig(rrset, rrsig, self.keys)
                checked += 1
        assert checked > 0, rrset

    def assert_valid(self, answer):
        """All that is authoritative in an answer that is not truncated."""
        for section in (answer.answer, answer.authority, answer.additional):
            for rrset in section:
                signatures = [rdata for other in section
                              if other.rdtype == dns.rdatatype.RRSIG and
                              other.covers == rrset.rdtype and other.name == rrset.name
                              for rdata in other]
                delegation = rrset.rdtype == dns.rdatatype.NS and rrset.name != self.zone
                additional = section is answer.additional and not signatures
                if rrset.rdtype != dns.rdatatype.RRSIG and not delegation and not additional:
                    self.assert_signed(rrset, signatures)


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


def assert_stored(server, zone):
    """A signed zone without stored MX is served as it is."""
    assert server.mx(zone, dnssec=True) == []
    assert_denials(server, zone, mx=False)


def assert_synthesized(server, zone, expected):
    """Signed, and the denials agree."""
    answer = server.ask(zone, dnssec=True)
    assert mx_of(answer) == expected and with_signatures(answer)
    assert "fully validated" in delv(server, zone, zone)
    assert_denials(server, zone)


def lower(records):
    return [(ttl, preference, exchange.lower()) for ttl, preference, exchange in records]


def ask_case(server, zone, expected):
    """MX of the apex and of names that lead there: valid, and the same for all who ask."""
    for name in (zone, "www." + zone, "x.wild." + zone):
        assert "fully validated" in delv(server, zone, name), name
        for tcp in (False, True):
            plain = server.ask(name, tcp=tcp)
            answer = server.ask(name, tcp=tcp, dnssec=True, payload=4096)
            assert with_signatures(answer) and not with_signatures(plain)
            assert lower(mx_of(plain)) == lower(mx_of(answer)) == expected


def deny_much(resolver, zone, rcode=dns.rcode.NXDOMAIN):
    """Leaves all denials of the zone in the cache, as far as a resolver keeps them."""
    for rtype in ("TXT", "AAAA"):
        answer = resolver.ask(zone, rtype)
        assert answer.flags & dns.flags.AD and not answer.answer
    for number in range(20):
        answer = resolver.ask(f"{chr(97 + number)}x{number}.{zone}", "A")
        assert answer.rcode() == rcode and answer.flags & dns.flags.AD


class Validator(threading.Thread):
    """Asks delv again and again: everything must be valid, MX there, and TXT with `spf: on`.

    Keys are trusted as they appear, as a resolver does that follows the parent's DS. What it has
    may be used for as long as the TTL of SHORT, in which the keys of a zone do not come and go.
    """

    TTL = 1.0
    WORDS = {"MX": "house", "TXT": "v=spf1", "AAAA": ""}

    def __init__(self, server, zone):
        super().__init__(daemon=True)
        self.server, self.zone = server, zone
        self.rtypes = ["MX", "AAAA", *(["TXT"] if server.settings.get("spf") else [])]
        self.ended = threading.Event()
        self.validated, self.wrong = 0, []

    def ask(self, rtype):
        began = time.monotonic()
        text = delv(self.server, self.zone, self.zone, rtype)
        outdated = time.monotonic() - began > self.TTL
        valid = "fully validated" in text
        if not (valid or outdated) or (valid and self.WORDS[rtype] not in text):
            self.wrong.append((rtype, text))
        self.validated += valid

    def run(self):
        try:
            while not self.ended.is_set():
                for rtype in self.rtypes:
                    self.ask(rtype)
        except Exception as error:  # A thread that dies would hide it.
            self.wrong.append(error)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        assert not self.wrong, self.wrong
        assert self.validated > 0
