# SPDX-License-Identifier: GPL-2.0-or-later
"""A real knotd for tests: its own folder, free ports, ended by its pid."""

import os
import pathlib
import random
import re
import signal
import socket
import struct
import subprocess
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULE = pathlib.Path(os.environ.get("MXPRESET_SO", ROOT / "build/module/mxpreset.so"))
MAP = ROOT / "conf/mx-presets.zone"
ADDRESS = "127.0.0.1"
# Libraries of sanitizers that MODULE was built with; the server itself was not.
SANITIZERS = os.environ.get("MXPRESET_SANITIZERS", "")
# For the utilities that load the module to read a configuration; their own leaks are not ours.
UTILITY = {**os.environ, "LD_PRELOAD": SANITIZERS, "ASAN_OPTIONS": "detect_leaks=0"} \
    if SANITIZERS else None
PATIENCE = 30.0

VERSION = tuple(map(int, re.search(r"(\d+)\.(\d+)\.(?:dev)?(\d+)", subprocess.run(
    ["knotd", "--version"], capture_output=True, text=True, check=True).stdout).groups()))

SOA = "@ 3600 SOA ns hostmaster 1 3600 600 86400 300\n@ 3600 NS ns\nns 3600 A 192.0.2.1\n"


def skip_known_bug(first, last, what):
    """Skips a test that would meet a bug of these versions of Knot, as in doc/operating.md."""
    if first <= VERSION <= last:
        pytest.skip(f"Knot {'.'.join(map(str, VERSION))}: {what}")


def wait_for(condition, what, patience=PATIENCE):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain for {what}")
        time.sleep(0.01)


def free_port():
    """A port that is free for UDP and TCP, and that the system gives to no connection."""
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, \
                socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            try:
                udp.bind((ADDRESS, port))
                tcp.bind((ADDRESS, port))
            except OSError:
                continue
            return port


def zone_text(body=""):
    """A minimal zone with further records; the origin is the zone's name."""
    return SOA + body


def split_text(text):
    """A TXT record of a long text."""
    return "@ 60 TXT " + " ".join(f'"{text[i:i + 255]}"' for i in range(0, len(text), 255)) + "\n"


def long_marker(head, tail, size=1000):
    """A marker of many parameters, of about size octets: the longest has 1,024."""
    parts, length = [head], len(head) + len(tail)
    while length < size:
        parts.append(f"p{len(parts)}=v")
        length += len(parts[-1]) + 1
    return split_text(" ".join([*parts, tail]))


class Daemon:
    """A process that is no child of ours, with what a server needs of Popen."""

    def __init__(self, pid):
        self.pid, self.returncode = pid, None

    def poll(self):
        status = pathlib.Path(f"/proc/{self.pid}/status")
        if not status.exists() or "State:\tZ" in status.read_text():
            self.returncode = 0
        return self.returncode

    def wait(self, timeout=PATIENCE):
        wait_for(lambda: self.poll() is not None, f"process {self.pid} to end", timeout)

    def send_signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        self.send_signal(signal.SIGKILL)


