# SPDX-License-Identifier: GPL-2.0-or-later
"""kmxpreset check."""

import hashlib
import re
import shutil
import subprocess

import pytest

from kmxpreset import MAP, TOOL, run, run_on_screen

SMALL = """\
gandi    10800 MX  10 spool.mail.gandi.net.
         10800 MX  50 fb.mail.gandi.net.
         TXT "title=Gandi"
outlook   3600 MX   1 _id_.mail.protection.outlook.com.
          TXT "title=Microsoft Outlook" "id=@zone-dashed"
office365 CNAME outlook
own       300  MX   5 mail._zone_.
"""


def version(text):
    """The version of a map without SOA."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def write(tmp_path, text):
    path = tmp_path / "map.zone"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_table(tmp_path):
    result = run("check", write(tmp_path, SMALL))
    assert (result.status, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == ["preset", "title", "TTL", "priority", "value"]
    assert lines[1].split() == ["gandi", "Gandi", "10800", "10", "spool.mail.gandi.net."]
    assert lines[2].split() == ["10800", "50", "fb.mail.gandi.net."]
    assert lines[3].split() == ["outlook", "Microsoft", "Outlook", "3600", "1",
                                "_id_.mail.protection.outlook.com."]
    assert lines[4].strip() == "aliases: office365"
    assert lines[5].strip() == "parameters: id"
    assert lines[6].split() == ["own", "300", "5", "mail._zone_."]
    assert lines[7] == "" and lines[8].split() == ["version", version(SMALL)] and len(lines) == 9


def test_table_is_aligned(tmp_path):
    lines = run("check", write(tmp_path, SMALL)).out.splitlines()
    value = lines[0].index("value")
    for line, text in ((1, "spool"), (2, "fb"), (3, "_id_"), (6, "mail._zone_")):
        assert lines[line].index(text, 20) == value
    priority_end = lines[0].index("priority") + len("priority")
    assert lines[1][:priority_end].endswith(" 10")
    assert lines[1][:lines[0].index("TTL") + 3].endswith("10800")


def test_json(tmp_path):
    result = run("-j", "check", write(tmp_path, SMALL))
    assert result.status == 0
    assert result.json == {"version": version(SMALL), "presets": [
        {"name": "gandi", "title": "Gandi", "ttl": 10800, "aliases": [], "params": [],
         "notes": [], "spf": None, "mx": [{"priority": 10, "value": "spool.mail.gandi.net."},
                                          {"priority": 50, "value": "fb.mail.gandi.net."}]},
        {"name": "outlook", "title": "Microsoft Outlook", "ttl": 3600, "aliases": ["office365"],
         "params": ["id"], "notes": [], "spf": None,
         "mx": [{"priority": 1, "value": "_id_.mail.protection.outlook.com."}]},
        {"name": "own", "title": None, "ttl": 300, "aliases": [], "params": [],
         "notes": [], "spf": None, "mx": [{"priority": 5, "value": "mail._zone_."}]}]}


NOTED = """\
a 60 MX 10 mx.a.example.
 TXT "note=First, what comes first." "spf=include:_spf.a.example ~all"
 TXT "note=B\\195\\188cher \\027"
