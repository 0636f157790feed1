# SPDX-License-Identifier: GPL-2.0-or-later
"""CPU time of a server."""

import os
import pathlib


def cpu_seconds(server):
    """User and system time until now."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")")[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
