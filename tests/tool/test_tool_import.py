# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset import."""

import json

import pytest

from kmxpreset import run


def template(*records, provider="Acme", service="Mail", **more):
    return {"providerId": "acme.example", "providerName": provider, "serviceId": "mail",
            "serviceName": service, "records": list(records), **more}


def mx(points_to, priority=10, ttl=3600, host="@", **more):
    return {"type": "MX", "host": host, "pointsTo": points_to, "priority": priority, "ttl": ttl,
            **more}


@pytest.fixture
def load(tmp_path):
    """Imports templates; returns the result, and the presets as `check` reads the output."""
    def run_import(*templates):
        paths = []
        for number, content in enumerate(templates):
            path = tmp_path / f"{number}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            paths.append(path)
        result = run("import", *paths)
        if not result.out:
            return result, []
        out = tmp_path / "map.zone"
        out.write_text(result.out)
        checked = run("-j", "check", out)
        assert checked.status == 0, checked
        return result, checked.json["presets"]
    return run_import


def records(preset):
    return [(record["priority"], record["value"]) for record in preset["mx"]]


def test_plain(load):
    result, presets = load(template(mx("mx1.acme.example"), mx("MX2.Acme.example.", "20", "3600"),
                                    {"type": "TXT", "host": "@", "data": "x"}))
    assert (result.status, result.err) == (0, "")
    assert presets == [{"name": "acme-mail", "title": "Acme Mail", "ttl": 3600, "aliases": [],
                        "params": [], "notes": [], "spf": None,
                        "mx": [{"priority": 10, "value": "mx1.acme.example."},
                               {"priority": 20, "value": "mx2.acme.example."}]}]


def test_variables(load):
    result, [preset] = load(template(
        mx("feedback-smtp.%Region%.amazonses.com"), mx("mail.%domain%", 20),
        mx("mx.%FQDN%.", 30), mx("backup.@", 40), mx("@", 50), mx("%a%-%b%.acme.example", 60),
        mx("%domain%.acme.example", 70), mx("mx.%Fqdn%.in.acme.example.", 80)))
    assert (result.status, result.err) == (0, "")
    assert records(preset) == [
        (10, "feedback-smtp._region_.amazonses.com."), (20, "mail._zone_."), (30, "mx._zone_."),
        (40, "backup._zone_."), (50, "_zone_."), (60, "_a_-_b_.acme.example."),
        (70, "_zone_.acme.example."), (80, "mx._zone_.in.acme.example.")]
    assert preset["params"] == ["region", "a", "b"]


def test_groups(load):
    """A template whose groups have different MX records is as many templates."""
    def grouped(*groups):
        return template(*(mx(points_to, priority, groupId=group)
                          for group, points_to, priority in groups))
    result, presets = load(
        grouped(("eu", "mx.eu.example", 10), ("us", "mx.us.example", 10)),
        grouped(("eu", "mx.example", 10), ("us", "mx.example", 20)),
        grouped(("eu", "mx.example", 10), ("eu", "mx2.example", 10), ("us", "mx.example", 10)),
        template(mx("mx.example"), mx("mx2.example", groupId="more")),
        grouped(("a", "b.example", 1), ("b", "%mx%", 1)))
    assert (result.status, presets) == (0, [])
    lines = result.err.splitlines()
    assert len(lines) == 5 and all("groups" in line and "skipped" in line for line in lines)
    assert [line.split(": ")[0][-6:] for line in lines] == [f"{i}.json" for i in range(5)]

    result, presets = load(
        grouped(("eu", "mx.example", 10), ("eu", "mx2.example", 20), ("us", "MX2.example.", "20"),
                ("us", "mx.example", 10)),
        template(mx("mx.example", groupId="mail"), mx("x.example", host="sub", groupId="web"),
                 {"type": "TXT", "host": "@", "data": "x", "groupId": "spf"}))
    assert result.status == 0 and "its groups" not in result.err
    assert [records(preset) for preset in presets] == [
        [(10, "mx.example."), (20, "mx2.example.")], [(10, "mx.example.")]]


def test_apex(load):
    result, [preset] = load(template(mx("a.example", host=""), mx("b.example", host="@"),
                                     mx("c.example", host="sub"), mx("d.example", host="%h%")))
    assert result.status == 0
    assert records(preset) == [(10, "a.example."), (10, "b.example.")]
    assert result.err.count("\n") == 2 and "'sub'" in result.err and "'%h%'" in result.err


def test_no_host_is_the_apex(load):
    record = mx("a.example")
    del record["host"]
    assert records(load(template(record))[1][0]) == [(10, "a.example.")]


