"""A recorder that keeps the records in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.native import EVENTS, Target
from pikos.recorders.abstract_recorder import AbstractRecorder, Accept, accept_of
from pikos.recorders.native_plan import native_plan

if TYPE_CHECKING:
    from collections.abc import Sequence


class ListRecorder(AbstractRecorder):
    """Keep records in a list.

    Records that the extension gathers are kept in at most 64 bytes each, and made when the list
    is read.

    Parameters
    ----------
    filter_
        A callable that takes a record, which is recorded if the answer is true; by default
        every record is.

    Threads: record() from any thread; appending to a list is one step

    """

    def __init__(self, filter_: Accept | None = None) -> None:
        self._records: list[Any] = []
        self._raw: Any = None if EVENTS is None else EVENTS.Rows()
        self._filter = accept_of(filter_)

    @property
    def records(self) -> list[Any]:
        """What was recorded, in the order of arrival."""
        if self._raw:
            self._records += self._raw.take()
        return self._records

    @records.setter
    def records(self, records: list[Any]) -> None:
        if self._raw:
            self._raw.clear()
        self._records = records

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

    def native_target(self, record_type: type, fields: Sequence[str]) -> Target:
        """Say where the extension can put records itself, instead of a call of `record`.

        Parameters
        ----------
        record_type
            The class of the records, which is prepared for.
        fields
            What is gathered for each of its fields.

        Returns
        -------
        Target
            The list.

        Raises
        ------
        NeedsPython
            If each record must come to `record`.

        """
        return Target(self._raw, native_plan(self._filter, record_type, fields))
