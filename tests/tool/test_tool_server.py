# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that are down, do not answer, or die in the middle; and signals."""

import concurrent.futures
import contextlib
import os
import signal
import socket
import subprocess
import threading

import pytest

from knot import HOUSE, preset, wait_for, zone_text
from kmxpreset import MAP, TOOL, contents, refused, run

ADD = ("add", "a.example", "@", "10", "mail.example.net")

COMMANDS = [("show", "a.example"), ADD, ("del", "a.example", "@"), ("use", "a.example", "gandi"),
            ("reset", "a.example")]


def nothing_open(server):
    """A transaction can be opened, so none is."""
    server.knotc("zone-begin", "a.example")
    server.knotc("zone-abort", "a.example")
    return True


class Relay:
    """Stands between the tool and the server; acts when the tool sends a certain command.

    deaf     once it has acted, what the server says is not passed on
    rewrite  what the tool says is passed on with (octets, others) replaced
    reply    once it has acted, the same of what the server says
    """

    def __init__(self, server, path, command, act=lambda: None, deaf=False, rewrite=(b"", b""),
                 reply=(b"", b"")):
        self.socket_path = path
        self.target = str(server.socket_path)
        self.command, self.act, self.deaf, self.rewrite = command, act, deaf, rewrite
        self.reply = reply
        self.acted = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                tool, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(self.target)
                except OSError:
                    tool.close()
                    continue
                for source, target, from_tool in ((tool, server, True), (server, tool, False)):
                    threading.Thread(target=self.pump, args=(source, target, from_tool),
                                     daemon=True).start()

    def pump(self, source, target, from_tool):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if from_tool and self.command in data and not self.acted.is_set():
                    self.acted.set()
                    self.act()
                if from_tool and self.rewrite[0]:
                    data = data.replace(*self.rewrite)
                if not from_tool and self.reply[0] and self.acted.is_set():
                    data = data.replace(*self.reply)
                if from_tool or not (self.deaf and self.acted.is_set()):
                    target.sendall(data)
        for side in (source, target):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()


@pytest.fixture
def relay(tmp_path):
    relays = []

    def make(server, command, *args, **options):
        relays.append(Relay(server, tmp_path / f"relay{len(relays)}", command, *args, **options))
        return relays[-1]

    yield make
    for each in relays:
        each.close()


ALL = [(1, "list"), (1, "-a", "verify", "127.0.0.1"), (1, "-a", "adopt"), (1, "-n", "-a", "freeze"),
       (2, "diff", MAP, MAP)]


@pytest.mark.parametrize("status, command", [(status, command) for status, *command in ALL])
def test_commands_about_all_zones(tmp_path, status, command):
    """Of a server that is down, or takes the connection and says nothing."""
    result = run("-s", tmp_path / "no.sock", *command)
    assert (result.status, result.out) == (status, "")
    assert result.err.startswith("error: no connection")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute"))
        listener.listen(8)
        result = run("-s", tmp_path / "mute", "-t", "1", *command)
    assert (result.status, result.out) == (status, "")
    assert "no answer" in result.err and result.err.count("\n") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_down(tmp_path, command):
    refused(run("-s", tmp_path / "no.sock", *command), "no.sock", "knotd", "-s")


def test_socket_of_another_kind(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file", tmp_path / ("x" * 200)):
        refused(run("-s", path, "show", "a.example"), "SOCKET")


def test_no_answer(tmp_path):
    """A server that takes the connection and says nothing."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "mute"))
        listener.listen(8)
        for command in COMMANDS:
            refused(run("-s", tmp_path / "mute", "-t", "1", *command), "a.example.", "no answer")


def test_garbage(tmp_path):
    """A server that speaks something else."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "http"))
        listener.listen(8)

        def speak():
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 10)
        threading.Thread(target=speak, daemon=True).start()
        refused(run("-s", tmp_path / "http", "-t", "5", *ADD), "a.example.")
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("command", [b"zone-begin", b"zone-get", b"zone-set", b"zone-diff",
                                     b"zone-commit"])
def test_server_dies(knotd, relay, command):
    server = knotd({"a.example": zone_text()})

    between = relay(server, command, server.process.kill)
    refused(run(*ADD, server=between), "a.example.", "no answer")
    assert between.acted.is_set()
    server.process.wait()
    server.process = None
    server.start()
    assert server.mx("a.example") == HOUSE
    assert run(*ADD, server=server).status == 0


@pytest.mark.parametrize("command", [b"zone-status", b"conf-read", b"zone-get", b"zone-set",
                                     b"zone-diff"])
def test_answer_is_lost(knotd, relay, command):
    """The tool gives up waiting: what it has begun is aborted."""
    server = knotd({"a.example": zone_text()})
    before = contents(server, "a.example")
    between = relay(server, command, deaf=True)
    refused(run("-s", between.socket_path, "-t", "1", *ADD), "'a.example.'", "no answer")
    assert contents(server, "a.example") == before
    assert nothing_open(server)


def test_commit_is_lost(knotd, relay):
    """Nobody can know if it was done: the tool says so."""
    server = knotd({"a.example": zone_text()})
    between = relay(server, b"zone-commit", deaf=True)
    refused(run("-s", between.socket_path, "-t", "1", *ADD), "no answer", "kmxpreset show")
    wait_for(lambda: server.mx("a.example") == preset(3600, "10 mail.example.net."), "the commit")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                                    signal.SIGUSR1])
@pytest.mark.parametrize("command", [b"zone-set", b"zone-commit"])
def test_signal(knotd, relay, number, command):
    """A signal in the middle ends the tool, but leaves no transaction open."""
    server = knotd({"a.example": zone_text()})
    process = None
    started = threading.Event()

    def interrupt():
        started.wait()
        os.kill(process.pid, number)
    between = relay(server, command, interrupt)
    process = subprocess.Popen([TOOL, "-s", between.socket_path, *ADD], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    started.set()
    process.communicate(timeout=60)
    assert process.returncode == -number
    assert server.mx("a.example") == preset(3600, "10 mail.example.net.")
    assert nothing_open(server)


def test_begin_is_late(knotd, relay):
    """Nobody can know if a transaction is open now, and whose it is: the tool says so."""
    server = knotd({"a.example": zone_text()})
    between = relay(server, b"zone-begin", deaf=True)
    refused(run("-s", between.socket_path, "-t", "1", *ADD), "no answer", "knotc zone-abort")


def test_many_at_once(knotd):
    """More than the server has room for in its queue."""
    server = knotd({"a.example": zone_text()})
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        results = list(pool.map(lambda _: run("show", "a.example", server=server), range(120)))
    assert [result.status for result in results] == [0] * len(results), results


@pytest.mark.parametrize("right, wrong", [(b"mail.example.net.", b"mail..xample.net."),
                                          (b"zone-diff", b"conf-diff"),
                                          (b"zone-commit", b"zone-backup")])
def test_refused_in_the_middle(knotd, relay, right, wrong):
    """Where the server refuses a step, the transaction is aborted, over the same connection."""
    server = knotd({"a.example": zone_text()})
    before = contents(server, "a.example")
    between = relay(server, right, rewrite=(right, wrong))
    refused(run(*ADD, server=between), "'a.example.'", "is not changed")
    assert contents(server, "a.example") == before
    assert nothing_open(server)
