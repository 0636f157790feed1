# SPDX-License-Identifier: GPL-2.0-or-later
"""A fleet of the files in conf/fleet: only addresses, ports, paths, user and keys are others."""

import os
import pathlib
import re
import subprocess

import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

from knot import ADDRESS, MAP, MODULE, ROOT, Knotd, free_port, wait_for, zone_text

FILES = ROOT / "conf/fleet"
TOOL = pathlib.Path(os.environ.get("KMXPRESET", ROOT / "build/tool/kmxpreset"))
MAP_ZONE = "mx-presets."
SECRETS = {"transfer": "dHJhbnNmZXItc2VjcmV0LW9mLXRoZS10ZXN0cw==",
           "panel": "cGFuZWwtc2VjcmV0LW9mLXRoZS10ZXN0cw=="}


class Server(Knotd):
    """A server of the fleet.

    removed    what is taken out of its configuration, a regular expression
    role       primary or secondary: the name of its configuration
    number     last octet of its address in the files
    addresses  the same of all servers -> port
    """

    def __init__(self, path, role, number, addresses):
        super().__init__(path, {}, map_text=None)
        self.role, self.number, self.addresses = role, number, addresses
        self.map_path = self.path / "db/mx-presets.zone"
        self.removed = ""
        (self.path / "db/zones").mkdir(parents=True)

    def configuration(self):
        self.port = self.addresses[self.number]
        text = (FILES / f"{self.role}.conf").read_text()
        text = re.sub("listen: .*", f"listen: {ADDRESS}@{self.port}", text)
        for number, port in self.addresses.items():
            text = text.replace(f"192.0.2.{number}@53", f"{ADDRESS}@{port}")
        for name, secret in SECRETS.items():
            text = text.replace(f"(keymgr -t {name})", secret)
        text = text.replace("    user: knot:knot\n", "").replace("target: syslog",
                                                                 f"target: {self.log_path}")
        text = text.replace("/run/knot", str(self.path)).replace("/var/lib/knot",
                                                                 str(self.path / "db"))
        text = f"module:\n  - id: mod-mxpreset\n    file: {MODULE}\n" + text
        return re.sub(self.removed, "", text) if self.removed else text

    def begin(self):
        """Starts, and waits until the control socket answers."""
        self.start()
        return self

    def restart(self):
        self.stop()
        return self.begin()

    def put_zone(self, name, body=""):
        """Writes the file of a customer's zone, as people do."""
        path = self.path / f"db/zones/{name}.zone"
        new = path.with_suffix(".new")
        new.write_text(f"$ORIGIN {name}.\n{zone_text(body)}")
        new.rename(path)

    def add_customer(self, name, group):
        """Adds a customer to the catalog; the group is the name of the template."""
        member = f"{name.replace('.', '-')}.zones"
        self.set_zone("catalog.", f"set {member} 0 PTR {name}.",
                      f"set group.{member} 0 TXT {group}")

    def move_customer(self, name, group):
        member = f"{name.replace('.', '-')}.zones"
        self.set_zone("catalog.", f"unset group.{member}", f"set group.{member} 0 TXT {group}")

    def remove_customer(self, name):
        member = f"{name.replace('.', '-')}.zones"
        self.set_zone("catalog.", f"unset {member}", f"unset group.{member}")

    def update(self, zone, *changes):
        """A dynamic update of the panel: ("add", "@", 60, "MX", "10 a.example.")."""
        update = dns.update.UpdateMessage(
            zone, keyring=dns.tsigkeyring.from_text({"panel": ("hmac-sha256", SECRETS["panel"])}))
        for verb, *change in changes:
            getattr(update, verb)(*change)
        try:
            answer = dns.query.tcp(update, ADDRESS, port=self.port, timeout=self.patience)
        except dns.tsig.PeerBadKey:
            return "BADKEY"
        return dns.rcode.to_text(answer.rcode())

    def commit_map(self, *changes):
        """Runs commit-map with the tool of the build."""
        return subprocess.run(
            [str(FILES / "commit-map"), "-s", str(self.socket_path)],
            input="".join(f"{change}\n" for change in changes), capture_output=True, text=True,
            timeout=60, env={**os.environ, "PATH": f"{TOOL.parent}:{os.environ['PATH']}"})

    def tool(self, *words):
        """Runs kmxpreset: its exit status, and the lines of its output."""
        ret = subprocess.run([str(TOOL), "-s", str(self.socket_path), *words], timeout=60,
                             capture_output=True, text=True)
        return ret.returncode, (ret.stdout + ret.stderr).splitlines()

    def version(self):
        """The serial of the map that is served."""
        return self.totals().get("map-serial")


class Fleet:
    """A primary and secondaries with the catalog and the map that ship."""

    def __init__(self, path):
        self.addresses = {}
        while len(self.addresses) < 3:
            port = free_port()
            if port not in self.addresses.values():
                self.addresses[len(self.addresses) + 1] = port
        self.primary = Server(path / "primary", "primary", 1, self.addresses)
        self.secondaries = [Server(path / f"secondary{number}", "secondary", number + 1,
                                   self.addresses) for number in (1, 2)]
        self.servers = [self.primary, *self.secondaries]
        db = self.primary.path / "db"
        (db / "catalog.zone").write_text((FILES / "catalog.zone").read_text())
        (db / "mx-presets.zone").write_text(
            (FILES / "mx-presets.head").read_text() + MAP.read_text())

    def start(self):
        for server in self.servers:
            server.begin()
        self.wait(lambda server: server.version() == self.primary.version() is not None,
                  "the map")
        return self

    def stop(self):
        for server in self.servers:
            server.stop()

    def wait(self, condition, what, servers=None):
        for server in servers or self.servers:
            wait_for(lambda s=server: condition(s), f"{what} on {server.path.name}")

    def wait_mx(self, zone, expected, servers=None):
        """Waits until all servers serve this, whatever they served before."""
        self.wait(lambda server: server.mx(zone) == expected, f"MX {zone} {expected}", servers)
