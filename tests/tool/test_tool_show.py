# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset show, compared with what the server answers."""

import dns.flags
import pytest

from knot import TRANSFER, MAP, free_port, secondary_of, wait_for, zone_text
from kmxpreset import agree, refused, run, run_on_screen, served

ZONES = {
    "nothing.example": "",
    "override.example": "@ 600 MX 10 mail\nmail A 192.0.2.1\n",
    "mixed.example": "@ 600 MX 10 mail.example.net.\n@ 600 MX 20 mx1.house.example.\n",
    "retired.example": "@ 600 MX 20 mail.house.example.\n",
    "marker.example": '@ TXT "mx-preset=gandi"\n',
    "two-markers.example": '@ 60 TXT "mx-preset=gandi"\n@ 60 TXT "mx-preset=ovh"\n',
    "split.example": '@ 60 TXT "mx-pre" "set=outlook id=" "a-b"\n',
    "none.example": '@ 60 TXT "mx-preset=none"\n',
    "null.example": "@ 60 MX 0 .\n",
    "overridden.example": '@ 60 MX 10 mail.example.net.\n@ 60 TXT "mx-preset=gandi"\n',
    "hyphen-zone.example": '@ 60 TXT "mx-preset=outlook"\n',
    "xn--bcher-kva.example": "@ 60 MX 10 mail.example.net.\n",
    "odd.example": '@ 60 TXT "a;b\\"c\\\\d"\n\\036ORIGIN A 192.0.2.1\n\\(x A 192.0.2.1\n'
                   "t TYPE65280 \\# 3 010203\n* 60 MX 10 mail.example.net.\n",
}
SOURCES = {
    "nothing.example": "built-in", "override.example": "override", "mixed.example": "override",
    "retired.example": "built-in", "marker.example": "marker", "two-markers.example": "marker",
    "split.example": "marker", "none.example": "marker", "null.example": "override",
    "overridden.example": "override", "hyphen-zone.example": "marker",
    "xn--bcher-kva.example": "override", "odd.example": "built-in",
}
CODES = {"mixed.example": ["mixed-builtin"], "two-markers.example": ["marker"],
         "overridden.example": ["overridden-marker"], "hyphen-zone.example": ["marker"]}


@pytest.fixture(scope="module")
def server(shared_knotd):
    return shared_knotd({name: zone_text(body) for name, body in ZONES.items()})


@pytest.mark.parametrize("zone", ZONES)
def test_agrees_with_the_server(server, zone):
    result = run("-j", "show", zone, server=server)
    assert (result.json["zone"], result.json["source"]) == (f"{zone}.", SOURCES[zone])
    assert result.codes == CODES.get(zone, [])
    assert result.status == int(result.codes not in ([], ["overridden-marker"]))
    agree(server, zone, result.json)
    text = run("show", zone, server=server)
    assert text.status == result.status
    for mx in result.json["mx"]:
        assert f"{mx['priority']:>8}  {mx['value']}\n" in text.out
    assert max(map(len, run_on_screen("show", zone, server=server))) <= 80


@pytest.mark.parametrize("name", ["BÜCHER.Example", "bücher.example.", "xn--bcher-kva.example",
                                  "XN--BCHER-KVA.EXAMPLE.", "bu\u0308cher。example"])
def test_names(server, name):
    for env in ({"LC_ALL": "C"}, {"LC_ALL": "C.UTF-8"}):
        result = run("-j", "show", name, server=server, env=env)
        assert result.json["zone"] == "xn--bcher-kva.example.", result


def test_no_zone(server):
    refused(run("show", "gone.example", server=server), "gone.example.", "whole zone")
    for name in ("", "a..b", "a b", "x" * 64 + ".example", "a\\"):
        refused(run("show", name, server=server), "ZONE", "example.com")


SETTINGS = {
    "preset": {"preset": "ovh"},
    "preset with parameter": {"preset": "outlook", "param": ["id=a-b", "other=c"]},
    "preset that fails": {"preset": "outlook"},
    "unknown preset": {"preset": "nobody"},
    "parameter of the built-in": {"builtin": "outlook", "param": ["ID=a-b"]},
    "no markers": {"marker": False},
    "no filter": {"filter": False},
    "built-in that fails": {"builtin": "outlook"},
    "all else": {"dnssec": "off", "ede": True, "statistics": True},
}


