"""Notices when the processes that publish are gone, where they run on this machine."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, NamedTuple

from pikos.live.runtime import process_id_in
from pikos.live.session_lock import LockWatch
from pikos.live.sessions import directory_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LOOK_S = 0.05
"""Seconds between two looks."""

FIND_S = 1.0
"""Seconds between two searches for the process of an address."""

SETTLE_S = 0.1
"""Seconds that a process has to be gone before it is reported: its last messages arrive first."""

SETTLE_MAX_S = 0.6
"""The same while a connection is still open, as another process may hold its end."""


class Gone(NamedTuple):
    """A process that is gone."""

    pid: int
    """Its process id."""
    directory: str
    """Its session's directory, which may have its ledger."""


class _Process:
    """A process that publishes."""

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.pid = process_id_in(os.path.basename(directory))
        self.lock = LockWatch(directory)
        self.gone_at: float | None = None
        self.reported = False

    def look(self, now: float) -> None:
        """Notice whether it is gone."""
        if self.gone_at is None and self.lock.is_free():
            self.gone_at = now

    def is_due(self, now: float, *, connected: bool) -> bool:
        """Whether it is gone, not reported, and its last messages have had time to arrive."""
        settled_s = SETTLE_MAX_S if connected else SETTLE_S
        return self.gone_at is not None and not self.reported and now - self.gone_at >= settled_s


class Departures:
    """Which of the processes behind some addresses are gone.

    The process behind an address is the one whose session's directory names the address and is
    locked.  It stays that until it is gone and such a directory of another one is found, or that of
    another one that was heard, and is gone by now, too.  A process whose address belongs to another
    machine, or to no session of this user, is never known to be gone.

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
        self._replaced: list[_Process] = []
        self._looked_at = -math.inf
        self._find((), now)

    @property
    def complete(self) -> bool:
        """Whether the process behind every address is known, gone and reported."""
        behind = self._processes.values()
        return not self._replaced and all(one is not None and one.reported for one in behind)

    @property
    def alive(self) -> list[str]:
        """The session directories of processes that were there at the last look."""
        behind = self._processes.values()
        return [one.directory for one in behind if one is not None and one.gone_at is None]

    def find_soon(self) -> None:
        """Search for processes with the next look: something was heard of a new one."""
        self._found_at = self._looked_at = -math.inf

    def look(self, now: float, *, connected: bool, heard: Collection[int]) -> list[Gone]:
        """Look who is gone, though not more often than makes sense.

        Parameters
        ----------
        now
            Present time in seconds, of any monotonic clock.
        connected
            Whether there is a connection to any of the processes.
        heard
            Process ids that were heard and did not say goodbye.

        Returns
        -------
        list of Gone
            The processes that were not reported before.

        """
        if now - self._looked_at < LOOK_S:
            return []
        self._looked_at = now
        for one in self._processes.values():
            if one is not None:
                one.look(now)
        if now - self._found_at >= FIND_S:
            self._find(heard, now)
        behind = (one for one in self._processes.values() if one is not None)
        due = [one for one in (*self._replaced, *behind) if one.is_due(now, connected=connected)]
        for one in due:
            one.reported = True
        self._replaced = [one for one in self._replaced if not one.reported]
        return [Gone(one.pid, one.directory) for one in due]

    def _find(self, heard: Collection[int], now: float) -> None:
        """Find the processes behind addresses where none is known, or one that is gone."""
        self._found_at = now
        for address, known in self._processes.items():
            if known is not None and known.gone_at is None:
                continue
            directory = directory_of(address, heard)
            if directory is None or (known is not None and known.directory == directory):
                continue
            if known is not None and not known.reported:
                self._replaced.append(known)
            self._processes[address] = found = _Process(directory)
            found.look(now)

    def close(self) -> None:
        """Stop looking; a second time is fine."""
        for one in self._processes.values():
            if one is not None:
                one.lock.close()
