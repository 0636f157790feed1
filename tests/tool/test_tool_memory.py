# SPDX-License-Identifier: GPL-2.0-or-later
"""Each allocation of the tool fails once: no crash, the reason is told, and nothing is half done.

With MXPRESET_ALL_ALLOCATIONS=1 it is each one, otherwise a sample of them.
"""

import json
import os

import pytest

from kmxpreset import MAP, TOOL, contents, run
from knot import zone_text

ENDED = 99  # There are fewer allocations.
LIMIT = 20000
STEP = 1 if os.environ.get("MXPRESET_ALL_ALLOCATIONS") else 29
ZONE = "plain.example"
TEMPLATE = {"providerId": "x.test", "providerName": "X", "serviceId": "m", "serviceName": "Mail",
            "records": [{"type": "MX", "host": "@", "pointsTo": "%id%.x.test", "ttl": 60,
                         "priority": 1}]}


def outcomes(*args, server=None):
    """What becomes of a command when its first allocation fails, its second one, and so on."""
    for number in range(0, LIMIT, STEP):
        result = run(*args, server=server, env={
            "LD_PRELOAD": str(TOOL.parent.parent / "tests/fail_nth.so"), "FAIL_NTH": str(number)})
        if result.status == ENDED:
            assert number > 0
            return
        yield number, result
    raise AssertionError("there is no end")


def check(number, result, good):
    """Done as ever where somebody could do without the memory; or else told, with nothing done."""
    where = (number, result)
    assert result.status in (0, 1, 2), where
    told = "memory" in result.err or "cannot be read" in result.err or \
        "template.json:1:" in result.err  # jansson takes it for a mistake in the file.
    if result.status != good.status or result.out != good.out:
        assert told and result.status != 0, where


@pytest.fixture
def files(tmp_path):
    (tmp_path / "plain.example.zone").write_text(
        zone_text('@ TXT "mx-preset=outlook"\n@ MX 5 mail\nmail A 192.0.2.2\n'))
    (tmp_path / "template.json").write_text(json.dumps(TEMPLATE))
    (tmp_path / "map").write_text("house MX 1 mx.house.test.\nother MX 1 _id_.test.\n TXT \"id=x\"\n")
    return tmp_path


@pytest.mark.parametrize("words", [
    ("check", "map"), ("-j", "check", "map"), ("diff", "map", "map"), ("import", "template.json"),
    ("-p", "map", "lint", "plain.example.zone"), ("-j", "-p", "map", "lint", "plain.example.zone")],
    ids=" ".join)
def test_files(files, words):
    words = [str(files / word) if (files / word).exists() else word for word in words]
    good = run(*words)
    for number, result in outcomes(*words):
        check(number, result, good)


@pytest.mark.parametrize("words", [("list",), ("-j", "show", ZONE), ("-n", "-a", "adopt"),
                                   ("-n", "use", ZONE, "gandi")], ids=" ".join)
def test_questions(shared, words):
    good = run(*words, server=shared)
    for number, result in outcomes(*words, server=shared):
        check(number, result, good)


def test_edits(knotd):
    """The zone is as it was or as it should be, and no transaction is left open."""
    server = knotd({ZONE: zone_text()}, map_text=MAP.read_text())
    before = contents(server, ZONE)
    for number, result in outcomes("use", ZONE, "gandi", server=server):
        now = contents(server, ZONE)
        is_set = any("mx-preset=gandi" in line for line in now)
        assert is_set or now == before, (number, result)
        assert result.status in (0, 1) and (result.status == 1 or is_set), (number, result)
        assert result.status == 0 or result.err, (number, result)
        if is_set:
            assert run("reset", ZONE, server=server).status == 0
            before = contents(server, ZONE)


@pytest.fixture(scope="module")
def shared(shared_knotd):
    return shared_knotd({ZONE: zone_text(), "marked.example": zone_text('@ TXT "mx-preset=gandi"\n')})