def test_settings_of_the_instance(knotd):
    """What the tool reads from the configuration is what the module does."""
    bodies = {"nothing": "", "mixed": ZONES["mixed.example"], "marker": ZONES["marker.example"],
              "bad": '@ 600 MX 20 mx1.house.example.\n@ 60 TXT "mx-preset=nobody"\n'}
    ids = {name: name.replace(" ", "-") for name in SETTINGS}
    zones = {f"{body}.{ids[name]}.example": (name, body) for name in SETTINGS for body in bodies}
    server = knotd({zone: zone_text(bodies[body]) for zone, (_, body) in zones.items()},
                   instances={ids[name]: {"builtin": "house", **settings}
                              for name, settings in SETTINGS.items()},
                   modules={zone: f"[mod-stats, mod-mxpreset/{ids[name]}]"
                            for zone, (name, _) in zones.items()})
    results = {key: run("-j", "show", zone, server=server) for zone, key in zones.items()}
    reports = {key: agree(server, zone, results[key].json) for zone, key in zones.items()}
    source = {key: report["source"] for key, report in reports.items()}
    assert source["preset", "nothing"] == "preset"
    # Their names have a hyphen: Microsoft's id needs the parameter.
    assert source["preset with parameter", "nothing"] == "preset"
    assert source["preset that fails", "nothing"] == "preset"
    assert source["unknown preset", "nothing"] == "preset"
    assert source["built-in that fails", "nothing"] == "built-in"
    assert source["no markers", "marker"] == "built-in"
    assert source["no markers", "mixed"] == "override"
    assert len(reports["no filter", "mixed"]["mx"]) == 2
    assert reports["no filter", "mixed"]["warnings"] == []
    assert reports["preset", "nothing"]["preset"] == "ovh"
    # What is beyond the zone is told where it counts, and there only.
    told = {key: result.err for key, result in results.items() if result.err}
    failing = {("preset that fails", "nothing"), ("unknown preset", "nothing"),
               ("built-in that fails", "nothing")}
    assert {key for key in told if key[1] != "bad"} == failing
    for key, report in reports.items():
        # A marker's mistake is a warning.
        failed = report["rcode"] == "SERVFAIL" and report["source"] != "marker"
        assert failed == (key in told), key
    assert "'id'" in told["preset that fails", "nothing"]
    assert "lacks the preset 'nobody'" in told["unknown preset", "nothing"]


def test_options_override_the_configuration(server):
    report = run("-j", "-b", "ovh", "show", "nothing.example", server=server).json
    assert (report["source"], report["preset"]) == ("built-in", "ovh")
    result = run("-j", "-p", "/nowhere", "show", "nothing.example", server=server)
    assert result.status == 1 and "/nowhere" in result.err and "SERVFAIL" in result.err


def with_templates(server, default, more):
    """The server's configuration with a module in the default template, and further templates."""
    before = server.configuration()
    templates = "".join(f"  - id: {name}\n    storage: {server.path}\n    file: \"%s.zone\"\n"
                        f"    module: mod-mxpreset/{instance}\n"
                        for name, instance in more.items())
    module = f"    module: mod-mxpreset/{default}\n" if default else ""
    return before.replace("\nzone:\n", f"\n{module}{templates}zone:\n", 1)


def test_template(knotd):
    """The zone's own item goes before its template's, and that one is not the default's."""
    server = knotd({"a.example": zone_text(), "b.example": zone_text(), "c.example": zone_text()},
                   instances={"other": {"builtin": "ovh"}, "third": {"builtin": "gandi"}},
                   modules={"a.example": "", "b.example": "mod-mxpreset/third", "c.example": ""})
    text = with_templates(server, "house", {"other": "other"})
    for zone in ("a.example", "b.example"):
        text = text.replace(f"domain: {zone}\n", f"domain: {zone}\n    template: other\n")
    (server.path / "knot.conf").write_text(text)
    server.knotc("reload")
    for zone, builtin in (("a.example", "ovh"), ("b.example", "gandi"), ("c.example", "house")):
        report = agree(server, zone, run("-j", "show", zone, server=server).json)
        assert report["preset"] == builtin


def test_first_instance_answers(knotd):
    server = knotd({"a.example": zone_text()}, instances={"other": {"builtin": "ovh"}},
                   modules={"a.example": "[mod-mxpreset/other, mod-mxpreset/house]"})
    report = agree(server, "a.example", run("-j", "show", "a.example", server=server).json)
    assert report["preset"] == "ovh"


CATALOG = """\
@ 60 SOA invalid. invalid. 1 3600 600 86400 300
@ 60 NS invalid.
version 60 TXT "2"
a.zones 60 PTR a.example.
b.zones 60 PTR b.example.
group.b.zones 60 TXT "other"
"""


