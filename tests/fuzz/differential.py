# SPDX-License-Identifier: GPL-2.0-or-later
"""Random zones and mutated packets for two servers, with the module and without it.

What is none of the module's business has to be the same to the octet; the model judges the rest.

usage: differential.py SECONDS [SEED]
"""

import collections
import pathlib
import random
import socket
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/server")]

import dns.exception  # noqa: E402
import dns.flags  # noqa: E402
import dns.message  # noqa: E402
import dns.name  # noqa: E402
import dns.opcode  # noqa: E402
import dns.rcode  # noqa: E402
import dns.rdataclass  # noqa: E402
import dns.rdatatype  # noqa: E402

import model  # noqa: E402
from knot import ADDRESS, mx_of, txt_of  # noqa: E402
from test_model import NumberedKnotd, differ, expectations, make_round, mixed  # noqa: E402

ZONES = 300
PACKETS = 20000  # In one round, with zones of its own.
TYPES = ("MX", "MX", "MX", "TXT", "TXT", "A", "SOA", "NS", "ANY", "CNAME", "RRSIG", "NSEC", "AXFR")
OWN_CLASSES = (dns.rdataclass.IN, dns.rdataclass.ANY)  # For the server, any class is its own.
MARK = 0x5a5a  # Id of a question that every server answers.


class Client:
    """A socket of one server: all of its packets are answered by one thread, in their order."""

    def __init__(self, server, zone):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((ADDRESS, server.port))
        self.socket.settimeout(30)
        mark = server.message(zone, "SOA")
        mark.id = MARK
        self.mark = mark.to_wire()

    def ask(self, wire):
        """The answer, or None if there is none."""
        self.socket.send(wire)
        self.socket.send(self.mark)
        answer = None
        while (received := self.socket.recv(65535))[:2] != self.mark[:2]:
            answer = received
        return answer


def mutate(rng, wire):
    """Changes a few octets; the id stays, so that the answer is told from the mark's."""
    octets = bytearray(wire)
    for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
        place = rng.randrange(2, len(octets) + 1)
        kind = rng.randrange(4)
        if kind == 0 and place < len(octets):
            octets[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            octets[place:place] = bytes(rng.choice((0, 1, 63, 64, 192, 255, rng.randrange(256)))
                                        for _ in range(rng.choice((1, 1, 2, 11))))
        elif kind == 2:
            del octets[place:place + rng.choice((1, 2, 4))]
        else:
            del octets[place:]
    return bytes(octets)


def question(rng, server, zone):
    """A question about a zone, in octets."""
    name = rng.choice((zone.name, mixed(rng, zone.name), zone.name,
                       f"{zone.alias}.{zone.name}" if zone.alias else zone.name,
                       f"x.{zone.name}" if len(zone.name) < 250 else zone.name))
    query = server.message(name, rng.choice(TYPES), edns=rng.random() < 0.7,
                           payload=rng.choice((0, 512, 700, 1232, 4096, 65535)),
                           dnssec=rng.random() < 0.3, rclass=rng.choice(("IN",) * 8 + ("CH", "ANY")))
    query.id = rng.randrange(MARK)
    return query.to_wire()


def parse(wire):
    try:
        return dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError):
        return None


def asked(reply):
    """Name and type of a question that the module may answer, as a server understood it."""
    if reply is None or reply.opcode() != dns.opcode.QUERY or len(reply.question) != 1 or \
            reply.rcode() not in (dns.rcode.NOERROR, dns.rcode.SERVFAIL):
        return None, None
    question = reply.question[0]
    rtype = dns.rdatatype.to_text(question.rdtype)
    if rtype not in ("MX", "TXT") or question.rdclass not in OWN_CLASSES:
        return None, None
    return question.name, rtype


class Judge:
    """Tells what is wrong with an answer, and counts what it was asked."""

    def __init__(self, zones):
        self.answers = {}
        self.wildcards = {}
        for zone in zones:
            mx, txt = expectations(zone)
            answers = {"MX": mx, "TXT": txt}
            self.answers[dns.name.from_text(zone.name)] = answers
            if zone.alias == "x.q":
                self.wildcards[dns.name.from_text(f"q.{zone.name}")] = answers
            elif zone.alias:
                self.answers[dns.name.from_text(f"{zone.alias}.{zone.name}")] = answers
                self.answers[dns.name.from_text(f"q.{zone.name}")] = answers
        self.counts = collections.Counter()

    def find(self, name):
        """What the apex answers that a name is, or that a CNAME leads to; or None."""
        found = self.answers.get(name)
        while found is None and name is not None and name != dns.name.root:
            name = name.parent()
            found = self.wildcards.get(name)
        return found

    def wrong(self, answer, plain):
        """What is wrong with an answer, beside that of a server without the module; or None."""
        name, rtype = asked(parse(plain) if plain else None)
        expected = self.find(name)
        if answer is not None and expected is not None:
            return self.judge(expected[rtype], rtype, parse(answer))
        self.counts["the same"] += 1
        return None if answer == plain else "differs from a server without the module"

    def judge(self, expected, rtype, reply):
        self.counts["by the model"] += 1
        if reply is None:
            return "is no message"
        if reply.flags & dns.flags.TC:
            self.counts["cut off"] += 1
            return None
        found = (mx_of if rtype == "MX" else txt_of)(reply)
        if differ(found, expected, rtype == "TXT"):
            return f"is {found}, not {expected}"
        return None if expected == model.SERVFAIL or reply.flags & dns.flags.AA else "has no AA"


def play(path, rng, end, counts):
    """A round: random zones, then packets for them. Returns a description of what is wrong."""
    zones, files, modules, items = make_round(path, rng, ZONES)
    with NumberedKnotd(path / "with", files, instances=items, modules=modules) as server, \
            NumberedKnotd(path / "without", files, module=False) as bare:
        judge = Judge(zones)
        clients = [Client(one, zones[0].name) for one in (server, bare)]
        for _ in range(PACKETS):
            if time.monotonic() > end:
                break
            wire = mutate(rng, question(rng, server, rng.choice(zones)))
            answers = [client.ask(wire) for client in clients]
            wrong = judge.wrong(*answers)
            if wrong:
                return f"{wire.hex()}\n{parse(wire)}\n{wrong}\n{answers}\n{path}"
        counts.update(judge.counts)
        assert server.stop() == 0, server.output()
    return None


def main(seconds, seed):
    print(f"seed {seed}", flush=True)
    rng = random.Random(seed)
    end = time.monotonic() + seconds
    counts = collections.Counter()
    while time.monotonic() < end:
        with tempfile.TemporaryDirectory() as path:
            wrong = play(pathlib.Path(path), rng, end, counts)
        if wrong:
            sys.exit(wrong)
    print(", ".join(f"{number} {name}" for name, number in sorted(counts.items())))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else
         str(random.SystemRandom().randrange(10**9)))