"""


def test_notes_and_spf(tmp_path):
    path = write(tmp_path, NOTED)
    lines = [line.strip() for line in run("check", path).out.splitlines()]
    assert lines[2:5] == ["spf: include:_spf.a.example ~all", "note: First, what comes first.",
                          "note: Bücher \\027"]
    [preset] = run("-j", "check", path).json["presets"]
    assert preset["notes"] == ["First, what comes first.", "Bücher \\027"]
    assert preset["spf"] == "include:_spf.a.example ~all"


@pytest.mark.parametrize("text, expected", [
    ("a MX 10 mx.a.example.\n", None), ("a MX 10 mx.a.example.\r\n", None),
    ("@ SOA ns. root. 4294967295 1 1 1 1\na MX 10 mx.a.example.\n", "4294967295"),
    ("maps.example. SOA ns. root. 0 1 1 1 1\na.maps.example. MX 10 mx.a.example.\n", "0"),
])
def test_version(tmp_path, text, expected):
    path = write(tmp_path, text)
    assert run("-j", "check", path).json["version"] == (expected or version(text))
    assert run("check", path).out.splitlines()[-1].split() == \
        ["version", expected or version(text)]


REAL_ZONE = """\
$ORIGIN maps.house.example.
$TTL 3600
@ IN SOA ns root 2026112601 3600 600 86400 300
@ NS ns
@ TXT "v=spf1 -all"
@ CAA 0 issue ";"
@ HTTPS 1 . alpn=h2
@ TYPE65534 \\# 5 0DAF610001
ns A 192.0.2.1
ns AAAA 2001:db8::1
gandi 10800 MX 10 spool.mail.gandi.net.
gandi TXT "title=Gandi"
outlook MX 1 \\095id_.mail.protection.outlook.com.
office365 CNAME outlook
"""


@pytest.mark.skipif(not shutil.which("dnssec-signzone"), reason="no dnssec-signzone")
@pytest.mark.parametrize("options", [[], ["-3", "-"]])
def test_zone_that_bind_signs(tmp_path, options):
    """A map can be any real zone: one that another server signs, written as that server does."""
    def bind(*args):
        subprocess.run(args, cwd=tmp_path, capture_output=True, check=True)
    (tmp_path / "map.zone").write_text(REAL_ZONE)
    for flags in ([], ["-f", "KSK"]):
        bind("dnssec-keygen", "-a", "ECDSAP256SHA256", *flags, "maps.house.example")
    bind("dnssec-signzone", "-S", "-z", *options, "-o", "maps.house.example", "-f", "signed",
         "map.zone")
    assert "RRSIG" in (tmp_path / "signed").read_text()
    result = run("-j", "check", tmp_path / "signed")
    assert (result.status, result.err) == (0, "")
    assert result.json["version"] == "2026112601"
    assert {preset["name"]: (preset["aliases"], [mx["value"] for mx in preset["mx"]])
            for preset in result.json["presets"]} == {
        "gandi": ([], ["spool.mail.gandi.net."]),
        "outlook": (["office365"], ["_id_.mail.protection.outlook.com."])}


def check_stdin(text, *options):
    return subprocess.run([TOOL, *options, "check", "-"], input=text.encode(),
                          capture_output=True, check=False)


def test_standard_input(tmp_path):
    result = check_stdin(SMALL)
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout.decode() == run("check", write(tmp_path, SMALL)).out
    result = check_stdin("a MX 1 mx.a.example.\nb XM 1 x.\nc TXT \"title=C\"\n", "-j")
    assert (result.returncode, result.stdout) == (1, b"")
    lines = result.stderr.decode().splitlines()
    assert [line.split(": ")[0] for line in lines] == ["-:2", "-:3"]
    result = check_stdin("")
    assert (result.returncode, result.stderr) == (1, b"-:1: the file is empty\n")


def test_standard_input_of_any_size():
    presets = "".join(f"p{i} MX 1 mx{i}.example.\n" for i in range(30000))
    result = check_stdin(presets)
    assert result.returncode == 0 and result.stdout.count(b"\n") == 30003
    result = check_stdin(";" * (64 * 2 ** 20) + "\n")
    assert (result.returncode, result.stdout) == (1, b"")
    assert result.stderr == b"-: larger than 64 MiB\n"


def test_names_that_must_be_there(tmp_path):
    path = write(tmp_path, SMALL)
    assert run("-b", "gandi", "check", path).out == run("check", path).out
    assert run("-b", "Office365", "-bOWN", "-j", "check", path).status == 0
    result = run("-b", "gandi", "-b", "nobody", "-b", "none", "check", path)
    assert (result.status, result.out) == (1, "")
    assert [line.split(": ")[0] for line in result.err.splitlines()] == [f"{path}:1"] * 2
    assert "'nobody'" in result.err and "'none'" in result.err
    result = check_stdin(SMALL, "-b", "nobody")
    assert result.returncode == 1 and result.stderr.startswith(b"-:1: ")


# preset, its aliases, TTL and records; "|" ends a preset.
SHIPPED = """
gandi 10800 10 spool.mail.gandi.net. 50 fb.mail.gandi.net. |
gsuite gmail google google-workspace 3600 1 aspmx.l.google.com. 5 alt1.aspmx.l.google.com.
    5 alt2.aspmx.l.google.com. 10 alt3.aspmx.l.google.com. 10 alt4.aspmx.l.google.com. |
