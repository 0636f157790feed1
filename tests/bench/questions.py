# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked, and the ways to answer it that are measured against each other."""

import dataclasses

from knot import GSUITE, Knotd, mx_of, txt_of, wait_for, zone_text

ZONE = "static.example"
RECORDS = "".join(f"@ {ttl} MX {preference} {exchange}\n" for ttl, preference, exchange in GSUITE)
SPF = "v=spf1 include:_spf.google.com ~all"
POLICY = "policy:\n  - id: ecdsa\n    algorithm: ecdsap256sha256\n"
SIGNING = "    dnssec-signing: on\n    dnssec-policy: ecdsa\n"


def geoip_section(folder):
    """mod-geoip that answers with the same records to everybody."""
    records = ", ".join(f'"{preference} {exchange}"' for _, preference, exchange in GSUITE)
    (folder / "geo.conf").write_text(f"{ZONE}:\n  - net: 0.0.0.0/0\n    MX: [ {records} ]\n")
    return ("mod-geoip:\n  - id: geo\n    mode: subnet\n    ttl: 3600\n"
            f"    config-file: {folder}/geo.conf\n")


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to serve the zone."""

    title: str
    body: str = ""
    module: bool = False
    spf: bool = False
    geoip: bool = False


STORED = Way("stored in the zone", body=RECORDS)
GEOIP = Way("mod-geoip", geoip=True)
PLAIN = Way("no module")
MXPRESET = Way("mod-mxpreset", module=True)
STORED_SPF = Way("stored in the zone", body=f'@ 3600 TXT "{SPF}"\n')
MXPRESET_SPF = Way("mod-mxpreset, spf: on", module=True, spf=True)


@dataclasses.dataclass(frozen=True)
class Question:
    """A query; the first way to answer it is the peer of the others, the last one is ours."""

    title: str
    rtype: str
    ways: tuple
    name: str = ZONE
    signed: bool = False  # The zone is signed, and DO is set.
    cost: str = ""  # Bar: most instructions, against the peer.
    speed: str = ""  # Bar: least answers per second, against the peer.

    def server(self, way, folder, **options):
        folder.mkdir()
        extra, zone_extra = "", ""
        if way.geoip:
            extra, zone_extra = geoip_section(folder), "    module: mod-geoip/geo\n"
        if self.signed:
            extra, zone_extra = extra + POLICY, zone_extra + SIGNING
        return Knotd(folder, {ZONE: zone_text(way.body)},
                     settings={"builtin": "gsuite", **({"spf": True} if way.spf else {})},
                     module=way.module, extra=extra, zone_extra=zone_extra, **options)

    def is_right(self, way, answer):
        text = answer.to_text()
        if self.signed and "RRSIG" not in text:
            return False
        if self.rtype == "MX":
            return mx_of(answer) == GSUITE
        if self.rtype == "TXT":
            return txt_of(answer) == [(3600, (SPF.encode(),))]
        # With the module, the NSEC must not deny MX.
        return not self.signed or (" MX " in text) == way.module

    def wait_ready(self, way, server):
        """Waits for the right answer; returns the octets of the query."""
        options = {"edns": self.signed, "dnssec": self.signed}
        wait_for(lambda: self.is_right(way, server.ask(self.name, self.rtype, **options)),
                 f"{self.title}, {way.title}")
        return server.message(self.name, self.rtype, **options).to_wire()


QUESTIONS = (
    Question("MX", "MX", (STORED, GEOIP, MXPRESET), cost="0.50"),
    Question("TXT", "TXT", (STORED_SPF, MXPRESET_SPF), cost="1.00"),
    Question("A", "A", (PLAIN, MXPRESET), name=f"ns.{ZONE}", cost="1.03"),
    Question("MX with DO, signed zone", "MX", (STORED, MXPRESET), signed=True, speed="0.95"),
    Question("AAAA with DO, signed zone (NODATA)", "AAAA", (PLAIN, MXPRESET), signed=True,
             cost="1.08"),
)
CASES = tuple((question, way) for question in QUESTIONS for way in question.ways)
