# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of many zones: its start, its memory and how fast it takes a changed map."""

import dataclasses
import pathlib
import random
import re
import resource
import signal
import subprocess
import time

from cpu import cpu_seconds
from instructions import callgrind, collected, control
from knot import MAP, ROOT, Knotd, wait_for, zone_text
from throughput import dnsperf

STARTS = 4
STARTED = 400000  # Zones of all starts together, where there is more than one.
COUNTED = (500, 2500)
SWITCHES = 20
SAMPLE = 200
LOAD = 10000
PATIENCE = 900


class ManyZones(Knotd):
    """A server of many zones that share one zone file, which stores the records of body besides."""

    def __init__(self, folder, count, body="", **options):
        super().__init__(folder, {}, **options)
        self.count = count
        self.patience = PATIENCE
        (self.path / "all.zone").write_text(zone_text(body))

    def configuration(self):
        text = super().configuration().replace("any: info", "any: warning") \
            .replace("%s.zone", "all.zone").replace("zone:\n", "")
        if self.module:
            text = text.replace("template:\n  - id: default\n",
                                "template:\n  - id: default\n    module: mod-mxpreset/house\n")
        return text + "zone:\n" + "".join(f"  - domain: {self.zone(i)}\n"
                                          for i in range(self.count))

    @staticmethod
    def zone(i):
        return f"zone{i}.example"

    def log(self):
        # The line that the harness waits for is not a warning.
        return super().log() + ("server started" if self.socket_path.exists() else "")

    def wait_zones(self):
        sample = random.Random(1).sample(range(self.count), min(SAMPLE, self.count))
        for i in sample + [self.count - 1]:
            wait_for(lambda n=i: not self.ask(self.zone(n), "SOA").rcode(), self.zone(i),
                     PATIENCE)
        wait_for(self.is_idle, "the zones to be loaded", PATIENCE)

    def is_idle(self):
        before = cpu_seconds(self)
        time.sleep(0.5)
        return cpu_seconds(self) - before < 0.02

    def memory(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+) kB", text, re.M).group(1)) * 1024

    def milliseconds_to(self, change, host):
        """From the begin of a change to the first answer with a host."""
        query = self.message(self.zone(self.count // 2), edns=False).to_wire()
        label = bytes([len(host)]) + host.encode()
        start = time.monotonic()
        change()
        while label not in self.ask_wire(query):
            if time.monotonic() - start > PATIENCE:
                raise AssertionError(f"waited in vain for {host}")
        return (time.monotonic() - start) * 1000


@dataclasses.dataclass
class Start:
    """What it takes to serve the zones."""

    cpu: float
    memory: int


def start_cost(folder, count, module):
    with ManyZones(folder, count, module=module) as server:
        return Start(cpu_seconds(server), server.memory())


def starts_of(count):
    """How often so many zones are started: a million of them take minutes."""
    return min(STARTS, max(1, STARTED // count))


def start_in_turn(folder, count):
    """What a start costs without the module, and with it: the best of several."""
    starts = [[start_cost(folder / f"start{i}-{module}", count, module)
               for module in (False, True)] for i in range(starts_of(count))]
    return [Start(min(start.cpu for start in side), min(start.memory for start in side))
            for side in zip(*starts)]


def instructions_to_start(folder, count, module):
    with ManyZones(folder, count, module=module, valgrind=callgrind(folder)) as server:
        control(server, "--instr=off")
    return collected(server)


def instructions_of_zone(folder, module):
    """Instructions that each further zone adds to a start."""
    few, many = (instructions_to_start(folder / f"counted{module}{count}", count, module)
                 for count in COUNTED)
    return (many - few) / (COUNTED[1] - COUNTED[0])


@dataclasses.dataclass
class Switches:
    """Milliseconds from a changed map to an answer from it, under load; what the load has lost."""

    times: list
    bad: int


def switch_map(server):
    seed = random.Random(2)
    queries = [server.message(server.zone(seed.randrange(server.count)), edns=False).to_wire()
               for _ in range(LOAD)]
    with dnsperf(server, queries, 3600) as load:
        hosts = [f"switch{i}" for i in range(SWITCHES)]
        maps = [MAP.read_text().replace("mx1.house", f"{host}.house") for host in hosts]
        times = [server.milliseconds_to(lambda text=text: server.write_map(text), host)
                 for text, host in zip(maps, hosts)]
        load.send_signal(signal.SIGINT)
        output, _ = load.communicate()
    lost = int(re.search(r"Queries lost:\s+(\d+)", output).group(1))
    failed = sum(int(number) for code, number in re.findall(r"([A-Z]+) (\d+) \(", output)
                 if code != "NOERROR")
    return Switches(times, lost + failed)


TOOL = ROOT / "build/tool/kmxpreset"
STORED = "@ 3600 MX 10 mx1.house.example.\n@ 3600 MX 20 mx2.house.example.\n@ 3600 TXT v=spf1\n"


def tool_seconds(server, *args):
    """CPU time of a command of kmxpreset and of the server for it, together."""
    def seconds():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cpu_seconds(server) + children.ru_utime + children.ru_stime
    before = seconds()
    subprocess.run([TOOL, "-s", server.socket_path, *args], stdout=subprocess.DEVNULL, check=True)
    return seconds() - before


def reload_configuration(server):
    """Milliseconds of the same by `knotc reload`, without load."""
    server.settings["builtin"] = "ovh"
    server.write_configuration()
    return server.milliseconds_to(lambda: server.knotc("reload"), "mx0")