def test_catalog(knotd):
    server = knotd({"cat.example": CATALOG}, start=False, modules={"cat.example": ""},
                   instances={"other": {"builtin": "ovh"}},
                   zone_extra="    catalog-role: interpret\n    catalog-template: [first, other]\n")
    for name in ("a.example", "b.example"):
        server.write_zone(name, zone_text())
    text = with_templates(server, None, {"first": "house", "other": "other"})
    configuration = type(server).configuration
    server.configuration = lambda: with_port(text, configuration(server))
    server.start(wait_zones=False)
    for zone, builtin in (("a.example", "house"), ("b.example", "ovh")):
        wait_for(lambda z=zone: server.mx(z) not in ("REFUSED", "SERVFAIL"), zone)
        report = agree(server, zone, run("-j", "show", zone, server=server).json)
        assert report["preset"] == builtin


def test_catalog_itself(knotd):
    """It has no mail, though its template has the module: the server refuses queries for it, with
    NOTAUTH since Knot DNS 3.5."""
    server = knotd({"cat.example": CATALOG}, start=False,
                   zone_extra="    catalog-role: interpret\n    catalog-template: default\n")
    server.start(wait_zones=False)
    wait_for(lambda: server.mx("cat.example") in ("REFUSED", "NOTAUTH"), "the catalog")
    result = run("-j", "show", "cat.example", server=server)
    assert (result.status, result.json["source"], result.codes) == (0, "none", [])
    assert "catalog" in result.err


def with_port(text, fresh):
    """The text with the present `listen` item of the server."""
    def listen(lines):
        return next(line for line in lines.splitlines() if line.startswith("    listen:"))
    return text.replace(listen(text), listen(fresh))


def test_zones_that_are_left_alone(knotd):
    server = knotd({"plain.example": zone_text(ZONES["mixed.example"]),
                    "empty.example": zone_text('@ 60 TXT "mx-preset=gandi"\n'),
                    "2.0.192.in-addr.arpa": zone_text()},
                   modules={"plain.example": "", "empty.example": ""})
    for zone, source in (("plain.example", "override"), ("empty.example", "none"),
                         ("2.0.192.in-addr.arpa", "none")):
        result = run("-j", "show", zone, server=server)
        assert (result.status, result.json["source"]) == (0, source)
        assert result.json["warnings"] == [] and "alone" in result.err
        agree(server, zone, result.json)


def test_servfail(knotd):
    server = knotd({"a.example": zone_text()}, settings={"builtin": "nobody"})
    result = run("-j", "show", "a.example", server=server)
    assert server.mx("a.example") == "SERVFAIL"
    assert result.status == 1 and "SERVFAIL" in result.err and "'nobody'" in result.err
    assert (result.json["source"], served(result.json)) == ("built-in", [])
    assert "\nMX       SERVFAIL\n" in run("show", "a.example", server=server).out


def test_no_map_in_a_zone_served_as_stored(knotd):
    """A signed zone that the server does not sign needs no map."""
    server = knotd({"a.example": zone_text()}, settings={"dnssec": "off"}, zone_extra=SIGNING)
    signed(server, "a.example")
    server.map_path.unlink()
    result = run("-j", "show", "a.example", server=server)
    assert agree(server, "a.example", result.json)["source"] == "none"
    assert "SERVFAIL" not in result.err


def test_secondary(knotd):
    primary = knotd({"a.example": zone_text(ZONES["override.example"])}, **TRANSFER)
    second = knotd({"a.example": None}, **secondary_of(primary))
    agree(second, "a.example", run("-j", "show", "a.example", server=second).json)


SIGNING = "    dnssec-signing: on\n"


def signed(server, zone):
    return wait_for(lambda: server.ask(zone, "SOA", dnssec=True).answer[1:], "a signed zone")


@pytest.mark.parametrize("dnssec", ["auto", "off"])
def test_signed_zone(knotd, dnssec):
    """The server signs what it synthesizes, or serves the zone as it is stored."""
    server = knotd({"a.example": zone_text(ZONES["mixed.example"]), "b.example": zone_text(),
                    "c.example": zone_text('@ 60 TXT "mx-preset=gandi"\n')},
                   settings={"dnssec": dnssec}, zone_extra=SIGNING)
    for zone in server.zones:
        signed(server, zone)
        result = run("-j", "show", zone, server=server)
        agree(server, zone, result.json)
        stored = dnssec == "off"
        # Nothing is left out then.
        assert result.codes == (["unsigned"] if stored else
                                ["mixed-builtin"] if zone == "a.example" else [])


def test_signed_secondary(knotd):
    """A server without the keys serves a signed zone as it is stored."""
    primary = knotd({"a.example": zone_text(ZONES["mixed.example"]), "b.example": zone_text()},
                    extra=TRANSFER["extra"], zone_extra=TRANSFER["zone_extra"] + SIGNING)
    for zone in primary.zones:
        signed(primary, zone)
    second = knotd({"a.example": None, "b.example": None}, **secondary_of(primary))
    for zone, source in (("a.example", "override"), ("b.example", "none")):
        result = run("-j", "show", zone, server=second)
        assert result.json["source"] == source and result.codes == ["unsigned"]
        agree(second, zone, result.json)


