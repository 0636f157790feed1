# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset add, del, use and reset: what a query gets afterwards, and what is refused."""

import pytest

from knot import GANDI, HOUSE, MAP, OVH, TRANSFER, outlook, preset, secondary_of, zone_text
from kmxpreset import agree, contents, refused, run, served

BODY = """\
@ 600 MX 10 mail.example.net.
@ 300 TXT "v=spf1 -all"
www 60 A 192.0.2.1
alias 60 CNAME www
old 60 DNAME example.net.
*.wild 60 CNAME www
null 60 MX 0 .
"""
EMPTY = ["empty.example", "hyphen-a.example", "xn--bcher-kva.example"]


@pytest.fixture(scope="module")
def shared(shared_knotd):
    """A server whose zones no test changes."""
    return shared_knotd({"full.example": zone_text(BODY), "tld": zone_text(),
                         "deep.full.example": zone_text(),
                         **{name: zone_text() for name in EMPTY}})


@pytest.fixture
def own(knotd):
    """A server of the test's own, whose zones it may change."""
    return knotd({"full.example": zone_text(BODY), **{name: zone_text() for name in EMPTY}})


def edit(server, zone, *args):
    """An edit that is done: the report is what the server answers then."""
    result = run("-j", *args, server=server)
    assert result.status == 0, result
    return agree(server, zone, result.json)


def test_add_and_del(own):
    zone = "empty.example"
    assert own.mx(zone) == HOUSE
    edit(own, zone, "add", zone, "@", "10", "spool.mail.gandi.net")
    assert own.mx(zone) == preset(3600, "10 spool.mail.gandi.net.")
    report = edit(own, zone, "add", "EMPTY.Example.", "empty.example.", "20", "Mail")
    assert served(report) == preset(3600, "10 spool.mail.gandi.net.", "20 mail.empty.example.")
    assert [warning["code"] for warning in report["warnings"]] == ["missing-exchange"]
    edit(own, zone, "del", zone, "@", "10", "SPOOL.mail.gandi.net.")
    assert own.mx(zone) == preset(3600, "20 mail.empty.example.")
    edit(own, zone, "del", zone, "@")
    assert own.mx(zone) == HOUSE


def test_ttl(own):
    for number, (text, seconds) in enumerate({
            "3h": 10800, "0": 0, "60": 60, "1D12H": 129600, "1w": 604800, "2m30s": 150,
            "2147483647": 2147483647}.items()):
        host = f"h{number}"
        assert run("add", "full.example", host, "10", "www", text, server=own).status == 0
        assert own.mx(f"{host}.full.example") == preset(seconds, "10 www.full.example.")
    assert run("add", "full.example", "@", "20", "www", "10m", server=own).status == 0
    assert own.mx("full.example") == preset(600, "10 mail.example.net.", "20 www.full.example.")


def test_values(own):
    for number, (text, name) in enumerate({
            "mail": "mail.full.example.", "MAIL.Example.NET": "mail.example.net.",
            "tld.": "tld.", "@": "full.example.", "bücher.example": "xn--bcher-kva.example.",
            "full.example": "full.example.", "www.full.example": "www.full.example."}.items()):
        host = f"v{number}"
        assert run("add", "full.example", host, "0", text, server=own).status == 0
        assert own.mx(f"{host}.full.example") == preset(3600, f"0 {name}")


def test_hosts(own):
    """Of the zone's name, only the whole counts as a doubled root."""
    for text, name in {"a": "a.full.example", "B.c": "b.c.full.example", "*.d": "x.d.full.example",
                       "e.full.example.": "e.full.example", "_f": "_f.full.example",
                       "bücher": "xn--bcher-kva.full.example", "full": "full.full.example",
                       "example": "example.full.example",
                       "notfull.example": "notfull.example.full.example"}.items():
        assert run("add", "full.example", text, "1", "www", server=own).status == 0
        assert own.mx(name) == preset(3600, "1 www.full.example.")