class Knotd:
    """A server with zones that all use the module in the same way, unless told otherwise.

    zones      name without final dot -> text of the zone file, None for a zone without one
    settings   items of the module's instance `house`; None leaves an item out, a list is kept
    map_text   content of the preset map, or None for no file at all
    instances  further instances: id -> settings
    modules    zone -> `module` item, instead of `mod-mxpreset/house`; "" for none
    server     further lines of the section `server`
    extra      further sections, before `template` (keys, ACL, policies ...)
    zone_extra further lines for every zone (`acl: ...`)
    template   further lines of the default template
    tail       further sections at the end (templates and zones that need the module ...)
    module     False to run without the module at all
    confdb     True to run from a configuration database
    daemon     True to run in the background
    valgrind   command line to put before knotd
    """

    def __init__(self, path, zones, settings=None, map_text=MAP.read_text(), instances=None,
                 modules=None, server="", extra="", zone_extra="", template="", tail="", module=True,
                 confdb=False, daemon=False, valgrind=(), environment=None):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self.zones = dict(zones)
        self.settings = {"builtin": "house", **(settings or {})}
        self.instances = instances or {}
        self.modules = modules or {}
        self.server = server
        self.extra = extra
        self.zone_extra = zone_extra
        self.template = template
        self.tail = tail
        self.module = module
        self.confdb = confdb
        self.daemon = daemon
        self.wrapper = list(valgrind)
        self.environment = {**os.environ, **(environment or {})}
        if SANITIZERS:
            self.environment["LD_PRELOAD"] = \
                f"{SANITIZERS} {self.environment.get('LD_PRELOAD', '')}"
        self.patience = PATIENCE * (4 if valgrind else 1)
        self.map_path = self.path / "mx-presets.zone"
        self.log_path = self.path / "knotd.log"
        self.socket_path = self.path / "knot.sock"
        self.process = None
        self.port = 0
        if map_text is not None:
            self.write_map(map_text)
        for name, text in self.zones.items():
            if text is not None:
                self.write_zone(name, text)

    # Files

    def zone_path(self, name):
        return self.path / f"{name}.zone"

    def write_zone(self, name, text):
        self.zone_path(name).write_text(f"$ORIGIN {name}.\n{text}")

    def write_map(self, text):
        """Renames a new map into place."""
        new = self.map_path.with_suffix(".new")
        if isinstance(text, bytes):
            new.write_bytes(text)
        else:
            new.write_text(text)
        new.rename(self.map_path)

    def _instance(self, name, settings):
        lines = [f"  - id: {name}"]
        for item, value in {"map-file": self.map_path, **settings}.items():
            if value is None:
                continue
            if isinstance(value, bool):
                value = "on" if value else "off"
            if isinstance(value, (list, tuple)):
                value = "[" + ", ".join(f'"{text}"' for text in value) + "]"
            else:
                value = f'"{value}"'
            lines.append(f"    {item}: {value}")
        return "\n".join(lines) + "\n"

    def configuration(self):
        text = f"""
server:
    rundir: {self.path}
    listen: {ADDRESS}@{self.port}
    udp-workers: 2
    tcp-workers: 2
    background-workers: 2
{self.server}
control:
    listen: {self.socket_path}
    timeout: 30
database:
    storage: {self.path}/db
log:
  - target: {self.log_path}
    any: info
{self.extra}
"""
        if self.module:
            text += f"module:\n  - id: mod-mxpreset\n    file: {MODULE}\nmod-mxpreset:\n"
            text += self._instance("house", self.settings)
            for name, settings in self.instances.items():
                text += self._instance(name, settings)
        text += f"""
template:
  - id: default
    storage: {self.path}
    file: "%s.zone"
    zonefile-load: whole
    journal-content: changes
    semantic-checks: off
{self.template}zone:
"""
        for name in self.zones:
            text += f"  - domain: {name}\n{self.zone_extra}"
            module = self.modules.get(name, "mod-mxpreset/house") if self.module else ""
            if module:
                text += f"    module: {module}\n"
        return text + self.tail

    def write_configuration(self):
        (self.path / "knot.conf").write_text(self.configuration())

    # Life

    def arguments(self):
        """How knotd finds its configuration, and where it runs."""
        if not self.confdb:
            return ["-c", str(self.path / "knot.conf"), *(["-d"] if self.daemon else [])]
        base = ["-C", str(self.path / "confdb")]
        subprocess.run(["knotc", "-f", *base, "conf-import", str(self.path / "knot.conf")],
                       stdout=subprocess.DEVNULL, timeout=60, check=True, env=UTILITY)
        return base

    def pid_text(self):
        path = self.path / "knot.pid"
        return path.read_text() if path.exists() else ""

    def start(self, wait_zones=True):
        """Starts knotd and waits until it serves all zones."""
        for _ in range(5):
            self.port = free_port()
            self.write_configuration()
            (self.path / "db").mkdir(exist_ok=True)
            self.log_path.write_text("")
            output = open(self.path / "output.log", "wb")
            self.process = subprocess.Popen(
                [*self.wrapper, "knotd", *self.arguments()],
                stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                env=self.environment)
            output.close()
            if self.daemon:
                self.process.wait(self.patience)
                self.process = Daemon(int(wait_for(self.pid_text, "knot.pid", self.patience)))
            wait_for(lambda: self.process.poll() is not None or
                     "server started" in self.log(), "knotd to start", self.patience)
            if self.process.poll() is None:
                break
            if "cannot bind" not in self.log():
                raise AssertionError("knotd ended:\n" + self.log() + self.output())
        if wait_zones:
            self.wait_zones()
        return self

    def wait_zones(self):
        for name in self.zones:
            wait_for(lambda n=name: self.ask(n, "SOA").rcode() == dns.rcode.NOERROR,
                     f"zone {name}", self.patience)

    def stop(self):
        """Ends knotd and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        status = self.process.returncode
        self.process = None
        assert not SANITIZERS or not re.search("Sanitizer|runtime error", self.output()), \
            self.output()
        return status

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    # Control

    def knotc(self, *args, check=True):
        """Runs knotc on the running server and returns its output."""
        ret = subprocess.run(["knotc", "-s", str(self.socket_path), "-t", "60", *args],
                             capture_output=True, text=True, timeout=120)
        if check and ret.returncode != 0:
            raise AssertionError(f"knotc {args}: {ret.stdout}{ret.stderr}\n{self.log()}")
        return ret.stdout + ret.stderr

    def reload(self):
        self.write_configuration()
        self.knotc("reload")

    def conf_check(self):
        """Runs knotc conf-check on the present configuration: (exit status, output)."""
        self.port = self.port or free_port()
        self.write_configuration()
        ret = subprocess.run(["knotc", "-c", str(self.path / "knot.conf"), "conf-check"],
                             capture_output=True, text=True, timeout=60, env=UTILITY)
        return ret.returncode, ret.stdout + ret.stderr

    def set_zone(self, zone, *changes):
        """One transaction of `knotc zone-set` and `zone-unset` ("set @ 60 MX 10 a.")."""
        self.knotc("zone-begin", zone)
        for change in changes:
            verb, *words = change.split(" ")
            self.knotc(f"zone-{verb}", zone, *words)
        self.knotc("zone-commit", zone)

    def counters(self, zone):
        """The module's counters of a zone that are not zero: name -> value."""
        return self.counted("zone-stats", zone, "mod-mxpreset")

    def totals(self):
        """The same of the global module; empty without one."""
        return self.counted("stats")

    def counted(self, *command):
        lines = self.knotc(*command)  # With a colon since 3.6.
        return {name: int(value)
                for name, value in re.findall(r"mod-mxpreset\.(\S+)(?: =|:) (\d+)", lines)
                if value != "0"}

    # Log

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def output(self):
        return (self.path / "output.log").read_text(errors="replace")

    def log_lines(self, pattern):
        return [line for line in self.log().splitlines() if re.search(pattern, line)]

    def wait_log(self, pattern, count=1):
        wait_for(lambda: len(self.log_lines(pattern)) >= count, f"{pattern!r} in the log",
                 self.patience)
        return self.log_lines(pattern)

    def kept_maps(self):
        """Copies of the last good map, without one that is still being written."""
        return [path for path in (self.path / "db/mxpreset").glob("*") if path.suffix != ".new"]

    # Queries

    def message(self, name, rtype="MX", edns=True, payload=1232, dnssec=False, rclass="IN"):
        query = dns.message.make_query(name if name.endswith(".") else name + ".", rtype, rclass,
                                       use_edns=0 if edns else -1,
                                       payload=payload if edns else None,
                                       want_dnssec=dnssec)
        query.flags &= ~dns.flags.RD
        return query

    def ask(self, name, rtype="MX", tcp=False, timeout=None, **options):
        """One query, one answer; a truncated one is not asked again."""
        query = self.message(name, rtype, **options)
        return dns.message.from_wire(self.ask_wire(query.to_wire(), tcp, timeout))

    def ask_wire(self, wire, tcp=False, timeout=None):
        """Sends octets and returns the octets of the answer."""
        timeout = timeout or self.patience
        if tcp:
            with socket.create_connection((ADDRESS, self.port), timeout) as sock:
                sock.sendall(struct.pack("!H", len(wire)) + wire)
                stream = sock.makefile("rb")
                (size,) = struct.unpack("!H", stream.read(2))
                return stream.read(size)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(timeout)
            sock.connect((ADDRESS, self.port))
            sock.send(wire)
            return sock.recv(65535)

    def mx(self, name, **options):
        """What a sender gets: a sorted list of (TTL, preference, exchange), or the rcode."""
        return mx_of(self.ask(name, **options))


