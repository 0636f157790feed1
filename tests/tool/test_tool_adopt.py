# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset adopt and freeze: the way in, and the way back, for one zone and for all."""

import json
import os
import re
import signal
import subprocess
import threading

import pytest

from knot import (GANDI, HOUSE, MAP, TRANSFER, preset, secondary_of, wait_for, zone_text)
from kmxpreset import TOOL, agree, contents, refused, run
from test_tool_server import Relay, nothing_open
from test_tool_show import CATALOG, SIGNING, signed, with_port, with_templates

STORED = "@ 600 MX 10 mx1.house.example.\n@ 600 MX 20 mx2.house.example.\n"
MARKER = '@ 300 TXT "mx-preset=gandi"\n@ 300 TXT "v=spf1 -all"\n'


def objects(result):
    """The reports of an edit of all zones, by zone."""
    return {report["zone"]: report for report in map(json.loads, result.out.splitlines())}


def answers(server):
    return {zone: server.mx(zone) for zone in server.zones}


def all_contents(server):
    return {zone: contents(server, zone) for zone in server.zones}


# One zone

@pytest.mark.parametrize("body, source", [
    (STORED, "built-in"), ("@ 60 MX 99 MX1.house.example.\n", "built-in"),
    ("@ 60 MX 20 mail.house.example.\n", "built-in"), ("", "built-in"),
    (STORED + MARKER, "marker"),
])
def test_adopt(knotd, body, source):
    """The built-in's records go, priorities, TTL, letter case and retired exchanges aside."""
    server = knotd({"a.example": zone_text(body)})
    before = contents(server, "a.example")
    dry = run("-n", "-j", "adopt", "a.example", server=server)
    assert contents(server, "a.example") == before
    result = run("-j", "adopt", "a.example", server=server)
    assert (result.status, dry.status, dry.json) == (0, 0, result.json)
    report = agree(server, "a.example", result.json)
    assert report["source"] == source
    assert server.mx("a.example") == (GANDI if source == "marker" else HOUSE)
    assert not any(" MX " in line for line in contents(server, "a.example"))
    after = contents(server, "a.example")
    again = run("-j", "adopt", "a.example", server=server)
    assert again.status == 0 and contents(server, "a.example") == after


@pytest.mark.parametrize("body, words", [
    ("@ 60 MX 10 mail.example.net.\n", ["not all the built-in's"]),
    (STORED + "@ 600 MX 30 mail.example.net.\n", ["not all the built-in's"]),
    ("@ 60 MX 0 .\n", ["not all the built-in's"]),
    (STORED + '@ 60 TXT "mx-preset=none"\n', ["no MX records at all"]),
])
def test_adopt_refused(knotd, body, words):
    server = knotd({"a.example": zone_text(body)})
    before = contents(server, "a.example")
    refused(run("adopt", "a.example", server=server), "a.example.", *words)
    assert contents(server, "a.example") == before and nothing_open(server)


def test_adopt_refused_for_want_of_a_preset(knotd):
    """What is stored is served; without it, MX queries would get SERVFAIL."""
    server = knotd({"a.example": zone_text(STORED)}, settings={"preset": "nobody"})
    refused(run("adopt", "a.example", server=server), "lacks 'nobody'")
    assert run("-a", "adopt", server=server).status == 1
    assert server.mx("a.example") == preset(600, "10 mx1.house.example.", "20 mx2.house.example.")


def test_adopt_needs_the_module(knotd):
    server = knotd({"a.example": zone_text(STORED)}, modules={"a.example": ""})
    refused(run("adopt", "a.example", server=server), "mod-mxpreset")
    result = run("-a", "adopt", server=server)
    assert (result.status, result.out, result.err) == (0, "changed 0 of 1 zones\n", "")


def test_adopt_with_filter_off(knotd):
    """No stored record is the built-in's then."""
    server = knotd({"a.example": zone_text(STORED)}, settings={"filter": False})
    refused(run("adopt", "a.example", server=server), "not all the built-in's")


