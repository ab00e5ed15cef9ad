"""A request takes no more instructions than before. This counts, and measures
no time."""

import json

from bench.instructions import RECORDED, count

ROOM = 1.10


def test_no_more_instructions_than_recorded(ca, tmp_path):
    recorded = json.loads(RECORDED.read_text())
    found = count(ca, tmp_path)
    assert found.keys() == recorded.keys()
    more = {
        step: f"{recorded[step]} -> {now}"
        for step, now in found.items()
        if now > ROOM * recorded[step]
    }
    assert not more, f"{more}: if it must be, record it by make instructions"
