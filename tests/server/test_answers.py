# SPDX-License-Identifier: GPL-2.0-or-later
"""What a sender is told, for every kind of zone, transport and way to the apex."""

import hashlib

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from knot import (GANDI, GSUITE, HOUSE, MAP, OVH, ede_of, mx_of, outlook, preset,
                  zone_text)

OWN = preset(600, "10 mail.own.example.")
FORTY = preset(60, *(f"{n} mx{n}.forty{n % 7}.example." for n in range(40)))
MAP_TEXT = MAP.read_text() + "".join(f"forty 60 MX {preference} {exchange}\n"
                                     for _, preference, exchange in FORTY)


def marker(text):
    return f'@ 60 TXT "mx-preset={text}"\n'


def own(*records):
    return "".join(f"@ 600 MX {record}\n" for record in records)


STORED = {
    "override": (own("10 mail.own.example."), OWN),
    "several": (own("10 mail.own.example.", "10 b.own.example."),
                preset(600, "10 mail.own.example.", "10 b.own.example.")),
    "stored": (own("7 MX1.House.Example."), preset(600, "7 mx1.house.example.")),
    "retired": (own("7 mail.house.example."), preset(600, "7 mail.house.example.")),
    "null": (own("0 ."), preset(600, "0 .")),
    "none": (marker("none"), []),
    "none-stored": (marker("none") + own("7 mx1.house.example."),
                    preset(600, "7 mx1.house.example.")),
    "override-marker": (marker("gandi") + own("10 mail.own.example."), OWN),
}
FILTERED = {
    "beside": (own("10 mail.own.example.", "1 mx1.house.example.", "20 MX2.House.example.",
                   "5 mail.HOUSE.example."), OWN),
    "null-beside": (own("0 .", "10 mx1.house.example."), preset(600, "0 .")),
    "beside-marker": (marker("gandi") + own("10 mail.own.example.", "1 mx1.house.example."), OWN),
    "foreign": (own("10 spool.mail.gandi.net.", "10 mx1.house.example."),
                preset(600, "10 spool.mail.gandi.net.")),
}
SYNTHESIZED = {
    "plain": ("", HOUSE),
    "text": ('@ 60 TXT "v=spf1 -all"\n', HOUSE),
    "below": ("sub 600 MX 10 mail.own.example.\n* 600 MX 10 mail.own.example.\n", HOUSE),
    "gandi": (marker("gandi"), GANDI),
    "gsuite": (marker("gsuite"), GSUITE),
    "google": (marker("google"), GSUITE),
    "workspace": (marker("google-workspace"), GSUITE),
    "ovh": (marker("ovh"), OVH),
    "outlook": (marker("outlook"), outlook("outlook-example")),
    "microsoft": (marker("microsoft"), outlook("microsoft-example")),
    "microsoft365": (marker("microsoft365"), outlook("microsoft365-example")),
    "office365": (marker("office365"), outlook("office365-example")),
    "id": (marker("outlook id=contoso-com0c"), outlook("contoso-com0c")),
    "with-hyphen-id": (marker("outlook id=with0hyphen"), outlook("with0hyphen")),
    "no-mail": (marker("null"), preset(3600, "0 .")),
    "marker-stored": (marker("gandi") + own("10 mx1.house.example."), GANDI),
}
CASES = {**STORED, **FILTERED, **SYNTHESIZED}
FAILED = {
    "with-hyphen": (marker("outlook"), "no value and no usable default of parameter 'id'"),
    "unknown": (marker("nobody"), "unknown preset 'nobody'"),
    "unknown-stored": (marker("nobody") + own("10 mx1.house.example."), "unknown preset 'nobody'"),
    "two": (marker("gandi") + marker("none"), "more than one marker"),
}

# The ways from which a CNAME of the zone leads to the apex. The DNAME turns NAME.d.NAME.example
# into NAME.example.
ALIASES = """
www 60 CNAME @
chain 60 CNAME link
link 60 CNAME www
*.wild 60 CNAME @
d 60 DNAME example.
"""
WAYS = ("{0}.example", "www.{0}.example", "chain.{0}.example", "a.wild.{0}.example",
        "{0}.d.{0}.example")


def empty_but_opt(answer):
    return not answer.authority and not answer.additional


@pytest.fixture(scope="module")
def server(shared_knotd):
    zones = {f"{name}.example": zone_text(body + ALIASES)
             for name, (body, _) in {**CASES, **FAILED}.items()}
    zones["forty.example"] = zone_text(marker("forty") + ALIASES)
    zones["additional.example"] = zone_text(own("10 mx1.house.example.", "20 mail", "30 other") +
                                            "mail A 192.0.2.2\nother A 192.0.2.3\n" + ALIASES)
    return shared_knotd(zones, map_text=MAP_TEXT)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", CASES)
def test_zone(server, name, way):
    expected = CASES[name][1]
    apex = f"{name}.example."
    for options in [{"tcp": tcp, "edns": edns} for tcp in (False, True) for edns in (False, True)]:
        answer = server.ask(way.format(name), **options)
        assert mx_of(answer) == expected
        assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.TC
        assert (answer.edns >= 0) == options["edns"]
        if not expected:
            continue
        *aliases, last = answer.answer
        assert last.name.to_text() == apex
        assert bool(aliases) == (way != WAYS[0])
        assert empty_but_opt(answer)


