"""docs/brokers.md: the advice that stands beside each broker's class, and the
cells that the tests have measured."""

import ctypes
import pathlib

INTRODUCTION = """\
# Other brokers

<!-- Written by `make test-brokers`; what is advised is in tests/brokers/*.py. -->

With `mqtt.registrar: none` the bridge works beside any MQTT broker that publishes
pending events, once it has verified the device.
[examples/brokers/](../examples/brokers/README.md) says how a broker is made to, with
what EMQX, VerneMQ and AWS IoT Core have for it, which did not run here.

What follows was seen by `make test-brokers` on {dates}:
{system}, libmosquitto {library}, each broker on the
loopback address, a JVM with 256 MB at most.

All of them carry the main path (pending event, request, decision, command, result),
the same over TLS with a password, and a bridge that is killed with -9 in the middle of
1,000 events. They differ in two things that an operator has to know: whether they say
that nobody is subscribed, and what they drop.

## What each says and keeps
"""

LEGEND = """
- **nobody there**: the reason code of the PUBACK for a command to which nobody is
  subscribed. 0x10 says so, and the bridge tries again; but not while anybody else
  is subscribed to the topic, as a monitor on `#` is. Any other success looks like a
  delivery, and MQTT 3.1.1 has no reason codes: there `onboarded` says no more than
  that the broker has taken the command. `mqtt.delivery_ack: device` is needed in all
  these cases, and devices that answer ([device-guide.md](device-guide.md)).
- **told after**: how long a device that subscribed after the first try waited for its
  approval, with that `delivery_ack`. Where the device has to answer, a command is said
  again after a minute.
- **1,000/s**: of 20,000 pending events published at 1,000 a second to a bridge that was
  there, so many were asked for. **at once**: the same as fast as the broker
  acknowledged them, with its queue set as below, and by default.
- **bridge away**: of 12,000 events that the broker acknowledged while the bridge was
  stopped, so many were asked for when it came back; likewise.
- **broker killed**: of 300 events that the broker had acknowledged for a bridge that was
  away when it was killed with -9, so many were there when both were back. What a
  broker acknowledges and forgets is beyond the bridge.
"""

HEAD = ["broker", "MQTT", "nobody there", "`delivery_ack`", "told after",
        "1,000/s", "at once", "at once, default queue", "bridge away",
        "bridge away, default queue", "broker killed"]


def share(cell):
    """[found, of], as the table has it."""
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
        "\n## What to set\n\nIn the bridge, for all of them: `mqtt.registrar: "
        "none`, `mqtt.version` as the broker\nhas it, and `mqtt.delivery_ack` "
        "from the table. A broker without the configured\nversion is "
        "`mqtt_version_unsupported` in the log and in `/readyz`.\n",
        *(advice(kind) for kind in kinds if kind.advice),
    ])
