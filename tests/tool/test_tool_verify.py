# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset verify: what other servers answer, by DNS."""

import json
import socket
import struct
import threading

import dns.edns
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from knot import ADDRESS, MAP, TRANSFER, free_port, secondary_of, wait_for, zone_text
from kmxpreset import run, served

OLD_MAP = MAP.read_text().replace("mx1.house", "mx9.house")
HOUSE_ALONE = "house 3600 MX 10 mx1.house.example.\nhouse 3600 MX 20 mx2.house.example.\n"
BIG = "".join(f"big 600 MX 10 {'a' * 50}{i}.example.net.\n" for i in range(30))


def at(server):
    return f"{ADDRESS}@{server.port}"


def rows(result):
    return [json.loads(line) for line in result.out.splitlines()]


def row_of(result, server):
    """The row of the only other server."""
    found = rows(result)
    assert [row["server"] for row in found] == [None, at(server)]
    return found[1]


ZONES = {"a.example": "", "b.example": '@ TXT "mx-preset=gandi"\n',
         "c.example": "@ 60 MX 10 Mail.example.net.\n", "d.example": '@ TXT "mx-preset=none"\n',
         "e.example": '@ TXT "mx-preset=nobody"\n'}


def two(knotd, **options):
    zones = {name: zone_text(body) for name, body in ZONES.items()}
    return knotd(zones, settings={"ede": True}), \
        knotd(zones, **{"settings": {"ede": True}, **options})


def test_same(knotd):
    server, other = two(knotd)
    version = run("-j", "check", MAP).json["version"]
    result = run("-j", "-a", "verify", at(other), at(server), server=server)
    assert (result.status, result.err) == (0, "")
    found = rows(result)
    assert [row["zone"] for row in found[::3]] == [f"{zone}." for zone in ZONES]
    assert [row["server"] for row in found] == [None, at(other), at(server)] * len(ZONES)
    for row in found:
        zone = row["zone"].rstrip(".")
        assert row["same"] is True and row["serial"] == 1
        if row["rcode"] == "NOERROR":
            assert (served(row) if row["mx"] else []) == server.mx(zone)
        else:
            assert (row["rcode"], row["ttl"], row["mx"], zone) == \
                ("SERVFAIL", None, [], "e.example")
        if zone in ("a.example", "b.example"):
            assert row["map"] == version
        elif row["server"]:
            assert row["map"] is None
    text = run("-a", "verify", at(other), server=server)
    assert (text.status, text.out) == (0, "0 of 5 zones differ\n")


def test_version_of_this_server(knotd):
    """It is known also where answers do not tell it; that of others is not."""
    server = knotd({"a.example": zone_text()})
    result = run("-j", "verify", "A.example", at(server), server=server)
    assert [row["map"] for row in rows(result)] == \
        [run("-j", "check", MAP).json["version"], None]


def test_older_map(knotd):
    server, other = two(knotd, map_text=OLD_MAP)
    result = run("-j", "verify", "a.example", at(other), server=server)
    row = row_of(result, other)
    assert result.status == 1 and row["same"] is False and served(row) == other.mx("a.example")
    other.write_map(OLD_MAP)
    assert row["map"] == run("-j", "check", other.map_path).json["version"]
    text = run("-a", "verify", at(other), server=server)
    assert text.status == 1 and text.out.splitlines()[-1] == "1 of 5 zones differ"
    assert text.out.startswith("a.example.\n  here ") and "mx9.house" in text.out
    assert f"map {row['map']}" in text.out and "serial 1" in text.out
    assert "b.example" not in text.out


@pytest.mark.parametrize("body, map_text, what", [
    ("", HOUSE_ALONE.replace("3600", "3601"), "the TTL 3601"),
    ("@ 60 MX 10 mail.example.net.\n", HOUSE_ALONE, "mail.example.net."),
    ('@ TXT "mx-preset=nobody"\n', HOUSE_ALONE, "SERVFAIL without MX records (unknown preset"),
    ('@ TXT "mx-preset=none"\n', HOUSE_ALONE, "NOERROR without MX records"),
])
def test_differs(knotd, body, map_text, what):
    """TTL, records, rcode."""
    server = knotd({"a.example": zone_text()})
    other = knotd({"a.example": zone_text(body)}, map_text=map_text)
    assert server.mx("a.example") != other.mx("a.example")
    result = run("verify", "a.example", at(other), server=server)
    assert result.status == 1 and what in result.out
    assert row_of(run("-j", "verify", "a.example", at(other), server=server), other)["same"] is False


