# SPDX-License-Identifier: GPL-2.0-or-later
"""The module in a server that it was not built for."""

import shutil
import subprocess

import pytest

from knot import ROOT, zone_text

REFUSED = "module 'mod-mxpreset, built for another Knot DNS', incompatible version"


@pytest.mark.parametrize("command, library, refused", [
    ("knotc conf-check", "libknot.so.0", True),
    ("knotc conf-check", "libknots.so.0", False),
    ("knotd", "libknot.so.0", True),
])
def test_other_libknot(knotd, command, library, refused):
    """A second libknot in the process came with the module: the server does not take it."""
    server = knotd({"plain.example": zone_text()}, start=False)
    assert server.conf_check()[0] == 0
    path = shutil.copy(ROOT / "build/tests/fail.so", server.path / library)
    tool, *verb = command.split()
    ret = subprocess.run([tool, "-c", str(server.path / "knot.conf"), *verb], timeout=60,
                         env={**server.environment, "LD_PRELOAD": str(path)}, text=True,
                         capture_output=True)
    said = ret.stdout + ret.stderr
    assert (ret.returncode, REFUSED in said) == (int(refused), refused), said
