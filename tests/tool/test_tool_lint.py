# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset lint."""

import hashlib

import pytest

from kmxpreset import MAP, ROOT, run, run_on_screen, served

SOA = "@ 3600 SOA ns hostmaster 1 3600 600 86400 300\n@ 3600 NS ns\nns 3600 A 192.0.2.1\n"
FAILED = "SERVFAIL"
GSUITE = [(3600, 1, "aspmx.l.google.com."), (3600, 5, "alt1.aspmx.l.google.com."),
          (3600, 5, "alt2.aspmx.l.google.com."), (3600, 10, "alt3.aspmx.l.google.com."),
          (3600, 10, "alt4.aspmx.l.google.com.")]
HARMLESS = {"overridden-marker", "mta-sts", "spf"}
HOUSE = [(3600, 10, "mx1.house.example."), (3600, 20, "mx2.house.example.")]

# body -> source, preset, MX, [(code, owner)]
CASES = {
    "nothing": ("", "built-in", "house", HOUSE, []),
    "override": ("@ 600 MX 10 mail\nmail A 192.0.2.1\n", "override", None,
                 [(600, 10, "mail.example.com.")], []),
    "stored built-in": ("@ 600 MX 7 MX1.house.example.\n", "built-in", None,
                        [(600, 7, "mx1.house.example.")], []),
    "marker": ('@ TXT "mx-preset=gandi"\n', "marker", "gandi",
               [(10800, 10, "spool.mail.gandi.net."), (10800, 50, "fb.mail.gandi.net.")], []),
    "alias of a preset": ('@ TXT "mx-preset=office365"\n', "marker", "outlook",
                          [(3600, 1, "example-com.mail.protection.outlook.com.")], []),
    "none": ('@ TXT "mx-preset=none"\n', "marker", None, [], []),
    "null MX": ("@ 600 MX 0 .\n", "override", None, [(600, 0, ".")], []),
    "mixed": ("@ 600 MX 10 mail.example.net.\n@ 600 MX 20 mx1.house.example.\n", "override", None,
              [(600, 10, "mail.example.net.")], [("mixed-builtin", "example.com.")]),
    "unknown preset": ('@ TXT "mx-preset=nobody"\n', "marker", None, FAILED,
                       [("marker", "example.com.")]),
    "two markers": ('@ TXT "mx-preset=gandi"\n@ TXT "mx-preset=ovh"\n', "marker", None, FAILED,
                    [("marker", "example.com.")]),
    "marker not as one text": ('@ TXT "mx-preset=outlook" "id=x"\n', "marker", None, FAILED,
                               [("marker", "example.com.")]),
    "overridden": ('@ 600 MX 10 mail.example.net.\n@ TXT "mx-preset=gandi"\n', "override", None,
                   [(600, 10, "mail.example.net.")], [("overridden-marker", "example.com.")]),
    "overridden and bad": ('@ 600 MX 10 mail.example.net.\n@ TXT "mx-preset=x y"\n', "override",
                           None, [(600, 10, "mail.example.net.")],
                           [("overridden-marker", "example.com."), ("marker", "example.com.")]),
    "doubled owner": ("example.com A 192.0.2.1\nwww.EXAMPLE.com A 192.0.2.1\n", "built-in", "house",
                      HOUSE, [("doubled-root", "example.com.example.com."),
                              ("doubled-root", "www.example.com.example.com.")]),
    "doubled MX": ("example.com 60 MX 10 mail.example.net.\n", "built-in", "house", HOUSE,
                   [("doubled-root", "example.com.example.com.")]),
    "doubled exchange": ("@ 60 MX 10 mail.example.com\n", "override", None,
                         [(60, 10, "mail.example.com.example.com.")],
                         [("doubled-root", "example.com."), ("missing-exchange", "example.com.")]),
    "alias": ("@ 60 MX 10 mail\nmail CNAME ns\n", "override", None,
              [(60, 10, "mail.example.com.")], [("alias-exchange", "example.com.")]),
    "alias by wildcard": ("@ 60 MX 10 mail\n* CNAME ns\n", "override", None,
                          [(60, 10, "mail.example.com.")], [("alias-exchange", "example.com.")]),
    "alias by DNAME": ("@ 60 MX 10 mail.old\nold DNAME example.net.\n", "override", None,
                       [(60, 10, "mail.old.example.com.")], [("alias-exchange", "example.com.")]),
    "wildcard address": ("@ 60 MX 10 mail\n* AAAA 2001:db8::1\n", "override", None,
                         [(60, 10, "mail.example.com.")], []),
    "wildcard and a dot": ("@ 60 MX 10 mx.example.net\n* A 192.0.2.1\n", "override", None,
                           [(60, 10, "mx.example.net.example.com.")],
                           [("missing-dot", "example.com.")]),
    "exchange of the map": ("@ 60 MX 10 spool.mail.gandi.net\n", "override", None,
                            [(60, 10, "spool.mail.gandi.net.example.com.")],
                            [("missing-dot", "example.com."),
                             ("missing-exchange", "example.com.")]),
    "exchange with a parameter": ("@ 60 MX 10 x-com.mail.protection.outlook.com\n", "override",
                                  None,
                                  [(60, 10, "x-com.mail.protection.outlook.com.example.com.")],
                                  [("missing-dot", "example.com."),
                                   ("missing-exchange", "example.com.")]),
    "exchange with the zone's name": ("@ 60 MX 10 mx.example.com.cust.a.hostedemail.com\n", "override",
                                      None, [(60, 10, "mx.example.com.cust.a.hostedemail.com."
                                              "example.com.")],
                                      [("missing-dot", "example.com."),
                                       ("missing-exchange", "example.com.")]),
    "exchange with another's name": ("@ 60 MX 10 mx.example.net.cust.a.hostedemail.com\n",
                                     "override", None, [(60, 10, "mx.example.net.cust.a.hostedemail."
                                                         "com.example.com.")],
                                     [("missing-exchange", "example.com.")]),
    "wildcard hidden": ("@ 60 MX 10 a.b\n* A 192.0.2.1\nx.b A 192.0.2.1\n", "override", None,
                        [(60, 10, "a.b.example.com.")], [("missing-exchange", "example.com.")]),
    "address": ("@ 60 MX 10 192.0.2.1.\n", "override", None, [(60, 10, "192.0.2.1.")],
                [("address-exchange", "example.com.")]),
    "relative address": ("@ 60 MX 10 192.0.2.1\n", "override", None,
                         [(60, 10, "192.0.2.1.example.com.")],
                         [("address-exchange", "example.com.")]),
    "number": ("@ 60 MX 10 mail.10.\n", "override", None, [(60, 10, "mail.10.")],
               [("address-exchange", "example.com.")]),
    "hexadecimal": ("@ 60 MX 10 0xc0000201.\n", "override", None, [(60, 10, "0xc0000201.")],
                    [("address-exchange", "example.com.")]),
    "underscore": ("@ 60 MX 10 mail_1.example.net.\n", "override", None,
                   [(60, 10, "mail_1.example.net.")], [("impossible-exchange", "example.com.")]),
    "reserved": ("@ 60 MX 10 mail.invalid.\n", "override", None, [(60, 10, "mail.invalid.")],
                 [("impossible-exchange", "example.com.")]),
    "onion": ("@ 60 MX 10 x.onion.\n", "override", None, [(60, 10, "x.onion.")],
              [("impossible-exchange", "example.com.")]),
    "verification": ("@ 60 MX 10 ms12345.msv1.invalid.\n", "override", None,
                     [(60, 10, "ms12345.msv1.invalid.")],
                     [("verification-exchange", "example.com.")]),
    "verification beside": ("@ 60 MX 10 ms12345.msv1.invalid.\n@ 60 MX 1 mx.example.net.\n",
                            "override", None, [(60, 10, "ms12345.msv1.invalid."),
                                               (60, 1, "mx.example.net.")], []),
    "IPv6 address": ("@ 60 MX 10 2001\\:db8\\:\\:1\n", "override", None,
                     [(60, 10, "2001\\:db8\\:\\:1.example.com.")],
                     [("address-exchange", "example.com.")]),
    "missing": ("@ 60 MX 10 mail\nmail TXT x\n", "override", None,
                [(60, 10, "mail.example.com.")], [("missing-exchange", "example.com.")]),
    "delegated": ("@ 60 MX 10 mail.sub\nsub NS ns.example.net.\n", "override", None,
                  [(60, 10, "mail.sub.example.com.")], []),
    "other name": ("list 60 MX 10 mail\n", "built-in", "house", HOUSE,
                   [("missing-exchange", "list.example.com.")]),
    "null beside": ("@ 60 MX 0 .\n@ 60 MX 10 mail.example.net.\n", "override", None,
                    [(60, 0, "."), (60, 10, "mail.example.net.")], [("null-mx", "example.com.")]),
    "null with a priority": ("@ 60 MX 10 .\n", "override", None, [(60, 10, ".")],
                             [("null-mx", "example.com.")]),
    "outside": ("example.net. A 192.0.2.1\n", "built-in", "house", HOUSE,
                [("out-of-zone", "example.net.")]),
    "CNAME beside": ("x CNAME ns\nx A 192.0.2.1\n", "built-in", "house", HOUSE,
                     [("unloadable", "x.example.com.")]),
    "two CNAME": ("x CNAME ns\nx CNAME ms\n", "built-in", "house", HOUSE,
                  [("unloadable", "x.example.com.")]),
    "below a DNAME": ("old DNAME example.net.\nx.old A 192.0.2.1\n", "built-in", "house", HOUSE,
                      [("unloadable", "x.old.example.com.")]),
    "MTA-STS": ('_mta-sts TXT "v=STSv1; id=1"\n', "built-in", "house", HOUSE,
                [("mta-sts", "_mta-sts.example.com.")]),
    "SPF of the preset": ('@ TXT "mx-preset=gsuite"\n@ TXT "v=spf1 mx include:_spf.google.com -all"\n',
                          "marker", "gsuite", GSUITE, []),
    "SPF with a final dot": ('@ TXT "mx-preset=gsuite"\n@ TXT "v=spf1 include:_spf.google.com. -all"\n',
                             "marker", "gsuite", GSUITE, []),
    "SPF of another": ('@ TXT "mx-preset=gsuite"\n@ TXT "V=SPF1 include:mx.ovh.com ~all"\n',
                       "marker", "gsuite", GSUITE, [("spf", "example.com.")]),
    "two SPF": ('@ TXT "v=spf1 a include:_spf.house.example ~all"\n@ TXT "v=spf1 -all"\n',
                "built-in", "house", HOUSE, [("spf", "example.com.")]),
    "SPF and no mail": ('@ TXT "mx-preset=null"\n@ TXT "v=spf1 a -all"\n', "marker", "null",
                        [(3600, 0, ".")], [("spf", "example.com.")]),
    "SPF that lets nobody": ('@ TXT "mx-preset=null"\n@ TXT "v=spf1 ~a -all exp=x.example"\n',
                             "marker", "null", [(3600, 0, ".")], []),
}

