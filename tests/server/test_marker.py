# SPDX-License-Identifier: GPL-2.0-or-later
"""The marker's grammar, sentence by sentence, against a server."""

import dns.rcode
import pytest

from knot import (GANDI, HOUSE, MAP, ede_of, outlook, preset, split_text, wait_for,
                  zone_text)

MAP_TEXT = MAP.read_text() + """
pair 60 MX 10 _a_-x-_b2_.pair.example.
     60 MX 20 _b2_.pair.example.
     TXT "b2=right"
below 60 MX 10 mx._zone_.
needs 60 MX 10 _a_.needs.example.
same 60 MX 10 _a_.same.example.
     60 MX 20 _b_.same.example.
     TXT "b=one"
label 60 MX 10 a-_a_.label.example.
"""


def pair(left, right):
    return preset(60, f"10 {left}-x-{right}.pair.example.", f"20 {right}.pair.example.")


def texts(*strings):
    return " ".join(f'"{string}"' for string in strings)


def one(text):
    return [texts("mx-preset=" + text)]


LONG = 63 * "a"
GOOD = {
    "name": (one("gandi"), GANDI),
    "name-case": (one("GaNDi"), GANDI),
    "prefix-case": ([texts("Mx-PrESet=gandi")], GANDI),
    "joined": ([texts("mx-pre", "set=gan", "di")], GANDI),
    "joined-empty-strings": ([texts("", "mx-preset=", "", "gandi", "")], GANDI),
    "joined-octets": ([texts(*"mx-preset=gandi")], GANDI),
    "joined-value": ([texts("mx-preset=outlook id=con", "toso")], outlook("contoso")),
    "joined-space": ([texts("mx-preset=outlook", " id=contoso")], outlook("contoso")),
    "trailing-spaces": (one("gandi   "), GANDI),
    "several-spaces": (one("pair   a=l    b2=r  "), pair("l", "r")),
    "default": (one("pair a=l"), pair("l", "right")),
    "param-case": (one("pair A=l B2=r"), pair("l", "r")),
    "value-underscores": (one("pair a=_x_ b2=-y-"), pair("_x_", "-y-")),
    "value-zone": (one("pair a=_zone_ b2=y"), pair("_zone_", "y")),
    "value-63": (one(f"needs a={LONG}"), preset(60, f"10 {LONG}.needs.example.")),
    "unused": (one("gandi a=b"), GANDI),
    "unused-more": (one("outlook id=contoso other=x"), outlook("contoso")),
    "alias": (one("office365 id=contoso"), outlook("contoso")),
    "zone": (one("below"), preset(60, "10 mx.zone.example.")),
    "none": (one("none"), []),
    "none-case": (one("NONE"), []),
    "other-texts": ([texts("v=spf1 -all"), *one("gandi"), texts("x mx-preset=ovh")], GANDI),
}
OTHER_TEXT = {
    "nothing": [],
    "spf": [texts("v=spf1 mx-preset=gandi -all")],
    "no-equals": [texts("mx-preset")],
    "space-before": [texts(" mx-preset=gandi")],
    "space-within": [texts("mx-preset =gandi")],
    "joined-with-space": [texts("mx-preset", " =gandi")],
    "longer": [texts("mx-presets=gandi")],
    "empty": [texts("")],
}
BAD = {
    "cut": ([r"\# 14 FF6D782D7072657365743D616263"], "malformed TXT record"),
    "cut-name": ([r"\# 16 FF6D782D7072657365743D67616E6469"], "malformed TXT record"),
    "empty-name": (one(""), "without a preset's name"),
    "space-name": (one(" gandi"), "without a preset's name"),
    "unknown": (one("nobody"), "unknown preset 'nobody'"),
    "unknown-dot": (one("gandi.net"), "unknown preset 'gandi.net'"),
    "no-equals": (one("gandi x"), "'x'"),
    "no-param": (one("gandi =x"), "'=x'"),
    "param-letters": (one("gandi a-b=x"), "'a-b=x'"),
    "tab": (one("gandi\\009a=x"), r"'gandi\009a=x'"),
    "twice": (one("pair a=l a=r"), "twice 'a'"),
    "twice-same": (one("pair a=l a=l"), "twice 'a'"),
    "twice-case": (one("pair a=l A=l"), "twice 'A'"),
    "twice-unused": (one("gandi x=1 x=1"), "twice 'x'"),
    "zone-param": (one("gandi zone=x"), "predefined parameter 'zone'"),
    "zone-param-case": (one("below ZoNe=x"), "predefined parameter 'ZoNe'"),
    "empty-value": (one("pair a="), "value of parameter 'a'"),
    "dot-value": (one("pair a=b.c"), "value of parameter 'a'"),
    "equals-value": (one("pair a=b=c"), "value of parameter 'a'"),
    "octet-value": (one("pair a=\\228"), "value of parameter 'a'"),
    "long-value": (one(f"needs a={LONG}a"), "value of parameter 'a'"),
    "unused-value": (one("gandi a=b.c"), "value of parameter 'a'"),
    "unset": (one("needs"), "parameter 'a'"),
    "not-from-instance": (one("needs"), "parameter 'a'"),
    "undefined-default": (one("outlook"), "parameter 'id'"),
    "label": (one(f"label a={LONG}"), "63 octets"),
    "same": (one("same a=one"), "same exchange twice"),
    "two": (one("gandi") + one("ovh"), "more than one marker"),
    "two-case": (one("gandi") + [texts("MX-PRESET=gandi")], "more than one marker"),
    "two-with-none": (one("gandi") + one("none"), "more than one marker"),
}


