# SPDX-License-Identifier: GPL-2.0-or-later
"""What the documentation names in this repository is there."""

import re

import pytest

from kmxpreset import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "doc").glob("*.md")]
FOLDERS = r"(?:\.ci|conf|core|doc|module|packaging|scripts|tests|tool|zones)"


def names(pages):
    return [str(page.relative_to(ROOT)) for page in sorted(pages)]


def prose_of(page):
    """A page without its blocks of output."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(page):
    """Those that forges give to the headings of a page."""
    text = prose_of(page)
    headings = (re.findall(r"^#+ (.*)$", text, re.MULTILINE) if page.suffix == ".md" else
                re.findall(r"^(\S.*)\n[=.-]{2,}$", text, re.MULTILINE))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", names(PAGES))
def test_links(name):
    page = ROOT / name
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        if not path.startswith("https://"):
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("name", names(PAGES))
def test_paths(name):
    """Files that are named in the text, also as patterns: tests/server/test_{a,b}*.py."""
    for path in re.findall(rf"(?<![\w./@-]){FOLDERS}/[\w.{{}},*/-]*", prose_of(ROOT / name)):
        head, _, rest = path.rstrip(".,").partition("{")
        inner, _, tail = rest.partition("}")
        for word in inner.split(","):
            assert list(ROOT.glob(head + word + tail)), path


def test_reference():
    """References of its page to its own labels and headings."""
    page = ROOT / "doc/mod-mxpreset.rst"
    text = page.read_text()
    for label in re.findall(r":ref:`(?:[^`<]*<)?(mod-mxpreset[\w-]*)>?`", text):
        assert f".. _{label}:\n" in text, label
    for heading in re.findall(r"(?<!`)`([^`<]+)`_", text):
        assert heading.lower().replace(" ", "-") in anchors(page), heading
