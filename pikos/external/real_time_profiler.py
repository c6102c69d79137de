"""The exact profiler that publishes what it counts while the program runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pikos.monitors.monitor import Monitor
from pikos.real_time.publication import PublishedProfile
from pikos.real_time.unseen import unseen

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from typing import Literal


class RealTimeProfiler(PublishedProfile, Monitor):
    """An exact profile of this program, for any number of viewers, while it runs.

    It counts from the first ``enable`` to the ``disable`` that answers it; pairs between the two,
    nested or in other threads, only count up and down, so it may be attached to functions that
    call one another or themselves.  It publishes from the first ``enable`` on until ``close``,
    its collection or the end of the program.  What was counted can be read and printed at any
    time, as from ``cProfile.Profile``; reading does not stop the counting.

    Parameters
    ----------
    address
        ``ipc://PATH`` or ``tcp://127.0.0.1:PORT``; None for a socket that only this user reaches
        and ``pikos ps`` lists.
    interval
        Seconds between two looks at the statistics.
    clock
        ``"wall"``, ``"monotonic"``, or ``"cpu"`` (each thread's own).
    builtins
        Whether calls of built-in functions are counted.
    subcalls
        Whether the statistics keep each caller's share apart.
    threads
        Whether all threads are counted, or only the one that enables.
    keys
        Directory of CURVE keys, as ``pikos keygen`` makes; who has none of them sees nothing.
    wait_for_viewer
        Seconds that the first ``enable`` waits, at most, for somebody to watch.
    publish
        False to profile only.
    timer
        Function that gives the time, instead of a clock.
    timeunit
        Seconds that one unit of an integer timer is worth.

    Raises
    ------
    ExtensionMissing
        If the C extension is not built.
    AddressError
        If the address is none that is safe.
    ValueError
        If another argument makes no sense.

    Threads: any; ``threads=False`` counts in the thread of the outermost ``enable``
    Fork: disabled in the child; enabled again there, it begins a session of the child's own, and
    profiles without publishing where its address is the parent's
    """

    def __init__(
        self,
        address: str | None = None,
        interval: float = 0.1,
        clock: Literal["wall", "monotonic", "cpu"] = "wall",
        builtins: bool = True,
        subcalls: bool = True,
        threads: bool = True,
        keys: str | os.PathLike[str] | None = None,
        wait_for_viewer: float | None = None,
        publish: bool = True,
        timer: Callable[[], float] | None = None,
        timeunit: float = 0.0,
    ) -> None:
        super().__init__(
            address, interval, clock, builtins, subcalls, threads, keys, publish, timer, timeunit
        )
        if wait_for_viewer is not None and not 0 <= wait_for_viewer < math.inf:
            raise ValueError(f"wait_for_viewer is {wait_for_viewer}: give seconds, or None")
        self._wait_s = wait_for_viewer or 0.0
        self._depth = 0
        self._inherited = False
        self.keeps_events = True  # it may be attached to functions

    def enable(self, subcalls: bool | None = None, builtins: bool | None = None) -> None:
        """Count, and publish if that has not begun yet; when counting already, only nest.

        Nothing is left on by an ``enable`` that fails.

        Parameters
        ----------
        subcalls, builtins
            As for the constructor; None for what was said there.

        Raises
        ------
        AddressError
            If it cannot publish at its address.
        KeyFileError
            If its keys cannot be used.
        ValueError
            If another Pikos profiler is counting.

        """
        self._begin_anew_in_child()
        begun = self.begin_publishing()
        try:
            if begun and self._wait_s:
                self.wait_for_viewer(self._wait_s)
            with self._lock:
                self._depth += 1
                if self._depth == 1:
                    self._start(subcalls, builtins)
        except BaseException:
            if begun and not self._depth:
                self.close()
            raise

    def disable(self) -> None:
        """Stop counting, if this answers the outermost ``enable``; else only un-nest."""
        with self._lock:
            if self._depth:
                self._depth -= 1
                if not self._depth:
                    unseen(super().disable)

    def create_stats(self) -> None:
        """Take the statistics as they are now; counting goes on."""
        self.snapshot_stats()

    def after_fork_in_child(self) -> None:
        """Be disabled, and leave the session to the parent."""
        self._inherited = True
        super().after_fork_in_child()

    def _stop_counting(self) -> None:
        if self._depth:
            self._depth = 0
            super()._stop_counting()

    def _start(self, subcalls: bool | None, builtins: bool | None) -> None:
        try:
            super().enable(subcalls, builtins)
        except BaseException:
            self._depth = 0
            raise

    def _begin_anew_in_child(self) -> None:
        """What the parent had counted before the fork is not the child's."""
        if self._inherited:
            self._inherited = False
            self.clear()