def test_null_mx(own):
    edit(own, "empty.example", "add", "empty.example", "@", "0", ".")
    assert own.mx("empty.example") == preset(3600, "0 .")
    assert run("del", "full.example", "null", "0", ".", server=own).status == 0
    assert own.mx("null.full.example") == "NXDOMAIN"


def test_idn_zone(own):
    report = edit(own, "xn--bcher-kva.example", "add", "Bücher.example", "@", "10", "mail.example")
    assert report["zone"] == "xn--bcher-kva.example."


def test_del_of_mistakes(own):
    """What cannot be added can be removed."""
    own.set_zone("full.example", "set full.example.full.example. 60 MX 10 www",
                 "set @ 600 MX 10 192.0.2.1.", "set @ 600 MX 11 a_b.example.", "set x 60 MX 0 .",
                 "set x 60 MX 1 www", "set @ 600 MX 12 2001\\:db8\\:\\:1")
    assert "doubled-root" in run("-j", "show", "full.example", server=own).codes
    for args in (("@", "10", "192.0.2.1"), ("@", "11", "a_b.example"), ("x", "0", "."),
                 ("@", "12", "2001\\:db8\\:\\:1.full.example."),
                 ("full.example.full.example.",)):
        assert run("del", "full.example", *args, server=own).status == 0
    assert run("-j", "show", "full.example", server=own).codes == []


def test_del_beside_capitals(own):
    """knotd stores names of zone-set as they are written, and does not find these again."""
    own.set_zone("full.example", "set two 300 MX 10 MX.Example.NET.", "set two 300 MX 20 b.example.",
                 "set two 300 MX 10 c.example.")
    for args, left in ((("10", "mx.EXAMPLE.net"), ["10 c.example.", "20 b.example."]),
                       (("20", "b.example"), ["10 c.example."])):
        assert run("del", "full.example", "two", *args, server=own).status == 0
        assert own.mx("two.full.example") == preset(300, *left)


def test_del_of_an_option(own):
    """A name that begins with a hyphen is a name."""
    own.set_zone("full.example", "set minus 300 MX 10 -x.example.net.")
    assert run("del", "full.example", "minus", "10", "-x.example.net", server=own).status == 0
    refused(run("add", "full.example", "@", "10", "-x.example.net", server=own), "VALUE")


def test_use(own):
    zone = "empty.example"
    edit(own, zone, "use", zone, "gandi")
    assert own.mx(zone) == GANDI
    report = edit(own, zone, "use", zone, "Office365")
    assert report["preset"] == "outlook" and own.mx(zone) == outlook("empty-example")
    edit(own, zone, "use", zone, "OUTLOOK", "ID=my-id0c")
    assert own.mx(zone) == outlook("my-id0c")
    report = edit(own, zone, "use", zone, "none")
    assert own.mx(zone) == [] and report["source"] == "marker"
    edit(own, "hyphen-a.example", "use", "hyphen-a.example", "outlook", "id=x")
    assert own.mx("hyphen-a.example") == outlook("x")


def test_use_replaces_markers_only(own):
    zone = "full.example"
    own.set_zone(zone, "unset @ MX", 'set @ 300 TXT "mx-preset=gandi"',
                 'set @ 300 TXT "MX-Pre" "set=ovh \\255"', 'set @ 300 TXT "a\\"b;\\\\"')
    edit(own, zone, "use", zone, "ovh")
    assert own.mx(zone) == OVH
    texts = [line.split(" TXT ")[1] for line in contents(own, zone) if " 300 TXT " in line]
    assert sorted(texts) == sorted(['"v=spf1 -all"', '"mx-preset=ovh"', '"a\\"b;\\\\"'])


def test_use_of_the_same_changes_nothing(own):
    zone = "empty.example"
    edit(own, zone, "use", zone, "gandi")
    before = contents(own, zone)
    edit(own, zone, "use", zone, "GANDI")
    assert contents(own, zone) == before


