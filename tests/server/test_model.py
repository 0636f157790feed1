# SPDX-License-Identifier: GPL-2.0-or-later
"""Thousands of random zones: the server must answer as the independent model says.

MXPRESET_SEED=... repeats a run; the seed is printed at its start and with every difference.
"""

import dataclasses
import os
import random
import re
import string

import dns.flags
import dns.message
import dns.rdatatype
import pytest

import model
from knot import Knotd, mx_of, txt_of
from model import Preset, PresetMap, Settings
from signing import (DEFAULT, NSEC3, Keys, bitmaps, policies, signing, wait_signed,
                     with_signatures)

SEED = os.environ.get("MXPRESET_SEED") or str(random.SystemRandom().randrange(10**9))
ROUNDS = 3
ZONES = 1200
SIGNED_ZONES = 500
SIGNED_MAX = 200  # Names in NSEC3 are longer.
PAYLOAD = 1232
TXT_TTL = 300
SHOWN = 5

WORD = string.ascii_lowercase + string.digits
VALUES = ("a", "A", "foo", "FOO", "mx1", "Mx1", "mail", "MAIL", "0", "-", "_", "_id_", "_zone_",
          "x_y", "contoso-com0c", "Contoso", "none",
          *("v" * size for size in (53, 54, 55, 61, 62, 63)))
BAD_VALUES = ("", "a.b", "a=b", "a\\b", 'a"b', "a;b", "a,b", "a\tb", "a\0b", "\xe9", "@zone-dashed",
              "v" * 64, "v" * 300)
SPF = ("v=spf1 -all", "v=spf1", "v=spf1 ", "v=spf1 include:_spf.house.example " + "x" * 300)
NEARLY_SPF = ("v=spf10", "v=spf1\t-all", "v=spf1-all", " v=spf1 -all", "v=spf", "v = spf1 -all",
              "v=spf1\0", "spf2.0/pra -all")
LONG = ".".join(["l" * 62] * 3 + ["long-tail"]) + "."  # 200 octets: 54 more fit in front


def mixed(rng, text):
    """The same text with letters in random case."""
    return "".join(rng.choice((char.lower(), char.upper())) for char in text)


# Preset maps

def sized_records(rng, ttl, count, domain):
    return Preset(ttl, tuple((rng.randrange(65536), f"mx{number}-{'y' * 20}.{domain}")
                             for number in range(count)))


def random_spf(rng, name):
    """Terms of an SPF record; the longest that there may be among them."""
    terms = rng.choice((f"include:_spf.{name[:9]}.test ~all", "-all", "mx a:%{d}/24 ?all",
                        f"ip4:192.0.2.{rng.randrange(256)} ip6:2001:db8::/32 redirect=x.test"))
    return terms if rng.random() < 0.8 else (terms + " x=").ljust(240, "y")


