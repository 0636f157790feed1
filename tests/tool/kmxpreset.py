# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs kmxpreset, and compares what it says with what a server answers."""

import json
import os
import pathlib
import pty
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = pathlib.Path(os.environ.get("KMXPRESET", ROOT / "build/tool/kmxpreset"))
MAP = ROOT / "conf/mx-presets.zone"


class Result:
    """What a run of the tool gave."""

    def __init__(self, process):
        self.status = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def __repr__(self):
        return f"status {self.status}\n{self.out}\n{self.err}"

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def codes(self):
        return [warning["code"] for warning in self.json["warnings"]]


def run(*args, server=None, wrapper=(), env=None):
    """Runs the tool, with the options of a server's socket."""
    options = ["-s", str(server.socket_path), "-t", "60"] if server else []
    return Result(subprocess.run([*wrapper, str(TOOL), *options, *map(str, args)],
                                 stdin=subprocess.DEVNULL, capture_output=True, timeout=300,
                                 encoding="utf-8", env=env and {**os.environ, **env}))


def run_on_screen(*args, server=None):
    """The lines that the tool writes to a terminal."""
    screen, terminal = pty.openpty()
    text = b""
    options = ["-s", str(server.socket_path)] if server else []
    with subprocess.Popen([str(TOOL), *options, *map(str, args)], stdin=subprocess.DEVNULL,
                          stdout=terminal, stderr=subprocess.STDOUT):
        os.close(terminal)
        try:
            while more := os.read(screen, 65536):
                text += more
        except OSError:
            pass  # Nobody has the terminal any more.
    os.close(screen)
    return text.decode().splitlines()


def refused(result, *words):
    """One line on the standard error output, with certain words, and nothing else."""
    assert result.status == 1, result
    assert result.out == "", result
    assert result.err.count("\n") == 1 and result.err.startswith("error: "), result
    for word in words:
        assert word in result.err, result
    return True


def served(report):
    """The MX of a report in the form of the harness, sorted."""
    return sorted((report["ttl"], mx["priority"], mx["value"]) for mx in report["mx"])


def agree(server, zone, report):
    """The report says what the server answers."""
    expected = served(report) if report["rcode"] == "NOERROR" else report["rcode"]
    assert server.mx(zone) == expected, report
    return report


def contents(server, zone):
    """All records of a zone, its serial among them."""
    return sorted(server.knotc("zone-read", zone).splitlines())
