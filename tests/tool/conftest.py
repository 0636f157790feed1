# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of kmxpreset."""

import pytest

import kmxpreset  # It makes the harness known.
from knot import Knotd


def servers_below(path):
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
def lint(tmp_path):
    """Runs `lint` on the text of a zone and returns the result, as JSON."""
    def run(text, *options, zone="example.com"):
        path = tmp_path / f"{zone}.zone"
        path.write_text(text)
        return kmxpreset.run("-j", "-p", kmxpreset.MAP, *options, "lint", path)
    return run
