#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Benchmark: the module against its peers, measured side by side on this machine.

usage: scripts/bench [--zones N] [--svg FILE]

Prints a table and writes a chart. Takes three to four minutes with 100,000 zones.
"""

import argparse
import os
import pathlib
import random
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "server"))

from chart import write_chart  # noqa: E402
from knot import ADDRESS, GSUITE, MAP, Knotd, wait_for, zone_text  # noqa: E402

ZONE = "static.example"
RECORDS = "".join(f"@ {ttl} MX {preference} {exchange}\n" for ttl, preference, exchange in GSUITE)
GSUITE_SETTINGS = {"builtin": "gsuite"}
CALLGRIND_QUERIES = 4000
DNSPERF_SECONDS = 1
DNSPERF_ROUNDS = 7
SWITCHES = 20
SAMPLE = 200


def geoip_section(folder):
    """mod-geoip that answers with the same records to everybody."""
    records = ", ".join(f'"{preference} {exchange}"' for _, preference, exchange in GSUITE)
    (folder / "geo.conf").write_text(f"{ZONE}:\n  - net: 0.0.0.0/0\n    MX: [ {records} ]\n")
    return ("mod-geoip:\n  - id: geo\n    mode: subnet\n    ttl: 3600\n"
            f"    config-file: {folder}/geo.conf\n")


class Case:
    """A way to serve the same zone."""

    def __init__(self, title, name=ZONE, rtype="MX", body="", module=True, geoip=False):
        self.title = title
        self.name = name
        self.rtype = rtype
        self.body = body
        self.module = module
        self.geoip = geoip

    def server(self, folder, **options):
        if not self.geoip:
            return Knotd(folder, {ZONE: zone_text(self.body)}, settings=GSUITE_SETTINGS,
                         module=self.module, **options)
        folder.mkdir()
        return Knotd(folder, {ZONE: zone_text()}, module=False, extra=geoip_section(folder),
                     zone_extra="    module: mod-geoip/geo\n", **options)


STORED = Case("MX stored in the zone", body=RECORDS, module=False)
SYNTHESIZED = Case("MX synthesized")
GEOIP = Case("MX from mod-geoip", geoip=True)
A_PLAIN = Case("A, no module", name=f"ns.{ZONE}", rtype="A", module=False)
A_MODULE = Case("A, module", name=f"ns.{ZONE}", rtype="A")
CASES = [STORED, GEOIP, SYNTHESIZED, A_PLAIN, A_MODULE]


def ask_many(server, query, count):
    for _ in range(count):
        server.ask_wire(query)


def instructions(case, folder):
    """Instructions of the server's process for one query without EDNS, by callgrind."""
    server = case.server(folder, valgrind=(
        "valgrind", "--tool=callgrind", "--instr-atstart=no",
        f"--callgrind-out-file={folder}/callgrind.out"))
    with server:
        query = server.message(case.name, case.rtype, edns=False).to_wire()
        ask_many(server, query, 100)
        control = ["callgrind_control", "--instr=on", str(server.process.pid)]
        subprocess.run(control, check=True, capture_output=True)
        ask_many(server, query, CALLGRIND_QUERIES)
    collected = re.search(r"Collected : (\d+)", server.output())
    return int(collected.group(1)) / CALLGRIND_QUERIES


def dnsperf(server, queries, seconds, clients=10):
    """Starts dnsperf with a file of queries."""
    path = server.path / "queries.txt"
    path.write_text(queries)
    return subprocess.Popen(["dnsperf", "-s", ADDRESS, "-p", str(server.port), "-d", str(path),
                             "-l", str(seconds), "-c", str(clients)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def queries_per_second(cases, folder):
    """All servers run; they are asked in turn, so that a noisy moment hits all of them."""
    servers = [case.server(folder / f"dnsperf{i}") for i, case in enumerate(cases)]
    results = {case: [] for case in cases}
    try:
        for server in servers:
            server.start()
        for _ in range(DNSPERF_ROUNDS):
            for case, server in zip(cases, servers):
                queries = f"{case.name} {case.rtype}\n"
                output, _ = dnsperf(server, queries, DNSPERF_SECONDS).communicate()
                found = re.search(r"Queries per second:\s+([\d.]+)", output)
                results[case].append(float(found.group(1)))
    finally:
        for server in servers:
            server.stop()
    return {case: statistics.median(values) for case, values in results.items()}


class ManyZones(Knotd):
    """A server of many zones that share one zone file."""

    def __init__(self, folder, count, **options):
        super().__init__(folder, {}, **options)
        self.count = count
        (self.path / "all.zone").write_text(zone_text())

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
            wait_for(lambda n=i: not self.ask(self.zone(n), "SOA").rcode(), self.zone(i), 300)
        wait_for(self.is_idle, "the zones to be loaded", 300)

    def is_idle(self):
        before = self.cpu_seconds()
        time.sleep(0.5)
        return self.cpu_seconds() - before < 0.02

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")")[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self):
        text = pathlib.Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+) kB", text, re.M).group(1)) * 1024