def test_adopt_with_other_exchanges(knotd):
    """Named by itself it is done, among all zones it is left out."""
    server = knotd({"a.example": zone_text(STORED), "b.example": zone_text(STORED)},
                   settings={"preset": "gandi"})
    before = all_contents(server)
    for dry in (["-n"], []):
        result = run("-j", *dry, "-a", "adopt", server=server)
        assert (result.status, result.out) == (1, "")
        assert result.err.count("other exchanges") == 2 and "'b.example.'" in result.err
    assert all_contents(server) == before
    result = run("-j", "adopt", "a.example", server=server)
    assert result.status == 0 and server.mx("a.example") == GANDI


FROZEN = {
    "nothing.example": "", "marker.example": MARKER, "stored.example": STORED,
    "mixed.example": STORED + "@ 600 MX 30 mail.example.net.\n",
    "override.example": "@ 60 MX 10 mail.example.net.\n" + MARKER,
    "overridden.example": "@ 60 MX 10 mail.example.net.\n@ 60 MX 10 mx1.house.example.\n" + MARKER,
    "none.example": '@ 60 TXT "MX-preset=none"\n',
    "none-stored.example": STORED + '@ 60 TXT "mx-preset=none"\n',
    "hidden.example": STORED + MARKER,
    "null.example": '@ 60 TXT "mx-preset=nomail"\n',
    "id.example": '@ 60 TXT "mx-preset=outlook" " id=a-b"\n@ 60 TXT "other"\n',
    "dashed.example": '@ 60 TXT "mx-preset=outlook"\n',
    "house.example": '@ 60 TXT "mx-preset=house"\n',
    "house-stored.example": "@ 3600 MX 10 mx1.house.example.\n@ 3600 MX 20 mx2.house.example.\n"
                            '@ 60 TXT "mx-preset=house"\n',
}
STAYS = ["stored.example", "override.example", "none.example", "none-stored.example"]


@pytest.mark.parametrize("zone", FROZEN)
def test_freeze(knotd, zone):
    """What was served is stored, and the marker is gone; what was served as stored stays."""
    server = knotd({zone: zone_text(FROZEN[zone])})
    served, before = server.mx(zone), contents(server, zone)
    dry = run("-n", "-j", "freeze", zone, server=server)
    assert contents(server, zone) == before
    result = run("-j", "freeze", zone, server=server)
    assert (result.status, dry.status, dry.json) == (0, 0, result.json)
    agree(server, zone, result.json)
    assert server.mx(zone) == served
    assert (contents(server, zone) == before) == (zone in STAYS)
    markers = [line for line in contents(server, zone) if "x-preset=" in line]
    assert bool(markers) == (zone in STAYS and "x-preset=" in FROZEN[zone])
    if '"other"' in FROZEN[zone]:
        assert any('"other"' in line for line in contents(server, zone))
    again = contents(server, zone)
    assert run("freeze", zone, server=server).status == 0 and contents(server, zone) == again


def test_freeze_tells_the_same_of_one_and_of_all(knotd):
    """Records that stay are not told: neither as removed nor as added."""
    server = knotd({zone: zone_text(body) for zone, body in FROZEN.items()})

    def changes(*command):
        lines = run("-n", *command, server=server).out.splitlines()
        # Knot DNS 3.4 shows another TTL of what is removed.
        return {re.sub(r" \d+ (MX|TXT) ", r" \1 ", line) for line in lines
                if re.match(" *[-+] ", line)}
    one = {zone: changes("freeze", zone) for zone in FROZEN}
    assert one["mixed.example"] == {f"       - mixed.example. MX {priority} mx{n}.house.example."
                                    for priority, n in ((10, 1), (20, 2))}
    assert changes("-a", "freeze") == set().union(*one.values())


def test_freeze_refused(knotd):
    server = knotd({"a.example": zone_text('@ 60 TXT "mx-preset=nobody"\n')})
    refused(run("freeze", "a.example", server=server), "SERVFAIL", "unknown preset")


@pytest.mark.parametrize("map_text, words", [("gandi MX 10 mx.example.net.\n", "lacks 'house'"),
                                             ("house MX 10 x\n", "cannot be read")])
