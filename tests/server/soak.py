# SPDX-License-Identifier: GPL-2.0-or-later
"""Load at full speed while maps, zones, keys and the configuration change: all answers right.

usage: soak.py MINUTES
"""

import contextlib
import itertools
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/server")]

from knot import ADDRESS, MAP, Asker, Knotd, mx_of, preset, zone_text  # noqa: E402
from signing import BODY, DEFAULT, bitmaps, policies, signing, wait_signed  # noqa: E402

HOUSES = [preset(3600, f"10 mx{number}.house.example.", "20 mx2.house.example.")
          for number in (1, 9)]
OWN = preset(60, "5 mail.own.test.")
GANDI = preset(10800, "10 spool.mail.gandi.net.", "50 fb.mail.gandi.net.")
PLAIN, SIGNED, EDITED, GOING = "plain.example", "signed.example", "edited.example", "going.example"
ZONES = {**{f"zone{number}.example": zone_text() for number in range(200)},
         PLAIN: zone_text(), SIGNED: zone_text(BODY), EDITED: zone_text(), GOING: zone_text()}
RIGHT = {PLAIN: HOUSES, "zone7.example": HOUSES, SIGNED: HOUSES, EDITED: [*HOUSES, OWN, GANDI],
         # The server itself says SERVFAIL until a zone that has come is loaded.
         GOING: [*HOUSES, "REFUSED", "SERVFAIL"]}
WARM = 0.3  # Of the time: what a server needs once is needed by then.


class SignedAsker(threading.Thread):
    """Asks a signed zone for its MX and for denials, which have to list MX."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.ended, self.rounds, self.wrong = server, threading.Event(), 0, []

    def run(self):
        try:
            while not self.ended.is_set():
                answer = self.server.ask(SIGNED, dnssec=True, tcp=True)
                denial = self.server.ask(SIGNED, "AAAA", dnssec=True, tcp=True)
                if mx_of(answer) not in HOUSES or not all("MX" in w for w in bitmaps(denial)):
                    self.wrong.append((answer.to_text(), denial.to_text()))
                self.rounds += 1
        except Exception as error:  # A thread that dies would hide it.
            self.wrong.append(error)


class Changes:
    """What is done to the server, one thing after the other."""

    def __init__(self, server, module):
        self.server, self.module = server, module
        self.numbers, self.done = itertools.count(), {}

    def map(self):
        text = MAP.read_text()
        self.server.write_map(text if next(self.numbers) % 2 else
                              text.replace("mx1.house.example.", "mx9.house.example."))

    def bad_map(self):
        self.server.write_map(MAP.read_text() + "house 60 MX 1 mx\n")

    def edit(self):
        record = random.choice(("60 MX 5 mail.own.test.", "60 TXT mx-preset=gandi"))
        rtype, rdata = record.split(" ", 2)[1:]
        self.server.set_zone(EDITED, f"set @ {record}")
        self.server.set_zone(EDITED, f"unset @ {rtype} {rdata}")

    def roll(self):
        self.server.knotc("zone-key-rollover", SIGNED, "zsk")

    def sign(self):
        self.server.knotc("-b", "zone-sign", SIGNED)

    def reload(self):
        self.server.knotc("reload")

    def go_and_come(self):
        text = self.server.zones.pop(GOING)
        self.server.reload()
        self.server.zones[GOING] = text
        self.server.reload()

    def one(self):
        kinds = [self.edit, self.edit, self.reload, self.go_and_come]
        if self.module:
            kinds += [self.roll, self.sign, self.bad_map, *[self.map] * 6]
        kind = random.choice(kinds)
        kind()
        self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1


def usage(server):
    """Memory in MiB, and the number of descriptors."""
    base = pathlib.Path(f"/proc/{server.process.pid}")
    pages = int((base / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") >> 20, len(os.listdir(base / "fd"))


def queries(path):
    lines = [f"{zone} {rtype}" for zone in ZONES if zone != GOING for rtype in ("MX", "TXT", "AAAA")]
    path.write_text("\n".join(lines) + "\n")
    return path


@contextlib.contextmanager
def load(server, seconds, mode):
    """dnsperf over UDP or TCP."""
    with subprocess.Popen(["dnsperf", "-s", ADDRESS, "-p", str(server.port), "-m", mode, "-D",
                           "-d", str(queries(server.path / "queries")), "-l", str(seconds)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process


def soak(path, seconds, module):
    """Runs the load and the changes.

    Returns queries sent, lost, rounds of answers looked at, wrong ones, states of the process
    (seconds, memory, descriptors), and how often what was done.
    """
    with Knotd(path, ZONES, module=module, modules={SIGNED: signing()} if module else {},
               extra=policies(DEFAULT), zone_extra="    zonefile-sync: -1\n") as server:
        askers = []
        if module:
            wait_signed(server, [SIGNED])
            askers = [Asker(server, RIGHT, False), Asker(server, RIGHT, True), SignedAsker(server)]
        changes, states = Changes(server, module), []
        for asker in askers:
            asker.start()
        end = time.monotonic() + seconds
        with load(server, seconds, "udp") as udp, load(server, seconds, "tcp") as tcp:
            while time.monotonic() < end:
                changes.one()
                states.append((seconds - (end - time.monotonic()), *usage(server)))
            outputs = [process.communicate()[0] for process in (udp, tcp)]
        for asker in askers:
            asker.ended.set()
        for asker in askers:
            asker.join()
        wrong = [error for asker in askers for error in asker.wrong]
        rounds = sum(asker.rounds for asker in askers)
        assert server.stop() == 0, server.output()
    sent, lost = (sum(int(re.search(rf"Queries {word}:\s+(\d+)", output)[1])
                      for output in outputs) for word in ("sent", "lost"))
    return sent, lost, rounds, wrong, states, changes.done


def main(minutes):
    seconds = int(minutes * 60)
    bare_seconds = max(10, seconds // 5)
    with tempfile.TemporaryDirectory() as path:
        bare = soak(pathlib.Path(path) / "bare", bare_seconds, False)
        sent, lost, rounds, wrong, states, done = soak(pathlib.Path(path) / "module",
                                                       seconds - bare_seconds, True)
    warm = [state for state in states if state[0] > WARM * states[-1][0]]
    first, last = warm[:max(1, len(warm) // 4)], warm[-max(1, len(warm) // 4):]
    memory = [max(state[1] for state in part) for part in (first, last)]
    descriptors = [max(state[2] for state in part) for part in (first, last)]
    print(f"without the module: {bare[0]} queries, {bare[1]} lost")
    print(f"with it: {sent} queries, {lost} lost; {rounds} rounds of answers compared with what is "
          f"right, {len(wrong)} wrong")
    print("changes: " + ", ".join(f"{count} {name}" for name, count in sorted(done.items())))
    print(f"memory {memory[0]} MiB, then {memory[1]}; descriptors {descriptors[0]}, "
          f"then {descriptors[1]}")
    assert not wrong, wrong[:3]
    assert lost * bare[0] <= (bare[1] + 5) * sent * 2, "more is lost than without the module"
    assert memory[1] <= memory[0] * 1.2 + 8 and descriptors[1] <= descriptors[0] + 8


if __name__ == "__main__":
    main(float(sys.argv[1]))
