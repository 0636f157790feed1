# SPDX-License-Identifier: GPL-2.0-or-later
"""An independent model of the module: which MX answer a zone gets, and which TXT.

It is written from the documented rules alone and shares no code with the module, so that a
misreading in one of them shows as a difference.
"""

import dataclasses
import re

SERVFAIL = "SERVFAIL"
NODATA = []

NAME_MAX = 255
LABEL_MAX = 63
MARKER_MAX = 1024
MARKER = b"mx-preset="
VALUE = re.compile(r"[A-Za-z0-9_-]{1,63}")
PARAMETER = re.compile(r"_([a-z0-9]+)_")
NULL_MX = (0, ".")


def wire_length(name):
    """Octets of a name without escapes, final dot or not, in a DNS message."""
    name = name.removesuffix(".")
    return len(name) + 2 if name else 1


def host(name):
    """A host name in the form in which names are compared."""
    return name.lower().removesuffix(".") + "."


@dataclasses.dataclass(frozen=True)
class Preset:
    """One preset of a map; a record is (preference, exchange), the exchange with final dot."""
    ttl: int
    records: tuple
    title: str = ""
    retired: tuple = ()
    spf: str = ""
    defaults: dict = dataclasses.field(default_factory=dict)

    def expand(self, zone, given):
        """The answer for a zone (without final dot), or None where there can be none."""
        expanded = [(preference, self._exchange(exchange, zone, given))
                    for preference, exchange in self.records]
        names = [exchange for _, exchange in expanded]
        if None in names or len({host(name) for name in names}) < len(names):
            return None
        return sorted((self.ttl, preference, exchange) for preference, exchange in expanded)

    def _exchange(self, exchange, zone, given):
        labels = [zone if label == "_zone_" else self._label(label, zone, given)
                  for label in exchange.removesuffix(".").split(".")]
        if None in labels:
            return None
        name = ".".join(labels) + "."
        return name if wire_length(name) <= NAME_MAX else None

    def _label(self, label, zone, given):
        values = {name: self._value(name, zone, given) for name in PARAMETER.findall(label)}
        if None in values.values():
            return None
        label = PARAMETER.sub(lambda match: values[match[1]], label)
        return label if len(label) <= LABEL_MAX else None

    def _value(self, name, zone, given):
        value = given.get(name, self.defaults.get(name))
        if value != "@zone-dashed":
            return value
        return zone.replace(".", "-") if "-" not in zone else None


@dataclasses.dataclass(frozen=True)
class PresetMap:
    """A preset map: name -> Preset, alias -> name, in lower case."""
    presets: dict
    aliases: dict = dataclasses.field(default_factory=dict)

    def find(self, name):
        name = name.lower()
        while name in self.aliases:
            name = self.aliases[name]
        return self.presets.get(name)

    def text(self, soa_owner=None):
        """The map as a file, with a SOA and other records of a real zone on demand."""
        lines = []
        if soa_owner is not None:
            lines += [f"$ORIGIN {soa_owner}", "@ 60 SOA ns host 1 3600 600 86400 300",
                      "@ 60 NS ns", "ns 60 A 192.0.2.1", "ns 60 AAAA 2001:db8::1"]
        for name, preset in self.presets.items():
            lines += [f"{name} {preset.ttl} MX {preference} {exchange}"
                      for preference, exchange in preset.records]
            pairs = [("title", preset.title)] if preset.title else []
            pairs += [("retired", name) for name in preset.retired]
            pairs += [("spf", preset.spf)] if preset.spf else []
            pairs += preset.defaults.items()
            if pairs:
                lines.append(f"{name} TXT " + " ".join(f'"{key}={value}"' for key, value in pairs))
        lines += [f"{alias} CNAME {name}" for alias, name in self.aliases.items()]
        return "\n".join(lines) + "\n"


