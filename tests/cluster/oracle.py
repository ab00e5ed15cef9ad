"""The oracle of tests/fault for several bridges. Beside what it counts there:

  twice       also a record that a read_committed consumer sees again: a request
              asked again under its id, a result told again under its ce_id
  gone        no fault, without a gate: an event whose request was never
              committed, and which only a disk had that was then lost. It was
              acknowledged at most a lease before
  unanswered  no fault: a decision for a request that is gone, or was not asked
              again when it came (unknown_request)

and it keeps when anything new was seen, which is when the bridges served."""

import time

from fault.oracle import Oracle, Tap

# s: what is older is in Kafka, or its bridge does not listen any more.
LEASE = 2.5


class HostTap(Tap):
    """One connection of one of the bridges."""

    def __init__(self, oracle, host):
        super().__init__(oracle)
        self.host = host


class ClusterOracle(Oracle):
    def __init__(self, topics, own_ids=True):
        super().__init__(topics)
        self.own_ids = own_ids
        self.taken_by = {}  # number: (host, when), until it is asked
        self.gone = set()
        self.diskless = set()  # hosts that are down, and have lost their disk
        self.told_all = set()  # ce_id of each result
        self.asked_at, self.ended_at = [], []
        self.counts.update(gone=0, unanswered=0)

    def own_id(self, n):
        return super().own_id(n) if self.own_ids else None

    def tap_of(self, host):
        return lambda: HostTap(self, host)

    def bridge_took(self, n, tap):
        super().bridge_took(n, tap)
        if not self.owned[n] & 2:
            self.taken_by[n] = tap.host, time.monotonic()
            if tap.host in self.diskless:  # its last words, read late
                self.gone.add(n)

    def disk_lost(self, host, silent_since):
        """Its disk is gone, and it could not write to Kafka since then."""
        with self.lock:
            self.diskless.add(host)
            for n, (who, when) in list(self.taken_by.items()):
                if who == host and when > silent_since - LEASE:
                    self.gone.add(n)

    def starts(self, host):
        self.diskless.discard(host)

    def _request(self, key, value):
        again = self.counts["reasked"]
        super()._request(key, value)
        if self.counts["reasked"] > again:
            self.find("twice", f"asked again: {key} {value}")
            return
        n = self.known((key or b"").decode())
        self.taken_by.pop(n, None)
        self.gone.discard(n)
        self.asked_at.append(time.monotonic())

    def _result(self, key, value, headers):
        ce_id = dict(headers or []).get("ce_id")
        if ce_id in self.told_all:
            self.find("twice", f"told again: {key} {value}")
            return
        self.told_all.add(ce_id)
        n = self.known((key or b"").decode())
        if n >= 0 and self.is_unknown(n, value):
            self.counts["unanswered"] += 1
            return
        super()._result(key, value, headers)
        self.ended_at.append(time.monotonic())

    def is_unknown(self, n, value):
        return b'"unknown_request"' in value and not self.owned[n] & 2

    def missing(self, n):
        what = super().missing(n)
        return None if what == "no request" and n in self.gone else what

    def judge(self):
        super().judge()
        with self.lock:
            self.counts["gone"] += len(self.gone)
            self.gone.clear()
            self.taken_by.clear()
            self.asked_at.clear()
            self.ended_at.clear()
