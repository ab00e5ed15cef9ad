"""From a decision in Kafka to the command acknowledged by the broker, which no
peer does. Every device has a subscription of its own. Every decision ends in a
result, which the bridge writes after the PUBACK, once the store has it."""

from bench.measure import Stage, lost, sustained

DEVICES = 5000  # at least
SECONDS = 2
FROM = 5000  # decisions/s
PREPARE = 3000  # requests/s that create what is decided
FIRST = (100, 50)
STEPS = 3  # of bisection
LOW = 500


def attempt(folder, kafka, certs, rate, count):
    with Stage(folder, kafka, certs) as stage:
        ready = stage.uplink(PREPARE, count + FIRST[1])
        assert lost(ready) == 0, ready
        stage.downlink(FIRST[0], count, FIRST[1])
        return stage.downlink(rate, 0, count, topic="each")


def show(result):
    listen, cpu = result["listen"], result["cpu_us_per_event"]
    print(f"  {result['rate']}/s: {result['count']} devices, lost "
          f"{lost(result)}, duplicates {listen['duplicates']}, p50 "
          f"{listen['p50_us'] / 1e3:.1f} ms, p99 {listen['p99_us'] / 1e3:.1f}"
          f" ms, last {listen['drain_us'] / 1e3:.0f} ms, CPU "
          f"{cpu['bridge']:.0f} us, {result['bridge_peak_rss'] / 2**20:.1f} "
          f"MiB{'' if sustained(result) else ' (does not hold)'}",
          flush=True)


def downlink(folder, kafka, certs, smoke):
    """The highest rate at which every command arrives and no backlog grows:
    doubling, then bisection."""
    tried, best, good, bad = [], None, 0, None
    rate, steps = (LOW, 0) if smoke else (FROM, STEPS)
    while True:
        count = int(rate * SECONDS) if smoke else max(DEVICES,
                                                      int(rate * SECONDS))
        result = attempt(folder / f"downlink-{len(tried)}", kafka, certs,
                         rate, count)
        show(result)
        tried.append(result)
        if sustained(result):
            good, best = rate, result
        else:
            bad = rate
        steps -= bad is not None
        if smoke or steps < 0 or (good or bad) < LOW:
            return {"max_rate": good, "at_max": best, "tried": tried}
        rate = 2 * good if bad is None else (good + bad) // 2
