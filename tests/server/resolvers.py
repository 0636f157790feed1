# SPDX-License-Identifier: GPL-3.0-or-later
"""Validators for tests: unbound and BIND as caching resolvers, delv without a cache."""

import pathlib
import signal
import subprocess

import dns.exception
import dns.message
import dns.query

from knot import ADDRESS, free_port, wait_for

UNBOUND = """
server:
    interface: {address}
    port: {port}
    do-daemonize: no
    use-syslog: no
    chroot: ""
    username: ""
    directory: "{path}"
    pidfile: ""
    num-threads: 1
    do-not-query-localhost: no
    module-config: "validator iterator"
    aggressive-nsec: yes
    trust-anchor-file: "{path}/anchors"
remote-control:
    control-enable: no
"""
UNBOUND_ZONE = 'stub-zone:\n    name: "{zone}"\n    stub-addr: {address}@{server}\n'

NAMED = """
include "{path}/anchors";
controls {{ }};
options {{
    directory "{path}";
    pid-file none;
    session-keyfile none;
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    recursion yes;
    dnssec-validation yes;
    synth-from-dnssec yes;
}};
"""
NAMED_ZONE = ('zone "{zone}" {{ type forward; forward only; '
              'forwarders {{ {address} port {server}; }}; }};\n')


def dnskeys(server, zone):
    """The keys that a resolver trusts: those with the SEP flag, as text."""
    return [rdata.to_text() for rrset in server.ask(zone, "DNSKEY", tcp=True).answer
            for rdata in rrset if rdata.flags & 1]


def bind_anchors(server, zones):
    """Trust anchors in BIND's form."""
    keys = [(zone, key.split(" ", 3)) for zone in zones for key in dnskeys(server, zone)]
    return "trust-anchors {\n" + "".join(
        f'    "{zone}." static-key {flags} {protocol} {algorithm} "{key}";\n'
        for zone, (flags, protocol, algorithm, key) in keys) + "};\n"


def unbound_anchors(server, zones):
    return "".join(f"{zone}. DNSKEY {key}\n" for zone in zones for key in dnskeys(server, zone))


KINDS = {
    "unbound": (unbound_anchors, UNBOUND, UNBOUND_ZONE, ["unbound", "-d", "-c"]),
    "bind": (bind_anchors, NAMED, NAMED_ZONE, ["named", "-g", "-n", "1", "-c"]),
}


class Resolver:
    """A validating resolver that caches, and asks one server for the zones."""

    def __init__(self, kind, path, server, zones):
        self.anchors, self.head, self.zone, self.command = KINDS[kind]
        self.path = pathlib.Path(path)
        self.server, self.zones = server, list(zones)
        self.port = free_port()
        self.process = None

    def __enter__(self):
        self.path.mkdir()
        (self.path / "anchors").write_text(self.anchors(self.server, self.zones))
        words = {"address": ADDRESS, "port": self.port, "path": self.path,
                 "server": self.server.port}
        (self.path / "conf").write_text(self.head.format(**words) + "".join(
            self.zone.format(zone=zone, **words) for zone in self.zones))
        with open(self.path / "log", "wb") as log:
            self.process = subprocess.Popen([*self.command, str(self.path / "conf")], stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        try:
            wait_for(self.is_ready, "the resolver")
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def is_ready(self):
        assert self.process.poll() is None, (self.path / "log").read_text()
        query = dns.message.make_query("localhost.", "A")
        try:
            return dns.query.udp(query, ADDRESS, port=self.port, timeout=1)
        except (dns.exception.Timeout, OSError):
            return None

    def ask(self, name, rtype="MX"):
        query = dns.message.make_query(name + ".", rtype, want_dnssec=True)
        return dns.query.udp(query, ADDRESS, port=self.port, timeout=30)


def delv(server, zone, name, rtype="MX"):
    """What delv says: its first line, and its whole output."""
    anchors = server.path / f"anchors-{zone}"
    anchors.write_text(bind_anchors(server, [zone]))
    ret = subprocess.run(["delv", "-a", str(anchors), f"+root={zone}", f"@{ADDRESS}", "-p",
                          str(server.port), name, rtype], capture_output=True, text=True,
                         timeout=60)
    return ret.stdout + ret.stderr