@dataclasses.dataclass(frozen=True)
class Settings:
    """An instance of the module; `map` is None when no good map was ever there."""
    map: PresetMap | None
    builtin: str
    preset: str | None = None
    params: dict = dataclasses.field(default_factory=dict)
    marker: bool = True
    filter: bool = True
    spf: bool = False

    def find(self, name):
        return self.map.find(name) if self.map and name else None

    def items(self):
        """The items of the instance, without `map-file`."""
        return {"builtin": self.builtin, "preset": self.preset, "marker": self.marker,
                "filter": self.filter, "spf": self.spf,
                "param": [f"{name}={value}" for name, value in self.params.items()] or None}


def parse_marker(text):
    """(preset, parameters) of a marker, or None for one that cannot be honoured."""
    if len(text) > MARKER_MAX:
        return None
    name, *parts = text[len(MARKER):].decode("latin-1").split(" ")
    params = {}
    for part in filter(None, parts):
        key, _, value = part.partition("=")
        key = key.lower()
        if not key or key == "zone" or key in params or not VALUE.fullmatch(value):
            return None
        params[key] = value
    return name.lower(), params


def markers_of(texts):
    """The zone's markers: texts are its apex TXT records, each a sequence of strings of octets."""
    joined = [b"".join(strings) for strings in texts]
    return [text for text in joined if text.lower().startswith(MARKER)]


def marked(zone, settings, stored, markers):
    """The answer that the zone's markers ask for."""
    parsed = parse_marker(markers[0]) if len(markers) == 1 else None
    if parsed is None:
        return SERVFAIL
    name, params = parsed
    if name == "none":
        return stored
    preset = settings.find(name)
    return preset and preset.expand(zone, params) or SERVFAIL


def overrides(zone, settings, stored):
    """The stored records without the built-in ones."""
    builtin = settings.find(settings.builtin)
    if builtin is None or not settings.filter:
        return stored
    own = {host(name) for name in builtin.retired}
    own |= {host(name) for _, _, name in builtin.expand(zone, settings.params) or ()}
    return [record for record in stored
            if record[1:] == NULL_MX or host(record[2]) not in own]


def answer(zone, settings, stored, texts):
    """What a query for MX at the apex gets: sorted (TTL, preference, exchange), or SERVFAIL.

    zone:   name without final dot, in lower case
    stored: the apex MX RRset in the form of the answer
    texts:  the apex TXT records
    """
    stored = sorted(stored)
    if zone in ("", "arpa") or zone.endswith(".arpa"):
        return stored
    result = overrides(zone, settings, stored)
    if result:
        return result
    markers = markers_of(texts) if settings.marker else []
    if markers:
        return marked(zone, settings, stored, markers)
    if stored:
        return stored
    preset = settings.find(settings.preset or settings.builtin)
    return preset and preset.expand(zone, settings.params) or SERVFAIL


def is_spf(strings):
    """Whether a TXT record is one of RFC 7208, section 4.5."""
    return (b"".join(strings).lower() + b" ").startswith(b"v=spf1 ")


def providing(zone, settings, stored, texts):
    """The preset whose MX a zone is served with; the built-in's may be stored."""
    if overrides(zone, settings, stored):
        return None
    markers = markers_of(texts) if settings.marker else []
    if markers:
        parsed = parse_marker(markers[0]) if len(markers) == 1 else None
        preset = parsed and settings.find(parsed[0])
        return preset if preset and preset.expand(zone, parsed[1]) else None
    if stored:
        return settings.find(settings.builtin)
    preset = settings.find(settings.preset or settings.builtin)
    return preset if preset and preset.expand(zone, settings.params) else None


def txt_answer(zone, settings, stored, texts, ttl):
    """What a query for TXT at the apex gets: sorted (TTL, strings).

    ttl: that of the stored TXT RRset
    """
    result = [(ttl, strings) for strings in texts]
    left_alone = zone in ("", "arpa") or zone.endswith(".arpa")
    if settings.spf and not left_alone and not any(map(is_spf, texts)):
        preset = providing(zone, settings, stored, texts)
        if preset and preset.spf:
            result.append((ttl if texts else preset.ttl, (f"v=spf1 {preset.spf}".encode(),)))
    return sorted(result)
