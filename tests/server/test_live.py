# SPDX-License-Identifier: GPL-3.0-or-later
"""Preset maps change while the server answers: without a reload, and no answer is ever wrong."""

import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import random
import re
import shutil
import tempfile
import threading
import time

import pytest

from knot import Askers, HOUSE, Knotd, long_marker, preset, wait_for, zone_text
from test_valgrind import memcheck  # noqa: F401  (a fixture)

OWN = preset(600, "10 mail.own.example.")
ZONE = "plain.example"
MARKED = "marked.example"
LONG = "long.example"  # A query that takes long still has its map when a new one is published.
BODIES = {
    ZONE: "www 60 CNAME @\n",
    MARKED: '@ TXT "mx-preset=second"\n',
    LONG: long_marker("mx-preset=second", "last=v"),
    "own.example": "@ 600 MX 10 mail.own.example.\n",
}
ZONES = {zone: zone_text(body) for zone, body in BODIES.items()}
LOADED = " info: .*preset map loaded, "
REFUSED = " error: .*preset map refused"


@pytest.fixture(autouse=True)
def freed_memory_is_overwritten(monkeypatch):
    """Whatever a query still reads when it was freed is wrong at once."""
    monkeypatch.setenv("MALLOC_PERTURB_", "165")


# States of a map

def served(number):
    """The answer from the state of a number."""
    return preset(60, f"10 s{number:06}.house.example.", f"20 t{number:06}.house.example.")


def state_of(answer):
    """The number of the state that an answer is from, None if it is from no whole one."""
    match = answer and re.match(r"s(\d+)\.", answer[0][-1])
    return int(match[1]) if match and answer == served(int(match[1])) else None


def lines_of(number, filler=20):
    """A map that says something at the end of every line, and all in the last one."""
    return ["second CNAME house\n", f"house 60 MX 10 s{number:06}.house.example.\n",
            *(f"filler{i} 60 MX 10 mx{i}.filler.example.\n" for i in range(filler)),
            f"house 60 MX 20 t{number:06}.house.example.\n"]


class States:
    """The numbered states of one map; contains an answer if it may be given.

    That is if it is from a good state, and not from an older one than this thread has seen.
    """

    def __init__(self, path, filler=20):
        self.path, self.filler = path, filler
        self.numbers = itertools.count()
        self.good = set()
        self.last = None
        self.seen = threading.local()

    def bad(self):
        return "".join(lines_of(next(self.numbers), self.filler))

    def next(self):
        self.last = next(self.numbers)
        self.good.add(self.last)
        return "".join(lines_of(self.last, self.filler))

    def switch(self, place=None):
        """Puts the next state into place; returns what is to be closed when it is served."""
        return (place or renamed)(self.path, self.next()) or contextlib.nullcontext()

    def __contains__(self, answer):
        number, seen = state_of(answer), getattr(self.seen, "number", -1)
        self.seen.number = max(seen, number if number is not None else -1)
        return number in self.good and number >= seen

    def wait(self, server, zone=ZONE):
        wait_for(lambda: server.mx(zone) == served(self.last), f"state {self.last} of {self.path}",
                 server.patience)


@contextlib.contextmanager
def background(run):
    """Runs run() again and again meanwhile."""
    ended = threading.Event()

    def loop():
        while not ended.wait(0.002):
            run()

    with concurrent.futures.ThreadPoolExecutor() as pool:
        future = pool.submit(loop)
        try:
            yield
        finally:
            ended.set()
        future.result()


# Ways to put a map into place

fresh_numbers = itertools.count()


def fresh(path):
    """A name that nothing has yet, beside a path."""
    return path.with_name(f"{path.name}.{next(fresh_numbers)}")


def new_file(path, text):
    new = fresh(path)
    new.write_text(text)
    return new


def clear(path):
    if path.is_dir():
        path.rmdir()


def renamed(path, text):
    clear(path)
    new_file(path, text).rename(path)


def written(path, text):
    clear(path)
    path.write_text(text)


def written_in_parts(path, text):
    """With a pause where what is there looks complete."""
    clear(path)
    lines = text.splitlines(keepends=True)
    with open(path, "w", encoding="ascii") as file:
        file.writelines(lines[:-1])
        file.flush()
        time.sleep(0.02)
        file.write(lines[-1])


