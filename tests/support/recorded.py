"""What was recorded, as a test compares it."""

from __future__ import annotations


def fields(recorder, *names):
    """Some fields of all records, as tuples."""
    return [tuple(getattr(record, name) for name in names) for record in recorder.records]


def calls(recorder):
    """Event and function of all records."""
    return fields(recorder, "type", "function")


def indexes(recorder):
    """The indexes of all records."""
    return [record.index for record in recorder.records]
