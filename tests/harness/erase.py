"""Kafka administration that Debian's confluent-kafka lacks: deleting records
and groups, through librdkafka itself."""

import ctypes
import ctypes.util

from .until import until

PRODUCER = 0
WAIT_MS = 20000


def _library():
    lib = ctypes.CDLL(ctypes.util.find_library("rdkafka"))
    for name in (
        "rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_queue_new",
        "rd_kafka_queue_poll", "rd_kafka_topic_partition_list_new",
        "rd_kafka_topic_partition_list_add", "rd_kafka_DeleteRecords_new",
        "rd_kafka_DeleteGroup_new", "rd_kafka_event_error_string",
        "rd_kafka_event_DeleteGroups_result",
        "rd_kafka_DeleteGroups_result_groups", "rd_kafka_group_result_error",
        "rd_kafka_error_string",
    ):
        getattr(lib, name).restype = ctypes.c_void_p
    return lib


def _pointer(value):
    return ctypes.c_void_p(value)


def _ask(brokers, question, look=lambda lib, event: None):
    """Calls question(lib, handle, queue) to send the request, and waits for
    the answer. Returns what look(lib, event) sees in it."""
    lib = _library()
    text = ctypes.create_string_buffer(256)
    conf = _pointer(lib.rd_kafka_conf_new())
    lib.rd_kafka_conf_set(
        conf, b"bootstrap.servers", brokers.encode(), text, 256
    )
    handle = _pointer(lib.rd_kafka_new(PRODUCER, conf, text, 256))
    assert handle.value, text.value
    queue = _pointer(lib.rd_kafka_queue_new(handle))
    question(lib, handle, queue)
    event = _pointer(lib.rd_kafka_queue_poll(queue, WAIT_MS))
    assert event.value, "no answer"
    error = lib.rd_kafka_event_error(event)
    said = ctypes.string_at(lib.rd_kafka_event_error_string(event) or b"")
    seen = look(lib, event)
    lib.rd_kafka_event_destroy(event)
    lib.rd_kafka_queue_destroy(queue)
    lib.rd_kafka_destroy(handle)
    assert error == 0, said
    return seen


def delete_records(brokers, topic, before):
    """Deletes the records before those offsets; before is {partition:
    offset}."""

    def question(lib, handle, queue):
        parts = _pointer(lib.rd_kafka_topic_partition_list_new(len(before)))
        for partition, offset in before.items():
            lib.rd_kafka_topic_partition_list_add(
                parts, topic.encode(), partition
            )
            error = lib.rd_kafka_topic_partition_list_set_offset(
                parts, topic.encode(), partition, ctypes.c_int64(offset)
            )
            assert error == 0
        what = _pointer(lib.rd_kafka_DeleteRecords_new(parts))
        lib.rd_kafka_DeleteRecords(
            handle, ctypes.byref(what), ctypes.c_size_t(1), None, queue
        )
        lib.rd_kafka_DeleteRecords_destroy(what)
        lib.rd_kafka_topic_partition_list_destroy(parts)

    _ask(brokers, question)


def delete_group(brokers, group):
    """Deletes a group, and its offsets, as soon as Kafka no longer waits for a
    member that has stopped to come back."""

    def question(lib, handle, queue):
        what = _pointer(lib.rd_kafka_DeleteGroup_new(group.encode()))
        lib.rd_kafka_DeleteGroups(
            handle, ctypes.byref(what), ctypes.c_size_t(1), None, queue
        )
        lib.rd_kafka_DeleteGroup_destroy(what)

    def refusal(lib, event):
        """Each group has an error of its own; None: it is deleted."""
        count = ctypes.c_size_t()
        result = _pointer(lib.rd_kafka_event_DeleteGroups_result(event))
        groups = ctypes.cast(
            lib.rd_kafka_DeleteGroups_result_groups(
                result, ctypes.byref(count)),
            ctypes.POINTER(ctypes.c_void_p))
        assert count.value == 1
        error = lib.rd_kafka_group_result_error(_pointer(groups[0]))
        return error and ctypes.string_at(
            lib.rd_kafka_error_string(_pointer(error)))

    said = []

    def deleted():
        said.append(_ask(brokers, question, refusal))
        return said[-1] is None

    until(deleted, lambda: f"group {group} is deleted: {said[-1:]}",
          interval=0.1)