# TXT records at a name that look like markers and are none.
ALIKE = [("@", text) for text in (
    '"mx-preset: gandi"', '"mx-preset gandi"', '"mx-preset"', '"mx_preset=gandi"',
    '"mxpreset=gandi"', '"MX preset=gandi"', '" mx-preset=gandi"', '"\\"mx-preset=gandi\\""',
    "\"'mx-preset=gandi'\"", '"mx-presets=gandi"', '"mx-preset" "gandi"', '"mx.preset=gandi"')]
ALIKE += [("www", '"mx-preset=gandi"'), ("_mx-preset", '"gandi"'), ("mx-preset", '"gandi"'),
          ("_mxpreset", '"x"')]
OTHER_TXT = ['"v=spf1 -all"', '"mx"', '"preset=gandi"', '"my mx-preset=gandi"', '"max-preset=x"']


@pytest.mark.parametrize("name", CASES)
def test_cases(lint, name):
    body, source, preset, mx, warnings = CASES[name]
    result = lint(SOA + body)
    report = result.json
    assert list(report) == ["zone", "source", "preset", "rcode", "ttl", "mx", "spf", "map",
                            "warnings"]
    failed = mx == FAILED
    mx = [] if failed else mx
    assert report["rcode"] == ("SERVFAIL" if failed else "NOERROR")
    assert report["map"] == hashlib.sha256(MAP.read_bytes()).hexdigest()[:8]
    assert (report["zone"], report["source"], report["preset"]) == ("example.com.", source, preset)
    assert served(report) == sorted(mx)
    assert (report["ttl"] is None) == (not mx)
    assert [(w["code"], w["owner"]) for w in report["warnings"]] == warnings
    assert all(list(w) == ["code", "owner", "text"] and w["text"] for w in report["warnings"])
    assert result.status == int(any(code not in HARMLESS for code, _ in warnings))


