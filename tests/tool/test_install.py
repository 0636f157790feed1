# SPDX-License-Identifier: GPL-2.0-or-later
"""The documents' installations: packages are enough, files arrive, edits are valid."""

import os
import pathlib
import re
import shutil
import subprocess

import pytest

from knot import ROOT

README = (ROOT / "README.md").read_text()
INSTALL = README[README.index("## Install on a nameserver"):README.index("## Which MX is served")]
COMMANDS = [line.strip() for line in re.sub(r"\\\n\s*", "", INSTALL).splitlines()
            if line.startswith("    ")]
OPERATING = (ROOT / "doc/operating.md").read_text()
SHOWN = re.findall(r"^```\n((?:.*\n)*?)```$", INSTALL, re.MULTILINE)


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def packages():
    line, = [line for line in COMMANDS if line.startswith("apt-get install ")]
    return line.split()[2:]


def needed_modules():
    """Names of pkg-config that the build asks for, but for those of the tests."""
    files = [ROOT / "meson.build", *(ROOT / folder / "meson.build"
                                     for folder in ("core", "module", "tool"))]
    return set(re.findall(r"dependency\('([a-z0-9_-]+)'", "".join(
        path.read_text() for path in files))) - {"threads"}


def test_packages_are_enough():
    """Whatever the build looks for is in one of the packages, or in what these depend on."""
    modules = needed_modules()
    assert {"libknot", "jansson", "libidn2"} <= modules
    asked = subprocess.run(["apt-cache", "depends", "--recurse", "--no-recommends",
                            "--no-suggests", "--no-conflicts", "--no-breaks", "--no-replaces",
                            "--no-enhances", *packages()], capture_output=True, text=True)
    if asked.returncode != 0 or "libknot-dev" not in asked.stdout:
        pytest.skip("apt has no lists of packages")
    available = set(re.findall(r"^(?:  (?:Pre)?Depends: )?([a-z0-9.+-]+)$", asked.stdout,
                               re.MULTILINE))
    folders = output("pkg-config", "--variable", "pc_path", "pkg-config").strip().split(":")
    for module in modules:
        path, = [path for folder in folders
                 for path in [pathlib.Path(folder) / f"{module}.pc"] if path.exists()]
        owner = output("dpkg", "-S", str(path)).split(":")[0]
        assert owner in available, (module, owner)
    assert {"meson", "gcc", "pkg-config", "knot", "bind9-dnsutils"} <= set(packages())


def test_files(tmp_path):
    """What meson prints, and where the files are then; a map that is there stays."""
    tree, root = tmp_path / "build", tmp_path / "root"
    setup, = [line for line in COMMANDS if line.startswith("meson setup")]
    options = setup.split()[3:]
    subprocess.run(["meson", "setup", str(tree), *options], cwd=ROOT, check=True,
                   capture_output=True)
    environment = {**os.environ, "DESTDIR": str(root)}

    def install():
        return output("meson", "install", "-C", str(tree), env=environment)

    printed = install().replace(str(root), "")
    folder = output("pkg-config", "--variable", "module_instdir", "knotd").strip().strip("/")
    for line in SHOWN[0].splitlines():
        assert re.sub(r"modules-[\d.]+", pathlib.Path(folder).name, line) in printed
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert files >= {f"{folder}/mxpreset.so", "usr/sbin/kmxpreset",
                     "etc/knot/mx-presets.zone"}
    (root / "etc/knot/mx-presets.zone").write_text("mine\n")
    install()
    assert (root / "etc/knot/mx-presets.zone").read_text() == "mine\n"


def test_configuration(tmp_path):
    """The edits make a valid configuration of Debian's own."""
    own = pathlib.Path("/etc/knot/knot.conf")
    sums = output("dpkg-query", "-W", "-f", "${Conffiles}", "knot")
    if not own.exists() or output("md5sum", str(own)).split()[0] not in sums:
        pytest.skip("knot.conf is not as Debian's package has it")
    conf = tmp_path / "knot.conf"
    shutil.copy(own, conf)
    edits = [line for line in COMMANDS if line.startswith("sed ")]
    assert len(edits) == 3
    for line in edits:
        subprocess.run(["sh", "-c", line.replace("/etc/knot/knot.conf", str(conf))], check=True)
    text = conf.read_text()
    assert text.count("- id: default") == 1 and "    listen: [" in text
    module = ROOT / "build/module/mxpreset.so"
    conf.write_text(f'module:\n  - id: mod-mxpreset\n    file: "{module}"\n' + text)
    assert output("knotc", "-c", str(conf), "conf-check") == SHOWN[1].splitlines()[0] + "\n"
    assert re.search(r"^  - id: default\n    module: mod-mxpreset/house$", text, re.MULTILINE)


def release(folder):
    """The tree of a release: from the tarball that meson makes, or, without git, a copy."""
    tree = folder / "tree"
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        output(str(ROOT / "scripts/copy-tree"), str(tree))
        return tree
    output("meson", "setup", str(folder / "dist"), "-Dtests=false", cwd=ROOT)
    output("meson", "dist", "-C", str(folder / "dist"), "--no-tests", "--allow-dirty", "--formats",
           "gztar")
    archive, = (folder / "dist/meson-dist").glob("*.tar.gz")
    tree.mkdir()
    output("tar", "-xzf", str(archive), "--strip-components=1", "-C", str(tree))
    return tree


def test_tarball(tmp_path):
    """A release is built and installed by the documented commands; an upgrade changes no folder and
    no map, and leaves the module that is loaded alone."""
    text = OPERATING[OPERATING.index("## Servers without Debian's packages"):]
    setup, install, pack, first, upgrade = re.findall(r"^    (.*)$", text[:text.index("## Limits")],
                                                      re.MULTILINE)
    tree = release(tmp_path)
    for command in (setup, install, pack):
        output("sh", "-c", command, cwd=tree)
    root = tmp_path / "root"
    conf = root / "etc/knot"
    conf.mkdir(parents=True)
    conf.chmod(0o750)

    def extract(command):
        assert " -C / " in command
        output("sh", "-c", command.replace("-C /", f"-C {root}"), cwd=tree)

    extract(first)
    module, = root.rglob("mxpreset.so")
    assert (root / "usr/sbin/kmxpreset").stat().st_mode & 0o777 == 0o755
    own = conf / "mx-presets.zone"
    assert own.read_bytes() == (ROOT / "conf/mx-presets.zone").read_bytes()
    own.write_text("mine\n")
    with module.open("rb") as loaded:
        extract(upgrade)
        assert os.fstat(loaded.fileno()).st_nlink == 0
    assert module.exists() and own.read_text() == "mine\n"
    assert conf.stat().st_mode & 0o777 == 0o750
    said = output(str(root / "usr/sbin/kmxpreset"), "-V")
    assert re.search(r"^  version: '(.*)',$", (ROOT / "meson.build").read_text(),
                     re.MULTILINE)[1] in said
