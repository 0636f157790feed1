# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo shows what it says, and leaves nothing behind."""

import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from knot import ADDRESS, PATIENCE, ROOT

PORT = 5353


def processes(text):
    """Command lines of processes in which a text occurs."""
    lines = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            pass  # It has ended meanwhile.
    return [line for line in lines if text in line]


def default_signals():
    """Whoever runs the tests in the background may have them ignored."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


class Demo:
    """A running demo with a folder of its own for what is temporary."""

    def __init__(self, temporary, *options, root=ROOT):
        temporary.mkdir()
        self.temporary = temporary
        self.output = ""
        self.process = subprocess.Popen(
            [root / "scripts/demo", *options], env={**os.environ, "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True, preexec_fn=default_signals)

    def read_until(self, text):
        for line in self.process.stdout:
            self.output += line
            if text in line:
                return
        raise AssertionError(f"no {text!r} in the output:\n{self.output}")

    def end(self):
        """Waits for the end and returns the exit status."""
        self.output += self.process.communicate(timeout=4 * PATIENCE)[0]
        return self.process.returncode

    def port(self):
        return int(re.search(r"answers on 127\.0\.0\.1 port (\d+)", self.output).group(1))

    def check_nothing_left(self):
        assert processes(str(self.temporary)) == []
        assert list(self.temporary.iterdir()) == []

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture
def demo(tmp_path):
    """Starts demos, which are ended with the test."""
    demos = []

    def start(*options, **more):
        demos.append(Demo(tmp_path / f"tmp{len(demos)}", *options, **more))
        return demos[-1]

    yield start
    for started in demos:
        started.kill()


def test_tour(demo):
    tour = demo("--once")
    assert tour.end() == 0, tour.output
    for zone in (ROOT / "zones").glob("*.zone"):
        assert f"\n{zone.stem}\n  why   " in tour.output
    assert tour.output.endswith("\nAll answers are as the zones' comments say.\n")
    tour.check_nothing_left()


@pytest.mark.parametrize("whole_group", [True, False])
@pytest.mark.parametrize("number, status",
                         [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_ended_in_the_middle(demo, number, status, whole_group):
    tour = demo("--once")
    tour.read_until("nothing.example")
    assert processes(str(tour.temporary)) != []
    (os.killpg if whole_group else os.kill)(tour.process.pid, number)
    assert tour.end() == status
    tour.check_nothing_left()


def test_nobody_reads_on(demo):
    tour = demo("--once")
    tour.read_until("nothing.example")
    tour.process.stdout.close()
    assert tour.process.wait(4 * PATIENCE) != 0
    tour.check_nothing_left()


def test_serves_until_interrupted(demo):
    server = demo()
    server.read_until("Ctrl-C")
    answer = subprocess.run(
        ["dig", "-r", f"@{ADDRESS}", "-p", str(server.port()), "+short", "MX", "override.example"],
        capture_output=True, text=True, check=True, timeout=PATIENCE)
    assert answer.stdout == "10 mail.override.example.\n"
    assert server.process.poll() is None
    os.killpg(server.process.pid, signal.SIGINT)
    assert server.end() == 0
    server.check_nothing_left()


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_port_is_taken(demo, kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        try:
            taken.bind((ADDRESS, PORT))
            if kind == socket.SOCK_STREAM:
                taken.listen()
        except OSError:
            pass  # Somebody else has it, which is as good.
        tour = demo("--once")
        assert tour.end() == 0, tour.output
        assert tour.port() != PORT
        assert f"Port {PORT} is taken, so the server uses {tour.port()}\n" in tour.output


@pytest.mark.parametrize("folder, old, new, wrong", [
    ("zones", "10800 IN MX 50 fb.", "10800 IN MX 60 fb.",
     ["gandi.example. 10800", "spf.example. 10800", "fully validated"]),
    ("conf", "dnssec-signing: on", "dnssec-signing: off", ["fully validated"]),
    ("conf", "[mod-mxpreset/house, mod-onlinesign/presets]", "mod-mxpreset/house",
     ["fully validated"])])
def test_wrong_answer_is_an_error(demo, tmp_path, folder, old, new, wrong):
    tree = tmp_path / "tree"
    (tree / folder).mkdir(parents=True)
    for name in {"build", "conf", "scripts", "zones"} - {folder}:
        (tree / name).symlink_to(ROOT / name)
    for path in filter(pathlib.Path.is_file, (ROOT / folder).iterdir()):
        (tree / folder / path.name).write_text(path.read_text().replace(old, new))

    tour = demo("--once", root=tree)
    assert tour.end() == 1
    assert re.findall(f"WRONG expected: ({'|'.join(wrong)})", tour.output) == wrong
    assert tour.output.count("WRONG") == len(wrong)
    tour.check_nothing_left()


def test_usage():
    ret = subprocess.run([ROOT / "scripts/demo", "--twice"], capture_output=True, text=True)
    assert (ret.returncode, ret.stderr) == (2, "usage: scripts/demo [--once]\n")
