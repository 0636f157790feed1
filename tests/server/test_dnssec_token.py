# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys in a token (PKCS #11, SoftHSM) instead of files."""

import pathlib
import subprocess

import dns.rcode
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from knot import HOUSE, MAP, MODULE, ede_of, mx_of, preset, wait_for, zone_text
from signing import (BODY, assert_synthesized, bitmaps, keymgr, policies, signing,
                     wait_signed)

ZONE = "token.example"
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
SLOW_LIBRARY = MODULE.parents[1] / "tests/slow_token.so"
POLICY = {"policy": ("keystore: token", "algorithm: ecdsap256sha256", "manual: on")}
# What import-pem has to be told of a key that signs from now on.
NOW = ("algorithm=13", "created=-1", "publish=-1", "ready=-1", "active=-1")


@pytest.fixture
def token(tmp_path, monkeypatch):
    """An empty token; returns the folder that holds it."""
    folder = tmp_path / "tokens"
    folder.mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {folder}\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(conf))
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "knot", "--pin", "1234",
                    "--so-pin", "1234"], stdout=subprocess.DEVNULL, check=True, timeout=60)
    return folder


def keystore(library):
    return ("keystore:\n  - id: token\n    backend: pkcs11\n"
            f'    config: "pkcs11:token=knot;pin-value=1234 {library}"\n')


def import_key(server, zone, *attributes):
    """Makes a key and brings it into the token."""
    pem = server.path / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
    keymgr(server, zone, "import-pem", str(pem), *NOW, *attributes)
    pem.unlink()


def signing_server(knotd, library, zones=(ZONE,), body=BODY, kind=()):
    """A server that signs with keys that were brought into the token."""
    server = knotd(dict.fromkeys(zones, zone_text(body)), start=False,
                   modules=dict.fromkeys(zones, signing()),
                   extra=keystore(library) + policies({"policy": (*POLICY["policy"], *kind)}),
                   settings={"statistics": True})
    server.start(wait_zones=False)
    for zone in zones:
        import_key(server, zone, "ksk=yes")
        import_key(server, zone, "zsk=yes")
    server.knotc("-b", "zone-reload")
    wait_signed(server, zones)
    assert not list(server.path.glob("**/*.pem"))
    return server


@pytest.fixture
def server(knotd, token):
    return signing_server(knotd, LIBRARY)


def test_imported_keys(server):
    assert_synthesized(server, ZONE, HOUSE)


def test_token_unreachable(server, token):
    token.rename(token.with_suffix(".gone"))
    for rtype in ("MX", "AAAA"):
        assert server.ask(ZONE, rtype, dnssec=True).rcode() == dns.rcode.SERVFAIL
    assert server.counters(ZONE) == {"failed": 1}
    assert len(server.log_lines("warning.*no private key at hand")) == 1


STILL = "mx-preset: the answer is still being signed"
OTHERS = [f"other{number}.example" for number in range(6)]


@pytest.fixture(params=[(), ("nsec3: on",)], ids=["nsec", "nsec3"])
def slow(request, knotd, token, monkeypatch):
    """A server whose token is slow, which is known since it has signed for other zones.

    What it takes is not counted where the thread had to wait for another one.
    """
    delay = token.with_name("delay")
    monkeypatch.setenv("SLOW_TOKEN", str(delay))
    server = signing_server(knotd, SLOW_LIBRARY, (ZONE, *OTHERS), kind=request.param)
    delay.write_text("200")
    assert any(server.ask(zone, dnssec=True).rcode() == dns.rcode.SERVFAIL for zone in OTHERS)
    return server


def until_signed(server, rtype):
    """The first answer, which tells that it is being signed, and the one after that."""
    first = server.ask(ZONE, rtype, dnssec=True)
    wait_for(lambda: not server.ask(ZONE, rtype, dnssec=True).rcode(), "a signed answer")
    return first, server.ask(ZONE, rtype, dnssec=True)


@pytest.mark.parametrize("rtype", ["MX", "AAAA"])
def test_slow_token_stops_nobody(slow, rtype):
    """What takes too long is signed beside the queries; until then, nothing is denied."""
    first, then = until_signed(slow, rtype)
    assert first.rcode() == dns.rcode.SERVFAIL
    assert ede_of(first) == (24, STILL)
    if rtype == "AAAA":
        assert bitmaps(then) and all("MX" in types for types in bitmaps(then))
    until_signed(slow, "AAAA" if rtype == "MX" else "MX")
    assert_synthesized(slow, ZONE, HOUSE)


def test_slow_token_keeps_denials(slow):
    """What is remembered goes on: neither the map nor the token changes a denial."""
    until_signed(slow, "AAAA")
    changed = preset(3600, "10 mx9.house.example.", "20 mx2.house.example.")
    slow.write_map(MAP.read_text().replace("mx1.house.example.", "mx9.house.example."))
    denials = 0
    while mx_of(slow.ask(ZONE, dnssec=True)) != changed:
        denial = slow.ask(ZONE, "AAAA", dnssec=True)
        assert not denial.rcode() and all("MX" in types for types in bitmaps(denial))
        denials += 1
    assert denials


def test_slow_token_after_other_settings(slow):
    """What is the same by other settings goes on, too, when the map changes after that."""
    until_signed(slow, "MX")
    slow.settings["ede"] = True
    slow.reload()
    assert slow.mx(ZONE, dnssec=True) == HOUSE
    changed = preset(3600, "10 mx9.house.example.", "20 mx2.house.example.")
    slow.write_map(MAP.read_text().replace("mx1.house.example.", "mx9.house.example."))
    while (found := slow.mx(ZONE, dnssec=True)) != changed:
        assert found == HOUSE
