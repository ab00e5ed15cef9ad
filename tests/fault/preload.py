"""Preloads libcrash.so into a bridge or a broker, and maps the page that controls it
(tests/fault/control.h)."""

import errno
import mmap
import os
import pathlib
import struct

from harness import where

PAGE = struct.Struct("=iiqqqqqqqqq")
FIELDS = ("fail_errno", "half", "clock_ms", "crash_at", "steps", "failed",
          "still", "waited", "boot_ms", "names_hang", "names_asked")
OFFSETS = dict(zip(FIELDS, (0, 4, 8, 16, 24, 32, 40, 48, 56, 64, 72)))


class Control:
    """Its values take effect at the bridge's next call."""

    def __init__(self, folder, name="control"):
        self.path = pathlib.Path(folder) / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_bytes(bytes(PAGE.size))
        with open(self.path, "r+b") as page:
            self.page = mmap.mmap(page.fileno(), PAGE.size)

    @property
    def env(self):
        # A sanitizer's runtime has to be the first (make sanitize).
        libraries = (os.environ.get("ZTP_SANITIZER"),
                     where.binary("fault/libcrash.so"))
        return {
            "LD_PRELOAD": ":".join(str(path) for path in libraries if path),
            "ZTP_FAULT_CONTROL": str(self.path),
        }

    def get(self, field):
        return PAGE.unpack(self.page[:])[FIELDS.index(field)]

    def set(self, field, value):
        code = "=i" if OFFSETS[field] < 8 else "=q"
        struct.pack_into(code, self.page, OFFSETS[field], value)

    def crash_at(self, step, half=False):
        """0: never."""
        self.set("half", int(half))
        self.set("crash_at", step)

    def disk_full(self):
        self.set("fail_errno", errno.ENOSPC)

    def disk_read_only(self):
        self.set("fail_errno", errno.EROFS)

    def disk_well(self):
        self.set("fail_errno", 0)

    def disk_still(self, what):
        """Nothing is synced, or not even written, until the disk is moving."""
        self.set("waited", 0)
        self.set("still", {"syncs": 1, "writes": 2}[what])

    def disk_moving(self):
        self.set("still", 0)

    def close(self):
        self.page.close()
