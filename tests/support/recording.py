"""Recorders that keep all they are given, and what they are told to do."""

from __future__ import annotations

from pikos.recorders.api import ListRecorder


class Keeper:
    """Keeps each record that it is given, and fails where it is told to."""

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


class NativeKeeper(ListRecorder):
    """Has the extension put records where it keeps them."""

    def __init__(self):
        super().__init__()
        self.steps = []

    def prepare(self, record):
        self.steps.append(record)

    def finalize(self):
        self.steps.append("finalized")
