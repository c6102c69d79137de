"""The state that a ledger's file shows, as the messages that its process would send."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pikos.live.ledger_file import LedgerFile
from pikos.live.ledger_rows import LedgerRows
from pikos.wire.codec import Stamp, encode_bye, encode_hello, encode_rows
from pikos.wire.hello import read_hello
from pikos.wire.tables import FLAG_KEYFRAME, FLAG_KEYFRAME_END, SESSION

if TYPE_CHECKING:
    from collections.abc import Iterator

ATTEMPTS_MAX = 5
"""How often a living process is read, if a call that was not short has ended meanwhile."""

SHORT_NS = 1_000_000
"""How old a call is that may end between two copies, and is then missing."""

COPIES_MAX = 50
"""How often a living process's stacks are copied to find each thread outside the hooks."""

COPY_AGAIN_S = 0.001
"""How long a thread that the system has put aside there is waited for, between two copies."""


class LedgerState:
    """What a ledger's file shows: the last state of a process, or the present one.

    A living process may be changing the file, so it is copied three times.  The counters are those
    of the first copy, in which rows that were in the middle of a change are read again.  The open
    calls are those that are in the second and in the third, and they have lasted until just before
    the second was made.  So no call and no time is counted twice; what happened between two copies
    may be missing.

    Parameters
    ----------
    path
        The file.
    living
        Whether its process lives.

    Raises
    ------
    LedgerError
        If the file is not this user's plain file, has no state, or contradicts itself.
    WireError
        If its hello makes no sense.

    """

    def __init__(self, path: str, *, living: bool = False) -> None:
        ledger = LedgerFile(path)
        rows = stacks = LedgerRows(ledger)
        if living:
            ledger, rows, stacks = _copies_of_living(path)
        self.facts, _ = read_hello(ledger.hello())
        """What the session says of itself."""
        self.stream: bytes = ledger.header("stream")
        """The session's 16 random bytes."""
        self.epoch: int = ledger.header("epoch")
        """How often the statistics have been cleared."""
        self._rows, self._stacks = rows, stacks
        now_ns = self._stacks.ns_of_clock(self._stacks.now)
        self.time_ns = max(0, now_ns - ledger.header("began_ns")) if now_ns else 0
        """For how long the session has gone on, ns; 0 if its clock does not tell."""

    @property
    def seen_unix_s(self) -> float | None:
        """When the process was there last, to about a second, in seconds since 1970."""
        started_ns = self.facts.get("started_unix_ns")
        return (started_ns + self.time_ns) / 1e9 if started_ns and self.time_ns else None

    @property
    def reason(self) -> str:
        """The goodbye that the process did not say."""
        return gone_at(self.seen_unix_s)

    def messages(self) -> int:
        """Return how many frames there are, goodbye excluded."""
        return 1 + self._rows.block_count(self._stacks)

    def frames(self, sequence: int = 0, time_ns: int = 0, *, reason: str = "") -> Iterator[bytes]:
        """Encode the state as a session's whole state: a hello, all its rows and a goodbye.

        Parameters
        ----------
        sequence
            Number of the first message.
        time_ns
            The least time that the messages have, ns since the session began.
        reason
            What the goodbye says; empty for none.

        Raises
        ------
        LedgerError
            If the file contradicts itself.

        """
        time_ns = max(time_ns, self.time_ns)
        yield encode_hello(Stamp(self.stream, sequence, time_ns, self.epoch), self.facts)
        for block in self._rows.blocks(self._stacks):
            sequence += 1
            flags = FLAG_KEYFRAME | (FLAG_KEYFRAME_END if block.table is SESSION else 0)
            stamp = Stamp(self.stream, sequence, time_ns, self.epoch, flags)
            yield encode_rows(stamp, [block])
        if reason:
            yield encode_bye(Stamp(self.stream, sequence + 1, time_ns, self.epoch), reason)


def _copies_of_living(path: str) -> tuple[LedgerFile, LedgerRows, LedgerRows]:
    """Copy a living process's counters, then its stacks.

    They are copied again if a long call ended in between, or contexts were merged, which have
    counted both in themselves and in what they were merged into then.
    """
    for _ in range(ATTEMPTS_MAX):
        ledger = LedgerFile(path)
        rows = LedgerRows(ledger)
        begun_before = rows.ticks(time.monotonic_ns() - SHORT_NS)
        rows.read_torn_rows_again()
        stacks = _steady_stacks(path)
        stacks.last, stacks.free = rows.last, rows.free
        again = LedgerRows(LedgerFile(path))
        stacks.still_open = frozenset(again.open_frames())
        ended = set(rows.open_frames()).difference(stacks.still_open)
        if again.merge == rows.merge and all(start > begun_before for _, _, start in ended):
            break
    return ledger, rows, stacks


def _steady_stacks(path: str) -> LedgerRows:
    """Copy a living process's ledger until no call is just entered or left, though not for long."""
    for attempt in range(COPIES_MAX):
        if attempt:
            time.sleep(COPY_AGAIN_S)
        now_ns = time.monotonic_ns()
        stacks = LedgerRows(LedgerFile(path))
        stacks.now = stacks.ticks(now_ns)
        if stacks.steady():
            break
    return stacks


def gone_at(unix_s: float | None = None) -> str:
    """Return the goodbye of a process that did not say one, and was there at a moment last."""
    return f"gone without a goodbye at {time_of_day(unix_s)}"


def time_of_day(unix_s: float | None) -> str:
    """Format a moment, now by default; one that a forged file has may be past all calendars."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(unix_s))
    except (OverflowError, ValueError, OSError):
        return "??:??:??"
