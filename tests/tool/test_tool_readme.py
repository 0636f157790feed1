# SPDX-License-Identifier: GPL-3.0-or-later
"""What the README shows of kmxpreset is what kmxpreset says."""

import re
import shlex

from kmxpreset import MAP, ROOT, run

README = (ROOT / "README.md").read_text()
INSTALLED_MAP = "/etc/knot/mx-presets.zone"


def transcripts():
    """Commands and their output, in the order of the README."""
    return re.findall(r"^```\n\$ kmxpreset (.*)\n((?:.*\n)*?)```$", README, re.MULTILINE)


def test_transcripts(knotd):
    shown = transcripts()
    assert len(shown) >= 8
    zones = set(re.findall(r"\S+\.example\b", " ".join(command for command, _ in shown)))
    server = knotd({zone: (ROOT / "zones" / f"{zone}.zone").read_text() for zone in zones},
                   settings={"map-file": str(MAP), "builtin": "house"})
    for command, expected in shown:
        result = run(*shlex.split(command), server=server)
        assert (result.out + result.err).replace(str(MAP), INSTALLED_MAP) == expected
        assert result.status == (1 if "error: " in expected or "warning " in expected else 0)
