"""The report says what was measured, and its pictures are valid."""

import xml.etree.ElementTree as tree

from bench.report import chain_targets, standby, targets
from bench.report.figures import Peers, cpu, spread
from bench.report.pages import page

MACHINE = {"cores": 2, "memory_bytes": 2**34, "kernel": "6.1", "mosquitto":
           "2.0", "kafka": "4.1", "java": "17", "librdkafka": "2.0-1", "paho":
           "1.3-1", "load_average_before": 0.1}


def result(rate, cpu_us, p50=2, lost=0):
    return {
        "rate": rate, "count": 1000, "peer_peak_rss": 20 * 2**20,
        "cpu_us_per_event": {"peer": cpu_us, "mosquitto": 20, "kafka": 30},
        "sink": {"expected": 1000, "received": 1000 - lost, "duplicates": 1,
                 "p50_us": 1000 * p50, "p99_us": 4000 * p50}}


def peer(cpu_us, highest):
    return {"fixed": {"2000": result(2000, cpu_us)},
            "closed": {**result(10**9, cpu_us), "per_s": 2 * highest},
            "max": {"rate": highest, "at_max": result(highest, cpu_us)}}


def report(rounds, kill_lost=0):
    return {
        "machine": MACHINE, "certificate_us": 20.0,
        "method": {"max_seconds": 4, "max_near": 0.04, "kill_rate": 2000,
                   "event_bytes": 1400, "closed": 100000,
                   "in_flight": 10000},
        "peers": {name: {"title": title, "promise": "none"} for name, title in
                  (("bridge", "ztp-bridge"), ("go", "Go"),
                   ("floor", "floor"))},
        "rounds": [{"peers": {
            "bridge": peer(bridge, 9000), "go": peer(go, 10000),
            "floor": peer(floor, 30000)}} for bridge, go, floor in rounds],
        "kills": {"bridge": {way: [{"lost": kill_lost, "duplicates": 2}]
                             for way in ("kill", "kafka_stopped")}}}


GROWTH = [{"kind": kind, "count": count, "event_us": 50.0, "decision_us":
           40.0, "expiry_us": 20.0, "bytes_each": 400.0, "start_s": 0.01,
           "rss_bytes": 2**24} for kind in ("outstanding", "finished")
          for count in (1000, 10000)]


def test_ratios_are_taken_round_by_round():
    peers = Peers(report([(10, 10, 1), (30, 60, 1), (80, 40, 1)]))
    assert peers.spread("bridge", "2000", cpu) == (30, 10, 80)
    # Not 30/40, the ratio of the medians.
    assert peers.ratio("bridge", "2000", cpu) == (1.0, 0.5, 2.0)
    assert spread([None, None]) is None


def answers(found):
    return {row[0]: row[4] for row in targets.rows(Peers(found), found)}


def test_a_target_is_reached_or_not_or_beyond_the_floor():
    found = answers(report([(50, 100, 20)], kill_lost=1))
    assert found["CPU per event at 2,000/s"] == "yes"
    assert found["highest rate without loss"] == "**no**"
    assert found["lost"] == "**no**"
    assert found["rate in a closed loop"] == "yes"
    assert found["CPU per event in a closed loop"] == "yes"
    found = answers(report([(90, 100, 70)]))
    assert found["CPU per event at 2,000/s"] == "no: beyond the floor"
    assert found["CPU per event at the highest rate"] == "yes"
    assert found["lost"] == "yes"


def test_page_and_pictures():
    text, pictures = page(report([(50, 100, 20)]), GROWTH, None)
    assert "| ztp-bridge | 9,000 | 0.90 | 50.0 |" in text
    assert "| ztp-bridge | 18,000 | 0.90 | 50.0 | 0.50 |" in text
    assert "| ztp-bridge | 0 in 1 kills | 2 | 0 in 1 kills | 2 |" in text
    for name, source in pictures.items():
        assert f"](benchmarks/{name}.svg)" in text
        assert tree.fromstring(source).tag.endswith("svg")


def chain(per_s, way="hold", **more):
    late = {"p50": 10.0, "p99": 20.0, "max": 30.0}
    use = dict.fromkeys(("cpu_us", "user_us", "system_us", "waits",
                         "preempted", "run_delay_us", "syscr", "syscw"), 100.0)
    found = dict.fromkeys(("connack", "told") if way == "hold" else
                          ("connack",), late)
    return {"way": way, "per_s": per_s, "count": 10, "missing": 0, "rate": 150,
            "since_due": found, "since_step": found, "use": dict.fromkeys(
                ("broker", "bridge", "approver", "kafka"), use), **more}