@pytest.mark.parametrize("points_to, word", [
    ("%MX%", "variable that is a whole host name"),
    ("%mx%.", "variable that is a whole host name"),
    ("mx.%host%", "whole host name"),
    ("%host%%tld%", "whole host name"),
    ("x%domain%", "part of a label"),
    ("@.mail.example", "characters"),
    ("192.0.2.1", "IP address"),
    ("%zone%.example.net", "%zone%"),
    ("%%.example.net", "without a name"),
    ("%a.example.net", "percent"),
    ("a..example.net", "empty label"),
    ("", "empty label"),
    ("mail server.example.net", "characters"),
    ("_id_.example.net", "characters"),
    ("x" * 64 + ".example", "label"),
    ("a." * 127 + "example", "name"),
    ("a.mx-presets.", "origin"),
    (".", "null MX"),
    ("mail.example.123", "IP address"),
    ("mail.0x7f", "IP address"),
    ("2001:db8::1", "characters"),
    ("-mx.example.net", "inner hyphens"),
    ("mx-.%a_b%.example", "inner hyphens"),
    ("mail.local", "reserved"),
    ("%a_b%.onion.", "reserved"),
    ("ms1.msv1.invalid", "proves who owns a domain"),
    ("%a_b%.mx-verification.google.com", "proves who owns a domain"),
    ("%title%.example.net", "reserved"),
    ("%a-b%.example.net", "differs"),
])
def test_skipped(load, points_to, word):
    result, [preset] = load(template(mx("mx.%A_b%.example", 20), mx(points_to),
                                     mx("my.%a_B%.example", 30)))
    assert result.status == 0
    assert result.err.count("\n") == 1 and word in result.err and "record 2" in result.err
    assert records(preset) == [(20, "mx._ab_.example."), (30, "my._ab_.example.")]


@pytest.mark.parametrize("priority", ["%prio%", -1, 65536, None, "", "1 0", [], 1.5])
def test_priority(load, priority):
    result, presets = load(template(mx("mx.acme.example", priority)))
    assert (result.status, presets) == (0, [])
    assert "priority" in result.err


def test_numbers_as_strings(load):
    _, [preset] = load(template(mx("a.example", "0", "60"), mx("b.example", "65535", 60)))
    assert (preset["ttl"], records(preset)) == (60, [(0, "a.example."), (65535, "b.example.")])


def test_different_ttl(load):
    result, [preset] = load(template(mx("a.example", 1, 3600), mx("b.example", 2, 600),
                                     mx("c.example", 3, 7200)))
    assert preset["ttl"] == 600 and "smallest" in result.err and result.status == 0


def test_ttl_that_is_none(load):
    result, [preset] = load(template(mx("a.example", 1, "%ttl%")))
    assert preset["ttl"] == 3600 and "ttl" in result.err
    record = mx("a.example")
    del record["ttl"]
    result, [preset] = load(template(record))
    assert (preset["ttl"], result.err) == (3600, "")


def test_repeated(load):
    result, [preset] = load(template(mx("a.example"), mx("A.example."), mx("b.example")))
    assert records(preset) == [(10, "a.example."), (10, "b.example.")] and result.err == ""
    result, [preset] = load(template(mx("a.example", 20), mx("a.example", 5)))
    assert records(preset) == [(5, "a.example.")] and "repeated" in result.err


def test_names(load):
    _, presets = load(template(mx("a.example"), provider="Bücher & Söhne", service='"x\\y"\n'),
                      template(mx("b.example")), template(mx("c.example")),
                      template(mx("d.example"), provider="!", service="?"),
                      template(mx("e.example"), provider="OVH", service="OVH Mail"),
                      template(mx("f.example"), provider="P" * 100, service="ä" * 200),
                      template(mx("g.example"), provider="No", service=""),
                      template(mx("h.example"), provider="none", service="none"))
    titles = {records(preset)[0][1]: (preset["name"], preset["title"]) for preset in presets}
    assert titles["a.example."] == ("b-cher-s-hne-x-y", 'Bücher & Söhne "x\\y"\\010')
    assert titles["b.example."] == ("acme-mail", "Acme Mail")
    assert titles["c.example."] == ("acme-mail-2", "Acme Mail")
    assert titles["d.example."] == ("preset", "! ?")
    assert titles["e.example."] == ("ovh-mail", "OVH Mail")
    assert titles["f.example."][1].startswith("P" * 100 + " ää")
    assert titles["g.example."] == ("no", "No")
    assert titles["h.example."][0] != "none"


def test_too_many_records(load):
    result, presets = load(template(*(mx(f"mx{i}.example") for i in range(256))))
    assert presets == [] and "255" in result.err


def test_null_mx_beside_another(load):
    result, presets = load(template(mx(".", 0), mx("a.example")))
    assert presets == [] and "null MX" in result.err
    assert records(load(template(mx(".", 0)))[1][0]) == [(0, ".")]


def test_without_mx(load):
    result, presets = load(template({"type": "A", "host": "@", "pointsTo": "192.0.2.1"}))
    assert (result.status, result.out, result.err, presets) == (0, "", "", [])


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "{}", '{"records": {}}',
                                  '{"records": []}', '{"a": 1,\n "records": [}',
                                  '{"records": [], "providerName": 1, "serviceName": "x"}'])
def test_no_template(load, text):
    result, presets = load(text, template(mx("mx.acme.example")))
    assert result.status == 1
    assert result.err.count("\n") == 1 and "0.json" in result.err
    assert [preset["name"] for preset in presets] == ["acme-mail"]


def test_odd_records(load):
    result, [preset] = load(template(1, None, [], "MX", {}, {"type": 1}, {"type": "MX"},
                                     mx("a.example")))
    assert records(preset) == [(10, "a.example.")]
    assert result.status == 0 and "pointsTo" in result.err


def test_syntax_error_names_the_line(load):
    assert "0.json:2: " in load('{"a": 1,\n "records": [}')[0].err


def test_no_file(tmp_path):
    result = run("import", tmp_path / "gone.json")
    assert (result.status, result.out) == (1, "") and "gone.json" in result.err