@pytest.mark.parametrize("command", ["adopt", "freeze"])
def test_map_that_was_refused(knotd, command, map_text, words):
    """What is served is not what the file says: nothing is changed, and each zone is told."""
    server = knotd({"a.example": zone_text(STORED + MARKER), "b.example": zone_text(STORED),
                    "c.example": zone_text("@ 60 MX 10 mail.example.net.\n" + STORED),
                    "none.example": zone_text(FROZEN["none.example"])})
    before, stored = answers(server), all_contents(server)
    server.write_map(map_text)
    server.wait_log("preset map refused")
    for zone in server.zones:
        result = run(command, zone, server=server)
        assert (result.status == 1 and words in result.err) == (zone != "none.example")
    for dry in (["-n"], []):
        result = run("-j", *dry, "-a", command, server=server)
        assert (result.status, result.out, result.err.count(words)) == (1, "", 3)
    assert (answers(server), all_contents(server)) == (before, stored)


def test_freeze_in_lower_case(knotd):
    """As all that a server loads: one that was edited with knotc finds no other record again."""
    server = knotd({"a.example": zone_text('@ 60 TXT "mx-preset=outlook id=My-ID0c"\n')})
    dry = run("-n", "-j", "freeze", "a.example", server=server)
    result = run("-j", "freeze", "a.example", server=server)
    assert result.json == dry.json
    assert result.json["mx"] == [{"priority": 1, "value": "my-id0c.mail.protection.outlook.com."}]
    server.set_zone("a.example", "unset @ MX 1 my-id0c.mail.protection.outlook.com.")


def test_freeze_of_what_the_module_would_filter(knotd):
    """A preset with an exchange of the built-in: stored, it would be left out."""
    more = "both 600 MX 10 mx1.house.example.\nboth 600 MX 20 mail.example.net.\n"
    server = knotd({"a.example": zone_text('@ 60 TXT "mx-preset=both"\n')},
                   map_text=MAP.read_text() + more)
    refused(run("freeze", "a.example", server=server), "built-in")


# All zones

def test_freeze_and_take_the_module_out(knotd):
    """No answer changes, neither by the freezing nor without the module."""
    server = knotd({name: zone_text(body) for name, body in FROZEN.items()})
    before, stored = answers(server), all_contents(server)
    dry = run("-j", "-n", "-a", "freeze", server=server)
    assert all_contents(server) == stored
    result = run("-j", "freeze", "-a", server=server)
    assert (result.status, dry.status) == (0, 0), result
    assert objects(dry) == objects(result)
    assert set(objects(result)) == {f"{zone}." for zone in FROZEN if zone not in STAYS}
    for report in objects(result).values():
        agree(server, report["zone"].rstrip("."), report)
    assert answers(server) == before
    again = all_contents(server)
    assert run("-a", "freeze", server=server).out == f"changed 0 of {len(FROZEN)} zones\n"
    assert all_contents(server) == again
    server.module = False
    server.reload()
    assert "mxpreset" not in server.configuration()
    assert answers(server) == before


def test_freeze_of_spf_records(knotd):
    """With `spf: on`, the record that follows the preset is stored as well."""
    server = knotd({name: zone_text(body) for name, body in FROZEN.items()},
                   settings={"spf": True})

    def texts():
        """All TXT records but markers, and their TTL."""
        answers = {zone: server.ask(zone, "TXT").answer for zone in server.zones}
        return {zone: [(rrset.ttl, text) for rrset in rrsets
                       for text in sorted(rdata.to_text() for rdata in rrset)
                       if "x-preset=" not in text] for zone, rrsets in answers.items()}
    before, before_txt = answers(server), texts()
    assert "include:_spf.house.example" in str(before_txt["nothing.example"])
    assert "include:_spf.house.example" in str(before_txt["stored.example"])
    assert "include:" in str(before_txt["dashed.example"])
    dry = run("-n", "-j", "-a", "freeze", server=server)
    result = run("-j", "-a", "freeze", server=server)
    assert result.status == 0 and objects(dry) == objects(result)
    assert (answers(server), texts()) == (before, before_txt)
    assert run("-a", "freeze", server=server).out == f"changed 0 of {len(FROZEN)} zones\n"
    server.module = False
    server.reload()
    assert (answers(server), texts()) == (before, before_txt)


