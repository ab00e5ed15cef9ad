"""The daemon's command line and configuration, as seen by a shell: exit codes,
and one line on stderr per error that starts with FILE:LINE.

The unit tests check what is refused and why (tests/unit/refused.h). This
checks the program around it."""

import os
import re
import subprocess

import pytest

from harness import where

PATH = "subscriptions/acme/registries/plant-7/devices/pump-42"


def run(*args, **env):
    """Runs the daemon, which must exit by itself."""
    return subprocess.run(
        [where.binary("ztp-bridge"), *map(str, args)], stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **env})


@pytest.fixture(name="write")
def fixture_write(tmp_path):
    def write(text):
        file = tmp_path / "ztp-bridge.yaml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return file
    return write


def check(file, **env):
    return run("--config", file, "--check-config", **env)


def assert_refused(result, file, line, says):
    """It exits 2, prints nothing on stdout and exactly one line on stderr."""
    assert result.returncode == 2, result
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(f"{file}:{line}: "), lines[0]
    assert says in lines[0]


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "mqtt:\n"])
def test_an_empty_file_is_all_defaults(write, text):
    result = check(write(text))
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("line, says, text", [
    (2, "mqtt.colour: unknown key", "mqtt:\n  colour: red\n"),
    (3, "log.level: given more than once", "log:\n  level: info\n  level: warn\n"),
    (2, "mqtt.keepalive", "mqtt:\n  keepalive: 60\n"),
    (2, "mqtt.keepalive", "mqtt:\n  keepalive: 4s\n"),
    (2, "mqtt.url", "mqtt:\n  url: http://localhost\n"),
    (2, "mqtt.url", "mqtt:\n  url: mqtt://localhost:99999\n"),
    (3, "mqtt.command_topic", "mqtt:\n\n  command_topic: '{serial}/c'\n"),
    (2, "mqtt.command_topic", "mqtt:\n  command_topic: '{device}'\n"),
    (2, "mqtt.command_topic",
     "mqtt:\n  command_topic: '{device_path}/events/c'\n"),
    (3, "mqtt.pending_topic",
     "mqtt:\n  pending_topic: ask/new\n  command_topic: 'ask/{device}'\n"),
    (2, "mqtt.pending_topic", "mqtt:\n  pending_topic: ztp/v1/audit\n"),
    *((2, "mqtt.pending_topic", f"mqtt:\n  pending_topic: {topic}\n")
      for topic in ("ztp/v1/audits", "ztp/v1/withdrawn", "ztp/v1/subscribed",
                    "ztp/v1/subscribed/acme")),
    (2, "is not between 2200 and 256MiB", "mqtt:\n  max_command: 2199\n"),
    (2, "onboarding.decision_timeout", "onboarding:\n  decision_timeout: 91d\n"),
    (2, "${ZTP_UNSET}", "mqtt:\n  username: ${ZTP_UNSET}\n"),
    (1, "kafka.create_topics", "kafka: {create_topics: yes}\n"),
    (3, "same topic", "kafka:\n  topics:\n    results: ztp.dlq\n"),
    (4, "which does not tell '.' from '_'",
     "kafka:\n  topics:\n    results: a.b_c\n    dlq: a_b.c\n"),
    (4, "mqtt.tls.ca_file",
     "mqtt:\n  url: mqtts://h\n  tls:\n    ca_file: /no/such\n"),
    (2, "mqtt.password_file", "mqtt:\n  password_file: /no/such\n"),
    (3, "kafka.properties.no.such",
     "kafka:\n  properties:\n    no.such: 1\n"),
    (2, "second document", "log: {}\n---\nlog: {}\n"),
    (2, "anchors", "log:\n  level: &a info\n"),
    (3, "YAML", "log:\n  level: info\n\tformat: json\n"),
    (2, "YAML", b"log:\n  level: in\0fo\n"),
    (2, "YAML", b"log:\n  level: \xff\n"),
])
@pytest.mark.parametrize("how", [["--check-config"], ["--print-config"], []])
def test_a_mistake_is_one_line_with_its_place(write, line, says, text, how):
    file = write(text)
    assert_refused(run("--config", file, *how), file, line, says)


