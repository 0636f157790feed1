# SPDX-License-Identifier: GPL-2.0-or-later
"""Tests that were skipped are counted as such, and shown."""

import pathlib
import subprocess

import pytest

COUNT = pathlib.Path(__file__).resolve().parents[2] / "scripts/count-junit"
PASSED = '<testcase classname="c" name="p"/>'
FAILED = '<testcase classname="c" name="f"><failure message="x"/></testcase>'
ERROR = '<testcase classname="c" name="e"><error message="x"/></testcase>'
SKIPPED = '<testcase classname="c" name="s"><skipped message="no root"/></testcase>'


@pytest.mark.parametrize("cases, counts, shown", [
    (PASSED, "1 0 0", ""),
    (PASSED + FAILED + ERROR, "1 2 0", ""),
    (PASSED + PASSED + SKIPPED, "2 0 1", "skipped: c s: no root\n"),
    (SKIPPED, "0 1 1", "skipped: c s: no root\n"),
    ("", "0 1 0", ""),
])
def test_counts(tmp_path, cases, counts, shown):
    report = tmp_path / "report.xml"
    report.write_text(f"<testsuites><testsuite>{cases}</testsuite></testsuites>")
    ret = subprocess.run([COUNT, report], capture_output=True, text=True)
    assert (ret.stdout, ret.stderr) == (counts + "\n", shown)


@pytest.mark.parametrize("text", [None, "", "<testsuites>"])
def test_no_report(tmp_path, text):
    report = tmp_path / "report.xml"
    if text is not None:
        report.write_text(text)
    ret = subprocess.run([COUNT, report], capture_output=True, text=True)
    assert ret.stdout == "0 1 0\n" and ret.stderr