def test_marker_says_what_happens(lint):
    text = lint(SOA + '@ TXT "mx-preset=nobody"\n').json["warnings"][0]["text"]
    assert "'nobody'" in text and "SERVFAIL" in text
    text = lint(SOA + '@ TXT "mx-preset=x y"\n@ MX 1 mx.example.net.\n').json["warnings"][1]["text"]
    assert "'y'" in text and "SERVFAIL" not in text
    text = lint(SOA + '@ TXT "mx-preset=outlook" "id=x"\n').json["warnings"][0]["text"]
    assert "as one" in text


@pytest.mark.parametrize("owner, text", ALIKE)
def test_marker_like(lint, owner, text):
    result = lint(SOA + f"{owner} TXT {text}\n")
    assert (result.codes, result.status) == (["marker-like"], 1)
    assert result.json["source"] == "built-in"


@pytest.mark.parametrize("text", OTHER_TXT)
def test_other_texts(lint, text):
    assert set(lint(SOA + f"@ TXT {text}\n").codes) <= {"spf"}


def test_served_exchanges(lint, tmp_path):
    """What is not stored is looked at, too."""
    path = tmp_path / "map.zone"
    path.write_text("house 60 MX 1 mail._zone_.\n")
    for body, codes in (("mail A 192.0.2.1\n", []), ("mail CNAME ns\n", ["alias-exchange"]),
                        ("", ["missing-exchange"]), ("* A 192.0.2.1\n", [])):
        assert lint(SOA + body, "-p", path).codes == codes