def random_map(rng):
    """A valid map with every kind of preset; no two presets share an exchange."""
    ttls = iter(rng.sample((0, 1, 60, 300, 3600, 7200, 10800, 86400, 604800, 2**31 - 1, 17, 18, 19,
                            20, 21), 15))
    shared = rng.choice(("", "-x"))
    presets = {
        "house": Preset(next(ttls), ((10, "mx1.house.example."), (20, "mx2.house.example.")),
                        "House; \\\"Mail\\\"", ("mail.house.example", "OLD.house.example.")),
        "plain-1": Preset(next(ttls), ((0, "a.plain.test."), (65535, "b.plain.test."))),
        "tenant": Preset(next(ttls), ((10, f"_id_{shared}.tenant.test."), (10, "fix.tenant.test.")),
                         "Tenant", ("old.tenant.test",)),
        "outlook": Preset(next(ttls), ((1, "_id_.mail.protection.outlook.com."),),
                          "Microsoft Outlook", ("gone.outlook.com.",),
                          defaults={"id": "@zone-dashed"}),
        "dashed": Preset(next(ttls), ((5, "p-_id_.dashed.test."), (6, "_id_-_n9_.dashed.test.")),
                         "", ("gone.dashed.test",),
                         defaults={"id": "@zone-dashed", "n9": "literal"}),
        "multi": Preset(next(ttls), ((1, "_a__b_.multi.test."), (2, "_b_-_a_._a_.multi.test."),
                                     (3, "_b_.x-_b_.multi.test.")),
                        defaults=rng.choice(({}, {"a": "defa"}, {"a": "defa", "b": "Def_b"}))),
        "collide": Preset(next(ttls), ((1, "_a_.collide.test."), (2, "_b_.collide.test."),
                                       (3, "mx1.collide.test.")), defaults={"b": "default-b"}),
        "in_zone": Preset(next(ttls), ((10, "mail._zone_."), (20, "_host_._zone_.")),
                          "", ("retired.zone.test.",), defaults={"host": "mx-two"}),
        "apex": Preset(next(ttls), ((10, "_zone_."),)),
        "deep": Preset(next(ttls), ((10, "a.b.c.d.e.f.g.h._zone_."),), "", ("old.deep.test",)),
        "long": Preset(next(ttls), ((10, "_a_." + LONG),)),
        "l" * 63: Preset(next(ttls), ((10, "mx.label.test."),)),
        "big": sized_records(rng, next(ttls), rng.choice((15, 30, 60)), "big.test."),
        "255": sized_records(rng, next(ttls), 255, "max.test."),
        "null": Preset(next(ttls), ((0, "."),)),
    }
    for name, preset in presets.items():
        if rng.random() < 0.7:
            presets[name] = dataclasses.replace(preset, spf=random_spf(rng, name))
    names = list(presets)
    rng.shuffle(names)
    aliases = {f"alias-{number}": name for number, name in enumerate(names[:8])}
    aliases |= {"chain": "alias-0", "chain-2": "chain"}
    return PresetMap({name: presets[name] for name in names}, aliases)


def map_text(rng, presets):
    """The map as a file: as a bare list or as a real zone, names in any letter case."""
    text = presets.text(rng.choice((None, "mx-presets.", "Presets.House.example.")))
    return re.sub(r"(?m)^[a-z0-9_-]+", lambda match: mixed(rng, match[0]), text)


# Instances

def random_instances(rng, first, second):
    """Instances of differing settings; None for the map stands for a map that is not there."""
    fixed = [
        Settings(first, "house"),
        Settings(first, "HOUSE", preset="Outlook"),
        Settings(first, "outlook", preset="chain"),
        Settings(first, "tenant", params={"id": "Contoso-com0c", "unused": "x"}),
        Settings(first, "tenant", preset="outlook", params={"id": "tenant_1"}),
        Settings(first, "tenant"),
        Settings(first, "house", filter=False),
        Settings(first, "in_zone", preset="dashed", marker=False),
        Settings(second, "in_zone"),
        Settings(second, "deep", preset="tenant"),
        Settings(second, "gone", preset="house"),
        Settings(second, "gone", preset="dashed"),
        Settings(second, "gone"),
        Settings(second, "house", preset="gone"),
        Settings(None, "house"),
        Settings(None, "house", preset="plain-1", marker=False),
    ]
    instances = fixed + [random_instance(rng, rng.choice((first, second))) for _ in range(10)]
    return [dataclasses.replace(instance, spf=rng.random() < 0.8) for instance in instances]


def random_instance(rng, presets):
    names = [*presets.presets, *presets.aliases, "gone"]
    params = {name: rng.choice(VALUES) for name in ("id", "a", "b", "host", "n9")
              if rng.random() < 0.5}
    return Settings(presets, rng.choice(names), rng.choice((None, *names)), params,
                    rng.random() < 0.8, rng.random() < 0.8)


# Zones

@dataclasses.dataclass
class Zone:
    name: str
    settings: Settings
    stored: list
    texts: list
    alias: str  # a name whose CNAME leads to the apex, "" where none fits


def label(rng, size):
    return rng.choice(WORD) + "".join(rng.choice(WORD) for _ in range(size - 1))


def name_of_length(rng, octets):
    """A name that takes exactly so many octets, of labels of random size."""
    labels = []
    left = octets - 1
    while left:
        size = left - 1 if left <= 64 and rng.random() < 0.5 else rng.randint(1, min(63, left - 1))
        if left - size - 1 == 1:  # no label fits into one octet
            continue
        labels.append(label(rng, size))
        left -= size + 1
    return ".".join(labels)


