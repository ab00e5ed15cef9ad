"""Observers of every record and message that a test collects."""

watchers = []  # callables; called from any thread, so they only take note


def see(item):
    """item: a topics.Record, an mqtt.Message, or a paho message."""
    for watcher in watchers:
        watcher(item)