def test_serial_tells_who_is_late(knotd):
    primary = knotd({"a.example": zone_text()}, **TRANSFER)
    second = knotd({"a.example": None}, **secondary_of(primary))
    primary.set_zone("a.example", "set @ 60 MX 10 mail.example.net.")
    result = run("-j", "verify", "a.example", at(second), server=primary)
    own, other = rows(result)
    assert result.status == 1 and own["serial"] == other["serial"] + 1
    second.knotc("zone-refresh", "a.example")
    wait_for(lambda: run("verify", "a.example", at(second), server=primary).status == 0, "transfer")


def test_another_zone(knotd):
    """A server that does not have it refuses."""
    server, other = knotd({"a.example": zone_text()}), knotd({"b.example": zone_text()})
    row = row_of(run("-j", "verify", "a.example", at(other), server=server), other)
    assert (row["same"], row["rcode"], row["serial"]) == (False, "REFUSED", None)


def test_over_tcp(knotd):
    server = knotd({"a.example": zone_text('@ TXT "mx-preset=big"\n')},
                   map_text=MAP.read_text() + BIG)
    assert server.ask("a.example").flags & dns.flags.TC
    result = run("-j", "verify", "a.example", at(server), server=server)
    assert result.status == 0
    for row in rows(result):
        assert served(row) == server.mx("a.example", tcp=True) and len(row["mx"]) == 30


def test_order_of_records_does_not_count(knotd):
    server = knotd({"a.example": zone_text()}, server="    answer-rotation: on\n")
    for _ in range(8):
        assert run("verify", "a.example", at(server), server=server).status == 0


class Fake:
    """A nameserver whose answers a function makes of the query, over UDP and TCP."""

    def __init__(self, answer, tcp=None):
        self.port, self.queries = free_port(), []
        self.answer, self.tcp = answer, tcp or answer
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((ADDRESS, self.port))
        self.listener = socket.create_server((ADDRESS, self.port))
        for loop in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=loop, daemon=True).start()

    def wires(self, make, wire):
        query = dns.message.from_wire(wire)
        self.queries.append(query)
        return [each if isinstance(each, bytes) else each.to_wire() for each in make(query)]

    def serve_udp(self):
        while True:
            wire, client = self.udp.recvfrom(65535)
            for each in self.wires(self.answer, wire):
                self.udp.sendto(each, client)

    def serve_tcp(self):
        while True:
            client, _ = self.listener.accept()
            with client:
                stream = client.makefile("rb")
                (size,) = struct.unpack("!H", stream.read(2))
                for each in self.wires(self.tcp, stream.read(size)):
                    for octet in struct.pack("!H", len(each)) + each:
                        client.sendall(bytes([octet]))


def good(query, ttl=3600, records=("10 mx1.house.example.", "20 mx2.house.example.")):
    answer = dns.message.make_response(query)
    name, rtype = query.question[0].name, query.question[0].rdtype
    if rtype == dns.rdatatype.MX:
        answer.answer.append(dns.rrset.from_text(name, ttl, "IN", "MX", *records))
    else:
        answer.answer.append(dns.rrset.from_text(name, ttl, "IN", "SOA", "a. b. 7 1 1 1 1"))
    return answer


def other_id(query):
    answer = good(query, records=["1 evil.example."])
    answer.id ^= 1
    return answer


def other_question(query):
    question = dns.message.make_query("evil.example.", query.question[0].rdtype)
    question.id = query.id
    return good(question, records=["1 evil.example."])


def other_type(query):
    question = dns.message.make_query(query.question[0].name, "TXT")
    question.id = query.id
    return dns.message.make_response(question)


def upper(query):
    """What it says in other letters, question included."""
    wire = good(query).to_wire()
    return wire[:2] + wire[2:].replace(b"example", b"eXaMPLe").replace(b"house", b"HOUSE")


def truncated(query):
    answer = dns.message.make_response(query)
    answer.flags |= dns.flags.TC
    return answer


@pytest.fixture(scope="module")
def plain(shared_knotd):
    return shared_knotd({"a.example": zone_text()})


