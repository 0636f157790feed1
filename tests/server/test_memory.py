# SPDX-License-Identifier: GPL-2.0-or-later
"""Each allocation of the module, and each one made on its behalf, fails once: no crash, no denial.

With MXPRESET_ALL_ALLOCATIONS=1 it is each one, otherwise a sample of them.
"""

import os

import dns.rcode
import pytest

from knot import HOUSE, MODULE, preset, wait_for, zone_text
from signing import BODY, DEFAULT, bitmaps, policies, signing, wait_signed

PLAIN, MARKED, OWN, SIGNED = "plain.example", "marked.example", "own.example", "signed.example"
MAP = ("house MX 10 mx1.house.example.\n MX 20 mx2.house.example.\n"
       "other 60 MX 1 _id_.other.example.\n TXT \"id=@zone-dashed\"\n")
NEW_MAP = MAP.replace("mx1.house", "mx9.house")
MOVED = preset(3600, "10 mx9.house.example.", "20 mx2.house.example.")
RIGHT = {PLAIN: (HOUSE, MOVED), MARKED: (preset(60, "1 marked-example.other.example."),),
         OWN: (preset(60, "5 mail.own.test."),), SIGNED: (HOUSE, MOVED)}
LIMIT = 3000  # More than there are.
STEP = 1 if os.environ.get("MXPRESET_ALL_ALLOCATIONS") else 17


class Failing:
    """A server one of whose allocations can be made to fail."""

    def __init__(self, make, path, environment=()):
        self.switch = path / "number"
        self.server = make(
            {PLAIN: zone_text(), MARKED: zone_text('@ 60 TXT "mx-preset=other"\n'),
             OWN: zone_text("@ 60 MX 5 mail.own.test.\n@ 60 MX 6 mx2.house.example.\n"),
             SIGNED: zone_text(BODY)},
            modules={SIGNED: signing()}, extra=policies(DEFAULT), map_text=MAP,
            settings={"param": ["unused=x"], "spf": True},
            environment={"LD_PRELOAD": str(MODULE.parent.parent / "tests/fail_alloc.so"),
                         "FAIL_ALLOC": str(self.switch), **dict(environment)})
        wait_signed(self.server, [SIGNED])
        self.expect_right()

    def arm(self, number):
        new = self.switch.with_suffix(".new")
        new.write_text(str(number))
        new.rename(self.switch)

    def failures(self):
        return self.server.output().count("an allocation fails")

    def check(self):
        """Whatever has failed: an answer is right, or SERVFAIL, and no denial lacks MX."""
        for zone, right in RIGHT.items():
            found = self.server.mx(zone, dnssec=True)
            assert found == "SERVFAIL" or found in right, (zone, found)
        denial = self.server.ask(SIGNED, "AAAA", dnssec=True)
        assert denial.rcode() == dns.rcode.SERVFAIL or \
            all("MX" in words for words in bitmaps(denial))
        self.server.ask("www." + SIGNED, "TXT")
        assert self.server.process.poll() is None

    def expect_right(self):
        wait_for(lambda: all(self.server.mx(zone, dnssec=True) in right
                             for zone, right in RIGHT.items()), "right answers")

    def fail_each(self, action):
        """Lets the first allocation fail, the second one, and so on, until there is none left."""
        for number in range(0, LIMIT, STEP):
            before = self.failures()
            self.arm(number)
            action(number)
            self.check()
            self.arm(-1)
            if self.failures() == before:
                return number
        raise AssertionError("there is no end")


@pytest.fixture
def failing(knotd, tmp_path):
    return Failing(knotd, tmp_path)


def test_errno_of_successes(knotd, tmp_path):
    """What a function that succeeds leaves in errno is no want of memory."""
    failing = Failing(knotd, tmp_path, {"FAIL_ALLOC_ERRNO": "1"})
    failing.server.knotc("reload")
    failing.expect_right()
    assert not failing.server.log_lines("not enough memory")


def test_reload(failing):
    """A load of all zones; the next one makes all good again."""
    def reload(_):
        failing.server.knotc("reload", check=False)
        failing.check()
        failing.arm(-1)
        failing.server.knotc("reload")
        failing.expect_right()

    assert failing.fail_each(reload) > 0


def test_map(failing):
    """A change of the map, which is taken in the end, by itself."""
    def change(number):
        new = (number // STEP) % 2 == 0
        failing.server.write_map(NEW_MAP if new else MAP)
        wait_for(lambda: failing.server.mx(PLAIN) == (MOVED if new else HOUSE), "the map")

    assert failing.fail_each(change) > 0


def test_queries(failing):
    """Queries for zones that are signed anew each time."""
    def ask(number):
        failing.server.set_zone(SIGNED, f"set n{number} 60 A 192.0.2.1")
        failing.check()
        failing.arm(-1)
        failing.expect_right()

    assert failing.fail_each(ask) > 0
