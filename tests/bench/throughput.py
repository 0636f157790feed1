# SPDX-License-Identifier: GPL-2.0-or-later
"""Answers per second of the server's CPU time, asked by dnsperf.

What dnsperf itself can do swings by a quarter where it has no cores of its own.
"""

import contextlib
import re
import struct
import subprocess

from cpu import cpu_seconds
from knot import ADDRESS

SECONDS = 1
ROUNDS = 7
CLIENTS = 10


@contextlib.contextmanager
def dnsperf(server, queries, seconds):
    """Asks the queries (octets) again and again."""
    path = server.path / "queries"
    path.write_bytes(b"".join(struct.pack("!H", len(query)) + query for query in queries))
    process = subprocess.Popen(
        ["dnsperf", "-s", ADDRESS, "-p", str(server.port), "-B", "-d", str(path),
         "-l", str(seconds), "-c", str(CLIENTS)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def run_once(server, query):
    before = cpu_seconds(server)
    with dnsperf(server, [query], SECONDS) as process:
        output, _ = process.communicate()
    answers = int(re.search(r"Queries completed:\s+(\d+)", output).group(1))
    seconds = cpu_seconds(server) - before
    return answers / seconds if seconds > 0 else 0  # Where nothing ran, another round counts.


def answers_per_second(cases, folder):
    """The best figures; all servers run and are asked in turn."""
    with contextlib.ExitStack() as stack:
        running = {}
        for i, (question, way) in enumerate(cases):
            server = stack.enter_context(question.server(way, folder / f"throughput{i}"))
            running[question, way] = server, question.wait_ready(way, server)
        rounds = [{case: run_once(*running[case]) for case in cases} for _ in range(ROUNDS)]
    return {case: max(one[case] for one in rounds) for case in cases}
