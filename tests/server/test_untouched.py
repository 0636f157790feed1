# SPDX-License-Identifier: GPL-2.0-or-later
"""What is none of the module's business is answered as if it were not there, to the octet."""

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import pytest

from knot import HOUSE, TRANSFER, secondary_of, wait_for, zone_text
from signing import policies

BODY = """
@ 3600 TXT "some text"
@ 3600 A 192.0.2.10
@ 3600 AAAA 2001:db8::10
www 3600 A 192.0.2.11
alias 3600 CNAME www
out 3600 CNAME mail.elsewhere.test.
loop 3600 CNAME loop2
loop2 3600 CNAME loop
d 3600 DNAME elsewhere.test.
a.b.c 3600 A 192.0.2.12
sub 3600 MX 10 mail
sub 3600 MX 20 mx1.house.example.
mail 3600 A 192.0.2.13
*.wild 3600 MX 10 mail
*.text 3600 TXT "wild"
cut 3600 NS ns.cut
ns.cut 3600 A 192.0.2.14
"""
MARKER = '@ 3600 TXT "mx-preset=gandi"\n'
ZONES = {
    "plain.example": zone_text(BODY),
    "marker.example": zone_text(BODY + MARKER),
    "override.example": zone_text(BODY + "@ 3600 MX 10 mail\n@ 3600 MX 20 mx.own.example.\n"),
    "none.example": zone_text(BODY + '@ 3600 TXT "mx-preset=none"\n'),
}
QUERIES = [
    *(("", rtype) for rtype in ("ANY", "A", "AAAA", "TXT", "SOA", "NS", "SRV", "CNAME", "DNSKEY")),
    *((name, rtype) for rtype in ("MX", "A", "TXT", "ANY")
      for name in ("www", "alias", "out", "loop", "x.d", "b.c", "sub", "x.wild", "x.text",
                   "nothing", "x.nothing", "cut", "x.cut", "ns.cut")),
]
TRANSPORTS = [{"tcp": tcp, "edns": edns, "dnssec": dnssec} for tcp in (False, True)
              for edns, dnssec in ((False, False), (True, False), (True, True))]


def assert_equal(servers, name, rtype, transports=TRANSPORTS):
    """Both servers give the same octets."""
    for options in transports:
        options = dict(options)
        tcp = options.pop("tcp")
        query = servers[0].message(name, rtype, **options).to_wire()
        first, second = (server.ask_wire(query, tcp) for server in servers)
        assert first == second, f"{name} {rtype} {options}"


