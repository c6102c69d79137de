"""Notices when the processes that publish are gone, where they run on this machine."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

from pikos.live.runtime import process_id_in
from pikos.live.session_lock import LockWatch
from pikos.live.sessions import directory_of

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOK_S = 0.05
"""Seconds between two looks."""

FIND_S = 1.0
"""Seconds between two searches for the process of an address."""

SETTLE_S = 0.1
"""Seconds that a process has to be gone before it is reported: its last messages arrive first."""

SETTLE_MAX_S = 0.6
"""The same while a connection is still open, as another process may hold its end."""


class _Process:
    """A process that publishes."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.pid = process_id_in(os.path.basename(directory))
        self.lock = LockWatch(directory)
        self.gone_at: float | None = None
        self.reported = False

    def is_due(self, now: float, *, connected: bool) -> bool:
        """Whether it is gone, and its last messages have had time to arrive."""
        if self.gone_at is None:
            if not self.lock.is_free():
                return False
            self.gone_at = now
        return now - self.gone_at >= (SETTLE_MAX_S if connected else SETTLE_S)


class Departures:
    """Which of the processes behind some addresses are gone.

    A process whose address belongs to another machine, or to no session of this user, is never
    known to be gone.

    Parameters
    ----------
    addresses
        Where the processes publish.
    now
        Present time in seconds, of any monotonic clock.

    Threads: one at a time
    """

    def __init__(self, addresses: Sequence[str], now: float) -> None:
        self._processes: dict[str, _Process | None] = dict.fromkeys(addresses)
        self._found_at = self._looked_at = -math.inf
        self.find(now)

    @property
    def complete(self) -> bool:
        """Whether every process is gone."""
        return all(one is not None and one.reported for one in self._processes.values())

    def find(self, now: float) -> None:
        """Find the processes of addresses where none is known, or one that is gone.

        At most once a second.
        """
        if now - self._found_at < FIND_S:
            return
        self._found_at = now
        for address, known in self._processes.items():
            if known is not None and not known.reported:
                continue
            directory = directory_of(address)
            if directory is not None and (known is None or known.directory != directory):
                if known is not None:
                    known.lock.close()
                self._processes[address] = _Process(directory)

    def look(self, now: float, *, connected: bool) -> list[int]:
        """Look who is gone, though not more often than makes sense.

        Parameters
        ----------
        now
            Present time in seconds, of any monotonic clock.
        connected
            Whether there is a connection to any of the processes.

        Returns
        -------
        list of int
            Process ids of those that were not reported before.

        """
        if now - self._looked_at < LOOK_S:
            return []
        self._looked_at = now
        due = [
            one
            for one in self._processes.values()
            if one is not None and not one.reported and one.is_due(now, connected=connected)
        ]
        for one in due:
            one.reported = True
        return [one.pid for one in due]

    def close(self) -> None:
        """Stop looking; a second time is fine."""
        for one in self._processes.values():
            if one is not None:
                one.lock.close()
