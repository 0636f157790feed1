# SPDX-License-Identifier: GPL-2.0-or-later
"""The preset map is a zone of BIND, which signs it, rolls its keys and transfers it."""

import pathlib
import signal
import subprocess

import dns.exception
import dns.message
import dns.query
import pytest

from knot import ADDRESS, GANDI, HOUSE, free_port, outlook, preset, wait_for, zone_text

ORIGIN = "maps.house.example"
TEXT = """\
$ORIGIN maps.house.example.
$TTL 3600
@ SOA ns root 1 3600 600 86400 300
@ NS ns
@ TXT "v=spf1 -all"
@ CAA 0 issue ";"
ns A 192.0.2.1
ns AAAA 2001:db8::1
house MX 10 mx1.house.example.
house MX 20 mx2.house.example.
gandi 10800 MX 10 spool.mail.gandi.net.
gandi 10800 MX 50 fb.mail.gandi.net.
outlook MX 1 _id_.mail.protection.outlook.com.
outlook TXT "id=@zone-dashed"
office365 CNAME outlook
"""
CONFIGURATION = """
key "rndc" {{ algorithm hmac-sha256; secret "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="; }};
controls {{ inet {address} port {control} allow {{ {address}; }} keys {{ "rndc"; }}; }};
options {{
    directory "{path}";
    pid-file none;
    session-keyfile none;
    listen-on port {port} {{ {address}; }};
    listen-on-v6 {{ none; }};
    recursion no;
    allow-transfer {{ {address}; }};
    also-notify {{ {address} port {secondary}; }};
}};
dnssec-policy "nsec3" {{ keys {{ csk lifetime unlimited algorithm ed25519; }}; nsec3param; }};
dnssec-policy "default-next" {{ keys {{ csk lifetime unlimited algorithm ed25519; }}; }};
dnssec-policy "nsec3-next" {{ keys {{ csk lifetime unlimited algorithm 13; }}; nsec3param; }};
zone "{origin}" {{
    type primary;
    file "map.zone";
    check-names ignore;
    dnssec-policy "{policy}";
    inline-signing yes;
}};
"""
RNDC = """
key "rndc" {{ algorithm hmac-sha256; secret "c2VjcmV0IG9mIHRoZSB0ZXN0cw=="; }};
options {{ default-server {address}; default-port {control}; default-key "rndc"; }};
"""


class Named:
    """BIND as the primary of the map."""

    def __init__(self, path, policy):
        self.path, self.policy = pathlib.Path(path), policy
        self.path.mkdir()
        self.port, self.control = free_port(), free_port()
        self.process = None

    def start(self, secondary):
        self.write(TEXT)
        self.configure(secondary, self.policy)
        (self.path / "rndc").write_text(RNDC.format(address=ADDRESS, control=self.control))
        with open(self.path / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["named", "-g", "-n", "1", "-c", str(self.path / "conf")], cwd=self.path,
                stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        wait_for(lambda: self.ask("SOA") and self.ask("NSEC3PARAM" if self.policy == "nsec3"
                                                      else "DNSKEY"), "BIND to sign the map")

    def configure(self, secondary, policy):
        (self.path / "conf").write_text(CONFIGURATION.format(
            address=ADDRESS, path=self.path, port=self.port, origin=ORIGIN, control=self.control,
            policy=policy, secondary=secondary))

    def roll(self, secondary):
        """Another policy asks for a key of another algorithm."""
        keys = self.keys()
        self.configure(secondary, f"{self.policy}-next")
        self.rndc("reconfig")
        wait_for(lambda: self.keys() not in (set(), keys), "another key", 60)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def write(self, text):
        (self.path / "map.zone").write_text(text)

    def rndc(self, *words):
        subprocess.run(["rndc", "-c", str(self.path / "rndc"), *words], check=True, timeout=60,
                       capture_output=True)

    def keys(self):
        return {rdata.to_text() for rdata in self.ask("DNSKEY")}

    def ask(self, rtype):
        """The records of a type at the map's apex."""
        assert self.process.poll() is None, (self.path / "log").read_text()
        try:
            answer = dns.query.udp(dns.message.make_query(ORIGIN, rtype), ADDRESS, port=self.port,
                                   timeout=5)
        except (dns.query.BadResponse, dns.exception.Timeout, OSError):
            return []
        return [rdata for rrset in answer.answer for rdata in rrset]


@pytest.fixture(params=["default", "nsec3"])
def bind(tmp_path, request):
    named = Named(tmp_path / "bind", request.param)
    yield named
    if named.process:
        named.stop()


def test_map_that_bind_signs(knotd, bind):
    zones = {"plain.example": "", "gandi.example": '@ TXT "mx-preset=gandi"\n',
             "office.example": '@ TXT "mx-preset=office365"\n'}
    server = knotd({name: zone_text(body) for name, body in zones.items()}, map_text=None,
                   start=False, tail=f"  - domain: {ORIGIN}\n    master: primary\n"
                                     "    zonefile-load: none\n    acl: notify\n",
                   extra=f"remote:\n  - id: primary\n    address: {ADDRESS}@{bind.port}\n"
                         f"acl:\n  - id: notify\n    address: {ADDRESS}\n    action: notify\n")
    server.settings["map-file"] = server.zone_path(ORIGIN)
    server.start()
    bind.start(server.port)

    def taken():
        """What BIND has now is the map."""
        serial = bind.ask("SOA")[0].serial
        return server.log_lines(f"preset map loaded.*version {serial}\\b")

    def check(house):
        wait_for(taken, "the map from BIND", 60)
        for name, expected in (("plain", house), ("gandi", GANDI),
                               ("office", outlook("office-example"))):
            assert server.mx(f"{name}.example") == expected

    server.knotc("zone-refresh", ORIGIN)
    check(HOUSE)
    bind.roll(server.port)
    check(HOUSE)
    assert "TYPE65534" in server.zone_path(ORIGIN).read_text()

    bind.write(TEXT.replace("root 1 3600", "root 1000 3600").replace("mx1.house", "mx9.house"))
    bind.rndc("reload", ORIGIN)
    moved = preset(3600, "10 mx9.house.example.", "20 mx2.house.example.")
    wait_for(lambda: server.mx("plain.example") == moved, "the change of the map", 60)
    check(moved)
    assert not server.log_lines("error.*mxpreset.*preset map")