@pytest.fixture(scope="module")
def pair(shared_knotd):
    return [shared_knotd(ZONES, module=module, **TRANSFER) for module in (True, False)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("name,rtype", QUERIES)
def test_query(pair, zone, name, rtype):
    assert_equal(pair, f"{name}.{zone}" if name else zone, rtype)


@pytest.mark.parametrize("zone", ["override.example", "none.example"])
def test_stored_mx(pair, zone):
    assert_equal(pair, zone, "MX")


@pytest.mark.parametrize("zone", ZONES)
def test_transfer(pair, zone):
    assert_equal(pair, zone, "AXFR", [{"tcp": True}])
    answer = pair[0].ask_wire(pair[0].message(zone, "AXFR").to_wire(), tcp=True)
    answer = dns.message.from_wire(answer, one_rr_per_rrset=True)
    assert [rrset.rdtype for rrset in answer.answer].count(dns.rdatatype.SOA) == 2


def test_the_comparison_can_fail(pair):
    assert pair[0].mx("plain.example") == HOUSE
    with pytest.raises(AssertionError):
        assert_equal(pair, "plain.example", "MX")


EXEMPT = ["2.0.192.in-addr.arpa", "8.b.d.0.1.0.0.2.ip6.arpa", "ip6.arpa", "home.arpa", "arpa"]


def test_exempt_zones(knotd):
    """All of arpa., and nothing that only looks like it."""
    zones = {zone: zone_text("www 60 CNAME @\n" + MARKER) for zone in EXEMPT}
    others = ["in-addr.arpa.example", "xarpa"]
    servers = [knotd({**zones, **{zone: zone_text() for zone in others}}, module=module)
               for module in (True, False)]
    for zone in EXEMPT:
        for rtype in ("MX", "PTR", "TXT", "ANY"):
            assert_equal(servers, zone, rtype)
        assert_equal(servers, "www." + zone, "MX")
    for zone in others:
        assert servers[0].mx(zone) == HOUSE


# Signed zones: with `dnssec: off`, and at a secondary that does not hold the keys.

SIGNED = {
    "signed.example": BODY,
    "marker.example": BODY + MARKER,
    "mixed.example": BODY + "@ 60 MX 10 mx1.house.example.\n@ 60 MX 20 mail\n",
    "builtin.example": BODY + "@ 60 MX 10 mx1.house.example.\n" + MARKER,
    "nsec3.example": BODY + "@ 60 HTTPS 1 @\n",
}
POLICIES = {"nsec3": ("algorithm: rsasha256", "zsk-size: 3072", "nsec3: on")}
UNTOUCHED = {
    "override.example": BODY + "@ 60 MX 10 mail\n",
    "none.example": BODY + '@ 60 TXT "mx-preset=none"\n',
}


@pytest.fixture(scope="module")
def signed(shared_knotd):
    """A signing server with the module, a secondary with it and one without."""
    zones = {zone: zone_text(body + "www2 60 CNAME @\n")
             for zone, body in {**SIGNED, **UNTOUCHED}.items()}
    primary = shared_knotd(zones, settings={"dnssec": "off", "statistics": True},
                           extra=TRANSFER["extra"] + policies(POLICIES),
                           modules={"nsec3.example": "mod-mxpreset/house\n"
                                                     "    dnssec-policy: nsec3"},
                           zone_extra=TRANSFER["zone_extra"] + "    dnssec-signing: on\n")
    for zone in zones:
        wait_for(lambda z=zone: len(primary.ask(z, "SOA", dnssec=True).answer) == 2,
                 f"signatures of {zone}")
    options = {name: value + TRANSFER[name] for name, value in secondary_of(primary).items()}
    unsigned = dict.fromkeys(zones)
    secondary = shared_knotd(unsigned, settings={"statistics": True}, **options)
    return primary, secondary, shared_knotd(unsigned, module=False, **options)


@pytest.mark.parametrize("who", [0, 1], ids=["dnssec-off", "secondary"])
@pytest.mark.parametrize("zone", [*SIGNED, *UNTOUCHED])
def test_signed_zone(signed, who, zone):
    server, reference = signed[who], signed[2]
    for name in (zone, "www2." + zone):
        assert_equal((server, reference), name, "MX")
    for rtype in ("TXT", "NSEC", "ANY", "SOA", "DNSKEY"):
        assert_equal((server, reference), zone, rtype)
    asked = 2 * len(TRANSPORTS) if zone in SIGNED else 0
    assert server.counters(zone).get("unsigned", 0) == asked
    assert len(server.log_lines(rf"warning: \[{zone}\.\].*signed")) == bool(asked)


DENIED = [*((name, "AAAA") for name in ("www2", "x.wild", "b.c", "cut")),
          *((name, "MX") for name in ("", "www", "www2", "nothing", "x.nothing", "x.text",
                                      "x.cut")),
          *(("", rtype) for rtype in ("ANY", "SRV", "NSEC", "DNSKEY", "NSEC3PARAM", "HTTPS"))]
SIZES = [{"tcp": False, "dnssec": dnssec, "payload": payload} for dnssec in (False, True)
         for payload in (512, 600, 700, 900, 1100, 1232)]


@pytest.mark.parametrize("who", [0, 1], ids=["dnssec-off", "secondary"])
@pytest.mark.parametrize("zone", [*SIGNED, *UNTOUCHED])
def test_signed_messages(signed, who, zone):
    servers = signed[who], signed[2]
    for name, rtype in DENIED:
        assert_equal(servers, f"{name}.{zone}" if name else zone, rtype, [*TRANSPORTS, *SIZES])
    assert_equal(servers, zone, "AXFR", [{"tcp": True}])


@pytest.mark.parametrize("who", [0, 1], ids=["dnssec-off", "secondary"])
@pytest.mark.parametrize("zone", ["mixed.example", "builtin.example", "override.example"])
def test_signatures(signed, who, zone):
    server = signed[who]
    origin = dns.name.from_text(zone)
    keys = server.ask(zone, "DNSKEY", tcp=True).answer[0]
    answer = server.ask(zone, dnssec=True, tcp=True).answer
    rrset, signatures = (next(part for part in answer if part.rdtype == rtype)
                         for rtype in (dns.rdatatype.MX, dns.rdatatype.RRSIG))
    assert len(rrset) == {**SIGNED, **UNTOUCHED}[zone].count("@ 60 MX")
    dns.dnssec.validate(rrset, signatures, {origin: keys})
