"""The results of a request in ztp.results."""

from .until import DEADLINE, holds_for


def results(rig, request_id, outcome=None, count=1, timeout=DEADLINE):
    """Waits for that many results of a request (with that outcome)."""

    def fits(record):
        body = record.json()
        return body["request_id"] == request_id and outcome in (
            None, body["outcome"],
        )

    return rig.reader.wait(
        rig.topics["results"], match=fits, count=count, timeout=timeout
    )


def outcome_of(rig, request, outcome, count=1, timeout=DEADLINE):
    """The last of that many results of a request record."""
    request_id = request.json()["request_id"]
    return results(rig, request_id, outcome, count, timeout)[-1]


def outcomes(rig, path):
    """The outcomes for a device path so far, in order."""
    rig.reader.poll()
    return [
        record.json()["outcome"]
        for record in rig.reader.find(rig.topics["results"], path)
    ]


def nothing_for(rig, path, seconds, what):
    """Checks that no result for a path appears within that many seconds."""
    before = len(outcomes(rig, path))
    holds_for(lambda: len(outcomes(rig, path)) == before, seconds, what)
