# SPDX-License-Identifier: GPL-2.0-or-later
"""What is warned about when a signed zone is loaded: one line for each mistake, or none."""

import re

from knot import HOUSE, zone_text
from signing import online, policies, signing, wait_signed

MAP = """house 3600 MX 10 mx1.house.example.
      3600 MX 20 mx2.house.example.
day  86400 MX 10 mx.day.example.
days CNAME day
"""
POLICIES = {
    "hour": ("zone-max-ttl: 1h",),
    "less": ("zone-max-ttl: 3599",),
    "day": ("zone-max-ttl: 1d",),
    "unset": ("algorithm: ed25519",),
}
INSTANCES = {
    "day": {"builtin": "house", "preset": "days", "marker": False},
    "marker": {"builtin": "house"},
    "off": {"builtin": "house", "dnssec": "off"},
}
ONLINE = """mod-onlinesign:
  - id: online
    nsec-bitmap: [A, AAAA, MX]
  - id: number
    nsec-bitmap: TYPE15
  - id: without
    nsec-bitmap: [A, AAAA]
  - id: hour
    policy: hour
    nsec-bitmap: mx
  - id: default
    policy: default
    nsec-bitmap: MX
"""
ORDER = "mod-onlinesign has to come after this module"
BITMAP = "nsec-bitmap of mod-onlinesign has to list MX"


def max_ttl(name):
    return f"TTL larger than the policy's zone-max-ttl, preset '{name}'"


# zone -> its module, and what is warned about
SIGNED_ONLINE = {
    "right.example": (online(), []),
    "number.example": (online("number"), []),
    "without.example": (online("without"), [BITMAP]),
    "defaults.example": ("[mod-mxpreset/house, mod-onlinesign]", [BITMAP]),
    "order.example": ("[mod-onlinesign/online, mod-mxpreset/house]", [ORDER]),
    "both.example": ("[mod-onlinesign/without, mod-mxpreset/house]", [ORDER, BITMAP]),
    "hour.example": (online("hour", "mod-mxpreset/house"), []),
    "day.example": (online("hour", "mod-mxpreset/day"), [max_ttl("day")]),
    # mod-onlinesign signs whatever this module is told about signed zones.
    "off.example": (online("hour", "mod-mxpreset/off"), [max_ttl("day")]),
    "imaginary.example": (online("default", "mod-mxpreset/day"), []),
}
# instance, policy -> the preset that is warned about
SIGNED = {
    ("house", "hour"): None,
    ("house", "less"): "house",
    ("house", "unset"): None,
    ("day", "hour"): "day",
    ("day", "less"): "day",
    ("day", "day"): None,
    ("marker", "hour"): "day",
    ("marker", "day"): None,
    ("off", "less"): None,
}


def warnings(server):
    """zone -> what is warned about."""
    found = {zone: [] for zone in server.zones}
    for line in server.log_lines(" warning: .*'mod-mxpreset/"):
        zone, text = re.search(r"\[(\S+)\.\] module '\S+', MX, (.*)", line).groups()
        found[zone].append(text)
    return found


def warned_once(knotd, zones, **options):
    """A server whose zones are warned about as expected, and not again when it is reloaded."""
    server = knotd({zone: zone_text() for zone in zones}, map_text=MAP, instances=INSTANCES,
                   settings={"marker": False},
                   modules={zone: module for zone, (module, _) in zones.items()}, **options)
    for _ in range(3):
        assert warnings(server) == {zone: texts for zone, (_, texts) in zones.items()}
        server.reload()
    return server


def test_online(knotd):
    server = warned_once(knotd, SIGNED_ONLINE, extra=policies(POLICIES) + ONLINE)
    for zone in ("right.example", "off.example"):
        assert server.mx(zone, dnssec=True) == HOUSE
    # A mistake that is made later.
    server.modules["right.example"] = online("without")
    server.reload()
    assert warnings(server)["right.example"] == [BITMAP]


def test_max_ttl(knotd):
    zones = {f"{instance}-{policy}.example": (signing(policy, f"mod-mxpreset/{instance}"),
                                              [max_ttl(preset)] if preset else [])
             for (instance, policy), preset in SIGNED.items()}
    wait_signed(warned_once(knotd, zones, extra=policies(POLICIES)), zones)


def test_max_ttl_of_unsigned_zone(knotd):
    warned_once(knotd, {"plain.example": ("mod-mxpreset/marker\n    dnssec-policy: less", [])},
                extra=policies(POLICIES))
