# SPDX-License-Identifier: GPL-2.0-or-later
"""Many clients at once while signatures have to be made, and many signatures one after another."""

import pathlib
import re
import threading

import dns.message
import dns.query
import dns.update
import pytest

from knot import ADDRESS, HOUSE, MAP, mx_of, zone_text
from signing import (BODY, DEFAULT, NSEC3, Keys, bitmaps, policies, signing, wait_signed,
                     with_signatures)

ZONES = [f"load{number}.example" for number in range(8)]
DENIALS = pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])
QUESTIONS = [(zone, rtype) for rtype in ("MX", "AAAA") for zone in ZONES]
CLIENTS = 8


class Client(threading.Thread):
    """Asks all questions, all clients the same ones at the same time, and keeps what differs."""

    def __init__(self, server, tcp, start, ended):
        super().__init__(daemon=True)
        self.server, self.tcp, self.begin, self.ended = server, tcp, start, ended
        self.queries = {}
        for question in QUESTIONS:
            query = server.message(*question, dnssec=True)
            query.id = 1
            self.queries[question] = query.to_wire()
        self.answers = set()
        self.error = None

    def run(self):
        try:
            self.begin.wait()
            while True:
                for question, query in self.queries.items():
                    self.answers.add((question, self.server.ask_wire(query, self.tcp)))
                if self.ended.is_set():
                    break
        except Exception as error:  # A thread that dies would hide it.
            self.error = error


class Clients:
    """All clients for the time of a `with`; each of their answers is right and valid."""

    def __init__(self, server):
        self.server, self.ended = server, threading.Event()
        self.keys = {zone: Keys(server, zone) for zone in ZONES}
        start = threading.Barrier(CLIENTS)
        self.threads = [Client(server, number % 2 == 1, start, self.ended)
                        for number in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        assert [thread.error for thread in self.threads] == [None] * CLIENTS
        for question, wire in set().union(*(thread.answers for thread in self.threads)):
            self.assert_right(question, dns.message.from_wire(wire))
        for zone in ZONES:
            assert set(self.server.counters(zone)) == {"synthesized[builtin]"}

    def assert_right(self, question, answer):
        zone, rtype = question
        self.keys[zone].assert_valid(answer)
        if rtype == "MX":
            assert mx_of(answer) == HOUSE and with_signatures(answer)
        else:
            words, = bitmaps(answer)
            assert "MX" in words


@DENIALS
def test_first_answers(signed, kinds):
    """Nobody has asked before: all threads of the server make the same signatures."""
    server = signed(dict.fromkeys(ZONES, ""), kinds)
    with Clients(server) as clients:
        clients.ended.set()


@DENIALS
def test_new_signatures_under_load(signed, kinds):
    server = signed(dict.fromkeys(ZONES, ""), kinds)
    with Clients(server):
        for _ in range(20):
            server.knotc("-b", "zone-sign")


# Memory

# Each signature is remembered with the records that it signs: these are 50 kB.
LONG = ".".join([60 * "l"] * 3) + ".example"
MANY = "".join(f"many 3600 MX {number} mx{number}-_id_.mail.example.\n" for number in range(200))
UPDATE = {"extra": f"acl:\n  - id: update\n    address: {ADDRESS}\n    action: update\n",
          "zone_extra": "    acl: update\n    journal-content: none\n"}
ROUNDS = 100


def own_memory(server):
    """Memory of the server that is not a file's, in kB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(re.search(r"^RssAnon:\s*(\d+) kB", status, re.MULTILINE)[1])


def change_and_sign(server, number):
    """Other records, and a new signature of the denial; asks for both."""
    update = dns.update.Update(LONG)
    update.replace("@", 60, "TXT", f'"mx-preset=many id=n{number}"')
    assert dns.query.tcp(update, ADDRESS, port=server.port, timeout=server.patience).rcode() == 0
    server.knotc("-b", "zone-sign", LONG)
    answer = server.ask(LONG, dnssec=True, tcp=True)
    assert f"-n{number}." in mx_of(answer)[0][2] and with_signatures(answer)
    answer = server.ask(LONG, "AAAA", dnssec=True)
    assert all("MX" in words for words in bitmaps(answer)) and bitmaps(answer)


def test_memory_is_bounded(knotd):
    """What is remembered does not grow: the last rounds would add 10 MB if all of it stayed."""
    server = knotd({LONG: zone_text(BODY)}, map_text=MAP.read_text() + MANY,
                   modules={LONG: signing()},
                   **{**UPDATE, "extra": UPDATE["extra"] + policies(DEFAULT)})
    wait_signed(server, [LONG])
    memory = []
    for number in range(3 * ROUNDS):
        change_and_sign(server, number)
        memory.append(own_memory(server))
    assert memory[-1] - memory[ROUNDS - 1] < 4_000
