"""build/ztp-approver, the reference customer."""

import subprocess

from . import where
from .process import Process


class Approver(Process):
    """Runs `ztp-approver run` until it is stopped."""

    def __init__(self, folder, brokers, topics, *args, name="approver"):
        super().__init__(
            name,
            [
                where.binary("ztp-approver"),
                "run",
                "--brokers",
                brokers,
                "--group",
                f"{topics['requests']}-{name}",
                "--requests",
                topics["requests"],
                "--decisions",
                topics["decisions"],
                "--results",
                topics["results"],
                *args,
            ],
            folder,
        )


def decide(brokers, topics, request_id, *args, timeout=60):
    """Runs `ztp-approver decide` to its end and returns the
    CompletedProcess."""
    return subprocess.run(
        [
            where.binary("ztp-approver"),
            "decide",
            request_id,
            "--brokers",
            brokers,
            "--requests",
            topics["requests"],
            "--decisions",
            topics["decisions"],
            "--results",
            topics["results"],
            *map(str, args),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=timeout,
        check=False,
    )
