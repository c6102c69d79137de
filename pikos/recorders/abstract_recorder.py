"""What every recorder is, and the error of those that cannot record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from pikos.errors import PikosError

Accept = Callable[[Any], object]
"""A filter: takes a record, which is recorded if the answer is true."""


class RecorderError(PikosError):
    """A recorder is asked for what it cannot do in the state that it is in.

    Parameters
    ----------
    recorder
        The recorder, as it names itself.
    reason
        What is wrong, and what to do.

    """

    def __init__(self, recorder: str, reason: str) -> None:
        super().__init__(f"{recorder} {reason}")
        self.recorder = recorder
        self.reason = reason


class AbstractRecorder(ABC):
    """Where records go.

    A monitor calls `prepare` before the first record and `finalize` after the last, any number
    of times in turn.  Several monitors may share a recorder: each calls both, and the recorder
    is in use until each has called `finalize`.
    """

    @abstractmethod
    def prepare(self, record: Any) -> None:
        """Get ready for records.

        Parameters
        ----------
        record
            The class of the records, usually of named tuples; or an example of them.

        """

    @abstractmethod
    def finalize(self) -> None:
        """Bring the recording to an end."""

    @abstractmethod
    def record(self, data: Any) -> None:
        """Record what a monitor has gathered, if the recorder's filter accepts it.

        Parameters
        ----------
        data
            The record.

        """


def accept_of(filter_: Accept | None) -> Accept:
    """Return the filter to use for what was given as one.

    Raises
    ------
    TypeError
        If it is neither callable nor None.

    """
    if filter_ is None:
        return accept_everything
    if not callable(filter_):
        raise TypeError(
            f"filter_ is {filter_!r}, which is not callable: give a function of a record, or None"
        )
    return filter_


def accept_everything(_record: Any) -> bool:
    """Accept every record: the filter of a recorder that was given none."""
    return True
