# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of all tests with a real knotd, whose helpers are in server/."""

import pathlib
import signal
import sys
import threading

import pytest

for folder in ("server", "bench"):
    sys.path.insert(0, str(pathlib.Path(__file__).parent / folder))

from knot import Knotd  # noqa: E402
from signing import signed_by  # noqa: E402

# A shell without job control starts what runs in the background with the first two ignored, nohup
# with the third, and what is started here would inherit that. A worker of pytest-xdist has it right
# from its parent, and may load this in a thread that must not set it.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def servers_below(path):
    """Makes and starts servers; all of them are ended with the scope, also when a test fails."""
    servers = []

    def make(zones, start=True, **options):
        server = Knotd(path / f"knot{len(servers)}", zones, **options)
        servers.append(server)
        return server.start() if start else server

    yield make
    for server in servers:
        server.stop()


@pytest.fixture
def knotd(tmp_path):
    """Servers of one test."""
    yield from servers_below(tmp_path)


@pytest.fixture(scope="module")
def shared_knotd(tmp_path_factory):
    """Servers that the tests of one file share."""
    yield from servers_below(tmp_path_factory.mktemp("shared"))


@pytest.fixture
def signed(knotd):
    """Servers that sign their zones with one policy."""
    return lambda zones, kinds=None, **options: signed_by(knotd, zones, kinds, **options)