@pytest.mark.parametrize("name, value, says", [
    ("bootstrap.servers", "h:1", "use kafka.brokers instead"),
    ("metadata.broker.list", "h:1", "use kafka.brokers instead"),
    ("group.id", "g", "use kafka.group instead"),
    ("transactional.id", "t", "no transactions"),
    ("enabled_events", 255, "cannot be set"),
    ("acks", 1, "must be all"),
    ("request.required.acks", 1, "must be all"),
    ("enable.idempotence", "false", "must be true"),
    ("enable.gapless.guarantee", "true", "must be false"),
    ("delivery.report.only.error", "true", "must be false"),
    ("queuing.strategy", "lifo", "must be fifo"),
    ("partitioner", "random", "cannot be random"),
    ("message.timeout.ms", 30000, "must be 0"),
    ("delivery.timeout.ms", 30000, "must be 0"),
    ("message.send.max.retries", 0, "`retries` must be set >= 1"),
    ("max.in.flight.requests.per.connection", 100, "`max.in.flight`"),
    ("queue.buffering.max.kbytes", 1, "must hold `message.max.bytes`"),
    ("queue.buffering.backpressure.threshold", 9, "must be set to 1"),
    ("isolation.level", "read_uncommitted", "must be read_committed"),
    ("auto.offset.reset", "latest", "must be earliest"),
    ("auto.commit.enable", "true", "must be false"),
    ("enable.auto.offset.store", "true", "must be false"),
    ("enable.partition.eof", "false", "must be true"),
    ("offset.store.method", "none", "must be broker"),
    ("check.crcs", "false", "must be true"),
    ("partition.assignment.strategy", "roundrobin", "must be range"),
    ("allow.auto.create.topics", "true", "must be false"),
    ("session.timeout.ms", 1000, "must be > `heartbeat.interval.ms`"),
    ("max.poll.interval.ms", 5000, "`max.poll.interval.ms`"),
    ("receive.message.max.bytes", 1000, "`receive.message.max.bytes`"),
    ("fetch.max.bytes", 1000, "`fetch.max.bytes` must be >="),
    ("reconnect.backoff.ms", 60000, "`reconnect.backoff.max.ms`"),
    ("log.queue", "true", "must be false"),
    ("api.version.request", "false", "must be true"),
    ("internal.termination.signal", 15, "must be 0"),
    ("test.mock.num.brokers", 3, "a Kafka in this process's memory"),
    ("topic.blacklist", "ztp.decisions", "would hide a topic"),
    ("sasl.mechanism", "OAUTHBEARER", "needs sasl.oauthbearer.method"),
    ("ssl.keystore.location", __file__, "`ssl.keystore.password`"),
])
def test_a_property_that_cannot_be(write, name, value, says):
    """Refused, not overridden without a word, and not found out at start."""
    file = write("kafka:\n  properties:\n    client.rack: r\n"
                 f"    {name}: {value}\n")
    line = 3 if name == "reconnect.backoff.ms" else 4
    assert_refused(check(file), file, line, says)


@pytest.mark.parametrize("how", [["--check-config"], []])
def test_a_property_that_one_of_several_cannot_have(write, how):
    """A single bridge has no such handle."""
    text = ("kafka: {properties: {client.rack: r,\n"
            "  socket.timeout.ms: 60000}}\nstandby:\n  enabled: %s\n"
            "  instance: a\n")
    file = write(text % "true")
    assert_refused(run("--config", file, *how), file, 2,
                   "`socket.timeout.ms` must be set <= "
                   "`transaction.timeout.ms`")
    assert check(write(text % "false")).returncode == 0


