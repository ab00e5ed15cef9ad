"""What `make test` builds and runs beside these tests: the unit tests, and what goes
over the seeds of the fuzzing and the torture. Here without a test if nothing runs
beside them."""

import os
import pathlib

from harness.until import until

BESIDE = os.environ.get("ZTP_BESIDE")

if BESIDE:
    def test_units_and_smokes():
        status = pathlib.Path(f"{BESIDE}.status")
        until(status.exists, "they have ended", 1800, 0.1)
        said = pathlib.Path(BESIDE).read_text(errors="replace")
        assert status.read_text().strip() == "0", said[-20000:]