google-smtp 3600 1 smtp.google.com. |
outlook m365 microsoft microsoft365 o365 office365 3600 1 _id_.mail.protection.outlook.com. |
outlook-dane 3600 0 _id_._letter_-v1.mx.microsoft. |
ovh 3600 1 mx0.mail.ovh.net. 5 mx1.mail.ovh.net. 50 mx2.mail.ovh.net. 100 mx3.mail.ovh.net. |
infomaniak 3600 5 mta-gw.infomaniak.ch. |
fastmail 3600 10 in1-smtp.messagingengine.com. 20 in2-smtp.messagingengine.com. |
proton protonmail 3600 10 mail.protonmail.ch. 20 mailsec.protonmail.ch. |
zoho 3600 10 mx.zoho.com. 20 mx2.zoho.com. 50 mx3.zoho.com. |
zoho-eu 3600 10 mx.zoho.eu. 20 mx2.zoho.eu. 50 mx3.zoho.eu. |
zoho-in 3600 10 mx.zoho.in. 20 mx2.zoho.in. 50 mx3.zoho.in. |
zoho-au 3600 10 mx.zoho.com.au. 20 mx2.zoho.com.au. 50 mx3.zoho.com.au. |
zoho-jp 3600 10 mx.zoho.jp. 20 mx2.zoho.jp. 50 mx3.zoho.jp. |
icloud 3600 10 mx01.mail.icloud.com. 10 mx02.mail.icloud.com. |
ionos-de 3600 10 mx00.ionos.de. 10 mx01.ionos.de. |
ionos-com 3600 10 mx00.ionos.com. 10 mx01.ionos.com. |
mailbox-org 3600 10 mxext1.mailbox.org. 10 mxext2.mailbox.org. 10 mxext3.mailbox.org.
    10 mxext4.mailbox.org. |