def zone_name(rng):
    unique = label(rng, 8)
    return rng.choice((
        lambda: f"{unique}.example",
        lambda: f"{unique}.example",
        lambda: f"{unique[:4]}-{unique[4:]}.example",
        lambda: f"xn--{unique}.example",
        lambda: f"{unique}.ex-ample",
        lambda: f"_{unique}._tcp.example",
        lambda: f"{unique[:5]}_.example",
        lambda: unique,
        lambda: f"{rng.randrange(10**9)}.{rng.randrange(10**4)}",
        lambda: label(rng, rng.choice((62, 63))) + f".{unique}",
        lambda: label(rng, rng.choice((45, 53, 54, 55, 56))) + f".{unique}",
        lambda: unique + "." + ".".join(rng.choice(WORD) for _ in range(rng.randrange(1, 118))),
        lambda: name_of_length(rng, rng.choice((232, 238, 239, 240, 248, 249, 250, 251, 252, 253,
                                                254, 255))),
        lambda: name_of_length(rng, rng.randrange(30, 256)),
        lambda: f"{rng.randrange(10**6)}.2.0.192.in-addr.arpa",
        lambda: ".".join(rng.choice(string.hexdigits.lower()) for _ in range(20)) + ".ip6.arpa",
        lambda: f"{unique}in-addr.arpa",
        lambda: f"{unique}.ip6.arpa.example",
        lambda: f"{unique}.arpa",
    ))()


def foreign_exchanges(rng, zone, presets):
    """Exchanges that look like the built-in's, and plain others."""
    names = ["mail.own.test.", "mx1.house.example.own.test.", "house.example.", "own-2.test.",
             "gone.outlook.com.", "mail.house.example.", "zone.test."]
    if model.wire_length(zone) < 245:
        names.append(f"own.{zone}.")
    if presets:
        preset = presets.find(rng.choice(list(presets.presets)))
        names += [exchange for _, _, exchange in preset.expand(zone, {}) or ()][:5]
    return [name.lower() for name in names]


def random_stored(rng, zone, settings):
    """The apex MX RRset: nothing, or any mixture of built-in, retired, foreign and null ones."""
    if rng.random() < 0.45:
        return []
    builtin = settings.find(settings.builtin)
    expanded = builtin and builtin.expand(zone, settings.params)
    own = [exchange for _, _, exchange in expanded or ()][:20]
    own += builtin.retired if builtin else ()
    foreign = foreign_exchanges(rng, zone, settings.map)
    if builtin and not expanded:  # which of its exchanges still count is not laid down
        foreign = [name for name in foreign if name.endswith("own.test.")]
    kind = rng.choice(("built-in", "built-in", "foreign", "both", "both", "null", "null and more"))
    pool = {"built-in": own, "foreign": foreign, "null": [], "both": own + foreign,
            "null and more": own + foreign}[kind]
    names = rng.sample(pool, rng.randint(min(1, len(pool)), min(6, len(pool))))
    ttl = rng.choice((0, 60, 3600, 86400))
    records = {(ttl, rng.randint(1, 65535), model.host(name)) for name in names if name != "."}
    if kind.startswith("null"):
        records.add((ttl, 0, "."))
    return sorted(records)


def used_parameters(preset):
    names = {name for _, exchange in preset.records for name in model.PARAMETER.findall(exchange)}
    return sorted(names - {"zone"})


def random_marker(rng, zone, settings):
    """A marker that can mostly be honoured."""
    presets = settings.map
    name = rng.choice([*presets.presets, *presets.aliases] if presets else ["house", "gandi"])
    if presets and rng.random() < 0.2:
        name = rng.choice(("in_zone", "deep") if len(zone) > 200 else ("collide", "in_zone"))
    preset = presets and presets.find(name)
    if rng.random() < 0.1:
        name = "none"
    values = rng.choice((VALUES, VALUES[:6]))
    parts = [f"{mixed(rng, key)}={rng.choice(values)}"
             for key in (used_parameters(preset) if preset else ("id",)) if rng.random() < 0.85]
    if rng.random() < 0.3:
        count = rng.choice((1, 2, 40))
        parts += [f"unused{number}={rng.choice(VALUES)}" for number in range(count)]
    rng.shuffle(parts)
    text = mixed(rng, f"mx-preset={name}")
    for part in parts:
        text += " " * rng.choice((1, 1, 2, 5)) + part
    return text + " " * rng.choice((0, 0, 0, 1, 3, 300))