def test_the_whole_chain():
    first = {"ceiling": [chain(1000, "password"), chain(3000, "password")],
             "hold, P-256": chain(500)}
    second = {"ceiling": [chain(1000, "password")],
              "hold, P-256": chain(100), "refused": {
                  "ceiling": [chain(500, "password")],
                  "refuse, P-256": chain(100)}}
    live = {"sent": 9, "p50_us": 1000, "p99_us": 2000}
    text, pictures = page(report([(50, 100, 20)]), None, None, {
        "options": {"together": 64}, "rounds": [first, second],
        "open": [chain(150)], "at_once": chain(90, live=live),
        "at_once_ceiling": chain(200, "password", live=live),
        "calls": {"hold": {"broker": {"pwrite64": 30.0, "fdatasync": 2.0}}},
        "settings": [{"name": "as shipped", "password": chain(1, "password"),
                      "hold": chain(500), "hold_open": chain(150)}]})
    # 500 / 2,000 and 100 / 1,000, each by its own round's ceiling.
    assert "| hold, P-256 | 300 | 0.17 | 100 | 1.00 |" in text
    assert "| refuse, P-256 | 100 | 0.20 |" in text
    assert "| hold, broker | 2.00 | 30.0 pwrite64 |" in text
    assert text.count("had their PUBACK within p50") == 2
    assert "onboard-steps" in pictures
    for name, source in pictures.items():
        assert f"](benchmarks/{name}.svg)" in text
        assert tree.fromstring(source).tag.endswith("svg")


def compared(active_us, single=20000, group=20000):
    return {name: {"cpu_us": {"single": 100.0, "group": active_us},
                   "cpu_ratio": active_us / 100, "standby_ratio": 0.4,
                   "p50_ms": {"single": 3.0, "group": 30.0},
                   "per_s": {"single": single, "group": group}}
            for name in ("up_slow", "down_slow", "up_usual", "down_usual",
                         "up_more")}


def reached(rows):
    return {row[0]: row[4] for row in rows}


def test_several_bridges():
    state = {"rows": 1000, "seconds": 2.0, "rows_per_s": 500,
             "peak_active": 2**26, "rss_active": 2**25}
    several = {"costs": {"pairs": [[], []], "compared": compared(140)},
               "state": state}
    text = standby.section(several)
    assert "2 pairs" in text and "| events, 2,000/s | 100 | 140 | 1.40 |" in text
    assert "1,000 rows of open requests in 2.00 s" in text
    found = reached(chain_targets.rows(None, None, several))
    assert found["one of several, CPU at 2,000/s"] == "yes"
    assert found["one of several, CPU at saturation"] == "**no**"
    assert found["one of several, events a second"] == "yes"
    assert found["one of several, an event to its request, p50 at 50/s"] \
        == "**no**"
    assert found["one of several, a decision to its command, p50 at 2,000/s"] \
        == "yes"
    assert found["memory when the state is read anew"] == "yes"
    assert standby.section(None) == "" == standby.section({})


def test_targets_of_the_whole_chain():
    once = chain(500, live={"sent": 9, "p50_us": 1000, "p99_us": 251000})
    found = reached(chain_targets.rows({
        "rounds": [{"ceiling": [chain(1000, "password")],
                    "hold, P-256": chain(440)}],
        "open": [chain(150), chain(220, rate=220), chain(220, "direct")],
        "at_once": {**once, "count": 20}},
        {"rows": [{"name": "first, custom", "ratio": 1.2},
                  {"name": "first, direct", "ratio": 1.31},
                  {"name": "devices", "ratio": 9}]}, None))
    assert found == {
        "devices a second, hold": "**no**", "broker's CPU for a device, hold":
        "yes", "bridge's CPU for a device, hold": "**no**",
        "told at 150/s, p50": "yes", "told at 150/s, p99": "yes",
        "told at 220/s, p50": "yes",
        "told at 220/s, p99": "yes", "20 at once, all told after": "yes",
        "live devices' p99 meanwhile": "**no**",
        "a first connection": "**no**"}