def test_chain_below_a_dname(lint):
    """The owners of NSEC3 are no names of the zone."""
    owner, following = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"
    zone = ("@ 3600 SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 300\n"
            "@ 3600 NS ns.example.net.\n@ DNAME example.net.\n"
            f"{owner} 300 NSEC3 1 0 0 - {following} NS SOA DNAME RRSIG\n"
            f"{owner} 300 RRSIG NSEC3 13 3 300 20361209021806 20261125004806 1 @ AAAA\n")
    result = lint(zone)
    assert (result.status, result.codes) == (0, [])
    result = lint(zone + f"{owner} 300 A 192.0.2.1\n")
    assert (result.status, result.codes) == (1, ["unloadable"])


def test_spf(lint):
    assert lint(SOA).json["spf"] is None
    assert lint(SOA + '@ TXT "v=sp" "f1 -all"\n').json["spf"] == "v=spf1 -all"
    assert lint(SOA + '@ TXT "v=spf10 -all"\n').json["spf"] is None


def test_text_fits_a_screen(tmp_path):
    path = tmp_path / "example.com.zone"
    path.write_text(SOA + "".join(body for body, *_ in CASES.values() if "DNAME" not in body))
    lines = run_on_screen("-p", MAP, "lint", path)
    assert max(map(len, lines)) <= 80
    for code in ("doubled-root", "null-mx", "address-exchange", "overridden-marker"):
        assert f"warning  {code}, " in "\n".join(lines)


def test_builtin_and_map(lint):
    assert served(lint(SOA, "-b", "ovh").json)[0] == (3600, 1, "mx0.mail.ovh.net.")
    assert lint(SOA + "@ 60 MX 1 mx0.mail.ovh.net.\n", "-b", "ovh").json["source"] == "built-in"
    assert lint(SOA + "@ 60 MX 1 mx0.mail.ovh.net.\n").json["source"] == "override"


