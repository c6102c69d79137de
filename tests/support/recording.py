"""A recorder that keeps all it is given, and fails where it is told to."""

from __future__ import annotations


class Keeper:
    """A recorder for tests."""

    def __init__(self, fail_at=None):
        self.fail_at = fail_at
        """``"prepare"``, or the number of records after which it fails; None: never."""
        self.records = []
        self.steps = []
        """The types that it was prepared for, and ``"finalized"``."""

    def prepare(self, record):
        if self.fail_at == "prepare":
            raise OSError("no room")
        self.steps.append(record)

    def record(self, data):
        if len(self.records) == self.fail_at:
            raise OSError("no room")
        self.records.append(data)

    def finalize(self):
        self.steps.append("finalized")