def kept_open(path, text):
    clear(path)
    file = open(path, "w", encoding="ascii")  # pylint: disable=consider-using-with
    file.write(text)
    file.flush()
    return file


def linked(path, text):
    clear(path)
    link = fresh(path)
    link.symlink_to(new_file(path, text))
    link.rename(path)


def hard_linked(path, text):
    clear(path)
    new = new_file(path, text)
    path.unlink(missing_ok=True)
    path.hardlink_to(new)
    new.unlink()


def deleted_and_back(path, text):
    clear(path)
    path.unlink(missing_ok=True)
    path.write_text(text)


def folder_linked(path, text):
    """/maps/current/map, where `current` is a symbolic link."""
    release = fresh(path.parent)
    release.mkdir()
    (release / path.name).write_text(text)
    link = fresh(path.parent)
    link.symlink_to(release.name)
    if not path.parent.is_symlink() and path.parent.exists():
        path.parent.rename(fresh(path.parent))
    link.rename(path.parent)


def folder_replaced(path, text):
    new = fresh(path.parent)
    new.mkdir()
    (new / path.name).write_text(text)
    if path.parent.exists():
        path.parent.rename(fresh(path.parent))
    new.rename(path.parent)


PLACES = [renamed, written, written_in_parts, kept_open, linked, hard_linked, deleted_and_back,
          folder_linked, folder_replaced]


# Ways to spoil a map

