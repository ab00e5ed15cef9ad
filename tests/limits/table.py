"""The rows of docs/limits.md, and what walks each of them.

A walk is one or more doors of tests/local/test_limits_walk.py ("walk: NAME…"),
another test ("path::test"), or, after "no:", why a row cannot be walked from outside."""

import re

from harness.where import ROOT

PAGE = ROOT / "docs/limits.md"

LOCAL, E2E, UNIT = "tests/local/", "tests/e2e/", "tests/unit/"
FILES = LOCAL + "test_tool_files.py::"

BRIDGE = {
    "a pending event (MQTT)": "walk: pending pending_depth",
    "its `request_id`": "walk: request_id",
    "its `remote_addr` and times": "walk: remote_addr",
    "its certificate": "walk: certificate serial names extensions rsa",
    "its subject and issuer": "walk: subject",
    "its device path": "walk: path",
    "its `expires_at`": "walk: expires_at",
    "certificates for one path": "walk: contenders",
    "open requests": LOCAL + "test_pressure.py::test_max_requests",
    "finished requests": UNIT + "test_bridge_loop_evict.c",
    "disk": "tests/fault/test_disk.py",
    "a decision (Kafka)": "walk: decision decision_depth",
    "its command": LOCAL + "test_poison_commands.py"
                   "::test_it_is_refused_when_it_is_decided",
    "its payload": "walk: payload",
    "its `reason`, `decided_by`": "walk: reason decided_by",
    "its `message`": "walk: message",
    "its `content_type`": "walk: content_type",
    "its `metadata`": LOCAL + "test_registrar_neighbours.py"
                      "::test_metadata_at_its_bound",
    "its headers": "walk: headers",
    "what of it is copied into results and dead letters": "walk: key header all_headers value",
    "dead letters that Kafka does not accept (`ztp.dlq` is missing, denied, full)":
        E2E + "test_dead_letters_wait.py::test_the_disk_is_not_filled",
    "results that Kafka does not accept":
        E2E + "test_dead_letters_wait.py::test_results_for_nobody_stop_nobody",
    "audit records that Kafka does not accept":
        UNIT + "test_bridge_life_dead.c",
    "a compressed record": E2E + "test_kafka_refused.py"
                           "::test_a_record_that_unpacks_to_much",
    "an entry that another bridge hands over (Kafka)":
        UNIT + "test_bridge_journal_record.c",
    "entries that this bridge hands over, and Kafka has not acknowledged":
        "tests/cluster/test_journals.py",
    ("a decision for a request that is not there yet, for a minute after "
     "another bridge was lost"): UNIT + "test_bridge_life_held.c",
    "records that Kafka has not acknowledged":
        UNIT + "test_bridge_kafka_window.c",
    "addresses of the broker's name (DNS)": UNIT + "test_bridge_mqtt_names.c",
    "commands that the broker has not acknowledged":
        UNIT + "test_bridge_life_commands.c",
    "a device's answer (MQTT)": "walk: answer",
    ("a line of the log that is a warning or an error, or that a decision "
     "or an answer without effect causes"): "walk: decision",
    "an answer of the gate": LOCAL + "test_registrar_neighbours.py"
                             "::test_metadata_of_many_devices",
    "an answer to the bridge's `getInfo` at startup":
        LOCAL + "test_broker_grants.py",
    "`ztp/v1/audit`, `ztp/v1/audits`, `ztp/v1/withdrawn`":
        LOCAL + "test_registrar_neighbours.py"
        "::test_what_the_gate_says_has_a_bound",
    "a packet of the broker's (MQTT)":
        "no: it is the broker's bound, and the operator's to set",
    "what the bridge reads of its connection for commands":
        UNIT + "test_bridge_mqtt_out.c",
    "`ztp/v1/subscribed`": LOCAL + "test_registrar_neighbours.py"
                           "::test_a_flood_of_subscribed",
    "an open transaction in the decision topic": E2E + "test_time.py"
        "::test_open_transaction_holds_expiry_back",
    "a partition of the decision topic":
        "no: a Kafka with 1025 partitions takes longer than all other rows",
    "a connection to the admin server":
        LOCAL + "test_http_hostile.py::test_half_a_request",
    "a request there": "walk: http_header http_headers http_path http_body",
    "reading an answer": LOCAL + "test_http_hostile.py::test_slow_readers",
    "pages that read the store":
        LOCAL + "test_http_hostile.py::test_one_request_after_the_other",
    "what is kept to look at":
        UNIT + "test_bridge_core_verdicts.c",
    "text to find": UNIT + "test_bridge_http_find.c",
    "the name asked for": "walk: http_name",
    "a log line": UNIT + "test_base_log.c",
    "the configuration": "walk: configuration",
    "lists in it": UNIT + "test_bridge_config.c",
    "a file that it names": "walk: secret",
    "a certificate, key or list of CAs that it names, for MQTT or librdkafka":
        LOCAL + "test_config.py::test_files_for_kafka_are_looked_at",
}

