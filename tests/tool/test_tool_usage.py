# SPDX-License-Identifier: GPL-2.0-or-later
"""How kmxpreset is called, its documentation, and its memory."""

import pathlib
import re
import shutil
import subprocess

import pytest

from knot import ADDRESS, free_port, zone_text
from kmxpreset import MAP, ROOT, TOOL, run

SHELL_COMPLETION = pathlib.Path("/usr/share/bash-completion/bash_completion")
COMMANDS = ["check", "diff", "lint", "show", "list", "verify", "add", "del", "use", "reset", "adopt",
            "freeze", "import"]


def test_help_fits_a_screen():
    result = run("-h")
    assert (result.status, result.err) == (0, "")
    assert len(result.out.splitlines()) <= 23 and max(map(len, result.out.splitlines())) <= 80
    for command in COMMANDS:
        assert f"\n  {command} " in result.out
    assert run("--help").out == result.out


def test_version():
    assert run("-V").out == run("--version").out
    assert run("-V").out.startswith("kmxpreset ") and run("-V").status == 0


@pytest.mark.parametrize("args", [
    [], ["nothing"], ["-x"], ["--nothing"], ["-t"], ["-t", "x", "show", "a"],
    ["-t", "-1", "show", "a"],
    ["-t", "", "show", "a"], ["-t", "99999999999", "show", "a"], ["-s"],
    ["check"], ["check", "a", "b"], ["lint"], ["lint", "a", "b"], ["show"], ["show", "a", "b"],
    ["add"], ["add", "a", "b", "c"], ["add", "a", "b", "c", "d", "e", "f"],
    ["del", "a"], ["del", "a", "b", "1"], ["del", "a", "b", "1", "d", "e"], ["use", "a"],
    ["reset"], ["reset", "a", "b"], ["import"], ["-o", "a", "show", "b"], ["-b"],
    ["-b", "a", "import", "b"], ["-p", "a", "import", "b"], ["-j", "import", "b"], ["show", "-j", "a"],
    ["show", "-j"], ["add", "a", "@", "10", "-n"], ["del", "a", "-n"], ["use", "a", "-n"],
    ["use", "a", "b", "-n"], ["add", "a", "@", "10", "b", "--"], ["lint", "--json"],
])
def test_usage(args):
    result = run(*args)
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("usage: " if not args else "error: ")
    assert "kmxpreset" in result.err


@pytest.mark.parametrize("args, name", [(["-jx", "show"], "-x"), (["-xj", "show"], "-x"),
                                        (["--nothing", "show"], "--nothing"), (["-s"], "-s"),
                                        (["-nt"], "-t"), (["show", "-n"], "-n")])
def test_usage_names_the_option(args, name):
    result = run(*args)
    assert result.status == 2 and f" {name};" in result.err


@pytest.mark.parametrize("args", [["-h"], ["-V"], ["check", MAP], ["-j", "check", MAP]])
def test_output_that_cannot_be_written(args):
    result = subprocess.run([TOOL, *args], stdout=open("/dev/full", "w"), stderr=subprocess.PIPE,
                            text=True)
    assert result.returncode == 1
    assert result.stderr == "error: the output cannot be written; all else is done\n"


@pytest.mark.skipif(not shutil.which("mandoc"), reason="no mandoc")
def test_manual():
    page = ROOT / "doc/kmxpreset.8"
    result = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True,
                            text=True)
    assert (result.returncode, result.stdout) == (0, "")
    assert max(map(len, page.read_text().splitlines())) <= 80


def test_manual_is_whole():
    """It has all commands and options of the help text, and all codes of warnings."""
    text = (ROOT / "doc/kmxpreset.8").read_text()
    synopsis = text[text.index(".Sh SYNOPSIS"):text.index(".Sh DESCRIPTION")]
    for command in COMMANDS:
        assert len(re.findall(rf"^\.Cm {command} ", synopsis, re.MULTILINE)) == 1, command
        assert len(re.findall(rf"^\.It Cm {command} ", text, re.MULTILINE)) == 1, command
    for option in re.findall(r"(?<=[ ,])-(\w)(?=[ ,])", run("-h").out.split("import", 1)[1]):
        assert re.search(rf"^\.It Fl {option}\b", text, re.MULTILINE), option
    for path in (ROOT / "tool").glob("*.c"):
        for code in re.findall(r'linter_warn\(\s*\w+, "([a-z-]+)"', path.read_text()):
            assert f".It Cm {code}\n" in text, code


