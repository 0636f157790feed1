# SPDX-License-Identifier: GPL-2.0-or-later
"""Instructions of the server's process for one answer, by callgrind."""

import re
import subprocess

from knot import wait_for

QUERIES = 4000
WARM_UP = 100


def control(server, option):
    subprocess.run(["callgrind_control", option, str(server.process.pid)], check=True,
                   capture_output=True)


def callgrind(folder, *options):
    """Command line to put before a server."""
    return ("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.out", *options)


def collected(server):
    """Instructions that were counted, of a server that has ended."""
    return int(re.search(r"Collected : (\d+)", server.output()).group(1))


def wait_kept(server):
    """Waits until the copy of the map is written: beside the queries, but it would count."""
    wait_for(server.kept_maps, "the map's copy")


def ask_many(server, query, count):
    for _ in range(count):
        server.ask_wire(query)


def instructions(question, way, folder):
    # Start and end of the server are left out.
    with question.server(way, folder, valgrind=callgrind(folder, "--instr-atstart=no")) as server:
        query = question.wait_ready(way, server)
        if way.module:
            wait_kept(server)
        ask_many(server, query, WARM_UP)
        control(server, "--instr=on")
        ask_many(server, query, QUERIES)
        control(server, "--instr=off")
    return collected(server) / QUERIES
