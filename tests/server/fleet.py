# SPDX-License-Identifier: GPL-2.0-or-later
"""A fleet of the files in conf/fleet: only addresses, ports, paths, user and keys are others."""

import os
import pathlib
import re
import shutil
import subprocess
import textwrap

import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

from knot import ADDRESS, MAP, MODULE, ROOT, Knotd, free_port, wait_for, zone_text

FILES = ROOT / "conf/fleet"
PAGE = (ROOT / "doc/fleet.md").read_text()
TOOL = pathlib.Path(os.environ.get("KMXPRESET", ROOT / "build/tool/kmxpreset"))
MAP_ZONE = "mx-presets."
SECRETS = {"transfer": "dHJhbnNmZXItc2VjcmV0LW9mLXRoZS10ZXN0cw==",
           "panel": "cGFuZWwtc2VjcmV0LW9mLXRoZS10ZXN0cw=="}
# What the commands of the page are on the tests' machine: without root, systemd and ssh.
SHELL = """
knotc() {{ command knotc -c {path}/knot.conf -t 60 "$@"; }}
kmxpreset() {{ command kmxpreset -s {path}/knot.sock "$@"; }}
commit-map() {{ {files}/commit-map -s {path}/knot.sock "$@"; }}
chown() {{ :; }}
systemctl() {{ :; }}
"""


def commands(heading):
    """The blocks of commands in a section of the page."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    return [textwrap.dedent(block) for block in re.findall(r"(?:^ {4,}\S.*\n)+", section, re.MULTILINE)]


class Server(Knotd):
    """A server of the fleet.

    role       primary or secondary: the name of its configuration
    number     last octet of its address in the files
    addresses  the same of all servers -> port
    edit       what is done to the text of its configuration
    secrets    what is put in the place of placeholders
    """

    def __init__(self, path, role, number, addresses):
        super().__init__(path, {}, map_text=None)
        self.role, self.number, self.addresses = role, number, addresses
        self.map_path = self.path / "db/mx-presets.zone"
        self.edit = lambda text: text
        self.secrets = SECRETS
        self.module_path = self.path / "mxpreset.so"
        self.install_module()
        (self.path / "db").mkdir()

    def configuration(self):
        self.port = self.addresses[self.number]
        text = self.edit((FILES / f"{self.role}.conf").read_text())
        text = re.sub("listen: .*", f"listen: {ADDRESS}@{self.port}", text)
        for number, port in self.addresses.items():
            text = text.replace(f"192.0.2.{number}@53", f"{ADDRESS}@{port}")
        for name, secret in self.secrets.items():
            text = text.replace(f"(keymgr -t {name})", secret)
        text = text.replace("    user: knot:knot\n", "").replace("target: syslog",
                                                                 f"target: {self.log_path}")
        text = text.replace("/run/knot", str(self.path)).replace("/var/lib/knot",
                                                                 str(self.path / "db"))
        if "mod-mxpreset:" in text:
            text = f"module:\n  - id: mod-mxpreset\n    file: {self.module_path}\n" + text
        return text

    def install_module(self):
        """Puts a new file in the place of an old one, as packages do."""
        new = self.module_path.with_suffix(".new")
        shutil.copy(MODULE, new)
        new.rename(self.module_path)

    def run(self, block):
        """Runs commands of the page in a shell: (exit status, stdout, stderr)."""
        text = block.replace("/var/lib/knot", str(self.path / "db")).replace(
            "/etc/knot/mx-presets.zone", str(MAP)).replace(" -o knot -g knot", "")
        for number, port in self.addresses.items():
            text = re.sub(rf"192\.0\.2\.{number}(?![.\d])", f"{ADDRESS}@{port}", text)
        ret = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", SHELL.format(path=self.path, files=FILES) + text],
            capture_output=True, text=True, timeout=60, cwd=ROOT,
            env={**os.environ, "PATH": f"{TOOL.parent}:{os.environ['PATH']}"})
        return ret.returncode, ret.stdout, ret.stderr

    def make_folders(self):
        """What a secondary needs beside its configuration."""
        block, = commands("The second server, and any other")
        ret = self.run(block)
        assert ret == (0, "", ""), ret

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

    def commit_map(self, *changes, tools=TOOL.parent):
        """Runs commit-map with the tool of the build, or with another one."""
        return subprocess.run(
            [str(FILES / "commit-map"), "-s", str(self.socket_path)],
            input="".join(f"{change}\n" for change in changes), capture_output=True, text=True,
            timeout=60, env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})

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
        self.path, self.addresses, self.servers = path, {}, []
        self.primary = self.add("primary", "primary")
        self.secondaries = [self.add(f"secondary{number}", "secondary") for number in (1, 2)]
        for server in self.servers:
            server.port = self.addresses[server.number]
            server.write_configuration()
        block, = commands("The first server")
        ret = self.primary.run(block)
        assert ret[0] == 0 and "Configuration is valid" in ret[1], ret
        for server in self.secondaries:
            server.make_folders()

    def add(self, name, role):
        """Adds a server, that the others do not know yet."""
        port = free_port()
        while port in self.addresses.values():
            port = free_port()
        number = len(self.servers) + 1
        self.addresses[number] = port
        self.servers.append(Server(self.path / name, role, number, self.addresses))
        return self.servers[-1]

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