def test_use_with_a_long_marker(own):
    zone = "empty.example"
    params = [f"p{number}={'v' * 60}" for number in range(15)]
    edit(own, zone, "use", zone, "gandi", *params)
    assert own.mx(zone) == GANDI
    edit(own, zone, "reset", zone)
    assert own.mx(zone) == HOUSE


def test_use_under_an_override(own):
    result = run("-j", "use", "full.example", "gandi", server=own)
    assert result.status == 0 and "own MX records still serve" in result.err
    assert result.err.count("\n") == 1
    assert result.codes == ["overridden-marker"]
    agree(own, "full.example", result.json)
    edit(own, "full.example", "del", "full.example", "@")
    assert own.mx("full.example") == GANDI


def test_use_of_a_name_in_utf8(knotd):
    server = knotd({"a.example": zone_text()},
                   map_text=MAP.read_text() + "xn--bcher-kva MX 10 mx.example.net.\n")
    for name in ("bücher", "XN--bcher-kva"):
        report = run("-j", "use", "a.example", name, server=server).json
        assert report["preset"] == "xn--bcher-kva"
        agree(server, "a.example", report)
    report = run("-j", "-b", "Bücher", "show", "a.example", server=server).json
    assert report["preset"] == "xn--bcher-kva"
    assert run("reset", "a.example", server=server).status == 0
    report = run("-j", "-b", "bücher", "show", "a.example", server=server).json
    assert (report["source"], report["preset"]) == ("built-in", "xn--bcher-kva")


def test_use_of_a_map_that_was_refused(knotd):
    """The server may not know what the file has."""
    server = knotd({"a.example": zone_text()})
    server.write_map("fresh MX 10 mx.example.net.\n")
    server.wait_log("preset map refused")
    result = run("use", "a.example", "fresh", server=server)
    assert result.status == 0 and server.mx("a.example") == "SERVFAIL"
    assert "not certain that the server knows" in result.err and "'house'" in result.err


def test_use_where_markers_do_not_count(knotd):
    server = knotd({"a.example": zone_text(), "b.example": zone_text()},
                   settings={"marker": False}, modules={"b.example": ""})
    result = run("use", "a.example", "gandi", server=server)
    assert result.status == 0 and "marker: off" in result.err
    refused(run("use", "b.example", "gandi", server=server), "mod-mxpreset", "-p")
    # The server of another name may be the one with the module: a primary that nobody asks.
    result = run("-j", "-p", server.map_path, "use", "b.example", "gandi", server=server)
    assert result.status == 0 and result.json["source"] == "marker"
    assert '"mx-preset=gandi"' in server.knotc("zone-read", "b.example", "@", "TXT")


def test_reset(own):
    zone = "full.example"
    own.set_zone(zone, "set @ 600 MX 20 mx1.house.example.", 'set @ 300 TXT "mx-preset=gandi"',
                 'set @ 300 TXT "mx-preset=ovh"')
    edit(own, zone, "reset", zone)
    assert own.mx(zone) == HOUSE
    assert own.mx("null.full.example") == preset(60, "0 .")
    before = contents(own, zone)
    assert any('"v=spf1 -all"' in line for line in before)
    edit(own, zone, "reset", zone)
    assert contents(own, zone) == before


def test_edits_need_no_map(own):
    """An override can be set while the map is broken; a preset cannot be checked."""
    own.map_path.unlink()
    before = contents(own, "full.example")
    result = run("use", "full.example", "gandi", server=own)
    assert (result.status, result.out) == (1, "") and "no valid preset map" in result.err
    assert contents(own, "full.example") == before
    result = run("-j", "add", "empty.example", "@", "10", "mail.example.net", server=own)
    assert result.status == 0 and result.json["source"] == "override"
    assert own.mx("empty.example") == preset(3600, "10 mail.example.net.")
    assert run("reset", "empty.example", server=own).status == 0