def truncated(path, text):
    clear(path)
    path.write_text(text[:len(text) // 2].rstrip("\n"))


def cut_off(path, text):
    renamed(path, text[:-1])


def with_error(path, text):
    renamed(path, text + "house 60 SRV 1 1 1 a.\n")


def garbage(path, _):
    clear(path)
    path.write_bytes(bytes(range(256)) * 16)


def empty(path, _):
    written(path, "")


def deleted(path, _):
    clear(path)
    path.unlink(missing_ok=True)


def folder_instead(path, _):
    deleted(path, _)
    path.mkdir()


def denied(path, text):
    clear(path)
    new = new_file(path, text)
    new.chmod(0)
    new.rename(path)


BAD = [truncated, cut_off, with_error, garbage, empty, deleted, folder_instead]


def in_use(path):
    """A path of a map whose folder may go."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture
def live(knotd):
    """A server and the states of its map, the first of them in place."""
    def make(zones=None, filler=20, start=True, **options):
        server = knotd(zones or ZONES, start=False, map_text=None, **options)
        states = States(server.map_path, filler)
        states.switch()
        return (server.start() if start else server), states
    return make


def load(states):
    return {ZONE: states, "www." + ZONE: states, MARKED: states, LONG: states,
            "own.example": [OWN]}


# Changes

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


def test_writer_goes_on(live):
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


def test_writer_pauses(live):
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


def test_written_again_at_once(live):
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


def test_quick_changes_collapse(live):
    server, states = live()
    with Askers(server, load(states)):
        for _ in range(5):
            ready = [new_file(states.path, states.next()) for _ in range(200)]
            for path in ready:
                path.rename(states.path)
            states.wait(server)
    assert len(server.log_lines(LOADED)) < 1000
    assert not server.log_lines(" error: ")


def test_unchanged_rewrite(live):
    server, states = live()
    text = states.path.read_text()
    with Askers(server, load(states)):
        for place in [renamed, written, linked, hard_linked] * 20:
            place(states.path, text)
        states.switch()
        states.wait(server)
    assert not server.log_lines(" error: ")


def test_appears_later(knotd):
    """A map, its folder, or all that leads there come after the server."""
    server = knotd(ZONES, start=False, map_text=None)
    states = States(server.path / "later" / "still" / "map")
    server.settings["map-file"] = states.path
    server.start()
    assert len(server.log_lines(REFUSED)) == 1
    assert server.mx(ZONE) == "SERVFAIL"
    assert server.mx("own.example") == OWN
    in_use(states.path)
    for place in (renamed, written, linked):
        states.switch(place)
        states.wait(server)
    assert len(server.log_lines(REFUSED)) == 1


def test_memory_does_not_grow(live):
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


# What is logged

def test_one_line_for_each_state(live):
    server, states = live()
    other = States(server.path / "other.zone")
    other.switch()
    server.instances["other"] = {"builtin": "house", "map-file": other.path}
    server.zones["other.example"] = zone_text()
    server.modules["other.example"] = "mod-mxpreset/other"
    server.write_zone("other.example", zone_text())
    server.reload()

    def lines(pattern, path):
        return len(server.log_lines(f"{pattern}.*{path}:"))

    for number in range(1, 21):
        assert lines(LOADED, states.path) == number
        states.switch()
        states.wait(server)
    assert server.log_lines(LOADED + f".*{states.path}: 21 presets, 22 records$")

    loads = lines(LOADED, states.path)
    for number, spoil in enumerate([with_error, cut_off, empty, garbage, deleted,
                                    folder_instead], 1):
        spoil(states.path, states.bad())
        server.wait_log(REFUSED, number)
        # The files are looked at together.
        for _ in range(3):
            other.switch()
            other.wait(server, "other.example")
        server.reload()
        assert lines(REFUSED, states.path) == len(server.log_lines(REFUSED)) == number
        assert server.mx(ZONE) == served(states.last)
    assert lines(LOADED, states.path) == loads


# What instances need

def text_without(text, name):
    return "".join(line for line in text.splitlines(keepends=True)
                   if not line.startswith(name + " "))


def test_builtin_goes_when_nobody_needs_it(live):
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


def test_preset_goes_when_nobody_needs_it(live):
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


def test_lacked_from_the_start(live):
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


FALLBACKS = {
    "default": ({}, 'tenant 60 MX 10 _id_.tenant.example.\ntenant TXT "id=a"\n',
                'tenant 60 MX 10 _id_.tenant.example.\n'),
    "param": ({"param": ["id=a"]}, "tenant 60 MX 10 _id_.tenant.example.\n",
              "tenant 60 MX 10 _other_.tenant.example.\n"),
}


@pytest.mark.parametrize("kind", FALLBACKS)
def test_new_map_needs_more(live, kind):
    """An instance's preset that cannot be expanded any more falls back to the built-in."""
    settings, good, lacking = FALLBACKS[kind]
    server, states = live(settings={"preset": "tenant", **settings}, start=False)
    renamed(states.path, states.next() + good)
    server.start()
    assert server.mx(ZONE) == preset(60, "10 a.tenant.example.")
    renamed(states.path, states.next() + lacking)
    states.wait(server)
    for _ in range(3):
        renamed(states.path, states.next() + lacking)
        states.wait(server)
    assert len(server.log_lines(rf" warning: \[{ZONE}\.\]")) == 1
    renamed(states.path, states.next() + good)
    wait_for(lambda: server.mx(ZONE) == preset(60, "10 a.tenant.example."), "the preset")
    assert not server.log_lines(" error: ")


# Zones come and go

def test_many_zones(knotd):
    """1,000 zones of ten instances that share three maps."""
    zones = {f"z{number}.example": number % 10 for number in range(1000)}
    server = knotd({zone: zone_text() for zone in zones}, start=False, map_text=None,
                   modules={zone: f"mod-mxpreset/i{i}" for zone, i in zones.items()})
    maps = [States(server.path / f"map{number}") for number in range(3)]
    server.instances = {f"i{i}": {"builtin": "house", "map-file": maps[i % 3].path,
                                  "param": [f"p{i}=v"]} for i in range(10)}
    for states in maps:
        states.switch()
    server.start()
    some = {zone: maps[i % 3] for zone, i in itertools.islice(zones.items(), 20)}
    with Askers(server, some):
        for _ in range(100):
            for states, zone in zip(maps, some):
                states.switch()
                states.wait(server, zone)
        server.reload()
    for zone, i in zones.items():
        assert server.mx(zone) == served(maps[i % 3].last)
    loads = len(server.log_lines(LOADED))
    assert loads == 303


@pytest.mark.parametrize("command", [["reload"], ["-f", "-b", "zone-reload"]])
def test_reloads_meanwhile(live, command):
    server, states = live()
    with Askers(server, load(states)):
        with background(states.switch):
            for _ in range(30):
                server.knotc(*command)
        states.wait(server)
    assert not server.log_lines(" error: ")


CATALOG = "catalog.example"


def catalog(path):
    return f"""template:
  - id: member
    storage: {path}
    file: "%s.zone"
    zonefile-sync: -1
    module: mod-mxpreset/house
zone:
  - domain: {CATALOG}
    catalog-role: interpret
    catalog-template: member
"""


def rcode_is(server, zone, rcode):
    wait_for(lambda: server.ask(zone, "SOA").rcode() == rcode, f"{rcode!r} of {zone}")


def names_in_log(server):
    """Names of the zones on whose behalf the map's loads were logged."""
    return {re.search(r" info: \[(.*?)\]", line)[1] for line in server.log_lines(LOADED)}


def test_catalog_members_meanwhile(live):
    """The server speaks of a map for no zone that is gone."""
    server, states = live(start=False)
    server.tail = catalog(server.path)
    server.write_zone(CATALOG, zone_text('version 0 TXT "2"\n'))
    server.start()
    names = [f"member{number}.example" for number in range(5)]
    with Askers(server, load(states)), background(states.switch):
        for _ in range(6):
            for name in names:
                server.write_zone(name, zone_text())  # It goes with the member.
            server.set_zone(CATALOG, *(f"set {name[:7]}.zones 0 PTR {name}." for name in names))
            for name in names:
                rcode_is(server, name, 0)
                assert server.mx(name) in states
            server.set_zone(CATALOG, *(f"unset {name[:7]}.zones" for name in names))
            for name in names:
                rcode_is(server, name, 5)
    states.wait(server)
    assert names_in_log(server) <= {f"{name}." for name in [*ZONES, CATALOG, *names]}


# The server's life

def test_stop_in_the_middle(live):
    server, states = live()
    for _ in range(20):
        with background(states.switch):
            wait_for(lambda: len(server.log_lines(LOADED)) > 3, "some states")
            pid = server.process.pid
            assert server.stop() == 0
            assert not pathlib.Path(f"/proc/{pid}").exists()
            assert "shutting down" in server.log()
            server.start(wait_zones=False)


def threads(server):
    return {path.name for path in pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()}


def blocked(server, thread):
    path = pathlib.Path(f"/proc/{server.process.pid}/task/{thread}/status")
    return int(re.search(r"SigBlk:\s+(\S+)", path.read_text())[1], 16)


# All signals but those that cannot be blocked, and two that the C library keeps for itself.
SIGNALS = (1 << 64) - 1 - sum(1 << (number - 1) for number in (9, 19, 32, 33))


def test_one_thread_as_long_as_needed(live):
    server, states = live(module=False)
    bare = threads(server)
    for _ in range(3):
        server.module = True
        server.reload()
        states.switch()
        states.wait(server)
        (thread,) = threads(server) - bare
        assert blocked(server, thread) & SIGNALS == SIGNALS
        server.reload()
        server.knotc("-f", "-b", "zone-reload")
        states.switch()
        states.wait(server)
        assert len(threads(server) - bare) == 1
        server.module = False
        server.reload()
        assert threads(server) == bare
    assert server.stop() == 0


def test_in_the_background(live):
    server, states = live(daemon=True)
    for place in (renamed, written, linked):
        states.switch(place)
        states.wait(server)
    assert server.stop() == 0
    assert server.log_lines("shutting down")


@pytest.fixture
def open_folder():
    """A folder that another user can reach."""
    path = pathlib.Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def test_as_another_user(open_folder):
    """The server gives up root's rights once it has loaded the zones."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    server = Knotd(open_folder, ZONES, map_text=None, server="    user: knot:knot\n")
    states = States(server.map_path)
    states.switch()
    (open_folder / "db").mkdir()
    server.log_path.touch()
    for path in [open_folder, *open_folder.iterdir()]:
        shutil.chown(path, "knot", "knot")
    with server:
        status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
        assert not re.search(r"Uid:.*\b0\b", status)
        with Askers(server, load(states)):
            for number, place in enumerate([renamed, written, linked], 1):
                denied(states.path, states.bad())
                server.wait_log(REFUSED, number)
                states.path.unlink()
                states.switch(place)
                states.wait(server)
        denied_lines = server.log_lines(REFUSED + ".*denied|" + REFUSED + ".*permitted")
        assert len(denied_lines) == 3


def test_under_memcheck(memcheck):  # noqa: F811
    server = memcheck(ZONES)
    states = States(server.map_path)
    states.switch()
    states.wait(server)
    with Askers(server, load(states)):
        for spoil, place in zip(itertools.cycle(BAD), PLACES[:7] * 4):
            spoil(states.path, states.bad())
            with states.switch(place):
                states.wait(server)
        server.reload()
        states.switch()
        states.wait(server)