def spoilt_marker(rng, zone, settings):
    """A marker with one of the faults, or a text that is nearly a marker."""
    good = random_marker(rng, zone, settings).rstrip(" ")
    name, *parts = good[len("mx-preset="):].split(" ")
    parts = [part for part in parts if part]
    rest = "".join(" " + part for part in parts)
    key = rng.choice(("id", "a", "ID", "unused", "host"))
    given = rng.choice(parts).partition("=")[0] if parts else key
    if rng.random() < 0.3:
        return f"{good} {rng.choice((key, 'other'))}={rng.choice(BAD_VALUES)}"
    return rng.choice((
        f"mx-preset={rest}", "mx-preset=", "mx-preset=   ", f"mx-preset= {name}{rest}",
        f"mx-preset=gone{rest}", f"mx-preset={name}.{rest}", f"mx-preset={name}\t{rest}",
        f"mx-preset=={name}{rest}", f"mx-preset={name}\0{rest}", f"mx-preset={name},{rest}",
        f"mx-preset=\"{name}\"{rest}", f"mx-preset={name}x{rest}", f"mx-preset={name[:-1]}{rest}",
        f"mx-preset=\xfc{rest}", f"mx-preset={name};{rest}", f"mx-preset=house.mx-presets{rest}",
        f"{good} id", f"{good} =x", f"{good} =", f"{good} ;", f"{good} \t",
        f"{good} {given}=x", f"{good} {given.upper()}=x", f"{good} {key}=a {key.swapcase()}=a",
        f"{good} zone=x", f"{good} ZONE={name}",
        f"{good} {key} = x", f"{good} {key}= x",
        f" {good}", f"mx-preset ={name}", f"mx_preset={name}", f"mx-presets={name}", "mx-preset",
        f"x{good}", f"\0{good}", f"v=spf1 {good}",
    ))


def split_text(rng, text):
    """The octets of a text as the character strings of one TXT record."""
    octets = text.encode("latin-1")
    strings = []
    while octets:
        size = rng.choice((0, 1, 5, 12, 255, 255))
        strings.append(octets[:size])
        octets = octets[size:]
    return tuple(strings) or (b"",)


def random_texts(rng, zone, settings):
    texts = rng.sample([mixed(rng, rng.choice(SPF)), rng.choice(NEARLY_SPF), "", "MX-PRESET",
                        "google-site-verification=abc", "\0\xff", "x" * 300],
                       rng.choice((0, 0, 1, 2)))
    kind = rng.random()
    if kind > 0.3:
        make = random_marker if kind < 0.7 else spoilt_marker
        texts.append(make(rng, zone, settings))
    if kind > 0.95:
        texts.append(random_marker(rng, zone, settings))
    records = [split_text(rng, text) for text in texts]
    if 0.30 < kind < 0.32:  # the same text, cut into strings in another place: two records
        records += [(records[-1][0][:1], records[-1][0][1:], *records[-1][1:])]
    return sorted(set(records))


def random_zone(rng, name, settings):
    left = model.NAME_MAX - model.wire_length(name)
    alias = rng.choice([alias for alias in ("", "q", "x.q", "r") if not alias or len(alias) < left])
    return Zone(name, settings, random_stored(rng, name, settings),
                random_texts(rng, name, settings), alias)


# Zone files

def quoted(rng, octets):
    """One character string of a zone file, escaped in one of the possible ways."""
    text = ""
    for code in octets:
        char = chr(code)
        if not 32 <= code < 127 or rng.random() < 0.05:
            text += f"\\{code:03}"
        elif char in '"\\':
            text += "\\" + char
        else:
            text += char
    return f'"{text}"'


def zone_file(rng, zone):
    lines = [f"@ {ttl} MX {preference} {mixed(rng, exchange)}"
             for ttl, preference, exchange in zone.stored]
    lines += [f"@ {TXT_TTL} TXT " + " ".join(quoted(rng, part) for part in strings)
              for strings in zone.texts]
    lines += {"": [], "q": ["q 60 CNAME @"], "x.q": ["*.q 60 CNAME @"],
              "r": ["q 60 CNAME @", "r 60 CNAME q"]}[zone.alias]
    if model.NAME_MAX - model.wire_length(zone.name) > len("mail"):
        lines.append("mail 60 A 192.0.2.7")
    rng.shuffle(lines)
    return "\n".join(["@ 3600 SOA ns.test. host.test. 1 3600 600 86400 300", "@ 3600 NS ns.test.",
                      *lines]) + "\n"


