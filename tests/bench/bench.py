#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Benchmark: the module against its peers, measured side by side on this machine.

Prints a table: each figure with its ratio to its peer's and with its bar, and whether that holds.
What else the machine does only adds to a time, so the best of several rounds counts. A bar that
does not hold is no failure all the same.
"""

import argparse
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/server"))

from chart import write_chart  # noqa: E402
from instructions import instructions  # noqa: E402
from many_zones import (STORED, SWITCHES, ManyZones, instructions_of_zone,  # noqa: E402
                        reload_configuration, start_in_turn, starts_of, switch_map, tool_seconds)
import signed_zones  # noqa: E402
from questions import CASES, QUESTIONS  # noqa: E402
from table import at_least, at_most, print_head, print_row, verdict  # noqa: E402
from throughput import ROUNDS, answers_per_second  # noqa: E402

TOOLS = ("knotd", "knotc", "valgrind", "callgrind_control", "dnsperf")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def print_answers(question, figures, bar_of):
    """Rows of the ways to answer a question."""
    peer = figures[question, question.ways[0]]
    for way in question.ways:
        ratio = figures[question, way] / peer
        print_row(f"{question.title}: {way.title}", f"{figures[question, way]:,.0f}", ratio,
                  bar_of(ratio) if way is question.ways[-1] else "")


def measure_instructions(folder):
    print_head("instructions for one answer (callgrind)")
    figures = {}
    for i, (question, way) in enumerate(CASES):
        figures[question, way] = instructions(question, way, folder / f"instructions{i}")
        if way is question.ways[-1]:
            print_answers(question, figures,
                          lambda ratio: question.cost and at_most(question.cost, ratio))
    return figures


def measure_throughput(folder):
    print_head(f"answers per second of CPU time (best of {ROUNDS} rounds)")
    figures = answers_per_second(CASES, folder)
    for question in QUESTIONS:
        print_answers(question, figures,
                      lambda ratio: question.speed and at_least(question.speed, ratio))


def print_starts(plain, ours, count):
    """Rows of what a start costs without the module, and with it."""
    ratio = ours.cpu / plain.cpu
    print_row("start, CPU time: no module", f"{plain.cpu:.1f} s", 1)
    print_row("start, CPU time: mod-mxpreset", f"{ours.cpu:.1f} s", ratio, at_most("1.10", ratio))
    print_row("memory: no module", f"{plain.memory / 1e6:.0f} MB", 1)
    print_row("memory: mod-mxpreset", f"{ours.memory / 1e6:.0f} MB", ours.memory / plain.memory)
    more = (ours.memory - plain.memory) / count
    print_row("memory of the module for a zone", f"{more:.0f} B", bar=at_most("600", more, " B"))


def measure_start(folder):
    print_head("instructions of a start for each zone (callgrind)")
    plain, ours = (instructions_of_zone(folder, module) for module in (False, True))
    print_row("no module", f"{plain:,.0f}", 1)
    print_row("mod-mxpreset", f"{ours:,.0f}", ours / plain, at_most("1.05", ours / plain))


def measure_zones(folder, count):
    print_head(f"{count:,} zones (start: best of {starts_of(count)})")
    print_starts(*start_in_turn(folder, count), count)
    with ManyZones(folder / "many", count) as server:
        switches = switch_map(server)
        reload_time = reload_configuration(server)
    print_row("new preset served: knotc reload", f"{reload_time:.0f} ms", 1)
    median, longest = statistics.median(switches.times), max(switches.times)
    print_row("new preset served: changed map, under load, median", f"{median:.1f} ms",
              median / reload_time)
    print_row("new preset served: changed map, under load, longest", f"{longest:.1f} ms",
              longest / reload_time, at_most("100", longest, " ms"))
    print_row(f"queries lost or failed in {SWITCHES} changes of the map", switches.bad,
              bar=verdict("0", switches.bad == 0))


def measure_tool(folder, count):
    print_head(f"kmxpreset over {count:,} zones that store the house's MX")
    with ManyZones(folder / "stored", count, body=STORED) as server:
        for args in (["list"], ["-n", "-a", "adopt"]):
            seconds = tool_seconds(server, *args)
            print_row(f"{' '.join(args)}: CPU time, the server's with it", f"{seconds:.1f} s",
                      bar=at_most("10", seconds * 100000 / count, " s for 100,000"))


def measure_signature(folder):
    print_head("one signature, ECDSA P-256 (CPU time)")
    (folder / "keys").mkdir()
    output = subprocess.run([ROOT / "build/tests/signature", folder / "keys"], check=True,
                            capture_output=True, text=True).stdout
    bare, whole = (float(word) for word in output.split())
    print_row("bare signing, key in memory", f"{bare:.1f} us", 1)
    print_row("mod-mxpreset, key from its file", f"{whole:.1f} us", whole / bare,
              at_most("1.60", whole / bare))


def print_latency(what, figures):
    """Median and 99th percentile of the milliseconds of an answer, with those before the event."""
    before, after = ((part[49], part[98]) for part in (figures.before, figures.after))
    print_row(what, "{:.1f}, {:.1f} ms".format(*after), after[1] / before[1],
              "before: {:.1f}, {:.1f} ms".format(*before))


def measure_signed(folder, count):
    print_head(f"{count:,} signed zones under {signed_zones.RATE:,} MX queries (DO) per second")
    plain, ours = signed_zones.measure(folder / "signed", count)
    for event, title in (("map", "changed map"), ("reload", "knotc reload")):
        print_row(f"{title}: answers lost, no module", plain[event].lost)
        print_row(f"{title}: answers lost, mod-mxpreset", ours[event].lost,
                  bar=verdict("no more", ours[event].lost <= plain[event].lost))
        ratio = ours[event].rate / plain[event].rate
        print_row(f"{title}: lowest rate, no module", f"{plain[event].rate:,.0f}", 1)
        print_row(f"{title}: lowest rate, mod-mxpreset", f"{ours[event].rate:,.0f}", ratio,
                  at_least("0.90", ratio))
        for side, figures in (("no module", plain), ("mod-mxpreset", ours)):
            print_latency(f"{title}: other names, {side}", figures[event])


def run(zones, signed, svg):
    start = time.monotonic()
    version = subprocess.run(["knotd", "-V"], capture_output=True, text=True).stdout.strip()
    print(f"{version}, {os.cpu_count()} cores\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="mxpreset-bench.") as name:
        folder = pathlib.Path(name)
        figures = measure_instructions(folder)
        if svg is not None:
            write_chart(svg, "Instructions of knotd for one answer (callgrind)",
                        [(f"{question.title}: {way.title}", figures[question, way])
                         for question, way in CASES if not question.signed])
        measure_throughput(folder)
        measure_start(folder)
        measure_zones(folder, zones)
        measure_tool(folder, zones)
        measure_signature(folder)
        measure_signed(folder, signed)
    print(f"\n{time.monotonic() - start:.0f} seconds", flush=True)


def interrupted(number, _):
    """Lets the servers be ended in peace."""
    for other in SIGNALS:
        signal.signal(other, signal.SIG_IGN)
    sys.exit(f"bench: ended by {signal.Signals(number).name}")


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--zones", type=int, default=100000, metavar="N",
                        help="zones of the servers with many zones (default: 100000)")
    parser.add_argument("--signed", type=int, default=20000, metavar="N",
                        help="signed zones (default: 20000)")
    parser.add_argument("--svg", type=pathlib.Path, nargs="?", const=ROOT / "doc/bench.svg",
                        metavar="FILE", help="write a chart, too (default: doc/bench.svg)")
    args = parser.parse_args()
    if args.zones < 1 or args.signed < 1:
        parser.error("--zones, --signed: at least 1")
    # Not every user's has the folder of knotd.
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        sys.exit(f"bench: missing: {', '.join(missing)}")
    for number in SIGNALS:
        signal.signal(number, interrupted)
    try:
        run(args.zones, args.signed, args.svg)
    except (AssertionError, OSError, subprocess.SubprocessError) as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
