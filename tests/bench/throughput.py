# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers per second, by dnsperf."""

import contextlib
import re
import statistics
import struct
import subprocess

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
    with dnsperf(server, [query], SECONDS) as process:
        output, _ = process.communicate()
    return float(re.search(r"Queries per second:\s+([\d.]+)", output).group(1))


def answers_per_second(cases, folder):
    """All servers run; they are asked in turn, so that a noisy moment hits all of them."""
    with contextlib.ExitStack() as stack:
        running = {}
        for i, (question, way) in enumerate(cases):
            server = stack.enter_context(question.server(way, folder / f"throughput{i}"))
            running[question, way] = server, question.wait_ready(way, server)
        rounds = [{case: run_once(*running[case]) for case in cases} for _ in range(ROUNDS)]
    return {case: statistics.median(one[case] for one in rounds) for case in cases}