def test_no_builtin(lint):
    result = lint(SOA, "-b", "nobody")
    assert result.status == 1 and "SERVFAIL" in result.err and "'nobody'" in result.err
    assert (result.json["source"], result.json["mx"]) == ("built-in", [])
    assert lint(SOA + "@ 60 MX 1 mx.example.net.\n", "-b", "nobody").status == 0


def test_no_map(lint, tmp_path):
    bad = tmp_path / "bad.zone"
    bad.write_text("x 60 MX 10 a.example.\nx 61 MX 20 b.example.\n")
    for path, place in ((tmp_path / "gone", ": "), (bad, ":2: ")):
        result = lint(SOA + "@ 60 MX 1 mx.example.net.\n", "-p", path)
        assert result.status == 1 and result.err.startswith(f"{path}{place}")
        assert result.json["source"] == "override"
        result = lint(SOA, "-p", path)
        assert result.status == 1 and "SERVFAIL" in result.err


def test_origin(tmp_path):
    path = tmp_path / "file"
    path.write_text("@ 60 SOA ns hostmaster 1 1 1 1 1\n@ 60 MX 10 mail\n")
    assert run("-j", "-p", MAP, "-o", "Bücher.Example", "lint", path).json["zone"] == \
        "xn--bcher-kva.example."
    result = run("-p", MAP, "lint", path)
    assert result.status == 1 and "-o" in result.err
    result = run("-p", MAP, "-o", "a..b", "lint", path)
    assert (result.status, result.out) == (1, "") and "ORIGIN 'a..b'" in result.err

    path.write_text("example.com. 60 SOA ns. hostmaster. 1 1 1 1 1\n")
    assert run("-j", "-p", MAP, "lint", path).json["zone"] == "example.com."
    result = run("-p", MAP, "-o", "example.net", "lint", path)
    assert result.status == 1 and "example.com." in result.err

    for name, zone in (("Example.org", "example.org."), ("Bücher.example", "xn--bcher-kva.example."),
                       ("bu\u0308cher.example", "xn--bcher-kva.example.")):
        path = tmp_path / f"{name}.zone"
        path.write_text("@ 60 SOA ns hostmaster 1 1 1 1 1\n")
        assert run("-j", "-p", MAP, "lint", path).json["zone"] == zone


def test_without_soa(lint, tmp_path):
    """A piece of a zone is linted all the same."""
    result = lint("@ 60 MX 10 mail\nmail A 192.0.2.1\n")
    assert (result.status, result.json["zone"], result.codes) == (0, "example.com.", [])
    assert result.err.count("\n") == 1 and "no SOA" in result.err


def test_bad_zone_files(lint, tmp_path):
    result = lint(SOA + "@ MX 10\n@ MX 10 mail\nx MX 70000 mail\n")
    path = tmp_path / "example.com.zone"
    assert (result.status, result.out) == (1, "")
    assert [line.split(": ")[0] for line in result.err.splitlines()] == [f"{path}:4", f"{path}:6"]
    for rdata in ("MX \\# 1 00", "MX \\# 4 000A0161", "TXT \\# 2 0561"):
        result = lint(SOA + f"@ {rdata}\n")
        assert (result.status, result.out) == (1, "") and f"{path}:4" in result.err
    result = run("-p", MAP, "lint", tmp_path / "gone.zone")
    assert (result.status, result.out) == (1, "") and "gone.zone" in result.err


def test_include(lint, tmp_path):
    (tmp_path / "mx.inc").write_text("@ 60 MX 10 mail.example.net.\n")
    assert lint(SOA + "$INCLUDE mx.inc\n").json["source"] == "override"


def test_demo_zones():
    """The zones of the demo: the answer is in their comment."""
    for path in sorted((ROOT / "zones").glob("*.zone")):
        name = path.name[:-len(".zone")]
        if name in ("plain.example",):  # It does not use the module.
            continue
        expected = sorted(
            (int(words[2]), int(words[5]), words[6])
            for words in (line.split() for line in path.read_text().splitlines())
            if words[:2] == [";", f"{name}."] and words[4] == "MX")
        report = run("-j", "-p", MAP, "lint", path).json
        assert served(report) == expected, path
