# SPDX-License-Identifier: GPL-2.0-or-later
"""Preset maps change while the server answers: without a reload, and no answer is ever wrong."""

import concurrent.futures
import itertools
import pathlib
import random
import re
import time

import pytest

from knot import Askers, wait_for, zone_text
from mapstates import (  # noqa: F401  (two are fixtures)
    BAD, LOADED, MARKED, OWN, PLACES, REFUSED, ZONE, ZONES, States, background,
    folder_linked, folder_replaced, freed_memory_is_overwritten, hard_linked,
    in_use, kept_open, linked, live, load, new_file, renamed, state_of,
    with_error, written, written_in_parts)


def run_switches(server, states, place, zone, count=200):
    """Switches of one kind, every second one after a bad state, some of them waited for."""
    chance = random.Random(place.__name__)
    wait = 16 if place is kept_open else 4  # It has to be still for long.
    for number in range(count):
        if number % 2:
            chance.choice(BAD)(states.path, states.bad())
        with states.switch(place):
            if number % wait == 0:
                states.wait(server, zone)
    states.wait(server, zone)


def test_every_kind(knotd):
    """Maps of several instances, each changed in its own way at the same time."""
    names = [place.__name__ for place in PLACES]
    zones = {f"{name.replace('_', '-')}.example": name for name in names}
    server = knotd({zone: zone_text("www 60 CNAME @\n") for zone in zones}, start=False,
                   modules={zone: f"mod-mxpreset/{name}" for zone, name in zones.items()})
    states = {name: States(in_use(server.path / name / "current" / "map")) for name in names}
    server.instances = {name: {"builtin": "house", "map-file": states[name].path}
                        for name in names}
    for map_states in states.values():
        map_states.switch()
    server.start()
    with Askers(server, {prefix + zone: states[name] for zone, name in zones.items()
                         for prefix in ("", "www.")}):
        with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(run_switches, itertools.repeat(server), states.values(), PLACES, zones))


def test_writer_goes_on(live):  # noqa: F811
    """A file that grows is not read, though it is a good map at the end of each line."""
    server, states = live()
    whole = 0
    while whole < 3:
        before, lines = server.mx(ZONE), states.next().splitlines(keepends=True)
        answers, longest, last = [], 0, time.monotonic()
        with open(states.path, "w", encoding="ascii") as file:
            for line in [*lines[:2], *(f"more{i} MX 1 mx.example.\n" for i in range(40))]:
                file.write(line)
                file.flush()
                now = time.monotonic()
                longest, last = max(longest, now - last), now
                answers += [server.mx(zone) for zone in (ZONE, MARKED)]
                time.sleep(0.02)
            file.write(lines[-1])
        # A writer that was held up for long has been still: nobody could know better.
        if longest < 1.5:
            assert all(answer == before for answer in answers)
            whole += 1
        states.wait(server)


def test_writer_pauses(live):  # noqa: F811
    """So does half a map whose writer has not closed it."""
    server, states = live()
    before, lines = server.mx(ZONE), states.next().splitlines(keepends=True)
    with open(states.path, "w", encoding="ascii") as file:
        file.writelines(lines[:2])
        file.flush()
        paused = time.monotonic()
        while time.monotonic() < paused + 1:
            assert server.mx(ZONE) == before
            time.sleep(0.02)
        file.writelines(lines[2:])
    states.wait(server)


def test_written_again_at_once(live):  # noqa: F811
    """That one writer has finished says nothing of the next one."""
    server, states = live()
    with Askers(server, load(states)):
        for _ in range(100):
            for place in (written, written, written, written_in_parts):
                states.switch(place)
            states.wait(server)


@pytest.mark.parametrize("place", [renamed, written, linked])
@pytest.mark.parametrize("before", [renamed, folder_linked, folder_replaced])
def test_never_still(knotd, before, place):
    """Changes are heard of, also in a folder that has come later: none has to be still first."""
    server = knotd(ZONES, start=False, map_text=None)
    states = States(in_use(server.path / "maps" / "current" / "map"))
    server.settings["map-file"] = states.path
    states.switch()
    server.start()
    for _ in range(2):
        states.switch(before)
        states.wait(server)
    first = states.last
    with background(lambda: states.switch(place)):
        wait_for(lambda: state_of(server.mx(ZONE)) > first + 5, "a state while they change")
    states.wait(server)


def most_loads(began):
    """Of changes without a pause: one each quarter of a second, and what comes before and after."""
    return 2 + (time.monotonic() - began) / 0.25


def test_quick_changes_collapse(live):  # noqa: F811
    """Files that follow each other without a pause are read four times a second, not each one."""
    server, states = live()
    most = 1
    with Askers(server, load(states)):
        for _ in range(5):
            ready = [new_file(states.path, states.next()) for _ in range(200)]
            began = time.monotonic()
            for path in ready:
                path.rename(states.path)
            states.wait(server)
            most += most_loads(began)
    assert 6 <= len(server.log_lines(LOADED)) <= most < 200
    assert not server.log_lines(" error: ")


def test_unchanged_rewrite(live):  # noqa: F811
    """The same text put there again and again is a change like any other, and no error."""
    server, states = live()
    text = states.path.read_text()
    began = time.monotonic()
    with Askers(server, load(states)):
        for place in [renamed, written, linked, hard_linked] * 20:
            place(states.path, text)
        states.switch()
        states.wait(server)
    assert 2 <= len(server.log_lines(LOADED)) <= 1 + most_loads(began) < 40
    assert not server.log_lines(" error: ")


def test_appears_later(knotd):
    """A map, its folder, or all that leads there come after the server."""
    server = knotd(ZONES, start=False, map_text=None)
    states = States(server.path / "later" / "still" / "map")
    server.settings["map-file"] = states.path
    server.start()
    assert len(server.log_lines("warning: .*preset map does not exist yet")) == 1
    assert server.mx(ZONE) == "SERVFAIL"
    assert server.mx("own.example") == OWN
    in_use(states.path)
    for place in (renamed, written, linked):
        states.switch(place)
        states.wait(server)
    assert not server.log_lines(REFUSED)


def test_memory_does_not_grow(live):  # noqa: F811
    """Each state is of 100 presets, more than 100 octets each."""
    server, states = live(filler=100)

    def resident():
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])

    with Askers(server, load(states)):
        for number in range(1200):
            if number == 200:
                before = resident()
            if number % 4 == 0:
                with_error(states.path, states.bad())
                server.mx(ZONE)
            states.switch()
            states.wait(server)
        assert resident() - before < 8 * 1024