@pytest.mark.parametrize("name", ["plain", "gandi", "outlook", "beside"])
def test_letter_case(server, name):
    asked = f"{name}.ExAmPlE.".replace("a", "A")
    answer = server.ask(asked)
    assert answer.question[0].name.to_text() == asked
    assert answer.answer[0].name.to_text() == asked
    # An exchange that shares its ending with the question may have its letters, too.
    assert [(ttl, preference, exchange.lower()) for ttl, preference, exchange in mx_of(answer)
            ] == CASES[name][1]


@pytest.mark.parametrize("way", WAYS)
def test_truncation(server, way):
    name = way.format("forty")
    assert server.mx(name, payload=4096) == FORTY
    for options in ({"edns": False}, {"payload": 512}, {"payload": 700}):
        answer = server.ask(name, **options)
        assert answer.flags & dns.flags.TC and answer.flags & dns.flags.AA
        assert mx_of(server.ask(name, tcp=True, **options)) == FORTY


@pytest.mark.parametrize("way", WAYS)
def test_additional_of_filtered(server, way):
    answer = server.ask(way.format("additional"))
    assert mx_of(answer) == preset(600, "20 mail.additional.example.",
                                   "30 other.additional.example.")
    addresses = {"mail.additional.example.": "192.0.2.2", "other.additional.example.": "192.0.2.3"}
    for rrset in answer.additional:
        assert addresses[rrset.name.to_text()] == rrset[0].to_text()


SETS = {"plain": HOUSE, "gandi": GANDI, "gsuite": GSUITE, "ovh": OVH, "forty": FORTY}


def readable(wire):
    return dns.message.from_wire(wire, one_rr_per_rrset=True).to_text()


@pytest.mark.parametrize("rotation", ["on", "off"])
def test_order_as_stored(knotd, rotation):
    """The same records in the same order as from a server that stores the set."""
    option = {"server": f"    answer-rotation: {rotation}\n", "map_text": MAP_TEXT}
    bodies = {name: "" if name == "plain" else marker(name) for name in SETS}
    module = knotd({f"{name}.example": zone_text(ALIASES + body)
                    for name, body in bodies.items()}, **option)
    stored = knotd({f"{name}.example": zone_text(ALIASES + "".join(
        f"@ {ttl} MX {preference} {exchange}\n" for ttl, preference, exchange in records))
        for name, records in SETS.items()}, module=False, **option)
    for name, way in ((name, way) for name in SETS for way in WAYS):
        orders = set()
        for number in range(2 * len(SETS[name])):
            query = module.message(way.format(name), payload=4096)
            query.id = number
            answer = module.ask_wire(query.to_wire())
            expected = stored.ask_wire(query.to_wire())
            assert readable(answer) == readable(expected)
            # A preset's names are not compressed against the question.
            assert len(expected) <= len(answer) <= len(expected) + 16
            orders.add(answer[12:])
        assert len(orders) == (len(SETS[name]) if rotation == "on" else 1)


def test_class_any(knotd):
    module = knotd({"plain.example": zone_text()})
    stored = knotd({"plain.example": zone_text("@ 3600 MX 10 mx1.house.example.\n"
                                               "@ 3600 MX 20 mx2.house.example.\n")}, module=False)
    for rclass in ("ANY", "CH", "IN"):
        query = module.message("plain.example", rclass=rclass).to_wire()
        assert readable(module.ask_wire(query)) == readable(stored.ask_wire(query))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FAILED)
def test_failure(server, name, way):
    """SERVFAIL and nothing else, with the reason for those who use EDNS."""
    for options in [{"tcp": tcp, "edns": edns} for tcp in (False, True) for edns in (False, True)]:
        answer = server.ask(way.format(name), **options)
        assert answer.rcode() == dns.rcode.SERVFAIL
        assert not answer.answer and empty_but_opt(answer)
        assert (answer.edns >= 0) == options["edns"]
        expected = (24, "mx-preset: " + FAILED[name][1]) if options["edns"] else None
        assert ede_of(answer) == expected


def extended_errors(answer):
    return [option.code for option in answer.options if option.otype == dns.edns.OptionType.EDE]


VERSION = hashlib.sha256(MAP.read_bytes()).hexdigest()[:8]
TEXTS = {"plain": f"preset house by built-in, map {VERSION}",
         "gandi": f"preset gandi by marker, map {VERSION}",
         "google": f"preset gsuite by marker, map {VERSION}",
         "id": f"preset outlook by marker, map {VERSION}"}


@pytest.mark.parametrize("ede", [True, False])
def test_ede(knotd, ede):
    kinds = ("plain", "gandi", "google", "id", "override", "beside", "stored", "none")
    server = knotd({f"{name}.example": zone_text(CASES[name][0] + ALIASES) for name in kinds},
                   settings={"ede": ede})
    for name in kinds:
        expected = [29] if ede and name in SYNTHESIZED else []
        for way in WAYS:
            answer = server.ask(way.format(name))
            assert extended_errors(answer) == expected
            assert mx_of(answer) == CASES[name][1]
            if expected:
                assert ede_of(answer) == (29, TEXTS[name])
            plain = server.ask(way.format(name), edns=False)
            assert plain.edns < 0 and mx_of(plain) == CASES[name][1]
        assert extended_errors(server.ask(f"{name}.example", "SOA")) == []