def start_cost(folder, count, module):
    """CPU seconds and octets after the start."""
    with ManyZones(folder, count, module=module) as server:
        return server.cpu_seconds(), server.memory()


def map_with(host):
    return MAP.read_text().replace("mx1.house", f"{host}.house")


def wait_for_host(server, host):
    query = server.message(server.zone(server.count // 2), edns=False).to_wire()
    wire = bytes([len(host)]) + host.encode()
    wait_for(lambda: wire in server.ask_wire(query), host)


def switch_latencies(folder, count):
    """Milliseconds from a changed map, and from `knotc reload`, to the first answer from it."""
    with ManyZones(folder, count) as server:
        seed = random.Random(2)
        queries = "".join(f"{server.zone(seed.randrange(count))} MX\n" for _ in range(10000))
        load = dnsperf(server, queries, 3600)
        latencies = []
        for i in range(SWITCHES):
            text = map_with(f"switch{i}")
            start = time.monotonic()
            server.write_map(text)
            wait_for_host(server, f"switch{i}")
            latencies.append((time.monotonic() - start) * 1000)
        load.send_signal(signal.SIGINT)
        output, _ = load.communicate()

        server.settings["builtin"] = "ovh"
        server.write_configuration()
        start = time.monotonic()
        server.knotc("reload")
        wait_for_host(server, "mx0")
        reload_ms = (time.monotonic() - start) * 1000
    lost = int(re.search(r"Queries lost:\s+(\d+)", output).group(1))
    failed = sum(int(number) for code, number in
                 re.findall(r"([A-Z]+) (\d+) \(", output) if code != "NOERROR")
    return latencies, lost + failed, reload_ms


def ratio(value, peer):
    return f"{value / peer:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zones", type=int, default=100000)
    parser.add_argument("--svg", type=pathlib.Path)
    args = parser.parse_args()
    rows = []

    def row(what, value, against, bar=""):
        rows.append((what, value, against, bar))
        print(f"{what:<46} {value:>14} {against:>9}  {bar}", flush=True)

    row("what", "measured", "ratio", "bar")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxpreset-bench."))
    try:
        counts = {case: instructions(case, folder / f"callgrind{i}")
                  for i, case in enumerate(CASES)}
        peers = {STORED: STORED, GEOIP: STORED, SYNTHESIZED: STORED, A_PLAIN: A_PLAIN,
                 A_MODULE: A_PLAIN}
        bars = {SYNTHESIZED: "at most 0.50", A_MODULE: "at most 1.03"}
        for case in CASES:
            row(f"instructions, {case.title}", f"{counts[case]:.0f}",
                ratio(counts[case], counts[peers[case]]), bars.get(case, ""))
        speeds = queries_per_second(CASES, folder)
        for case in CASES:
            row(f"queries per second, {case.title}", f"{speeds[case]:.0f}",
                ratio(speeds[case], speeds[peers[case]]))

        cpu_plain, memory_plain = start_cost(folder / "plain", args.zones, False)
        cpu_module, memory_module = start_cost(folder / "module", args.zones, True)
        zones = f"{args.zones:,} zones"
        row(f"start of {zones}, no module, CPU", f"{cpu_plain:.1f} s", "1.000")
        row(f"start of {zones}, module, CPU", f"{cpu_module:.1f} s",
            ratio(cpu_module, cpu_plain), "at most 1.10")
        row("memory of the module for a zone",
            f"{(memory_module - memory_plain) / args.zones:.0f} B",
            ratio(memory_module, memory_plain), "at most 600 B")

        latencies, lost, reload_ms = switch_latencies(folder / "switch", args.zones)
        row(f"changed map, {zones}, under load, median",
            f"{statistics.median(latencies):.1f} ms",
            ratio(statistics.median(latencies), reload_ms))
        row(f"changed map, {zones}, under load, longest", f"{max(latencies):.1f} ms",
            ratio(max(latencies), reload_ms), "at most 100 ms")
        row(f"queries lost or failed in {SWITCHES} changes", str(lost), "", "0")
        row(f"the same by knotc reload, {zones}", f"{reload_ms:.0f} ms", "1.000")
    finally:
        shutil.rmtree(folder)

    if args.svg:
        write_chart(args.svg, "Instructions of knotd for one answer (callgrind)",
                    [(case.title, counts[case]) for case in CASES])


if __name__ == "__main__":
    main()