def test_map_is_the_servers(knotd):
    """It is the map that the configuration names."""
    server = knotd({"a.example": zone_text()}, map_text=MAP.read_text().replace(
        "mx1.house", "mx9.house"))
    report = run("-j", "show", "a.example", server=server).json
    assert report["mx"][0]["value"] == "mx9.house.example."


def test_differs(knotd, tmp_path):
    """The answer of the server itself goes before what the tool expects of it."""
    big = "".join(f"big 600 MX 10 {'a' * 50}{i}.example.net.\n" for i in range(15))
    server = knotd({"a.example": zone_text(), "b.example": zone_text('@ TXT "mx-preset=big"\n'),
                    "c.example": zone_text("@ 600 MX 10 mail.example.net.\n"),
                    "d.example": zone_text('@ TXT "mx-preset=gandi"\n')},
                   map_text=MAP.read_text() + big)
    for zone in server.zones:
        assert run("-j", "show", zone, server=server).codes == []
    assert server.ask("b.example", "MX", edns=False).flags & dns.flags.TC

    def differs(zone, old, new):
        other = tmp_path / "other"
        other.write_text(server.map_path.read_text().replace(old, new))
        result = run("-j", "-p", other, "show", zone, server=server)
        assert result.status == int("differs" in result.codes)
        text = run("-p", other, "show", zone, server=server)
        assert ("answers otherwise" in text.out, text.status) == \
            ("differs" in result.codes, result.status)
        return result.json["warnings"][-1]["text"] if result.codes else ""

    house = "mx1.house.example."
    assert f"10 {house}" in differs("a.example", house, "mx9.house.example.")
    assert differs("c.example", house, "mx9.house.example.") == ""
    assert "TTL 600" in differs("b.example", "big 600", "big 900")
    assert "a14.example.net." in differs("b.example", f"{'a' * 50}14", f"{'a' * 50}15")
    assert "10 spool.mail.gandi.net." in differs("d.example", "gandi", "gandy")
    assert differs("a.example", "#", "#") == ""


def test_letter_case_is_no_difference(knotd):
    server = knotd({"a.example": zone_text('@ TXT "mx-preset=outlook id=My-ID0c"\n')})
    result = run("-j", "show", "a.example", server=server)
    assert (result.status, result.codes) == (0, [])
    assert result.json["mx"] == [{"priority": 1, "value": "My-ID0c.mail.protection.outlook.com."}]


ODD = ["es\\.c.example.", "x\\032y.example.", "a*b.example.", "0/25.example.", "_x.example."]


def test_names_as_they_are_listed(knotd):
    server = knotd({"plain.example": zone_text()}, start=False)
    for number, name in enumerate(ODD):
        server.zone_path(f"odd{number}").write_text(zone_text())
        server.tail += f"  - domain: {name}\n    file: odd{number}.zone\n"
    server.start()
    wait_for(lambda: run("list", server=server).status == 0, "the zones")
    listed = [row.split()[0] for row in run("list", server=server).out.splitlines()]
    assert sorted(listed) == sorted([*ODD, "plain.example."])
    for name in listed:
        assert run("-j", "show", name, server=server).json["zone"] == name


def test_server_fails_otherwise(server, tmp_path):
    """What the tool could serve and the server does not is another answer."""
    other = tmp_path / "other"
    other.write_text("house MX 10 mx1.house.example.\noutlook MX 10 any.example.net.\n")
    result = run("-j", "-p", other, "show", "hyphen-zone.example", server=server)
    assert result.status == 1 and "differs" in result.codes
    assert "SERVFAIL without MX" in result.json["warnings"][-1]["text"]


@pytest.mark.parametrize("addresses, heard", [("[127.0.0.1@{free}, 127.0.0.1@{port}]", True),
                                              ("0.0.0.0@{port}", True),
                                              ("127.0.0.1@{free}", False)])
def test_addresses_of_the_server(knotd, addresses, heard, tmp_path):
    """It is asked at any of them; a server that cannot be asked is not another answer."""
    server = knotd({"a.example": zone_text()})
    text = server.configuration().replace(
        f"127.0.0.1@{server.port}", addresses.format(port=server.port, free=free_port()), 1)
    (server.path / "knot.conf").write_text(text)
    server.knotc("reload")
    other = tmp_path / "other"
    other.write_text(MAP.read_text().replace("mx1.house", "mx9.house"))
    result = run("-j", "-p", other, "show", "a.example", server=server)
    assert (result.codes, result.status) == (["differs"] if heard else [], int(heard))
    assert ("could not be asked" in result.err) == (not heard)
