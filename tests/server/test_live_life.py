# SPDX-License-Identifier: GPL-2.0-or-later
"""Maps change while the server starts and stops, in all the ways it can run."""

import itertools
import os
import pathlib
import re
import shutil
import tempfile

import pytest

from knot import Askers, Knotd, wait_for
from mapstates import (  # noqa: F401  (two are fixtures)
    BAD, LOADED, PLACES, REFUSED, ZONES, States, background, denied,
    freed_memory_is_overwritten, linked, live, load, renamed, written)
from test_valgrind import memcheck  # noqa: F401  (a fixture)


def test_stop_in_the_middle(live):  # noqa: F811
    server, states = live()
    for _ in range(20):
        with background(states.switch):
            wait_for(lambda: len(server.log_lines(LOADED)) > 3, "some states")
            pid = server.process.pid
            assert server.stop() == 0
            assert not pathlib.Path(f"/proc/{pid}").exists()
            assert "shutting down" in server.log()
            server.start(wait_zones=False)


def threads(server):
    return {path.name for path in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()}


def blocked(server, thread):
    path = pathlib.Path(f"/proc/{server.process.pid}/task/{thread}/status")
    return int(re.search(r"SigBlk:\s+(\S+)", path.read_text())[1], 16)


# All signals but those that cannot be blocked, and two that the C library keeps for itself.
SIGNALS = (1 << 64) - 1 - sum(1 << (number - 1) for number in (9, 19, 32, 33))


def test_one_thread_as_long_as_needed(live):  # noqa: F811
    server, states = live(module=False)
    server.reload()  # Since 3.4, the first one gives the server another thread of its own.
    bare = threads(server)
    for _ in range(3):
        server.module = True
        server.reload()
        states.switch()
        states.wait(server)
        (thread,) = threads(server) - bare
        assert blocked(server, thread) & SIGNALS == SIGNALS
        server.reload()
        server.knotc("-f", "-b", "zone-reload")
        states.switch()
        states.wait(server)
        assert len(threads(server) - bare) == 1
        server.module = False
        server.reload()
        assert threads(server) == bare
    assert server.stop() == 0


def test_in_the_background(live):  # noqa: F811
    server, states = live(daemon=True)
    for place in (renamed, written, linked):
        states.switch(place)
        states.wait(server)
    assert server.stop() == 0
    assert server.log_lines("shutting down")


@pytest.fixture
def open_folder():
    """A folder that another user can reach."""
    path = pathlib.Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_as_another_user(open_folder):
    """The server gives up root's rights once it has loaded the zones."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    server = Knotd(open_folder, ZONES, map_text=None, server="    user: knot:knot\n")
    states = States(server.map_path)
    states.switch()
    (open_folder / "db").mkdir()
    server.log_path.touch()
    for path in [open_folder, *open_folder.iterdir()]:
        shutil.chown(path, "knot", "knot")
    with server:
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        assert not re.search(r"Uid:.*\b0\b", status)
        with Askers(server, load(states)):
            for number, place in enumerate([renamed, written, linked], 1):
                denied(states.path, states.bad())
                server.wait_log(REFUSED, number)
                states.path.unlink()
                states.switch(place)
                states.wait(server)
        denied_lines = server.log_lines(REFUSED + ".*denied|" + REFUSED + ".*permitted")
        assert len(denied_lines) == 3


def test_under_memcheck(memcheck):  # noqa: F811
    server = memcheck(ZONES)
    states = States(server.map_path)
    states.switch()
    states.wait(server)
    with Askers(server, load(states)):
        for spoil, place in zip(itertools.cycle(BAD), PLACES[:7] * 4):
            spoil(states.path, states.bad())
            with states.switch(place):
                states.wait(server)
        server.reload()
        states.switch()
        states.wait(server)