def test_freeze_of_signed_zones(knotd):
    """The same, with signatures."""
    server = knotd({"a.example": zone_text(), "b.example": zone_text(MARKER)}, zone_extra=SIGNING)
    for zone in server.zones:
        signed(server, zone)
    before = answers(server)
    assert run("-a", "freeze", server=server).status == 0
    server.module = False
    server.reload()
    assert answers(server) == before == {"a.example": HOUSE, "b.example": GANDI}


def test_adopt_and_freeze_go_back(knotd):
    """Exactly what the house's zones stored is there again, but for the TTL of the map."""
    body = STORED.replace(" 600 ", " 3600 ")
    server = knotd({f"z{i}.example": zone_text(body) for i in range(5)})

    def records():
        return {zone: [line for line in lines if " MX " in line]
                for zone, lines in all_contents(server).items()}
    before = records()
    result = run("-a", "adopt", server=server)
    assert result.status == 0 and not any(records().values())
    assert result.out.splitlines()[-1] == "changed 5 of 5 zones"
    assert all(answer == HOUSE for answer in answers(server).values())
    assert run("-a", "freeze", server=server).status == 0
    assert records() == before


@pytest.mark.parametrize("command", ["adopt", "freeze"])
def test_no_warning_of_what_does_not_change(knotd, command):
    """That an SPF record does not fit is told where an edit changes the answer."""
    body = '@ 600 TXT "v=spf1 -all"\n' + (STORED.replace(" 600 ", " 3600 ")
                                          if command == "adopt" else "")
    server = knotd({"a.example": zone_text(body), "b.example": zone_text(body)})
    assert run("-j", "show", "a.example", server=server).codes == ["spf"]
    for args in ([command, "a.example"], ["-a", command]):
        result = run(*args, server=server)
        assert (result.status, result.err) == (0, ""), result


@pytest.mark.parametrize("command", ["adopt", "freeze"])
def test_dry_run_says_all(knotd, command):
    """The changes are those that are made, in the form of knotc zone-diff."""
    server = knotd({"a.example": zone_text(STORED), "b.example": zone_text(MARKER),
                    "c.example": zone_text("@ 60 MX 10 mail.example.net.\n"),
                    "d.example": zone_text()})
    before = all_contents(server)
    dry = run("-n", "-a", command, server=server)
    assert all_contents(server) == before and dry.status == 0
    done = run("-a", command, server=server)
    assert done.status == 0

    def lines(text):
        """Without the TTL of what is removed, which Knot DNS 3.4 does not tell."""
        return sorted(re.sub(r"( - \S+) \d+", r"\1", line) for line in text.splitlines()[:-1])
    assert lines(dry.out) == lines(done.out) and len(lines(dry.out)) >= 2
    assert dry.out.splitlines()[-1] == "would " + done.out.splitlines()[-1].replace("ed", "e", 1)


def test_what_fails_does_not_stop_the_rest(knotd):
    """A transaction of somebody else, a zone that is not loaded, one that gets SERVFAIL."""
    server = knotd({"a.example": zone_text(), "b.example": zone_text(), "c.example": zone_text(),
                    "d.example": zone_text('@ 60 TXT "mx-preset=nobody"\n'), "e.example": None,
                    "f.example": zone_text()}, start=False)
    server.start(wait_zones=False)
    wait_for(lambda: run("list", server=server).out.count("\n") == 5, "the zones")
    server.knotc("zone-begin", "b.example")
    server.knotc("zone-set", "b.example", "x", "60", "A", "192.0.2.9")
    result = run("-j", "-a", "freeze", server=server)
    assert result.status == 1
    assert set(objects(result)) == {"a.example.", "c.example.", "f.example."}
    told = result.err.splitlines()
    assert len(told) == 3
    for zone, word in (("b", "somebody else"), ("d", "SERVFAIL"), ("e", "not loaded")):
        assert sum(f"'{zone}.example.'" in line and word in line for line in told) == 1
    # The other one's transaction is what it was.
    assert "x.b.example. 60 A 192.0.2.9" in server.knotc("zone-diff", "b.example")
    server.knotc("zone-commit", "b.example")
    again = run("-j", "-a", "freeze", server=server)
    assert set(objects(again)) == {"b.example."} and again.status == 1
    assert server.mx("b.example") == HOUSE


