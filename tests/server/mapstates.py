# SPDX-License-Identifier: GPL-2.0-or-later
"""States of preset maps, and ways to put them into place or to spoil them."""

import concurrent.futures
import contextlib
import itertools
import re
import threading
import time

import pytest

from knot import long_marker, preset, wait_for, zone_text

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
