"""What a real file system keeps when power is cut, held against what the
simulation's disk keeps: ext4 on a loop device, shut down without its journal
(tests/sim/contract/disk.c). As root: `make test-power`."""

import fcntl
import os
import struct
import subprocess

import pytest

from fault import contract

NAMES = contract.names()
POWER = NAMES[NAMES.index("synced_survives_a_power_cut"):]
SHUTDOWN = 0x8004587D  # EXT4_IOC_SHUTDOWN
WITHOUT_ITS_JOURNAL = struct.pack("I", 2)


class Disk(contract.DiskStage):
    def __init__(self, folder):
        super().__init__(folder / "mounted")
        self.image = folder / "image"
        self.folder.mkdir()
        with open(self.image, "wb") as image:
            image.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", self.image], check=True)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", self.image, self.folder],
                       check=True)

    def close(self):
        subprocess.run(["umount", self.folder], check=True)

    def power_cut(self):
        folder = os.open(self.folder, os.O_RDONLY)
        fcntl.ioctl(folder, SHUTDOWN, WITHOUT_ITS_JOURNAL)
        os.close(folder)
        self.close()
        self.mount()


@pytest.fixture
def disk(tmp_path):
    disk = Disk(tmp_path)
    yield disk
    disk.close()


@pytest.mark.parametrize("name", POWER)
def test_power(name, disk):
    code, said = contract.real(name, disk)
    assert code == 0, said
