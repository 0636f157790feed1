# SPDX-License-Identifier: GPL-2.0-or-later
"""The reference has every message that the module can give, and every item of its configuration."""

import re

import pytest

from kmxpreset import ROOT

PAGE = (ROOT / "doc/mod-mxpreset.rst").read_text()
SOURCES = [*sorted((ROOT / "module").glob("*.c")), ROOT / "core/cause.c", ROOT / "core/file.c"]
LITERAL = r'"(?:[^"\\]|\\.)*"'
# What is no message: MXP_OK, a check at compile time, and the head of a kept copy of the map.
SILENT = {"no error", "number of the counters", "; copy of a preset map, SHA-256 "}
LEVELS = {"LOG_INFO": "info", "LOG_WARNING": "warning", "LOG_ERR": "error"}


def code_of(path):
    """A source without comments and preprocessor lines; macros that are strings are put in."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)
    macros = {"KNOTD_MOD_NAME_PREFIX": '"mod-"',
              **dict(re.findall(rf"^#define (\w+)\s+({LITERAL})", text, re.MULTILINE))}
    text = re.sub(r"^#.*", "", text, flags=re.MULTILINE)
    return re.sub(r"\b[A-Z_]+\b", lambda match: macros.get(match[0], match[0]), text)


def joined(literals):
    return "".join(text[1:-1] for text in re.findall(LITERAL, literals))


def messages():
    """Sources, and their texts that people could read: they have two words."""
    found = set()
    for path in SOURCES:
        for literals in re.findall(rf"{LITERAL}(?:\s*{LITERAL})*", code_of(path)):
            text = joined(literals)
            if re.search(r"[a-z]{2}.* |^[ ,].*[a-z]{2}", text) and text not in SILENT:
                found.add((path.name, text))
    return sorted(found)


def levels():
    """Formats of log lines, with their levels."""
    call = rf"(?:mxp_messages_add\(|knotd_mod_log\(\w+,)\s*(LOG_\w+),\s*({LITERAL}(?:\s*{LITERAL})*)"
    return sorted((joined(literals), LEVELS[level]) for path in SOURCES
                  for level, literals in re.findall(call, code_of(path))
                  if joined(literals) != "MX, %s")


def items(text):
    """The items of its lists, each in one line."""
    return [" ".join(item.split()) for item in re.findall(r"^- .*\n(?:  .*\n)*", text, re.MULTILINE)]


LOG = PAGE[PAGE.index("\nLog messages\n"):]
LOG_ITEMS = items(LOG)
OF_A_ZONE = items(LOG[LOG.index("\nAbout a zone\n"):LOG.index("\nAbout the configuration\n")])
ZONES_TOO = ("verdict.c", "setup.c")  # What is not in cause.c, and of a zone all the same.
EDE_TEXTS = ("mx-preset: ", "mx-preset: %s", "preset %s by %s, map %s")


def literals_of(text):
    return re.findall("``(.*?)``", " ".join(text.split()))


def has(literals, message):
    """Tells if a message is there, or what is only a piece of one in one of them."""
    pattern = re.sub(r"%[a-z.0-9]+", ".*", re.escape(message))
    match = re.search if message[0] in " ," or message[-1] == " " else re.fullmatch
    return any(match(pattern, literal) for literal in literals)


@pytest.mark.parametrize("source, message", messages())
def test_message(source, message):
    if message in EDE_TEXTS:
        text = PAGE
    elif source == "cause.c":
        text = "".join(OF_A_ZONE)
    else:
        text = "".join(item for item in LOG_ITEMS if source in ZONES_TOO or item not in OF_A_ZONE)
    assert has(literals_of(text), message)


@pytest.mark.parametrize("message, level", levels())
def test_level(message, level):
    found = [item for item in LOG_ITEMS if has(literals_of(item), message)]
    assert found and all(f"({level}) – " in item for item in found)


@pytest.mark.parametrize("item", LOG_ITEMS)
def test_explained(item):
    """What it means, and what to do."""
    assert re.search("^- ``.* – .{10,}[.]$", item)


def settings():
    """Items of the configuration as the module declares them: name, type, and default."""
    text = (ROOT / "module/section.c").read_text()
    names = dict(re.findall(r'#define (MOD_\w+) +"\\\d{3}([a-z-]+)"', text))
    for macro, kind, rest in re.findall(r"\{ (MOD_\w+), YP_T(\w+), (.*) \},", text):
        default = {"BOOL": "``on``" if "true" in rest else "``off``", "OPT": "``auto``",
                   "STR": "``SYSCONFDIR/knot/mx-presets.zone``" if "CONFIG_DIR" in rest else ""}[kind]
        yield names[macro], kind, "YP_FMULTI" in rest, default


def test_items():
    """In the order of the declaration, each with its default."""
    block = re.search(r"Module reference\n-+\n\n::\n\n((?:   .*\n)+)", PAGE)[1]
    expected = ["mod-mxpreset:", "- id: STR"]
    for name, kind, is_multi, default in settings():
        expected.append(f"{name}: " + ("auto | off" if kind == "OPT" else kind) +
                        (" ..." if is_multi else ""))
        section = PAGE.split(f".. _mod-mxpreset_{name}:")[1].split("\n.. _")[0]
        assert "*Required*" in section if name == "builtin" else f"*Default:* {default}" in section
    assert [line.strip() for line in block.splitlines()] == expected