GATE = {
    "a client ID: the device path": "walk: client_id",
    "a username: the certificate": "walk: username",
    "a password: the JWT": "walk: password claims_depth",
    "a topic or filter": E2E + "test_gate_access.py",
    "a device's answer": E2E + "test_gate_access.py",
    "filters that a device is subscribed to": UNIT + "test_gate_hostile.c",
    "messages that a device retains below its own `events` and `state`":
        "no: neither the gate nor Mosquitto has a bound that it could reach",
    "subscriptions of a device to its command topic":
        UNIT + "test_gate_busy.c",
    "addresses from which a key was proven": UNIT + "test_gate_effort.c",
    "wrong proofs against the verifications that a proven path has of its own "
    "(50 a second)": UNIT + "test_gate_effort.c",
    "an option of the gate": "tests/fuzz/fuzz_options.c",
    "candidates of a path": "walk: candidates",
    "candidates and devices of a certificate, of a registry":
        E2E + "test_gate_access.py"
        "::test_candidates_of_a_path_and_devices_of_a_registry",
    "rejections in force of a certificate, of a registry":
        E2E + "test_gate_rejections.py",
    "rejections whose cool-down is over, for the count of attempts":
        UNIT + "test_gate_rejections.c",
    "rejections that a path forgets when it becomes a device":
        UNIT + "test_gate_contenders.c",
    "candidates that end with a removed CA or a deleted registry":
        UNIT + "test_gate_sweep.c",
    "what is deleted because it is too old": UNIT + "test_gate_prune.c",
    "a public key in `createDevice`": "walk: public_key",
    "a message on `$CONTROL/ztp/v1`": "walk: control control_count control_depth",
    "messages on `$CONTROL/ztp/v1` that wait": UNIT + "test_gate_turns.c",
    "an answer to commands": UNIT + "test_gate_turns.c",
    "tries to write to a disk that has failed": UNIT + "test_gate_full.c",
    "times that the database is opened again, after the thread that writes has "
    "failed": UNIT + "test_gate_doubt.c",
    "who a bridge is, in `getInfo`": UNIT + "test_gate_cells.c",
    "`request_id` of `createDevice`": "walk: device_request_id",
    "`retry_after_s`": "walk: retry_after",
    "`correlationData`": "walk: correlation",
    "`request_ids` of `ackPending`": "walk: request_ids",
    "`limit` of a list": "walk: limit",
    "rows of the lists of one message": UNIT + "test_gate_lists.c",
    "`metadata`": "walk: metadata",
    "a CA": "walk: ca cas",
    "an audience": "walk: audience",
    "what is written and not on the disk yet": UNIT + "test_gate_behind.c",
    "signatures that are remembered as good": UNIT + "test_gate_verified.c",
    "connections to the broker": UNIT + "test_gate_open_files.c",
    "connections that the broker has not accepted yet":
        UNIT + "test_gate_backlog.c",
    "messages that wait until that is durable":
        "no: it takes a disk that stands still for 20,000 connections",
    "an audit record": "no: it is built from bounded parts, and is never read",
    "a log line": "no: the broker's own log, and what it is cut to is seen by "
                  "no client",
}