# What is refused; the words are in the message.
REFUSED = {
    "priority too large": (["add", "full.example", "@", "65536", "www"], "PRIORITY '65536'"),
    "priority negative": (["add", "full.example", "@", "-1", "www"], "PRIORITY '-1'"),
    "priority empty": (["add", "full.example", "@", "", "www"], "PRIORITY ''"),
    "priority hexadecimal": (["add", "full.example", "@", "0x1", "www"], "PRIORITY"),
    "priority and value swapped": (["add", "full.example", "@", "www", "10"], "PRIORITY 'www'"),
    "priority huge": (["add", "full.example", "@", "9" * 30, "www"], "PRIORITY"),
    "IPv4": (["add", "full.example", "@", "10", "192.0.2.1"], "VALUE '192.0.2.1'", "IP address"),
    "IPv4 with a dot": (["add", "full.example", "@", "10", "192.0.2.1."], "IP address"),
    "IPv4 in brackets": (["add", "full.example", "@", "10", "[192.0.2.1]"], "IP address"),
    "IPv4 cut short": (["add", "full.example", "@", "10", "192.0.2"], "IP address"),
    "IPv4 full width": (["add", "full.example", "@", "10", "１９２.０.２.１"], "IP address"),
    "IPv6": (["add", "full.example", "@", "10", "2001:db8::1"], "IP address"),
    "IPv6 in brackets": (["add", "full.example", "@", "10", "[::1]"], "IP address"),
    "value empty": (["add", "full.example", "@", "10", ""], "VALUE ''"),
    "value with a space": (["add", "full.example", "@", "10", "a b.example"], "VALUE"),
    "value with a line": (["add", "full.example", "@", "10", "a.example\n@ MX 1 b"], "VALUE"),
    "value of a map": (["add", "full.example", "@", "10", "_id_.mail.example"], "VALUE"),
    "value with a URL": (["add", "full.example", "@", "10", "smtp://a.example"], "VALUE"),
    "value with two dots": (["add", "full.example", "@", "10", "a..example"], "VALUE"),
    "value with a label too long": (["add", "full.example", "@", "10", "a" * 64], "VALUE"),
    "value too long": (["add", "full.example", "@", "10", "a." * 130 + "example"], "VALUE"),
    "value ends in a hyphen": (["add", "full.example", "@", "10", "mail-.example.net"], "VALUE"),
    "value with a label that begins with a hyphen":
        (["add", "full.example", "@", "10", "a.-b.example"], "VALUE"),
    "value with an escape": (["add", "full.example", "@", "10", "a\\.b"], "VALUE"),
    "other TTL": (["add", "full.example", "@", "20", "www", "3600"], "TTL '3600'", "600"),
    "TTL too large": (["add", "full.example", "new", "20", "www", "2147483648"], "TTL"),
    "TTL overflow": (["add", "full.example", "new", "20", "www", "99999999999w"], "TTL"),
    "TTL with an unknown unit": (["add", "full.example", "new", "20", "www", "3x"], "TTL '3x'"),
    "TTL without a number": (["add", "full.example", "new", "20", "www", "h"], "TTL 'h'"),
    "TTL empty": (["add", "full.example", "new", "20", "www", ""], "TTL ''"),
    "TTL negative": (["add", "full.example", "new", "20", "www", "-5"], "TTL"),
    "value is an alias": (["add", "full.example", "@", "20", "alias"], "alias.full.example.",
                          "CNAME"),
    "value is an alias, in full": (["add", "full.example", "@", "20", "Alias.full.example."],
                                   "CNAME"),
    "value is an alias by wildcard": (["add", "full.example", "@", "20", "a.wild.full.example"],
                                      "CNAME"),
    "value is an alias by DNAME": (["add", "full.example", "@", "20", "a.old.full.example"],
                                   "CNAME"),
    "host is an alias": (["add", "full.example", "alias", "20", "www"], "HOST", "CNAME"),
    "null MX beside others": (["add", "full.example", "@", "0", "."], "null MX"),
    "others beside null MX": (["add", "full.example", "null", "10", "www"], "null MX"),
    "null MX twice": (["add", "full.example", "null", "0", "."], "already"),
    "null MX with a priority": (["add", "full.example", "new", "10", "."], "null MX"),
    "the same again": (["add", "full.example", "@", "10", "mail.example.net"], "already"),
    "host outside": (["add", "full.example", "other.example.", "10", "www"], "HOST"),
    "host empty": (["add", "full.example", "", "10", "www"], "HOST ''", "@"),
    "host is a dot": (["add", "full.example", ".", "10", "www"], "HOST '.'"),
    "host with a space": (["add", "full.example", "a b", "10", "www"], "HOST"),
    "host with an escape": (["add", "full.example", "a\\.b", "10", "www"], "HOST"),
    "host with an asterisk inside": (["add", "full.example", "a*", "10", "www"], "HOST"),
    "host too long": (["add", "full.example", ".".join(["a" * 60] * 4), "10", "www"], "255"),
    "host not UTF-8": (["add", "full.example", "\udcff", "10", "www"], "HOST '\\255'"),
    "host with an escape sequence": (["add", "full.example", "\x1b[31m", "10", "www"], "\\027"),
    "no such record": (["del", "full.example", "@", "20", "mail.example.net"], "no MX record"),
    "no such value": (["del", "full.example", "@", "10", "www"], "no MX record"),
    "no record": (["del", "full.example", "www"], "HOST 'www.full.example.'", "no MX record"),
    "no such host": (["del", "full.example", "gone"], "no MX record"),
    "no override": (["del", "empty.example", "@"], "no MX record"),
    "value to remove with two dots": (["del", "full.example", "@", "10", "a..b"], "VALUE"),
    "value to remove, empty": (["del", "full.example", "@", "10", ""], "VALUE ''"),
    "unknown preset": (["use", "full.example", "nobody"], "PRESET", "unknown preset 'nobody'"),
    "empty preset": (["use", "full.example", ""], "PRESET"),
    "preset with a space": (["use", "full.example", "gandi id=x"], "PRESET", "space"),
    "no parameter": (["use", "full.example", "outlook", "x"], "PARAM=VALUE"),
    "empty value": (["use", "full.example", "outlook", "id="], "'id'"),
    "bad value of a parameter": (["use", "full.example", "outlook", "id=a.b"], "'id'"),
    "bad value, not used": (["use", "full.example", "gandi", "id=a.b"], "'id'"),
    "parameter with a space": (["use", "full.example", "outlook", "id=a b"], "PARAM", "space"),
    "parameter zone": (["use", "full.example", "gandi", "zone=x"], "'zone'"),
    "parameter twice": (["use", "full.example", "outlook", "id=a", "ID=b"], "twice"),
    "no id": (["use", "hyphen-a.example", "outlook"], "'id'"),
    "label too long": (["use", "full.example", "outlook", "id=" + "a" * 64], "'id'"),
    "no zone": (["reset", "gone.example"], "ZONE 'gone.example.'", "whole zone"),
    "host in place of a zone": (["add", "www.full.example", "@", "10", "www"],
                                "ZONE 'www.full.example.'", "without a host"),
    "bad zone": (["reset", "a..b"], "ZONE 'a..b'"),
    "zone empty": (["reset", ""], "ZONE ''"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(shared, name):
    args, *words = REFUSED[name]
    zones = ("full.example", "empty.example", "hyphen-a.example")
    before = {zone: contents(shared, zone) for zone in zones}
    for options in (("-j",), ("-n",), ()):
        refused(run(*options, *args, server=shared), *words)
    assert {zone: contents(shared, zone) for zone in zones} == before
    # Nothing is left open.
    shared.knotc("zone-begin", "full.example")
    shared.knotc("zone-abort", "full.example")


DOUBLED = [
    ("full.example", "full.example"), ("full.example", "FULL.Example"),
    ("full.example", "www.full.example"), ("full.example", "a.b.Full.EXAMPLE"),
    ("full.example.", "full.example"), ("FULL.EXAMPLE", "full.example"),
    ("full.example", "*.full.example"), ("full.example", "full。example"),
    ("full.example", "ｆｕｌｌ.example"), ("full.example", "full.example.full.example"),
    ("full.example", "_dmarc.full.example"),
    ("bücher.example", "bücher.example"), ("bücher.example", "xn--bcher-kva.example"),
    ("xn--bcher-kva.example", "BÜCHER.example"), ("bücher.example", "www.XN--bcher-kva.example"),
    ("bücher.example", "bu\u0308cher.example"),
    ("tld", "tld"), ("tld", "www.tld"), ("deep.full.example", "deep.full.example"),
]


@pytest.mark.parametrize("zone, host", DOUBLED)
def test_doubled_root(shared, zone, host):
    before = {name: contents(shared, name) for name in shared.zones}
    for args in (["add", zone, host, "10", "mail.example.net"], ["del", zone, host],
                 ["del", zone, host, "10", "mail.example.net"]):
        refused(run(*args, server=shared), f"HOST '{host}'", "@")
    assert {name: contents(shared, name) for name in shared.zones} == before


def test_doubled_root_names_the_host(shared):
    result = run("add", "full.example", "www.full.example", "10", "mail.example.net", server=shared)
    assert "www.full.example.full.example." in result.err and "write www," in result.err


def test_dry_run(shared):
    zones = ("full.example", "empty.example")
    before = {zone: contents(shared, zone) for zone in zones}
    answers = {zone: shared.mx(zone) for zone in zones}
    report = run("-j", "-n", "add", "empty.example", "@", "5", "mail.example.net",
                 server=shared).json
    assert (report["source"], served(report)) == ("override", preset(3600, "5 mail.example.net."))
    report = run("-j", "-n", "use", "empty.example", "gandi", server=shared).json
    assert (report["source"], served(report)) == ("marker", GANDI)
    assert served(run("-j", "-n", "reset", "full.example", server=shared).json) == HOUSE
    report = run("-j", "-n", "del", "full.example", "@", server=shared).json
    assert (report["source"], served(report)) == ("built-in", HOUSE)
    result = run("-n", "del", "full.example", "@", server=shared)
    assert "would change" in result.out
    assert "- full.example. 600 MX 10 mail.example.net." in result.out
    assert {zone: contents(shared, zone) for zone in zones} == before
    assert {zone: shared.mx(zone) for zone in zones} == answers


def test_text_output(own):
    result = run("add", "full.example", "@", "20", "www", server=own)
    assert result.out.startswith("changed\n") and result.err == ""
    assert "+ full.example. 600 MX 20 www.full.example." in result.out
    assert "      20  www.full.example." in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_secondary(knotd):
    primary = knotd({"a.example": zone_text()}, **TRANSFER)
    second = knotd({"a.example": None}, **secondary_of(primary))
    before = contents(second, "a.example")
    for args in (["add", "a.example", "@", "10", "mail.example.net"], ["reset", "a.example"]):
        refused(run(*args, server=second), "secondary", "primary")
    assert contents(second, "a.example") == before


def test_zone_that_is_not_loaded(knotd):
    server = knotd({"a.example": zone_text(), "bad.example": "@ 60 A 192.0.2.1\n"}, start=False)
    server.start(wait_zones=False)
    for args in (["show", "bad.example"], ["add", "bad.example", "@", "10", "mail.example.net"],
                 ["reset", "bad.example"]):
        refused(run(*args, server=server), "'bad.example.'", "not loaded")


def test_open_transaction_is_left_alone(own):
    zone = "full.example"
    own.knotc("zone-begin", zone)
    own.knotc("zone-set", zone, "open", "60", "MX", "10", "www")
    for args in (["add", zone, "@", "20", "www"], ["del", zone, "@"], ["use", zone, "gandi"],
                 ["reset", zone], ["-n", "reset", zone]):
        refused(run(*args, server=own), "somebody else", "transaction")
    assert "open.full.example." in own.knotc("zone-diff", zone)
    own.knotc("zone-commit", zone)
    assert own.mx("open.full.example") == preset(60, "10 www.full.example.")
    assert own.mx(zone) == preset(600, "10 mail.example.net.")
    assert run("-j", "show", zone, server=own).status == 0
