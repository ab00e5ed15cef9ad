"""One Debian for all package tests, because making it takes a minute."""

import pytest

from harness.system import System
from harness.where import build


@pytest.fixture(scope="session")
def debs():
    """The packages made by `make deb`."""
    found = {path.name.split("_")[0]: path
             for path in (build() / "deb").glob("*.deb")}
    assert set(found) == {"ztp-bridge", "mosquitto-ztp-gate", "ztp-tools"}
    return found


@pytest.fixture(scope="session")
def system(tmp_path_factory, debs):
    """It has everything the packages depend on, but not the packages."""
    system = System(tmp_path_factory.mktemp("system") / "root").make()
    for path in debs.values():
        (system.root / "root" / path.name).write_bytes(path.read_bytes())
    wanted = system.apt("--simulate", "--no-install-recommends", "install",
                        *(f"/root/{path.name}" for path in debs.values()))
    names = {line.split()[1] for line in wanted.splitlines()
             if line.startswith("Inst ")}
    assert names > set(debs)
    system.apt("--no-install-recommends", "install", *(names - set(debs)))
    return system
