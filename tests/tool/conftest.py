# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixtures of the tests of kmxpreset."""

import pytest

import kmxpreset


@pytest.fixture
def lint(tmp_path):
    """Runs `lint` on the text of a zone and returns the result, as JSON."""
    def run(text, *options, zone="example.com"):
        path = tmp_path / f"{zone}.zone"
        path.write_text(text)
        return kmxpreset.run("-j", "-p", kmxpreset.MAP, *options, "lint", path)
    return run