migadu 3600 10 aspmx1.migadu.com. 20 aspmx2.migadu.com. |
yandex yandex360 3600 10 mx.yandex.net. |
titan 3600 10 mx1.titan.email. 20 mx2.titan.email. |
improvmx 3600 10 mx1.improvmx.com. 20 mx2.improvmx.com. |
forwardemail 3600 0 mx1.forwardemail.net. 0 mx2.forwardemail.net. |
mailgun 3600 10 mxa.mailgun.org. 10 mxb.mailgun.org. |
mailgun-eu 3600 10 mxa.eu.mailgun.org. 10 mxb.eu.mailgun.org. |
ses amazon-ses 3600 10 inbound-smtp._region_.amazonaws.com. |
rackspace 3600 10 mx1.emailsrvr.com. 20 mx2.emailsrvr.com. |
tuta tutanota 3600 10 mail.tutanota.de. |
hostinger 14400 5 mx1.hostinger.com. 10 mx2.hostinger.com. |
godaddy 3600 0 smtp.secureserver.net. 10 mailstore1.secureserver.net. |
namecheap privateemail 3600 10 mx1.privateemail.com. 10 mx2.privateemail.com. |
flock 3600 10 mx1.flockmail.com. 20 mx2.flockmail.com. |
hoster bluehost cpanel plesk 14400 0 mail._zone_. |
house 3600 10 mx1.house.example. 20 mx2.house.example. |
null nomail 3600 0 . |
addy 3600 10 mail.anonaddy.me. 20 mail2.anonaddy.me. |
opensrs hostedemail 3600 0 mx._zone_.cust.a.hostedemail.com. |
outlook-cn 3600 0 _id_.mail.protection.partner.outlook.cn. |
outlook-us 3600 0 _id_.mail.protection.office365.us. |
ovh-mxplan 3600 1 mx4.mail.ovh.net. 10 mx3.mail.ovh.net. |
porkbun 3600 10 fwd1.porkbun.com. 20 fwd2.porkbun.com. |
simplelogin 3600 10 mx1.simplelogin.co. 20 mx2.simplelogin.co. |
strato 3600 5 smtpin.rzone.de. |
thunderbird 3600 10 mail.thundermail.com. |
vk mailru 3600 10 emx.mail.ru. |
wordpress 3600 1 smtp-fwd.wordpress.com. |
zoho-ca 3600 10 mx.zohocloud.ca. 20 mx2.zohocloud.ca. 50 mx3.zohocloud.ca.
"""

SHIPPED_SPF = {
    "fastmail": "include:spf.messagingengine.com ?all", "flock": "include:spf.flockmail.com ~all",
    "forwardemail": "include:spf.forwardemail.net -all",
    "gandi": "include:_mailcust.gandi.net ?all", "google-smtp": "include:_spf.google.com ~all",
    "gsuite": "include:_spf.google.com ~all", "house": "include:_spf.house.example ~all",
    "icloud": "include:icloud.com ~all", "improvmx": "include:spf.improvmx.com ~all",
    "infomaniak": "include:spf.infomaniak.ch -all", "mailbox-org": "include:mailbox.org ~all",
    "migadu": "include:spf.migadu.com -all", "null": "-all",
    "outlook": "include:spf.protection.outlook.com -all",
    "outlook-cn": "include:spf.protection.partner.outlook.cn -all",
    "outlook-dane": "include:spf.protection.outlook.com -all",
    "outlook-us": "include:spf.protection.office365.us -all", "ovh": "include:mx.ovh.com ~all",
    "ovh-mxplan": "include:mx.ovh.com ~all", "proton": "include:_spf.protonmail.ch ~all",
    "simplelogin": "include:simplelogin.co ~all", "titan": "include:spf.titan.email ~all",
    "tuta": "include:spf.tutanota.de -all", "yandex": "redirect=_spf.yandex.net"}


def shipped(words):
    """A preset of the table in the form of the JSON output, but its texts and parameters."""
    ttl = next(i for i, word in enumerate(words) if word.isdigit())
    return {"name": words[0], "ttl": int(words[ttl]), "aliases": words[1:ttl],
            "mx": [{"priority": int(priority), "value": value}
                   for priority, value in zip(words[ttl + 1::2], words[ttl + 2::2])]}


def test_shipped_map():
    presets = {preset["name"]: preset for preset in run("-j", "check", MAP).json["presets"]}
    expected = [shipped(text.split()) for text in SHIPPED.split("|")]
    assert set(presets) == {preset["name"] for preset in expected}
    for preset in expected:
        assert presets[preset["name"]].items() >= preset.items()
    assert all(preset["title"] for preset in presets.values())
    params = {name: preset["params"] for name, preset in presets.items() if preset["params"]}
    assert params == {"outlook": ["id"], "outlook-cn": ["id"], "outlook-dane": ["id", "letter"],
                      "outlook-us": ["id"], "ses": ["region"]}
    assert {name: preset["spf"] for name, preset in presets.items() if preset["spf"]} == \
        SHIPPED_SPF
    assert {name for name, preset in presets.items() if preset["notes"]} == \
        set(params) | {"gsuite", "google-smtp"}


def test_shipped_map_names_sources():
    """The comment before each preset says where its values come from."""
    for part in MAP.read_text().split("\n\n"):
        lines = part.splitlines()
        name = next((line.split()[0] for line in lines if line[:1].isalnum()), "house")
        comment = " ".join(line for line in lines if line.startswith(";"))
        assert name in ("house", "null") or "(V)" in comment or "(V2)" in comment, name


def test_shipped_map_fits_a_screen():
    lines = run_on_screen("check", MAP)
    assert max(map(len, lines)) <= 80
    assert not any(line.endswith(" ") for line in lines)


def test_wide_value_on_a_screen(tmp_path):
    """One wide value does not take the room from all others; it ends at the screen's edge."""
    wide = "x" * 60 + ".example."
    path = write(tmp_path, f'a 60 MX 10 mx.a.example.\n TXT "title=A Long Title Of Words"\n'
                           f'b 60 MX 10 {wide}\n TXT "title=Indivisible-Word"\n')
    lines = run_on_screen("check", path)
    assert lines[1].split() == ["a", "A", "Long", "Title", "Of", "Words", "60", "10",
                                "mx.a.example."]
    assert lines[2].split() == ["b", "Indivisible-Word", "60", "10"]
    assert lines[3] == wide.rjust(80)
    assert wide in run("check", path).out.splitlines()[2]