def complete(*words, path):
    """What the shell offers for the last word."""
    script = f"""
        . {SHELL_COMPLETION}
        . {ROOT}/tool/kmxpreset.bash
        PATH={TOOL.parent}:$PATH
        COMP_WORDS=({' '.join(f"'{word}'" for word in ('kmxpreset', *words))})
        COMP_CWORD={len(words)}
        COMP_LINE="${{COMP_WORDS[*]}}"
        COMP_POINT=${{#COMP_LINE}}
        _kmxpreset
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    result = subprocess.run(["bash", "-c", script], capture_output=True, text=True, cwd=path)
    assert result.stderr == ""
    return result.stdout.split()


@pytest.mark.skipif(not SHELL_COMPLETION.exists(), reason="no bash-completion")
def test_completion(tmp_path, knotd):
    (tmp_path / "some.zone").write_text("")
    assert complete("diff", "x", "so", path=tmp_path) == ["some.zone"]
    assert complete("list", "m", path=tmp_path) == ["marker"]
    assert complete("adopt", "-", path=tmp_path) == ["-a"]
    assert set(COMMANDS) <= set(complete("", path=tmp_path))
    assert complete("ch", path=tmp_path) == ["check"]
    assert complete("check", "so", path=tmp_path) == ["some.zone"]
    assert complete("-p", str(MAP), "use", "a.example", "gs", path=tmp_path) == ["gsuite"]
    assert complete("-p", str(MAP), "use", "a.example", "office", path=tmp_path) == ["office365"]
    server = knotd({"a.example": zone_text(), "b.example": zone_text()})
    assert complete("-s", str(server.socket_path), "show", "", path=tmp_path) == \
        ["a.example", "b.example"]


VALGRIND = ["valgrind", "-q", "--leak-check=full", "--errors-for-leak-kinds=all",
            "--show-leak-kinds=all", "--error-exitcode=9"]


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind")
def test_memory(knotd, tmp_path):
    """Each command once, and what is refused."""
    body = '@ 60 MX 10 mail\n@ 60 TXT "x" "y"\nalias 60 CNAME mail\n'
    server = knotd({"a.example": zone_text(body)},
                   settings={"preset": "outlook", "param": ["id=x", "y=z"]})
    zone = tmp_path / "a.example.zone"
    zone.write_text(zone_text(body + "a.example A 192.0.2.1\n@ 60 MX 0 .\n"))
    bad = tmp_path / "bad.zone"
    bad.write_text("a 60 MX 10 a.\nb MX x\na 61 MX 11 b.\n")
    template = tmp_path / "template.json"
    template.write_text("""{"providerName": "A", "serviceName": "B", "records": [
        {"type": "MX", "host": "@", "pointsTo": "%x%.example.net", "priority": 1, "ttl": 60},
        {"type": "MX", "host": "@", "pointsTo": "%x%", "priority": 1, "ttl": 60},
        {"type": "MX", "host": "@", "pointsTo": "%x%.example.net", "priority": 2, "ttl": 61}]}""")
    for status, *args in (
            (0, "check", MAP), (0, "-j", "check", MAP), (1, "check", bad),
            (0, "-b", "gsuite", "-b", "null", "check", MAP), (1, "-b", "x", "check", MAP),
            (1, "-p", MAP, "lint", zone), (1, "-p", bad, "lint", zone), (1, "lint", bad),
            (1, "-o", "b.example", "lint", zone),
            (1, "show", "a.example"), (1, "show", "b.example"), (1, "show", "a..b"),
            (0, "-n", "add", "a.example", "@", "20", "bücher.example"),
            (0, "-j", "add", "a.example", "@", "20", "mail.example.net"),
            (1, "add", "a.example", "@", "30", "alias"),
            (1, "add", "a.example", "a.example", "1", "x"),
            (0, "del", "a.example", "@", "10", "mail"), (1, "del", "a.example", "x"),
            (0, "use", "a.example", "gandi", "x=y"), (0, "use", "a.example", "outlook", "id=z"),
            (1, "use", "a.example", "nobody"), (1, "use", "a.example", "a b"),
            (0, "reset", "a.example"), (0, "import", template), (1, "import", bad),
            (0, "-h"), (0, "-V"), (2,), (2, "-x")):
        result = run(*args, server=None if args[:1] in (("-h",), ("-V",)) else server,
                     wrapper=VALGRIND)
        assert result.status == status, (args, result)


@pytest.mark.skipif(not shutil.which("valgrind"), reason="no valgrind")
def test_memory_of_what_is_about_all_zones(knotd, tmp_path):
    big = "".join(f"big 600 MX 10 {'a' * 50}{i}.example.net.\n" for i in range(30))
    house = "@ 60 MX 10 mx1.house.example.\n@ 60 MX 9 mx2.house.example.\n"
    server = knotd({"a.example": zone_text(house), "b.example": zone_text('@ TXT "mx-preset=big"\n'),
                    "c.example": zone_text('@ TXT "mx-preset=nobody"\n'), "d.example": zone_text(),
                    "e.example": zone_text(house + house.replace("house", "x", 1)),
                    "f.example": zone_text('@ TXT "mx-preset=google"\n')},
                   map_text=MAP.read_text() + big)
    bad = tmp_path / "bad.zone"
    bad.write_text("a 60 MX 10 a.\nb MX x\n")
    here, nowhere = f"{ADDRESS}@{server.port}", f"{ADDRESS}@{free_port()}"
    for status, *args in (
            (0, "list"), (0, "-j", "list", "marker=google"), (2, "list", "marker=x"), (2, "list", "x"),
            (1, "diff", MAP, server.map_path), (1, "-j", "diff", MAP, server.map_path),
            (2, "diff", MAP, bad), (0, "verify", "b.example", here), (1, "verify", "-a", here, nowhere),
            (1, "-j", "verify", "a.example", nowhere), (2, "verify", "a.example", "x"),
            (1, "verify", "x.example", here), (0, "-n", "adopt", "a.example"), (1, "adopt", "e.example"),
            (0, "-n", "-a", "adopt"), (0, "-j", "-n", "-a", "adopt"), (1, "freeze", "c.example"),
            (1, "-j", "-n", "-a", "freeze"), (0, "-a", "adopt"), (1, "-a", "freeze")):
        result = run(*args, server=server, wrapper=VALGRIND)
        assert result.status == status, (args, result)