TOOLS = {
    "any file": FILES + "test_the_certificate_of_a_device",
    "a certificate or key": "walk: cert_file",
    "a file that a librdkafka property names":
        FILES + "test_a_file_that_librdkafka_opens",
    "where `ztp-device --out` writes": UNIT + "test_tools_out_file.c",
    "the broker's CAs": "walk: broker_cas",
    "CAs of one `registry create`": "walk: cas",
    "a password file": "walk: password_file",
    "an argument of `ztpctl` that is sent": "walk: argument",
    "a broker's configuration": "walk: broker_config",
    "rules": "walk: rules",
    "a list of fingerprints": "walk: fingerprints",
    "librdkafka properties": "walk: properties",
    "a payload": "walk: payload_file",
    "ends of requests that `ztp-approver` knows": UNIT + "test_tools_id_set.c",
    "a request (Kafka)": LOCAL + "test_approver.py"
                         "::test_requests_that_are_too_large",
    "a line for `ztp-approver test`": LOCAL + "test_approver.py",
    "a record that `ztp-approver` shows":
        "no: it is Kafka's own default for the largest record",
    "a command (MQTT) that `ztp-device` gets":
        "no: a payload that a customer may send is below it",
    "a list of an example": LOCAL + "test_allow_lists.py",
    "the settings of `ztpctl`": E2E + "test_ztpctl_day.py"
                                "::test_a_file_that_is_wrong",
    "an exported registry": E2E + "test_ztpctl_export.py"
                            "::test_a_file_that_is_too_large",
    "records of `ztpctl audit list`": LOCAL + "test_audit_list.py"
                                      "::test_the_newest_are_kept",
    "an answer of the gate":
        "no: the gate's own answers are a page of 1000 at most",
}

ACCESS = LOCAL + "test_serve_access.py::"
DOOR = {
    "a connection to the door": ACCESS + "test_those_who_send_slowly_give_way",
    "a request to the door": UNIT + "test_serve_links.c",
    "its body": ACCESS + "test_too_large_a_body",
    "its answer": ACCESS + "test_methods_and_places",
    "requests of one token": ACCESS + "test_a_hundred_a_second",
    "decisions that wait for their results":
        LOCAL + "test_serve_neighbours.py::"
                "test_who_waits_for_kafka_leaves_room",
    "decisions that Kafka has not given back": UNIT + "test_serve_decided.c",
    "its `Idempotency-Key`, its token":
        LOCAL + "test_serve.py::test_a_key_is_one_decision_s",
    "certificates in `credentials`": UNIT + "test_serve_body.c",
    "the tokens file": UNIT + "test_serve_tokens.c",
    "the door's certificates and key":
        ACCESS + "test_not_to_be_reached_from_outside",
    "open requests that the door keeps": UNIT + "test_serve_book.c",
    "ended requests that it knows": UNIT + "test_serve_book.c",
    "decisions that it knows": UNIT + "test_serve_decided.c",
    "topics of decisions that requests name":
        "tests/local/test_decision_topic.py",
    "records that it has not looked at": UNIT + "test_serve_feed.c",
}

TABLE = {"The bridge": BRIDGE, "The gate": GATE, "The tools": TOOLS,
         "The customer's door, `ztp-approver serve`": DOOR}
NO = "no: "
WALK = "walk: "


def rows():
    """(section, input, cells) of each row of the page."""
    section = None
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("### "):
            section = None  # figures, not inputs
        if section in TABLE and re.match(r"\| (?!input )", line):
            cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
            yield section, cells[0], cells


def walks():
    """The names of the steps that are here."""
    return sorted({name for part in TABLE.values() for how in part.values()
                   if how.startswith(WALK) for name in how.split()[1:]})
