# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documentation shows of kmxpreset is what kmxpreset says."""

import re
import shlex

import pytest

from kmxpreset import MAP, ROOT, run
from knot import skip_known_bug

INSTALLED_MAP = "/etc/knot/mx-presets.zone"


def transcripts(text):
    """Commands and their output, in their order."""
    return re.findall(r"^```\n\$ kmxpreset (.*)\n((?:.*\n)*?)```$", text, re.MULTILINE)


@pytest.mark.parametrize("name, least", [("README.md", 1), ("doc/operating.md", 9)])
def test_transcripts(knotd, name, least):
    shown = transcripts((ROOT / name).read_text())
    assert len(shown) >= least
    if name == "doc/operating.md":
        skip_known_bug((3, 4, 0), (3, 4, 99), "the TTL of what is removed is shown as 0")
    zones = set(re.findall(r"\S+\.example\b", " ".join(command for command, _ in shown)))
    server = knotd({zone: (ROOT / "zones" / f"{zone}.zone").read_text() for zone in zones},
                   settings={"map-file": str(MAP), "builtin": "house"})
    for command, expected in shown:
        result = run(*shlex.split(command), server=server)
        assert (result.out + result.err).replace(str(MAP), INSTALLED_MAP) == expected
        assert result.status == (1 if "error: " in expected or "warning " in expected else 0)
