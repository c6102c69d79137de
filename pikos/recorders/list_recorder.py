"""A recorder that keeps the records in memory."""

from __future__ import annotations

from typing import Any

from pikos.recorders.abstract_recorder import AbstractRecorder, Accept, accept_of


class ListRecorder(AbstractRecorder):
    """Keep records in a list.

    Parameters
    ----------
    filter_
        A callable that takes a record, which is recorded if the answer is true; by default
        every record is.

    Threads: record() from any thread; appending to a list is one step

    """

    records: list[Any]
    """What was recorded, in the order of arrival."""

    def __init__(self, filter_: Accept | None = None) -> None:
        self.records = []
        self._filter = accept_of(filter_)

    @property
    def ready(self) -> bool:
        """Whether the recorder can record: always."""
        return True

    def prepare(self, record: Any) -> None:
        """Do nothing: a list needs no preparation."""

    def finalize(self) -> None:
        """Do nothing: the records stay in the list."""

    def record(self, data: Any) -> None:
        """Append the record to the list, if the filter accepts it."""
        if self._filter(data):
            self.records.append(data)
