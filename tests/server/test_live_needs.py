# SPDX-License-Identifier: GPL-2.0-or-later
"""A map that lacks what is in use is refused, as long as it is."""

import re

import pytest

from knot import Askers, HOUSE, preset, wait_for
from mapstates import (  # noqa: F401  (two are fixtures)
    MARKED, REFUSED, ZONE, freed_memory_is_overwritten, live, renamed, served)


def text_without(text, name):
    return "".join(line for line in text.splitlines(keepends=True)
                   if not line.startswith(name + " "))


def test_builtin_goes_when_nobody_needs_it(live):  # noqa: F811
    server, states = live()
    text = states.next()
    renamed(states.path, text + f"spare 60 MX 10 s{states.last:06}.house.example.\n"
                                f"spare 60 MX 20 t{states.last:06}.house.example.\n")
    states.wait(server)
    last = states.last
    with Askers(server, {zone: states for zone in (ZONE, "www." + ZONE)}):
        text = states.next()
        renamed(states.path, re.sub("(?m)^house", "spare", text_without(text, "second")))
        server.wait_log(REFUSED + f".*{states.path}.*'house'")
        server.reload()
        assert server.mx(ZONE) == served(last)
        server.settings["builtin"] = "spare"
        server.reload()
        states.wait(server)
    assert len(server.log_lines(REFUSED)) == 1
    assert len(server.log_lines(" error: ")) == 1


def test_preset_goes_when_nobody_needs_it(live):  # noqa: F811
    server, states = live(settings={"preset": "filler0"})
    filler = preset(60, "10 mx0.filler.example.")
    assert server.mx(ZONE) == filler
    renamed(states.path, text_without(states.next(), "filler0"))
    server.wait_log(REFUSED + f".*{states.path}.*'filler0'")
    assert server.mx(ZONE) == filler
    server.settings["preset"] = None
    server.reload()
    states.wait(server)
    assert len(server.log_lines(" error: ")) == 1


def test_lacked_from_the_start(live):  # noqa: F811
    """What the present map lacks too is no reason to refuse the next one."""
    server, states = live(settings={"builtin": "nobody"})
    assert server.mx(ZONE) == "SERVFAIL"
    assert len(server.log_lines(" error: .*'nobody'")) == 1
    states.switch()
    wait_for(lambda: server.mx(MARKED) == served(states.last), "the new state")
    assert server.mx(ZONE) == "SERVFAIL"
    assert not server.log_lines(REFUSED)
    states.bad()
    renamed(states.path, "nobody MX 10 mx1.house.example.\nnobody MX 20 mx2.house.example.\n")
    wait_for(lambda: server.mx(ZONE) == HOUSE, "the built-in")


NEEDS = {
    "default": ({}, 'tenant 60 MX 10 _id_.tenant.example.\ntenant TXT "id=a"\n',
                'tenant 60 MX 10 _id_.tenant.example.\n'),
    "param": ({"param": ["id=a"]}, "tenant 60 MX 10 _id_.tenant.example.\n",
              "tenant 60 MX 10 _other_.tenant.example.\n"),
}


@pytest.mark.parametrize("kind", NEEDS)
def test_new_map_needs_more(live, kind):  # noqa: F811
    """An instance's preset that cannot be expanded any more fails, and serves again when it can."""
    settings, good, lacking = NEEDS[kind]
    server, states = live(settings={"preset": "tenant", **settings}, start=False)
    renamed(states.path, states.next() + good)
    server.start()
    assert server.mx(ZONE) == preset(60, "10 a.tenant.example.")
    for _ in range(4):
        renamed(states.path, states.next() + lacking)
        wait_for(lambda: server.mx(MARKED) == served(states.last), "the new state")
        assert server.mx(ZONE) == "SERVFAIL"
    assert len(server.log_lines(rf" warning: \[{ZONE}\.\]")) == 1
    renamed(states.path, states.next() + good)
    wait_for(lambda: server.mx(ZONE) == preset(60, "10 a.tenant.example."), "the preset")
    assert not server.log_lines(" error: ")
