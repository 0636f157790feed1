# SPDX-License-Identifier: GPL-2.0-or-later
"""Validators for tests: unbound, BIND and Knot Resolver with their caches, delv without one."""

import pathlib
import signal
import subprocess
import threading

import dns.exception
import dns.message
import dns.query

from knot import ADDRESS, free_port, mx_of, wait_for

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
    {options}
remote-control:
    control-enable: no
"""
# Nothing is remembered, so that each query is for one of the servers.
FORGETFUL = "cache-max-ttl: 0\n    cache-max-negative-ttl: 0"
UNBOUND_ZONE = 'stub-zone:\n    name: "{zone}"\n{servers}'
UNBOUND_SERVER = "    stub-addr: {address}@{port}\n"

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
    {options}
}};
"""
NAMED_ZONE = 'zone "{zone}" {{ type forward; forward only; forwarders {{ {servers}}}; }};\n'
NAMED_SERVER = "{address} port {port}; "

KRESD = """
net.listen('{address}', {port})
net.ipv6 = false
cache.open(10 * MB, 'lmdb://{path}/cache')
for _, module in ipairs({{'detect_time_jump', 'detect_time_skew', 'priming', 'ta_signal_query',
                         'ta_update'}}) do
    modules.unload(module)
end
trust_anchors.remove('.')
dofile('{path}/anchors')
{options}
"""
KRESD_ZONE = ("policy.add(policy.suffix(policy.FORWARD({{{servers}}}), "
              "policy.todnames({{'{zone}'}})))\n")
KRESD_SERVER = "'{address}@{port}', "


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


def kresd_anchors(server, zones):
    return "".join(f"trust_anchors.add('{line}')\n"
                   for line in unbound_anchors(server, zones).splitlines())


KINDS = {
    "unbound": (unbound_anchors, UNBOUND, UNBOUND_ZONE, UNBOUND_SERVER, ["unbound", "-d", "-c"]),
    "bind": (bind_anchors, NAMED, NAMED_ZONE, NAMED_SERVER, ["named", "-g", "-n", "1", "-c"]),
    "kresd": (kresd_anchors, KRESD, KRESD_ZONE, KRESD_SERVER, ["kresd", "-n", "-c"]),
}


class Resolver:
    """A validating resolver that caches.

    kind     one of KINDS
    path     a folder for it
    servers  the servers that it asks; the first one is asked for the keys to trust
    zones    zones that are asked for there
    options  further options, in the resolver's own words
    """

    def __init__(self, kind, path, servers, zones, options=""):
        self.anchors, self.head, self.zone, self.server, self.command = KINDS[kind]
        self.path = pathlib.Path(path)
        self.servers, self.zones, self.options = list(servers), list(zones), options
        self.port = free_port()
        self.process = None

    def configuration(self):
        servers = "".join(self.server.format(address=ADDRESS, port=server.port)
                          for server in self.servers)
        return self.head.format(address=ADDRESS, port=self.port, path=self.path,
                                options=self.options) + "".join(
            self.zone.format(zone=zone, servers=servers) for zone in self.zones)

    def __enter__(self):
        self.path.mkdir()
        (self.path / "anchors").write_text(self.anchors(self.servers[0], self.zones))
        (self.path / "conf").write_text(self.configuration())
        with open(self.path / "log", "wb") as log:
            self.process = subprocess.Popen([*self.command, str(self.path / "conf")], stdout=log,
                                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                            cwd=self.path)
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
        # Not a name that a resolver would look for at the root.
        query = dns.message.make_query("version.bind.", "TXT", "CH")
        try:
            return dns.query.udp(query, ADDRESS, port=self.port, timeout=0.1)
        except (dns.exception.Timeout, OSError):
            return None

    def ask(self, name, rtype="MX", tcp=False):
        """Asks; TTLs that the cache has counted down are whole minutes again."""
        query = dns.message.make_query(name + ".", rtype, want_dnssec=True)
        transport = dns.query.tcp if tcp else dns.query.udp
        answer = transport(query, ADDRESS, port=self.port, timeout=30)
        for rrset in answer.answer:
            rrset.ttl = -(-rrset.ttl // 60) * 60
        return answer

    def mx(self, name, tcp=False):
        """What a sender gets."""
        return mx_of(self.ask(name, tcp=tcp))


def delv(server, zone, name, rtype="MX"):
    """What delv says: its first line, and its whole output."""
    anchors = server.path / f"anchors-{zone}-{threading.get_ident()}"
    anchors.write_text(bind_anchors(server, [zone]))
    ret = subprocess.run(["delv", "-a", str(anchors), f"+root={zone}", f"@{ADDRESS}", "-p",
                          str(server.port), name, rtype], capture_output=True, text=True,
                         timeout=60)
    return ret.stdout + ret.stderr
