# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys in a token (PKCS #11, SoftHSM) instead of files."""

import pathlib
import subprocess

import dns.rcode
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from knot import HOUSE, zone_text
from signing import (BODY, assert_synthesized, keymgr, policies, signing,
                     wait_signed)

ZONE = "token.example"
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
CONFIG = f"pkcs11:token=knot;pin-value=1234 {LIBRARY}"
KEYSTORE = f'keystore:\n  - id: token\n    backend: pkcs11\n    config: "{CONFIG}"\n'
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


def import_key(server, *attributes):
    """Makes a key and brings it into the token."""
    pem = server.path / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    pem.write_bytes(key.private_bytes(serialization.Encoding.PEM,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption()))
    keymgr(server, ZONE, "import-pem", str(pem), *NOW, *attributes)
    pem.unlink()


@pytest.fixture
def server(knotd, token):
    """A server that signs with keys that were brought into the token."""
    server = knotd({ZONE: zone_text(BODY)}, start=False, modules={ZONE: signing()},
                   extra=KEYSTORE + policies(POLICY), settings={"statistics": True})
    server.start(wait_zones=False)
    server.wait_log("no keys are available")
    import_key(server, "ksk=yes")
    import_key(server, "zsk=yes")
    server.knotc("-b", "zone-reload", ZONE)
    wait_signed(server, [ZONE])
    assert not list(server.path.glob("**/*.pem"))
    return server


def test_imported_keys(server):
    assert_synthesized(server, ZONE, HOUSE)


def test_token_unreachable(server, token):
    token.rename(token.with_suffix(".gone"))
    for rtype in ("MX", "AAAA"):
        assert server.ask(ZONE, rtype, dnssec=True).rcode() == dns.rcode.SERVFAIL
    assert server.counters(ZONE) == {"failed": 1}
    assert len(server.log_lines("warning.*no private key at hand")) == 1
