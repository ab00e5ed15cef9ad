"""docs/brokers.md: the advice from each broker's class, and the cells that the
tests have measured."""

import ctypes
import pathlib

INTRODUCTION = """\
# Other brokers

<!-- Written by `make test-brokers`; the advice is in tests/brokers/*.py. -->

With `mqtt.registrar: none`, the bridge works with any MQTT broker that verifies devices
and publishes pending events. [examples/brokers/](../examples/brokers/README.md) shows how
to make a broker do that. It also describes what EMQX, VerneMQ and AWS IoT Core offer,
which were not run here.

`make test-brokers` measured everything below on {dates}:
{system}, libmosquitto {library}, each broker on the
loopback address, a JVM with 256 MB at most.

All brokers pass the main path (pending event, request, decision, command, result), the
same over TLS with a password, and a kill -9 of the bridge in the middle of 1,000 events.
They differ in two ways that matter to an operator: whether they report that nobody is
subscribed, and which messages they drop.

## What each broker reports and keeps
"""

LEGEND = """
- **nobody subscribed**: the reason code of the PUBACK for a command on a topic without a
  subscriber. 0x10 says "no matching subscribers", and the bridge tries again. But a
  broker does not say that while anybody else is subscribed to the topic, such as a
  monitor on `#`. Any other success code looks like a delivery. MQTT 3.1.1 has no reason
  codes, so there `onboarded` only means that the broker has accepted the command. In all
  these cases you need `mqtt.delivery_ack: device`, and devices that answer
  ([device-guide.md](device-guide.md)). With MQTT 5 the bridge asks the broker at startup
  and logs `mqtt_no_subscriber_untold` if it does not say 0x10.
- **delivered after**: how long a device that subscribed after the first try waited for its
  approval, with that `delivery_ack`. If the device has to answer, the bridge sends a
  command again after 5 seconds, and then after growing
  pauses.
- **1,000/s**: how many of 20,000 pending events became requests when they were published
  at 1,000 a second to a running bridge. **burst**: the same, published as fast as the
  broker acknowledged them, with the queue set as advised below and with its default.
- **bridge away**: how many of 12,000 events, acknowledged by the broker while the bridge
  was stopped, became requests when it came back; again with both queues.
- **broker killed**: how many of 300 events, acknowledged by the broker while the bridge
  was away, were still there after the broker was killed with -9 and both were back. The
  bridge cannot recover what a broker has acknowledged and forgotten.
"""

HEAD = ["broker", "MQTT", "nobody subscribed", "`delivery_ack`",
        "delivered after", "1,000/s", "burst", "burst, default queue",
        "bridge away", "bridge away, default queue", "broker killed"]


def share(cell):
    """[found, of], as shown in the table."""
    if cell is None:
        return "the same"
    found, of = cell
    return f"{found:,}" if found < of else "all"


def cells(row):
    m = row.measured()
    said = m["nobody"]
    return [
        f"{m['title']} {m['release']}", m["version"],
        "a PUBACK" if said is None else
        f"0x{said:02x}",
        f"`{m['ack']}`",
        f"{m['late_s']:.0f} s" if m["late_s"] >= 1 else "at once",
        share(m["rate"]), share(m["burst"]), share(m["burst_stock"]),
        share(m["backlog"]), share(m["stock"]), share(m["kept"]),
    ]


def table(lines):
    out = [HEAD, ["---"] * len(HEAD), *lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in out)


def advice(kind):
    queue = f"\n\nThe queue as advised: {kind.settings}." * bool(kind.settings)
    return f"\n### {kind.title}\n\n{kind.advice}{queue}\n"


def library():
    version = [ctypes.c_int() for _ in range(3)]
    ctypes.CDLL("libmosquitto.so.1").mosquitto_lib_version(
        *map(ctypes.byref, version))
    return ".".join(str(number.value) for number in version)


def system():
    text = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return found["PRETTY_NAME"].strip('"')


def page(rows):
    days = sorted({row.measured()["at"] for row in rows})
    kinds = list(dict.fromkeys(row.kind for row in rows))
    machine = rows[0].measured()["machine"]
    return "".join([
        INTRODUCTION.format(
            dates=days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}",
            system=f"{system()} on {machine}", library=library()),
        "\n", table(map(cells, rows)), LEGEND,
        "\n## What to set\n\nIn the bridge, for every broker: `mqtt.registrar: "
        "none`, `mqtt.version` as the broker\nsupports it, and "
        "`mqtt.delivery_ack` from the table. If the broker does not support "
        "the\nconfigured version, the log and `/readyz` say "
        "`mqtt_version_unsupported`.\n",
        *(advice(kind) for kind in kinds if kind.advice),
    ])