@pytest.mark.parametrize("how", [["--check-config"], []])
def test_what_a_row_of_the_state_needs(write, how):
    """One that is too large would stop the group for ever."""
    text = ("kafka: {properties: {client.rack: r,\n"
            "  message.max.bytes: %d}}\nstandby:\n  enabled: %s\n"
            "  instance: a\n")
    file = write(text % (599999, "true"))
    assert_refused(run("--config", file, *how), file, 2,
                   "`message.max.bytes` must be >= 600000")
    assert check(write(text % (600000, "true"))).returncode == 0
    assert check(write(text % (30000, "false"))).returncode == 0


def test_properties_that_repeat_what_holds(write):
    file = write("kafka:\n  properties: {acks: -1, check.crcs: true, "
                 "auto.offset.reset: smallest, isolation.level: "
                 "read_committed, max.in.flight: 5, retries: 3, "
                 "partitioner: murmur2}\n")
    result = check(file)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_file_that_is_not_there(tmp_path):
    file = tmp_path / "none.yaml"
    assert_refused(check(file), file, 1, "No such file")
    assert_refused(check(tmp_path), tmp_path, 1, "Is a directory")


def test_variables_come_from_the_environment(write):
    file = write("mqtt:\n  url: ${ZTP_URL}\n  client_id: ${ZTP_ID:-me}\n")
    result = run("--config", file, "--print-config",
                 ZTP_URL="mqtt://broker.example:1884")
    assert result.returncode == 0, result.stderr
    assert "  url: mqtt://broker.example:1884\n" in result.stdout
    assert "  client_id: me\n" in result.stdout
    assert_refused(check(file, ZTP_URL="mqtt://"), file, 2, "mqtt.url")


def test_what_is_printed_reads_back(write, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("from-a-file\n")
    file = write(
        "mqtt: {username: u, password: hunter2}\n"
        "kafka:\n  brokers: [a:1, b:2]\n  properties:\n"
        "    ssl.key.password: hunter3\n"
        f"    sasl.password_file: {secret}\n"
        "onboarding: {omit_fields: [certificate.subject]}\n"
        "http: {listen: 127.0.0.1:0}\n")
    first = run("--config", file, "--print-config")
    assert (first.returncode, first.stderr) == (0, "")
    for word in ("hunter2", "hunter3", "from-a-file"):
        assert word not in first.stdout
    assert first.stdout.count('"***"') == 2
    second = run("--config", write(first.stdout), "--print-config")
    assert (second.returncode, second.stderr) == (0, "")
    assert second.stdout == first.stdout


def test_every_default_is_printed(write):
    text = run("--config", write(""), "--print-config").stdout
    keys = re.findall(r"^ *([a-z_]+):", text, re.MULTILINE)
    for key in ("url", "pending_topic", "retry_rate", "create_topics",
                "on_timeout", "max_finished", "retention", "listen",
                "format", "shutdown_timeout"):
        assert key in keys
    assert "  keepalive: 60s\n" in text
    assert "  decision_timeout: 24h\n" in text
    assert '  command_topic: "{device_path}/commands"\n' in text


def test_the_sample_has_what_is_commented_out(write):
    """The shipped configuration, as it is, and as one of several."""
    sample = (where.ROOT / "packaging" / "ztp-bridge.yaml").read_text()
    assert check(write(sample)).returncode == 0
    several = re.sub(r"^#(?=standby:|  enabled|  instance|  advertise)", "",
                     sample, flags=re.M)
    file = write(several)
    assert check(file).returncode == 0
    assert "enabled: true" in run("--config", file, "--print-config").stdout
    nameless = several.replace("  instance: plant-a\n", "")
    line = nameless.splitlines().index("  enabled: true") + 1
    file = write(nameless)
    assert_refused(check(file), file, line, "standby.instance: required")


def test_a_warning_is_no_error(write):
    file = write("mqtt:\n  command_topic: '/devices/{device}/commands'\n")
    result = check(file)
    assert result.returncode == 0
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"{file}:2: warning: mqtt.command_topic: ")