@pytest.mark.parametrize("udp, tcp", [
    (lambda query: [good(query)], None),
    (lambda query: [upper(query)], None),
    (lambda query: [other_id(query), good(query)], None),
    (lambda query: [other_question(query), good(query)], None),
    (lambda query: [other_type(query), query.to_wire(), good(query)], None),
    (lambda query: [b"", b"\0", b"x" * 40, good(query).to_wire()[:40], good(query)], None),
    (lambda query: [truncated(query)], lambda query: [good(query)]),
])
def test_what_is_no_answer_is_passed_over(plain, udp, tcp):
    fake = Fake(udp, tcp)
    result = run("-j", "verify", "a.example", at(fake), server=plain)
    assert result.status == 0, result
    assert row_of(result, fake)["serial"] == 7


def test_questions(plain):
    """With EDNS, without recursion, with other ids from other ports."""
    fake = Fake(lambda query: [good(query)])
    for _ in range(4):
        run("verify", "a.example", at(fake), server=plain)
    assert all(query.edns == 0 and not query.flags & dns.flags.RD for query in fake.queries)
    assert len({query.id for query in fake.queries}) > 4


def test_lost_questions_are_asked_again(plain):
    seen = set()

    def forgetful(query):
        key = (query.question[0].rdtype, query.id)
        lost = key not in seen
        seen.add(key)
        return [] if lost else [good(query)]
    fake = Fake(forgetful)
    assert run("verify", "a.example", at(fake), server=plain).status == 0


@pytest.mark.parametrize("udp, tcp", [
    (lambda query: [], None), (lambda query: [b"x" * 40], None),
    (lambda query: [truncated(query)], lambda query: []),
    (lambda query: [truncated(query)], lambda query: [b"x" * 40]),
])
def test_no_answer(plain, udp, tcp):
    fake = Fake(udp, tcp)
    result = run("-j", "verify", "a.example", at(fake), server=plain)
    row = row_of(result, fake)
    assert result.status == 1
    assert row == {"zone": "a.example.", "server": at(fake), "same": False, "rcode": None,
                   "serial": None, "map": None, "ttl": None, "mx": []}
    assert "no answer" in run("verify", "a.example", at(fake), server=plain).out


def test_malformed_errors(plain):
    """An Extended DNS Error of any octets is made fit for a screen."""
    def strange(query):
        answer = good(query)
        answer.use_edns(0, options=[dns.edns.GenericOption(15, b"\x00"),
                                    dns.edns.GenericOption(15, b"\x00\x1d\x1b[1m, map \xff\n")])
        return [answer]
    fake = Fake(strange)
    row = row_of(run("-j", "verify", "a.example", at(fake), server=plain), fake)
    assert row["same"] is True and row["map"] == "\\255\\010"


def test_many_zones_and_a_server_that_is_down(knotd):
    """It holds up nobody else, and comes back."""
    zones = {f"z{i}.example": zone_text() for i in range(500)}
    server, other = knotd(zones), knotd(zones)
    silent = Fake(lambda query: [])
    result = run("-j", "-a", "verify", at(silent), f"{ADDRESS}@{free_port()}", at(other),
                 server=server)
    found = rows(result)
    assert result.status == 1 and len(found) == 2000
    for row in found:
        assert row["same"] == (row["server"] in (None, at(other)))
    # Far fewer than three attempts for each of two questions about each zone.
    assert len(silent.queries) < 1500


def test_usage(plain):
    for server in ("nowhere", "192.0.2.1@", "192.0.2.1@0", "192.0.2.1:53", "192.0.2.1@99999", ""):
        result = run("verify", "a.example", server, server=plain)
        assert (result.status, result.out) == (2, "") and "SERVER" in result.err
    for args in (["verify"], ["verify", "a.example"], ["-a", "verify"], ["verify", "-a"]):
        assert run(*args, server=plain).status == 2
    assert run("verify", "gone.example", ADDRESS, server=plain).status == 1


def test_this_server_cannot_be_asked(knotd):
    server = knotd({"a.example": zone_text()})
    text = server.configuration().replace(f"listen: {ADDRESS}@{server.port}",
                                          f"listen: {ADDRESS}@{free_port()}", 1)
    (server.path / "knot.conf").write_text(text)
    server.knotc("reload")
    result = run("verify", "a.example", at(server), server=server)
    assert (result.status, result.out) == (1, "") and "server.listen" in result.err