def zone_of(name):
    """A zone whose hyphen leaves Microsoft's id undefined."""
    return f"{name}-x.example"


def make(shared_knotd, zones, **settings):
    return shared_knotd({zone: zone_text("".join(f"@ 60 TXT {text}\n" for text in records))
                         for zone, records in zones.items()},
                        map_text=MAP_TEXT, settings={"statistics": True, **settings})


@pytest.fixture(scope="module")
def server(shared_knotd):
    zones = {zone_of("good-" + name): records for name, (records, _) in GOOD.items()}
    zones.update({zone_of("text-" + name): records for name, records in OTHER_TEXT.items()})
    zones.update({zone_of("bad-" + name): records for name, (records, _) in BAD.items()})
    zones["zone.example"] = GOOD["zone"][0]
    return make(shared_knotd, zones, param=["a=instance", "id=instance"])


@pytest.mark.parametrize("name", GOOD)
def test_good(server, name):
    zone = "zone.example" if name == "zone" else zone_of("good-" + name)
    assert server.mx(zone) == GOOD[name][1]
    assert "failed" not in server.counters(zone)


@pytest.mark.parametrize("name", OTHER_TEXT)
def test_other_text(server, name):
    zone = zone_of("text-" + name)
    assert server.mx(zone) == HOUSE
    assert server.counters(zone) == {"synthesized[builtin]": 1}


@pytest.mark.parametrize("name", BAD)
def test_bad(server, name):
    """SERVFAIL with the cause, counted, and warned about with zone and cause."""
    zone, cause = zone_of("bad-" + name), BAD[name][1]

    def warned():
        answer = server.ask(zone, dnssec=True)
        assert answer.rcode() == dns.rcode.SERVFAIL and not answer.answer
        code, text = ede_of(answer)
        assert code == 24 and text.startswith("mx-preset: ") and len(text) <= 128
        assert cause in text or len(text) == 128
        assert server.ask(zone).rcode() == dns.rcode.SERVFAIL
        return [line for line in server.log_lines(rf"warning: \[{zone}\.\]") if cause in line]

    # At most ten warnings come in a second: then it is left out until a later query.
    assert len(wait_for(warned, f"a warning of {cause}")) == 1
    counters = server.counters(zone)
    assert counters.keys() == {"failed"} and counters["failed"] >= 2


def test_bad_with_instance_preset(knotd):
    server = knotd({"bad.example": zone_text('@ TXT "mx-preset=nobody"\n')},
                   settings={"preset": "gandi"})
    assert server.mx("bad.example") == "SERVFAIL"


@pytest.mark.parametrize("marker, preset", [("nobody", "nowhere"), ("outlook", "outlook-dane")])
def test_bad_beside_bad_instance_preset(knotd, marker, preset):
    """The marker decides alone, so it alone is warned about."""
    zone = "bad-bad.example"
    server = knotd({zone: zone_text(f'@ TXT "mx-preset={marker}"\n')},
                   settings={"preset": preset})
    for _ in range(2):
        assert server.mx(zone) == "SERVFAIL"
    assert len(server.log_lines(r"warning: .*MX, ")) == 1


@pytest.mark.parametrize("length, expected", [(1024, GANDI), (1025, "SERVFAIL"),
                                              (60_000, "SERVFAIL")])
def test_length(knotd, length, expected):
    """Trailing spaces are ignored, and count."""
    text = "mx-preset=gandi".ljust(length)
    server = knotd({"long.example": zone_text(split_text(text))})
    assert server.mx("long.example") == expected


def test_marker_off(knotd):
    zones = {"bad.example": "nobody", "good.example": "gandi", "none.example": "none"}
    server = knotd({zone: zone_text(f'@ TXT "mx-preset={text}"\n') for zone, text in zones.items()},
                   settings={"marker": False})
    for zone in zones:
        assert server.mx(zone) == HOUSE
    assert not server.log_lines("warning: .*example")
