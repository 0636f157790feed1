# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset diff: what a new map changes, and for how many zones."""

import subprocess

import pytest

from knot import zone_text
from kmxpreset import MAP, TOOL, run

OLD = """\
house 3600 MX 10 mx1.house.example.
house 3600 MX 20 mx2.house.example.
house TXT "title=House" "retired=old.house.example"
one 600 MX 10 _id_.one.example.
one TXT "id=@zone-dashed" "note=Ask them." "spf=include:one.example ~all"
two 600 MX 10 mx.two.example.
deux CNAME two
zwei CNAME two
"""


@pytest.fixture
def diff(tmp_path):
    def make(new, *options, old=OLD, server=None):
        paths = tmp_path / "old", tmp_path / "new"
        for path, text in zip(paths, (old, new)):
            path.write_text(text)
        return run(*options, "diff", *paths, server=server)
    return make


def names(result, key):
    return [item["name"] for item in result.json[key]]


@pytest.mark.parametrize("old, new", [
    ("x", "x"), ("title=House", "title=Other"), ("note=Ask them.", "note=Ask us."),
    ("house 3600 MX 10 mx1.house.example.\nhouse 3600 MX 20 mx2.house.example.\n",
     "house 1h MX 20 MX2.house.example.\nhouse 1h MX 10 mx1.house.example.\n"),
])
def test_nothing(diff, old, new):
    """Titles, notes, the order of records and how they are written do not count."""
    new = OLD.replace(old, new)
    result = diff(new)
    assert (result.status, result.out, result.err) == (0, "", "")
    result = diff(new, "-j")
    assert (result.status, result.json) == (0, {"gone": [], "new": [], "changed": []})


@pytest.mark.parametrize("old, new, name, lines", [
    ("10 mx.two", "20 mx.two", "two", ["- 600 MX 10 mx.two.example.", "+ 600 MX 20 mx.two.example."]),
    ("two 600", "two 700", "two", ["- 600 MX 10 mx.two.example.", "+ 700 MX 10 mx.two.example."]),
    ('two 600 MX 10 mx.two.example.', "two 600 MX 10 mx.two.example.\ntwo 600 MX 5 a.two.example.",
     "two", ["+ 600 MX 5 a.two.example."]),
    ("retired=old", "retired=former", "house",
     ["- retired=old.house.example.", "+ retired=former.house.example."]),
    ("id=@zone-dashed", "id=x", "one", ["- id=@zone-dashed", "+ id=x"]),
    (' "spf=include:one.example ~all"', "", "one", ["- spf=include:one.example ~all"]),
    ("deux CNAME two", "deux CNAME one", "deux", ["- CNAME two", "+ CNAME one"]),
    ("deux CNAME two", "deux 600 MX 10 mx.two.example.", "deux",
     ["- CNAME two", "+ 600 MX 10 mx.two.example."]),
])
def test_changed(diff, old, new, name, lines):
    new = OLD.replace(old, new)
    result = diff(new)
    assert result.status == 1
    assert result.out.splitlines() == [f"changed  {name}"] + [f"       {line}" for line in lines]
    result = diff(new, "-j")
    assert result.status == 1
    assert [names(result, key) for key in ("gone", "new", "changed")] == [[], [], [name]]
    item = result.json["changed"][0]
    assert set(item) == {"name", "old", "new"} and item["old"] != item["new"]


def test_json(diff):
    item = diff(OLD.replace("id=@zone-dashed", "id=x"), "-j").json["changed"][0]
    old = {"name": "one", "ttl": 600, "defaults": {"id": "@zone-dashed"}, "retired": [],
           "spf": "include:one.example ~all",
           "mx": [{"priority": 10, "value": "_id_.one.example."}]}
    assert item == {"name": "one", "old": old, "new": {**old, "defaults": {"id": "x"}}}


def test_gone_and_new(diff):
    """Aliases are names."""
    new = OLD.replace("zwei CNAME two\n", "").replace("one ", "eins ").replace("two", "due") \
        .replace("deux CNAME", "three CNAME")
    result = diff(new)
    assert result.out.splitlines() == [
        "gone     deux", "gone     one", "gone     two", "gone     zwei",
        "new      due", "new      eins", "new      three"]
    result = diff(new, "-j")
    assert result.json["changed"] == []
    assert names(result, "gone") == ["deux", "one", "two", "zwei"]
    assert result.json["new"] == [{"name": "due"}, {"name": "eins"}, {"name": "three"}]


def test_zones(diff, knotd):
    """Those that a name serves now, and those that wait for it."""
    bodies = ["", "", '@ TXT "mx-preset=TWO"\n', '@ TXT "mx-preset=Zwei"\n',
              '@ TXT "mx-preset=zwei"\n@ MX 10 mail.example.net.\n',
              '@ TXT "mx-preset=Drei"\n', '@ TXT "mx-preset=" "drei"\n',
              '@ TXT "mx-preset=drei"\n@ MX 10 mail.example.net.\n',
              '@ TXT "mx-preset=none"\n', '@ TXT "mx-preset=\\255"\n',
              "@ MX 10 mx1.house.example.\n"]
    server = knotd({f"z{i}.example": zone_text(body) for i, body in enumerate(bodies)},
                   map_text=OLD)
    new = OLD.replace("zwei", "drei").replace("two 600", "two 700").replace("mx1.house", "mx3.house")
    result = diff(new, "-j", server=server)
    assert result.status == 1
    assert result.json["gone"] == [{"name": "zwei", "zones": 1}]
    assert result.json["new"] == [{"name": "drei", "zones": 2}]
    assert {item["name"]: item["zones"] for item in result.json["changed"]} == \
        {"house": 2, "two": 2}
    text = diff(new, server=server)
    assert text.out.splitlines()[:3] == ["gone     zwei   zones 1", "new      drei   zones 2",
                                         "changed  house  zones 2"]
    # Without a socket nobody is asked.
    assert "zones" not in diff(new).out


def test_server_is_down(diff, tmp_path):
    result = diff(OLD, "-s", tmp_path / "nowhere")
    assert (result.status, result.out) == (2, "") and "nowhere" in result.err


def test_map_that_is_none(diff, tmp_path):
    bad = OLD.replace("mx2.house.example.", "mx2.house.example") + "x MX\n"
    for result, name in ((diff(bad), "new"), (diff(OLD, old=bad), "old")):
        assert (result.status, result.out) == (2, "")
        lines = result.err.splitlines()
        assert lines[0].startswith(f"{tmp_path / name}:2: ") and len(lines) == 2
    assert run("diff", MAP, tmp_path / "nowhere").status == 2


def test_standard_input(tmp_path):
    """A map in a pipe, before it is committed."""
    (tmp_path / "old").write_text(OLD)
    for args in (["old", "-"], ["-", "old"]):
        result = subprocess.run([TOOL, "diff", *args], input=OLD.replace("two 600", "two 700"),
                                capture_output=True, text=True, cwd=tmp_path)
        assert result.returncode == 1 and "700" in result.stdout


def test_usage():
    for args in (["diff"], ["diff", MAP], ["diff", MAP, MAP, MAP], ["-a", "diff", MAP, MAP]):
        assert run(*args).status == 2