def test_a_time_that_is_cut_is_told(write):
    file = write("store: {retention: 1d}\n"
                 "onboarding: {payload_retention: 2d}\n")
    result = check(file)
    assert result.returncode == 0
    assert result.stderr.startswith(
        f"{file}:2: warning: onboarding.payload_retention: ")
    assert check(write("store: {retention: 1h}\n")).stderr == ""


@pytest.fixture(scope="module")
def tls(tmp_path_factory, ca):
    folder = tmp_path_factory.mktemp("tls")
    (folder / "junk").write_text("no PEM\n")
    leaf, other = ca.leaf(), ca.leaf("rsa2048")
    return {"ca": ca.cert, "cert": leaf.path, "key": leaf.key_path,
            "other": other.key_path, "junk": folder / "junk"}


@pytest.mark.parametrize("wrong, says", [
    ({"ca_file": "junk"}, "ca_file: has no certificate"),
    ({"ca_file": "key"}, "ca_file: has no certificate"),
    ({"cert_file": "junk", "key_file": "key"}, "cert_file: has no"),
    ({"cert_file": "cert", "key_file": "junk"}, "key_file: has no private"),
    ({"cert_file": "cert", "key_file": "other"}, "key_file: is not the key"),
    ({"ca_file": "ca", "cert_file": "cert", "key_file": "key"}, None),
])
def test_files_for_tls_are_looked_at(write, tls, wrong, says):
    lines = [f"    {name}: {tls[file]}" for name, file in wrong.items()]
    file = write("mqtt:\n  url: mqtts://h\n  tls:\n" + "\n".join(lines))
    if says is None:
        assert check(file).returncode == 0
    else:
        name = "mqtt.tls." + says.split(":", maxsplit=1)[0]
        line = 4 + list(wrong).index(name.split(".")[-1])
        assert_refused(check(file), file, line, f"mqtt.tls.{says}")


def test_a_pipe_is_not_waited_for(write, tmp_path):
    """A library opens the file by its name, and would wait for a writer."""
    os.mkfifo(tmp_path / "pipe")
    file = write("mqtt:\n  url: mqtts://h\n  tls:\n"
                 f"    ca_file: {tmp_path / 'pipe'}\n")
    assert_refused(check(file), file, 4, "mqtt.tls.ca_file")


@pytest.mark.parametrize("name", [
    "ssl.ca.location", "ssl.certificate.location", "ssl.key.location",
    "ssl.keystore.location", "ssl.crl.location"])
@pytest.mark.parametrize("kind, says", [
    ("pipe", "is a pipe"), ("sparse", "is larger than"),
    ("/dev/zero", "is a device"), ("none", "No such file")])
def test_files_for_kafka_are_looked_at(write, tmp_path, name, kind, says):
    """librdkafka waits for a pipe's writer, and reads a file of any size."""
    os.mkfifo(tmp_path / "pipe")
    with open(tmp_path / "sparse", "wb") as sparse:
        sparse.truncate(1 << 40)
    file = write("kafka:\n  properties:\n    security.protocol: ssl\n"
                 f"    {name}: {tmp_path / kind}\n")
    assert_refused(check(file), file, 4, says)


def test_the_cas_of_kafka_may_be_a_directory(write, tmp_path):
    file = write("kafka:\n  properties:\n    security.protocol: ssl\n"
                 f"    ssl.ca.location: {tmp_path}\n")
    assert check(file).returncode == 0


@pytest.mark.parametrize("args", [
    [], ["--config"], ["--colour"], ["--check-config"], ["--config", "f", "x"],
    ["--config", "f", "--forget", "pump-42"],
    ["--config", "f", "--forget", PATH, "--print-config"],
])
def test_usage(args):
    result = run(*args)
    assert (result.returncode, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[0].startswith("ztp-bridge: ")
    assert lines[1].startswith("usage: ztp-bridge ")


def test_help_and_version():
    result = run("--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("usage: ztp-bridge ")
    result = run("--version")
    assert (result.returncode, result.stderr) == (0, "")
    assert re.fullmatch(r"ztp-bridge \S+\n", result.stdout)