@pytest.mark.parametrize("command", ["adopt", "freeze"])
def test_secondaries(knotd, command):
    """They get the change from their primary; what is left out is said."""
    body = STORED if command == "adopt" else ""
    primary = knotd({"a.example": zone_text(body), "b.example": zone_text("@ 60 MX 0 .\n")},
                    **TRANSFER)
    second = knotd({"a.example": None, "b.example": None}, **secondary_of(primary))
    before = all_contents(second)
    for dry in (["-n"], []):
        result = run("-j", *dry, "-a", command, server=second)
        assert (result.status, result.out) == (1, "")
        assert "'a.example.'" in result.err and "secondary" in result.err
        assert result.err.count("\n") == 1
    assert all_contents(second) == before
    refused(run(command, "a.example", server=second), "secondary")


def test_catalog(knotd):
    """A catalog has no mail, though its template has the module; its members are zones."""
    server = knotd({"cat.example": CATALOG}, start=False,
                   zone_extra="    catalog-role: interpret\n    catalog-template: [first]\n")
    for name in ("a.example", "b.example"):
        server.write_zone(name, zone_text())
    text = with_templates(server, None, {"first": "house"})
    configuration = type(server).configuration
    server.configuration = lambda: with_port(text, configuration(server))
    server.start(wait_zones=False)
    wait_for(lambda: run("list", server=server).out.count("\n") == 3, "the members")
    before = contents(server, "cat.example")
    result = run("-j", "-a", "freeze", server=server)
    assert (result.status, set(objects(result)), result.err) == (
        0, {"a.example.", "b.example."}, "")
    assert contents(server, "cat.example") == before
    refused(run("freeze", "cat.example", server=server), "catalog")


def test_server_dies(knotd, tmp_path):
    """What is done is done; run again, the rest is."""
    zones = {f"z{i}.example": zone_text() for i in range(6)}
    server = knotd(zones)
    between = Relay(server, tmp_path / "relay", b"zone-diff", server.process.kill)
    result = run("-j", "-a", "freeze", server=between)
    between.close()
    assert (result.status, result.out) == (1, "")
    assert result.err.count("no answer") == 2 and "run it again" in result.err.splitlines()[-1]
    server.process.wait()
    server.process = None
    server.start()
    result = run("-j", "-a", "freeze", server=server)
    assert result.status == 0 and len(objects(result)) == 6
    assert all(answer == HOUSE for answer in answers(server).values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal(knotd, tmp_path, number):
    """It ends between two zones: the one that is being edited is done, and told."""
    server = knotd({f"z{i}.example": zone_text() for i in range(4)})
    process = None
    started = threading.Event()

    def interrupt():
        started.wait()
        os.kill(process.pid, number)
    between = Relay(server, tmp_path / "relay", b"zone-set", interrupt)
    process = subprocess.Popen([TOOL, "-s", between.socket_path, "-j", "-a", "freeze"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    started.set()
    out, err = process.communicate(timeout=60)
    between.close()
    assert process.returncode == -number and err == ""
    done = [json.loads(line)["zone"] for line in out.splitlines()]
    assert len(done) == 1
    stored = [f"{zone}." for zone in server.zones
              if any(" MX " in line for line in contents(server, zone))]
    assert stored == done
    for zone in server.zones:
        server.knotc("zone-begin", zone)
        server.knotc("zone-abort", zone)
    result = run("-j", "-a", "freeze", server=server)
    assert result.status == 0 and len(objects(result)) == 3


def test_usage():
    for args in (["adopt"], ["freeze"], ["-a", "adopt", "a.example"], ["freeze", "-a", "a.example"],
                 ["freeze", "a.example", "-a"], ["-a", "show"], ["show", "-a"]):
        assert run(*args).status == 2
