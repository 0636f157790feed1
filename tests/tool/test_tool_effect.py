# SPDX-License-Identifier: GPL-2.0-or-later
"""What an edit does to answers is told, or it is refused for that."""

import random
import signal
import subprocess
import time

import pytest

from knot import HOUSE, zone_text
from kmxpreset import TOOL, agree, contents, refused, run

BODIES = {
    "empty.example": "",
    "own.example": "@ 600 MX 10 mail.example.net.\n",
    "marked.example": '@ 60 TXT "mx-preset=gandi"\n',
    "failing.example": '@ 60 TXT "mx-preset=nobody"\n',
    "cut.example": "sub NS ns.example.net.\nold DNAME example.net.\n",
    "wild.example": "* 60 A 192.0.2.7\n*.deep 60 TXT x\nthere 60 A 192.0.2.1\n",
    "proof.example": "@ 60 MX 1 ms1.msv1.invalid.\n@ 60 MX 5 mail.example.net.\n",
    "sts.example": '_mta-sts 60 TXT "v=STSv1; id=1"\n@ 60 TXT "v=spf1 include:mx.ovh.com -all"\n',
}

# arguments -> words of the error
REFUSED = {
    "delegated": (["add", "cut.example", "sub", "10", "mail.example.net"], "delegated"),
    "below a delegation": (["add", "cut.example", "a.b.sub", "10", "mail.example.net"],
                           "delegated"),
    "below a DNAME": (["add", "cut.example", "x.old", "10", "mail.example.net"], "DNAME"),
    "only a proof": (["add", "empty.example", "@", "1", "ms9.msv1.invalid"], "mail is lost"),
    "only another proof": (["add", "empty.example", "@", "1", "x.mx-verification.google.com"],
                           "mail is lost"),
    "only a proof under a marker": (["add", "marked.example", "@", "1", "ms9.msv1.invalid"],
                                    "mail is lost"),
    "reserved": (["add", "empty.example", "@", "1", "mail.invalid"], "VALUE"),
    "local": (["add", "empty.example", "@", "1", "mail.local"], "VALUE"),
    "number": (["add", "empty.example", "@", "1", "mail.0x1f"], "VALUE"),
    "underscore": (["add", "empty.example", "@", "1", "a_b.example"], "VALUE"),
}

# arguments -> words of the warnings, one line each
WARNED = {
    "first override": (["add", "empty.example", "@", "10", "mail.example.net"],
                       [("no longer", "mx1.house.example., mx2.house.example.")]),
    "not the first": (["add", "own.example", "@", "20", "mail2.example.net"], []),
    "override of a marker": (["add", "marked.example", "@", "10", "mail.example.net"],
                             [("no longer", "spool.mail.gandi.net.")]),
    "the same exchange": (["add", "empty.example", "@", "10", "mx1.house.example"], []),
    "built-in under a marker": (["add", "marked.example", "@", "10", "mx1.house.example"],
                                [("not served", "mx1.house.example.", "marker")]),
    "built-in under a marker that fails": (["add", "failing.example", "@", "10", "mx1.house.example"],
                                           [("not served", "mx1.house.example.", "marker")]),
    "built-in beside an override": (["add", "own.example", "@", "10", "mx1.house.example"],
                                    [("not served", "mx1.house.example.")]),
    "wildcard": (["add", "wild.example", "new", "10", "mail.example.net"],
                 [("*.wild.example.", "loses")]),
    "wildcard further down": (["add", "wild.example", "a.deep", "10", "mail.example.net"],
                              [("*.deep.wild.example.", "loses")]),
    "no wildcard": (["add", "wild.example", "there", "10", "mail.example.net"], []),
    "proof beside": (["add", "own.example", "@", "10", "ms9.msv1.invalid"], []),
    "proof is left": (["del", "proof.example", "@", "5", "mail.example.net"], [("mail is lost",)]),
    "policies": (["use", "sts.example", "gandi"], [("MTA-STS",), ("SPF", "include:")]),
    "policies, same answer": (["use", "sts.example", "house"], []),
    "policies, other host": (["add", "sts.example", "www", "10", "mail.example.net"], []),
}


@pytest.fixture(scope="module")
def server(shared_knotd):
    return shared_knotd({zone: zone_text(body) for zone, body in BODIES.items()})


@pytest.mark.parametrize("name", REFUSED)
def test_refused(server, name):
    args, *words = REFUSED[name]
    before = contents(server, args[1])
    for options in (("-j",), ("-n",), ()):
        refused(run(*options, *args, server=server), *words)
    assert contents(server, args[1]) == before


@pytest.mark.parametrize("name", WARNED)
def test_warned(server, name):
    args, expected = WARNED[name]
    result = run("-n", "-j", *args, server=server)
    assert result.status == 0, result
    lines = result.err.splitlines()
    assert len(lines) == len(expected), lines
    for line, words in zip(lines, expected):
        assert line.startswith("warning: ") and all(word in line for word in words), line


def test_catalog(knotd):
    server = knotd({"cat.example": zone_text('version 0 TXT "2"\n')}, start=False,
                   modules={"cat.example": ""},
                   zone_extra="    catalog-role: interpret\n    catalog-template: default\n")
    server.start(wait_zones=False)
    refused(run("add", "cat.example", "@", "10", "mail.example.net", server=server), "catalog")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP])
def test_interrupted(knotd, number):
    """Whoever has committed has said so, and who has not said so has not."""
    server = knotd({"a.example": zone_text()})
    chance = random.Random(int(number))
    ended = 0
    for serial in range(25):
        host = f"h{serial}"
        tool = subprocess.Popen([TOOL, "-s", server.socket_path, "add", "a.example", host, "10",
                                 "mail.example.net"], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)
        time.sleep(chance.random() * 0.02)  # Any moment of the edit.
        tool.send_signal(number)
        out, _ = tool.communicate(timeout=30)
        ended += tool.returncode != 0
        stored = any(f"{host}.a.example." in line for line in contents(server, "a.example"))
        assert stored == out.startswith("changed\n"), (serial, out)
    assert ended > 0
    assert server.mx("a.example") == HOUSE
    agree(server, "a.example", run("-j", "reset", "a.example", server=server).json)
