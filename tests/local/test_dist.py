"""Distribution: the version a tree reports, the tarball, and what make install
installs where."""

import fnmatch
import os
import pathlib
import shutil
import subprocess

import pytest

from harness.where import ROOT, build

ENV = {key: value for key, value in os.environ.items()
       if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "-c",
       "init.defaultBranch=main"]


def run(*argv, cwd=ROOT):
    done = subprocess.run([str(arg) for arg in argv], check=False, text=True,
                          cwd=cwd, env=ENV, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


class Repository:
    """A repository with only what makes versions and tarballs."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "scripts").mkdir(parents=True)
        for name in ("version", "dist"):
            shutil.copy(ROOT / "scripts" / name, folder / "scripts" / name)
        run(*GIT, "init", "-q", cwd=folder)
        self.commit()

    def commit(self):
        run(*GIT, "add", "-A", cwd=self.folder)
        run(*GIT, "commit", "-q", "--allow-empty", "-m", "x", cwd=self.folder)

    def tag(self, name):
        run(*GIT, "tag", name, cwd=self.folder)

    def version(self, *more):
        return run("scripts/version", *more, cwd=self.folder)


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "tree")


def test_versions_follow_time(repository):
    """As dpkg compares them: before the first tag, at each tag, and after
    it."""
    found = [repository.version("--debian")]
    for tag in ("v0.2.0-rc1", None, "v0.2.0", None, "v0.3.0"):
        repository.commit()
        if tag:
            repository.tag(tag)
        found.append(repository.version("--debian"))
    (repository.folder / "scripts" / "version").open("a").write("# changed\n")
    found.append(repository.version("--debian"))
    for before, after in zip(found, found[1:]):
        run("dpkg", "--validate-version", f"{before}-0upstream1")
        run("dpkg", "--compare-versions", before, "lt", after)
    assert found[1] == "0.2.0~rc1" and found[3] == "0.2.0"
    assert found[-1] == "0.3.0+dirty"
    assert repository.version() == "v0.3.0-dirty"


def unpacked(tarball, folder):
    folder.mkdir()
    run("tar", "-xf", tarball, "-C", folder)
    tree, = pathlib.Path(folder).iterdir()
    return tree


def test_tarball_knows_its_version(repository, tmp_path):
    """Made inside another repository or at another time, it is the same to the
    last byte."""
    repository.tag("v0.2.0")
    repository.commit()
    first = pathlib.Path(run("scripts/dist", tmp_path / "a",
                             cwd=repository.folder))
    os.utime(repository.folder / "scripts" / "version", (1, 1))
    again = pathlib.Path(run("scripts/dist", tmp_path / "b",
                             cwd=repository.folder))
    assert first.read_bytes() == again.read_bytes()
    assert first.name == f"ztp-bridge-{repository.version()}.tar.gz"
    tree = unpacked(first, repository.folder / "inside")
    for argument in ([], ["--debian"], ["--epoch"]):
        assert run("scripts/version", *argument, cwd=tree) == \
            repository.version(*argument)


def test_tarball_has_what_is_changed(repository, tmp_path):
    (repository.folder / "scripts" / "version").open("a").write("# changed\n")
    tarball = run("scripts/dist", tmp_path / "a", cwd=repository.folder)
    assert tarball.endswith("-dirty.tar.gz")
    tree = unpacked(tarball, tmp_path / "out")
    assert (tree / "scripts" / "version").read_text().endswith("# changed\n")


def files(folder):
    return {path for path in folder.rglob("*") if not path.is_dir()}


def packaged():
    """The files that packaging/debian/ names, as patterns over what make
    install installs. Documentation directories go as a whole to the package of
    their readers."""
    yield "usr/share/doc/*"
    yield "lib/systemd/system/ztp-bridge.service"  # where debhelper has units
    for path in (ROOT / "packaging" / "debian").iterdir():
        if path.suffix == ".install" or path.name == "not-installed":
            for line in path.read_text().splitlines():
                yield line.split()[0]
                yield f"{line.split()[0]}/*"


def test_install_and_uninstall(tmp_path):
    """Every program has its manual page, the paths in texts are those of this
    installation, and uninstall removes everything again."""
    where = [f"BUILD={build()}", "PREFIX=/usr", f"DESTDIR={tmp_path}",
             "UNITDIR=/lib/systemd/system", "PLUGINDIR=/usr/lib/plugins"]
    run("make", *where, "install")
    usr = tmp_path / "usr"
    for name in ("ztp-bridge", "ztpctl", "ztp-approver", "ztp-device",
                 "ztp-devkafka"):
        assert run(usr / "bin" / name, "--version").startswith(name)
        section = 8 if name == "ztp-bridge" else 1
        assert (usr / f"share/man/man{section}/{name}.{section}").exists()
    assert (usr / "lib/plugins/mosquitto_ztp_gate.so").exists()
    for path in files(tmp_path):
        assert path.stat().st_mode & 0o777 in (0o644, 0o755), path
        if path.suffix in (".service", ".example", ".8"):
            assert "/usr/local/" not in path.read_text(), path
    for path in files(ROOT / "examples/http"):
        there = usr / "share/doc/ztp-bridge" / path.relative_to(ROOT)
        assert there.read_bytes() == path.read_bytes()
        assert os.access(there, os.X_OK) == os.access(path, os.X_OK)
    conf = usr / "share/doc/ztp-bridge/gate/mosquitto.conf.example"
    assert "plugin /usr/lib/plugins/mosquitto_ztp_gate.so" in conf.read_text()
    for path in files(tmp_path):
        name = str(path.relative_to(tmp_path))
        assert any(fnmatch.fnmatch(name, p) for p in packaged()), name
    run("make", *where, "uninstall")
    assert not files(tmp_path)


def test_shipped_configuration():
    """It is the conffile of the package, and it has no unknown setting."""
    run(build() / "ztp-bridge", "--config",
        ROOT / "packaging" / "ztp-bridge.yaml", "--check-config")