# The server

class NumberedKnotd(Knotd):
    """A server whose zone files are numbered: a file name cannot hold every zone's name."""

    def zone_path(self, name):
        return self.path / f"{list(self.zones).index(name)}.zone"

    def configuration(self):
        numbers = {name: number for number, name in enumerate(self.zones)}
        return re.sub(r"  - domain: (\S+)\n",
                      lambda match: f"{match[0]}    file: {numbers[match[1]]}.zone\n",
                      super().configuration())


def ask(server, name, rtype, edns):
    """The answer, by TCP when UDP could not hold it, and whether UDP could hold that."""
    query = server.message(name, rtype, edns=edns, payload=PAYLOAD).to_wire()
    reply = dns.message.from_wire(server.ask_wire(query))
    if not reply.flags & dns.flags.TC:
        return reply, False
    wire = server.ask_wire(query, tcp=True)
    return dns.message.from_wire(wire), len(wire) <= (PAYLOAD if edns else 512)


def lower(records):
    return [(*record[:2], record[2].lower()) for record in records]


def differ(got, expected, exact):
    """Letter case counts where the question's spelling cannot colour the answer."""
    if exact or isinstance(got, str) or isinstance(expected, str):
        return got != expected
    return sorted(lower(got)) != sorted(lower(expected))


def owners(reply, rtype):
    return [rrset.name.to_text() for rrset in reply.answer if rrset.rdtype == rtype]


def flaw(zone, asked, rtype, reply, needless, expected, stored):
    """What is wrong with the form of a right answer, or None."""
    apex = asked if asked.lower() == zone.name else zone.name
    if needless and asked == zone.name:
        return "TC without need"
    if expected != model.SERVFAIL and not reply.flags & dns.flags.AA:
        return "AA is not set"
    if expected in (model.SERVFAIL, model.NODATA):
        return None
    if owners(reply, rtype) != [apex + "."]:
        return f"owners {owners(reply, rtype)}"
    made = not set(expected) <= set(stored)
    if made and (reply.authority or reply.additional):
        return f"more than the answer:\n{reply}"
    return None


def complain_mx(server, zone, asked, edns, expected):
    """What is wrong with the MX answer, or None."""
    reply, needless = ask(server, asked, "MX", edns)
    got = mx_of(reply)
    wrong = f"got {got}" if differ(got, expected, asked == zone.name) else \
        flaw(zone, asked, dns.rdatatype.MX, reply, needless, expected, zone.stored)
    return wrong and f"asked {asked} MX, EDNS {edns}: {wrong}"


def complain_txt(server, zone, asked, edns, expected):
    """What is wrong with the TXT answer, or None."""
    reply, needless = ask(server, asked, "TXT", edns)
    got = txt_of(reply)
    stored = [(TXT_TTL, strings) for strings in zone.texts]
    wrong = f"got {got}" if got != expected else \
        flaw(zone, asked, dns.rdatatype.TXT, reply, needless, expected, stored)
    return wrong and f"asked {asked} TXT, EDNS {edns}: {wrong}, not {expected}"


def questions(rng, zone):
    """What is asked about a zone: its name, in random case too, and the name that leads there."""
    names = [zone.name, mixed(rng, zone.name)]
    if zone.alias:
        names.append(f"{zone.alias}.{zone.name}")
    return [(name, rng.random() < 0.7) for name in names]


