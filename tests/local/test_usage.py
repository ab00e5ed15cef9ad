"""The tools answer an invalid command line with one line that names the
mistake, and exit 2. test_config.py tests the daemon's command line."""

import subprocess

import pytest

from harness import where

DEVICE = ("ztp-device --url mqtt://h --key /no "
          "--id subscriptions/a/registries/b/devices/c --unused")


@pytest.mark.parametrize("line, says", [
    ("ztp-approver", "run, watch, decide, test, simulate or serve is"),
    ("ztp-approver frob", "unknown command: frob"),
    ("ztp-approver run --x", "unknown option --x"),
    ("ztp-approver run -Q", "unknown option -Q"),
    ("ztp-approver run --rules", "--rules needs a value"),
    ("ztp-approver run --approve-all=3", "--approve-all takes no value"),
    ("ztp-approver run --approve-all x", "unexpected argument: x"),
    ("ztp-approver run --approve-all --count x", "--count: bad value: x"),
    ("ztp-approver run --device x", "--device is not an option of this"),
    ("ztp-approver run", "--rules FILE, --approve-all or --reject-all is"),
    ("ztp-approver run --approve-all --rules /no", "only one of --rules, "),
    ("ztp-approver decide r --approve --reject", "only one of --approve and"),
    ("ztp-approver run --rules /no", "cannot read /no: No such file"),
    ("ztp-approver test", "--rules FILE, --approve-all or --reject-all is"),
    ("ztp-approver test --approve-all --brokers x", "--brokers is not an "),
    ("ztp-approver decide", "REQUEST_ID is missing"),
    ("ztp-approver decide r", "--approve or --reject is missing"),
    ("ztp-approver run --approve-all --brokers foo:bar",
     "--brokers: bad value: foo:bar: not HOST:PORT, or several"),
    ("ztp-approver watch --brokers h:1,:2", "--brokers: bad value: h:1,:2: "),
    ("ztp-approver watch --requests a/b", "--requests: bad value: a/b: a topic"),
    ("ztp-approver run --from x", "--from: bad value: x: neither beginning"),
    ("ztp-approver run --format xml", "--format: bad value: xml: not native, "),
    ("ztp-approver decide r --device x",
     "--device: bad value: x: not subscriptions/S/registries/R/devices/D"),
    ("ztp-approver simulate", "--count N is missing"),
    ("ztp-approver simulate --count 100001", "--count is more than 100000"),
    ("ztp-approver simulate --count 1 --registry a", "--registry: bad value"),
    ("ztp-approver run --approve-all --requests t --results t",
     "--requests and --results are the same topic: t"),
    ("ztp-approver serve --decisions ztp.results",
     "--decisions and --results are the same topic: ztp.results"),
    ("ztp-approver simulate --count 1 --dlq ztp.requests",
     "--requests and --dlq are the same topic: ztp.requests"),
    ("ztp-approver decide r --reject --reason x --format omnicore",
     "--format omnicore carries neither --reason nor --message"),
    ("ztp-devkafka x", "unexpected argument: x"),
    ("ztp-devkafka --brokers", "--brokers needs a value"),
    ("ztp-devkafka --brokers 17",
     "--brokers: bad value: 17: not a number from 1 to 16"),
    ("ztp-devkafka --port 0",
     "--port: bad value: 0: not a number from 1 to 65535"),
    ("ztp-devkafka --topic a/b", "--topic: bad value: a/b: a topic has 1 to"),
    ("ztp-devkafka --topic a:65", "--topic: bad value: a:65: after the colon"),
    ("ztp-devkafka " + " ".join(f"--topic t{n}" for n in range(60)),
     "--topic: bad value: t59: there are 64 topics already"),
    ("ztp-devkafka --port 65535 --brokers 2",
     "--port: 2 brokers do not fit above 65535"),
    ("ztp-devkafka --frob", "unknown option --frob"),
    ("ztp-device", "--url is missing"),
    ("ztp-device --url http://h", "--url is neither mqtt://"),
    ("ztp-device --url mqtt://", "--url is neither mqtt://"),
    ("ztp-device --url mqtt://h:99999", "--url is neither mqtt://"),
    ("ztp-device --url mqtt://h:1/x", "--url is neither mqtt://"),
    ("ztp-device --url mqtts://[::1]:1/", "--key is missing"),
    ("ztp-device --url mqtt://h", "--key is missing"),
    ("ztp-device --url mqtt://h --key k", "--cert is missing"),
    ("ztp-device --url mqtt://h --key k --unused", "--id is missing"),
    ("ztp-device --url mqtt://h --key k --unused --id x", "--id is not "),
    (DEVICE + " --mqtt 4", "--mqtt is neither 5 nor 3.1.1"),
    (DEVICE + " --audience a\"b", "--audience is not a name"),
    (DEVICE + " more", "unexpected argument: more"),
    ("ztp-device --wait 0", "--wait: bad value: 0"),
    ("ztp-device --frob", "unknown option --frob"),
    (DEVICE, "cannot read /no: "),
])
def test_a_mistake_is_named(line, says):
    program, *args = line.split()
    done = subprocess.run([where.binary(program), *args], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, ""), done
    said, = done.stderr.splitlines()
    assert said.startswith(f"{program}: ") and says in said, said


@pytest.mark.parametrize("line, says", [
    ("ztp-approver run --sasl-password=hunter2", "unknown option --sasl-pass"),
    ("ztp-approver watch --brokers u:hunter2@h:1", "bad value: @h:1: not HOST"),
    ("ztp-approver watch --brokers kafka://u:hunter2@h", "bad value: @h: not "),
    ("ztp-device --jwt=hunter2", "unknown option --jwt (see"),
    ("ztp-device --help=hunter2", "--help takes no value (see"),
    ("ztp-bridge --password=hunter2", "unknown option --password\n"),
    ("ztp-bridge --help=hunter2", "--help takes no value\n"),
    ("ztp-devkafka --password=hunter2", "unknown option --password (see"),
    ("ztpctl --password=hunter2 device list", "unknown option --password\n"),
    ("ztpctl device list --password=hunter2", "unknown option --password\n"),
    ("ztpctl -phunter2 device list", "unknown option -p\n"),
    ("ztpctl audit list --brokers u:hunter2@h:1", "bad value: @h:1: not HOST"),
    ("ztpctl doctor --bridge http://u:hunter2@h:1", "@h:1: expected http"),
])
def test_a_guess_at_a_password_is_not_repeated(line, says):
    """What scripts write to stderr is kept in journals and mails."""
    program, *args = line.split()
    done = subprocess.run([where.binary(program), *args], check=False,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=60)
    said = done.stderr + done.stdout
    assert done.returncode in (1, 2) and says in said, done
    assert "hunter2" not in said, said
