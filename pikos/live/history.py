"""The memory of a process over time, in a bounded number of readings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pikos.model import Snapshot
    from pikos.model.rows import SessionRow

READINGS_MAX = 1200
"""Readings that are kept; past them every second one is given up, and from then on made."""


class Reading(NamedTuple):
    """The memory of a process at one moment."""

    time_ns: int
    """When: ns since the session began."""
    rss_bytes: int
    """Resident set."""
    vms_bytes: int
    """Virtual size."""
    session: SessionRow | None = None
    """What else the session told of itself then; None of a recorder."""


class History:
    """Remembers the memory of one session, from when it was first seen to now.

    Threads: one at a time
    """

    def __init__(self) -> None:
        self._stream = b""
        self._readings: list[Reading] = []
        self._apart_ns = 0

    def note(self, snapshot: Snapshot) -> tuple[Reading, ...]:
        """Take note of the newest snapshot.

        Parameters
        ----------
        snapshot
            The newest snapshot.

        Returns
        -------
        tuple of Reading
            What is known of its session, the oldest first.

        """
        if snapshot.stream != self._stream:
            self._stream, self._readings, self._apart_ns = snapshot.stream, [], 0
        reading = memory_of(snapshot)
        if reading is not None and self.is_due(reading.time_ns):
            self._readings.append(reading)
            if len(self._readings) > READINGS_MAX:
                self._readings = self._readings[::2]
                span_ns = self._readings[-1].time_ns - self._readings[0].time_ns
                self._apart_ns = span_ns // len(self._readings)
        return self.readings

    @property
    def readings(self) -> tuple[Reading, ...]:
        """What is known of the session, the oldest first."""
        return tuple(self._readings)

    def is_due(self, time_ns: int) -> bool:
        """Tell whether a reading at that moment would be kept.

        Parameters
        ----------
        time_ns
            The moment: ns since the session began.

        Returns
        -------
        bool
            Whether it is late enough after the one before.

        """
        if not self._readings:
            return True
        return time_ns - self._readings[-1].time_ns > self._apart_ns


def memory_of(snapshot: Snapshot) -> Reading | None:
    """Find the memory of the process in a snapshot.

    Parameters
    ----------
    snapshot
        Of a profiler, or of a recorder whose records have the fields RSS and VMS.

    Returns
    -------
    Reading or None
        The newest that is known; a ledger's file has none.

    """
    session = snapshot.session
    if session is not None and session.rss_bytes:
        return Reading(snapshot.time_ns, session.rss_bytes, session.vms_bytes, session)
    for told in sorted(snapshot.records.values(), key=lambda each: -each.heard_at):
        if told.rows and "RSS" in told.fields:
            newest = dict(zip(told.fields, told.rows[-1], strict=True))
            rss, vms = newest["RSS"], newest.get("VMS", 0)
            if isinstance(rss, int) and isinstance(vms, int):
                return Reading(snapshot.time_ns, rss, vms)
    return None