def make_round(path, rng, count, longest=model.NAME_MAX):
    """Random zones with their files and modules, and the instances of these."""
    maps = {"first": random_map(rng), "second": random_map(rng)}
    for name, presets in maps.items():
        (path / name).write_text(map_text(rng, presets))
    paths = {id(presets): path / name for name, presets in (*maps.items(), ("missing", None))}
    instances = random_instances(rng, *maps.values())
    names = set()
    while len(names) < count:
        name = zone_name(rng)
        if model.wire_length(name) <= longest:
            names.add(name)
    zones, files, modules = [], {}, {}
    for name in sorted(names):
        number = rng.randrange(len(instances))
        zone = random_zone(rng, name, instances[number])
        zones.append(zone)
        files[name] = zone_file(rng, zone)
        modules[name] = f"mod-mxpreset/i{number}"
    items = {f"i{number}": {"map-file": paths[id(instance.map)], **instance.items()}
             for number, instance in enumerate(instances)}
    return zones, files, modules, items


def expectations(zone):
    """What the model says of a zone: MX and TXT."""
    return (model.answer(zone.name, zone.settings, zone.stored, zone.texts),
            model.txt_answer(zone.name, zone.settings, zone.stored, zone.texts, TXT_TTL))


def describe(zone, text, expected, wrong):
    return "\n".join([f"zone {zone.name}", f"expected {expected}", *wrong,
                      f"{zone.settings.items()}",
                      *(f"TXT {b''.join(strings)}" for strings in zone.texts), text])


def check_round(path, seed):
    """Serves random zones and returns descriptions of all differences."""
    rng = random.Random(seed)
    zones, files, modules, items = make_round(path, rng, ZONES)
    differences = []
    with NumberedKnotd(path / "knot", files, instances=items, modules=modules) as server:
        for zone in zones:
            mx, txt = expectations(zone)
            wrong = [check(server, zone, asked, edns, expected)
                     for asked, edns in questions(rng, zone)
                     for check, expected in ((complain_mx, mx), (complain_txt, txt))]
            if any(wrong):
                differences.append(describe(zone, files[zone.name], mx, filter(None, wrong)))
    return differences


def report(differences):
    return "\n".join([
        f"MXPRESET_SEED={SEED}: {len(differences)} differences, of them", *differences[:SHOWN]])


@pytest.mark.parametrize("number", range(ROUNDS))
def test_like_the_model(tmp_path, number):
    print(f"MXPRESET_SEED={SEED}")
    differences = check_round(tmp_path, f"{SEED}:{number}")
    assert not differences, report(differences)


# Signed zones

def listed(server, zone):
    """Which of MX and TXT the denials at the apex list: a set for each denial."""
    reply = server.ask(zone.name, "AAAA", dnssec=True, tcp=True)
    Keys(server, zone.name).assert_valid(reply)
    return [{"MX", "TXT"} & set(words) for words in bitmaps(reply)]


def complain_signed(server, zone, mx, txt):
    """What is wrong with answers and denials of a signed zone; all that is there must be valid."""
    keys = Keys(server, zone.name)
    for rtype, of, expected in (("MX", mx_of, mx), ("TXT", txt_of, txt)):
        reply = server.ask(zone.name, rtype, dnssec=True, tcp=True)
        keys.assert_valid(reply)
        if differ(of(reply), expected, rtype == "TXT"):  # MX are signed in lower case.
            yield f"{rtype}: got {of(reply)}, not {expected}"
        if expected not in (model.SERVFAIL, model.NODATA) and not with_signatures(reply, rtype):
            yield f"{rtype} without signatures"
    expected = {"MX"} if mx != model.NODATA else set()
    expected |= {"TXT"} if txt else set()
    if listed(server, zone) != [expected]:
        yield f"denials list {listed(server, zone)}, not {expected}"


@pytest.mark.parametrize("kinds", [DEFAULT, NSEC3], ids=["nsec", "nsec3"])
def test_signed_like_the_model(tmp_path, kinds):
    print(f"MXPRESET_SEED={SEED}")
    rng = random.Random(f"{SEED}:signed")
    zones, files, modules, items = make_round(tmp_path, rng, SIGNED_ZONES, SIGNED_MAX)
    modules = {name: signing(module=module) for name, module in modules.items()}
    differences = []
    with NumberedKnotd(tmp_path / "knot", files, instances=items, modules=modules,
                       extra=policies(kinds)) as server:
        for zone in zones:
            wait_signed(server, [zone.name])
            mx, txt = expectations(zone)
            wrong = list(complain_signed(server, zone, mx, txt))
            if wrong:
                differences.append(describe(zone, files[zone.name], mx, wrong))
    assert not differences, report(differences)