def test_nothing_wraps_in_a_file():
    table = run("check", MAP).out
    assert "Microsoft Outlook" in table and max(map(len, table.splitlines())) > 80


def test_many_aliases(tmp_path):
    aliases = [f"alias{i}" for i in range(20000)]
    path = write(tmp_path, "".join(f"preset{i} MX 1 mx.example.\n" for i in range(20000)) +
                 "".join(f"{name} CNAME preset0\n" for name in aliases))
    first, *others = run("-j", "check", path).json["presets"]
    assert sorted(first["aliases"]) == sorted(aliases)
    assert not any(preset["aliases"] for preset in others)


def test_all_errors_in_order(tmp_path):
    path = write(tmp_path, """\
z 60 MX 10 a.example.
z 61 MX 20 b.example.
a CNAME nowhere
b 60 A 192.0.2.1
c TXT "title=nothing"
d 60 MX 10 forgotten.example
d 60 MX 99999 x.example.
none 60 MX 10 a.example.
""")
    for options in ((), ("-j",)):
        result = run(*options, "check", path)
        assert (result.status, result.out) == (1, "")
        places = [line.split(": ", 1) for line in result.err.splitlines()]
        assert [place for place, _ in places] == [f"{path}:{line}" for line in range(2, 9)]
        assert all(reason for _, reason in places)


@pytest.mark.parametrize("text", ["", "gandi 60 MX 10 a.example.", "; nothing\n"])
def test_bad_files(tmp_path, text):
    path = write(tmp_path, text)
    result = run("check", path)
    assert (result.status, result.out) == (1, "")
    assert re.match(rf"{path}:\d+: ", result.err)


def test_no_file(tmp_path):
    for path in (tmp_path / "gone.zone", tmp_path):
        result = run("check", path)
        assert (result.status, result.out) == (1, "")
        assert result.err.startswith(f"{path}: ") and result.err.count("\n") == 1


def test_file_errors_have_words(tmp_path):
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert run("check", path).err == f"{path}: Too many levels of symbolic links\n"


def test_titles_are_safe(tmp_path):
    path = write(tmp_path, 'a 60 MX 10 a.example.\n'
                           ' TXT "title=\\027[31mB\\195\\188cher\\255"\n')
    assert "\\027[31mBücher\\255" in run("check", path, env={"LC_ALL": "C"}).out
    assert run("-j", "check", path).json["presets"][0]["title"] == "\\027[31mBücher\\255"


def test_wide_titles_are_aligned(tmp_path):
    path = write(tmp_path, 'a 60 MX 10 a.example.\n'
                           ' TXT "title=\\230\\151\\165\\230\\156\\172"\n'
                           'b 60 MX 10 b.example.\n TXT "title=abcd"\n')
    first, second = run("check", path).out.splitlines()[1:3]
    assert "日本" in first
    assert first.index("60") + 2 == second.index("60")  # Two characters, four columns.