class Asker(threading.Thread):
    """Asks for names again and again until it is told to end.

    expected  name -> the answers that are right
    """

    def __init__(self, server, expected, tcp):
        super().__init__(daemon=True)
        self.server, self.expected, self.tcp = server, expected, tcp
        self.ended = threading.Event()
        self.rounds = 0
        self.wrong = []

    def ask_all(self):
        for name, right in self.expected.items():
            answer = self.server.mx(name, tcp=self.tcp)
            if answer not in right:
                self.wrong.append((name, answer))
        self.rounds += 1

    def run(self):
        try:
            while not self.ended.is_set():
                self.ask_all()
        except Exception as error:  # A thread that dies would hide it.
            self.wrong.append(error)


class Askers:
    """Load for the time of a `with`: one thread over UDP and one over TCP, all answers right."""

    def __init__(self, server, expected):
        self.threads = [Asker(server, expected, tcp) for tcp in (False, True)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for thread in self.threads:
            thread.ended.set()
        for thread in self.threads:
            thread.join()
        wrong = [thread.wrong for thread in self.threads]
        assert wrong == [[], []], wrong
        assert all(thread.rounds > 0 for thread in self.threads)


def mx_of(answer):
    """The MX records of an answer, or its rcode if it is not NOERROR."""
    if answer.rcode() != dns.rcode.NOERROR:
        return dns.rcode.to_text(answer.rcode())
    return sorted((rrset.ttl, rdata.preference, rdata.exchange.to_text())
                  for rrset in answer.answer if rrset.rdtype == dns.rdatatype.MX
                  for rdata in rrset)


def txt_of(answer):
    """The TXT records of an answer, (TTL, strings), or its rcode if it is not NOERROR."""
    if answer.rcode() != dns.rcode.NOERROR:
        return dns.rcode.to_text(answer.rcode())
    return sorted((rrset.ttl, rdata.strings)
                  for rrset in answer.answer if rrset.rdtype == dns.rdatatype.TXT
                  for rdata in rrset)


def preset(ttl, *records):
    """The same form for an expected preset: preset(3600, "10 mx.example.")."""
    return sorted((ttl, int(record.split()[0]), record.split()[1]) for record in records)


def ede_of(answer):
    """Code and text of the Extended DNS Error of an answer; None if there is none, or there are two."""
    found = [(int(option.code), option.text) for option in answer.options
             if option.otype == dns.edns.OptionType.EDE]
    return found[0] if len(found) == 1 else None


HOUSE = preset(3600, "10 mx1.house.example.", "20 mx2.house.example.")
GANDI = preset(10800, "10 spool.mail.gandi.net.", "50 fb.mail.gandi.net.")
GSUITE = preset(3600, "1 aspmx.l.google.com.", "5 alt1.aspmx.l.google.com.",
                "5 alt2.aspmx.l.google.com.", "10 alt3.aspmx.l.google.com.",
                "10 alt4.aspmx.l.google.com.")
OVH = preset(3600, "1 mx0.mail.ovh.net.", "5 mx1.mail.ovh.net.", "50 mx2.mail.ovh.net.",
             "100 mx3.mail.ovh.net.")


# Options of a primary that lets anybody transfer its zones, and of a secondary of it.

TRANSFER = {"extra": f"acl:\n  - id: transfer\n    address: {ADDRESS}\n    action: transfer\n",
            "zone_extra": "    acl: transfer\n"}


def secondary_of(primary):
    return {"extra": f"remote:\n  - id: primary\n    address: {ADDRESS}@{primary.port}\n",
            "zone_extra": "    master: primary\n    zonefile-load: none\n"}


def outlook(label):
    return preset(3600, f"1 {label}.mail.protection.outlook.com.")
