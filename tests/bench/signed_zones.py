# SPDX-License-Identifier: GPL-2.0-or-later
"""Signed zones under load while the map changes, and while the configuration is reloaded."""

import contextlib
import dataclasses
import random
import re
import statistics
import subprocess
import threading
import time

from knot import ADDRESS, MAP, wait_for
from many_zones import PATIENCE, ManyZones
from throughput import CLIENTS

RATE = 8000
BEFORE = 3
AFTER = 7
PAUSE = 0.002  # Seconds between two questions for other names.
POLICY = "policy:\n  - id: ecdsa\n    algorithm: ecdsap256sha256\n    single-type-signing: on\n"
SIGNING = "    dnssec-signing: on\n    dnssec-policy: ecdsa\n"
STORED = "@ 3600 MX 10 mx1.house.example.\n@ 3600 MX 20 mx2.house.example.\n"


@dataclasses.dataclass
class Loss:
    """What became of the queries around an event."""

    lost: int
    rate: float  # Answers per second from the event on, at the worst.
    before: list  # Percentiles of the milliseconds that an answer for another name takes,
    after: list  # and from the event on.


def percentiles(seconds):
    return [1000 * part for part in statistics.quantiles(seconds, n=100)]


class SignedZones(ManyZones):
    """A server that signs all of its many zones."""

    def __init__(self, folder, count, module):
        super().__init__(folder, count, body="" if module else STORED, module=module,
                         extra=POLICY)
        self.patience = PATIENCE

    def configuration(self):
        return super().configuration().replace("template:\n  - id: default\n",
                                               "template:\n  - id: default\n" + SIGNING)

    def wait_zones(self):
        super().wait_zones()
        last = self.zone(self.count - 1)
        wait_for(lambda: "RRSIG" in self.ask(last, "SOA", dnssec=True).to_text(), last, PATIENCE)

    def write_queries(self):
        path = self.path / "queries.txt"
        path.write_text("".join(f"{self.zone(i)} MX\n" for i in range(self.count)))
        return path

    @contextlib.contextmanager
    def other_names(self):
        """Asks for names that have no MX, one after the other: (when, seconds) of each answer."""
        taken, done = [], threading.Event()

        def ask():
            seed = random.Random(3)
            while not done.wait(PAUSE):
                start = time.monotonic()
                self.ask(f"ns.{self.zone(seed.randrange(self.count))}", "A")
                taken.append((start, time.monotonic() - start))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield taken
        finally:
            done.set()
            thread.join()

    def load(self, event):
        """Asks all zones in turn, with DO, at a steady rate; in the middle, something happens."""
        with self.other_names() as taken:
            lost, rate, middle = self.ask_all(event)
        before = [seconds for when, seconds in taken if when < middle]
        after = [seconds for when, seconds in taken if when >= middle]
        return Loss(lost, rate, percentiles(before), percentiles(after))

    def ask_all(self, event):
        """The load itself: lost answers, lowest rate, and when the middle was."""
        process = subprocess.Popen(
            ["dnsperf", "-s", ADDRESS, "-p", str(self.port), "-d", str(self.write_queries()),
             "-D", "-Q", str(RATE), "-l", str(BEFORE + AFTER), "-c", str(CLIENTS), "-S", "1",
             "-t", "2"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines, middle = [], None
        for line in process.stdout:
            lines.append(line)
            if len(re.findall(r"^\d+\.\d+: ", "".join(lines), re.M)) == BEFORE and not middle:
                middle = time.monotonic()
                event()
        process.wait()
        text = "".join(lines)
        rates = [float(rate) for rate in re.findall(r"^\d+\.\d+: (\d+\.\d+)", text, re.M)]
        lost = int(re.search(r"Queries lost:\s+(\d+)", text)[1])
        assert "SERVFAIL" not in text, text
        return lost, min(rates[BEFORE:BEFORE + AFTER - 1]), middle


def nothing():
    """No event: without the module, a changed map is none."""


def measure(folder, count):
    """Losses without the module and with it: at a change of the map, and at a reload."""
    folder.mkdir()
    with SignedZones(folder / "plain", count, False) as plain:
        plain.load(nothing)
        without = {"map": plain.load(nothing), "reload": plain.load(lambda: plain.knotc("reload"))}
    with SignedZones(folder / "ours", count, True) as ours:
        ours.load(nothing)  # So that all have been asked for.
        changed = MAP.read_text().replace("mx1.house.example.", "mx9.house.example.")
        figures = {"map": ours.load(lambda: ours.write_map(changed)),
                   "reload": ours.load(lambda: ours.knotc("reload"))}
    return without, figures
