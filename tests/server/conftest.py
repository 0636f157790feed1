# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests with a real knotd."""

import pytest

from knot import Knotd


@pytest.fixture
def knotd(tmp_path):
    """Makes and starts servers; all of them are ended with the test, also when it fails."""
    servers = []

    def make(zones, start=True, **options):
        server = Knotd(tmp_path / f"knot{len(servers)}", zones, **options)
        servers.append(server)
        return server.start() if start else server

    yield make
    for server in servers:
        server.stop()
