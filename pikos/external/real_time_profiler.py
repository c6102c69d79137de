"""The exact profiler that publishes what it counts while the program runs."""

from __future__ import annotations

import json
import math
import os
import secrets
import time
from typing import TYPE_CHECKING

from pikos.errors import AddressError
from pikos.monitors.monitor import Monitor
from pikos.publishing.addresses import checked
from pikos.publishing.keys import publisher_keys
from pikos.publishing.lifetime import LIFETIME
from pikos.publishing.place import Place
from pikos.real_time import Profile
from pikos.real_time.hello import hello_of_profiler
from pikos.real_time.libzmq import bind_libzmq
from pikos.real_time.unseen import UnseenLock, unseen

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Literal

    from pikos.publishing.keys import PublisherKeys

_STOP_DEADLINE_S = 0.25
_FORK_PATIENCE_S = 1.0
_RECONNECT_S = 0.2
_INTERVAL_MIN_S = 0.001


class RealTimeProfiler(Profile, Monitor):
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

    _place: Place | None = None
    _bound: str | None = None
    _stream: bytes | None = None

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
        super().__init__(timer, timeunit, subcalls, builtins, threads=threads, clock=clock)
        if not _INTERVAL_MIN_S <= interval < math.inf:
            raise ValueError(f"interval is {interval}: give seconds, at least {_INTERVAL_MIN_S}")
        if wait_for_viewer is not None and not 0 <= wait_for_viewer < math.inf:
            raise ValueError(f"wait_for_viewer is {wait_for_viewer}: give seconds, or None")
        if address is not None:
            checked(address, keys=keys is not None)
        self._address = address
        self._interval_s = interval
        self._clock = "timer" if timer is not None else clock
        self._threads = threads
        self._builtins = builtins
        self._keys = keys
        self._wait_s = wait_for_viewer or 0.0
        self._publish = publish
        self._lock = UnseenLock()
        self._depth = 0
        self._held_for_fork = False
        self._watched_at_fork = False
        self._inherited = False

    @property
    def address(self) -> str | None:
        """Where it publishes; None when it does not."""
        return self._bound

    @property
    def stream(self) -> bytes | None:
        """The 16 random bytes that tell this session from all others; None when there is none."""
        return self._stream

    @property
    def pid(self) -> int:
        """Process that it profiles."""
        return os.getpid()

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
        begun = self._publish and self._place is None and self._begin_publishing()
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

    def close(self) -> None:
        """Stop counting and publishing: a last snapshot, goodbye, and nothing is left behind."""
        self._close("closed")

    def before_fork(self) -> None:
        """Stop the publishing thread, so that the process can fork."""
        self._held_for_fork = self._lock.acquire(_FORK_PATIENCE_S)
        facts = unseen(self.publishing)
        self._watched_at_fork |= facts is not None and facts["viewers"]
        unseen(self.pause_publishing)

    def after_fork_in_parent(self) -> None:
        """Publish again."""
        if self._place is not None:
            self._place.bound_again()
        unseen(self.resume_publishing)
        if self._held_for_fork:
            self._lock.release()

    def after_fork_in_child(self) -> None:
        """Be disabled, and leave the session to the parent."""
        self._lock = UnseenLock()
        self.forget_publishing()
        place, self._place = self._place, None
        self._bound = self._stream = None
        if place is not None:
            place.forget()
            self._publish = self._address is None
        self._inherited = True
        if self._depth:
            self._depth = 0
            unseen(super().disable)

    def at_exit(self) -> None:
        """End in order with the program."""
        self._close("the program ended")

    def __del__(self) -> None:
        if self._place is not None:
            self._close("the profiler is gone")

    def _begin_publishing(self) -> bool:
        """Publish, unless that has begun; whether this call began it."""
        with self._lock:
            if self._place is not None:
                return False
            bind_libzmq(_extension())
            keys = None if self._keys is None else publisher_keys(self._keys)
            LIFETIME.watch(self)
            place = Place(self._address, keys=keys is not None)
            try:
                self._publish_at(place, keys)
            except BaseException:
                self.stop_publishing("it could not begin", 0.0)
                place.close()
                raise
            self._place = place
            return True

    def _publish_at(self, place: Place, keys: PublisherKeys | None) -> None:
        started_unix_ns = time.time_ns()
        hello = hello_of_profiler(
            _extension(),
            clock=self._clock,
            interval_s=self._interval_s,
            threads=self._threads,
            builtins=self._builtins,
            started_unix_ns=started_unix_ns,
        )
        stream = secrets.token_bytes(16)
        try:
            bound = self.start_publishing(
                place.endpoint,
                self._interval_s,
                hello,
                stream,
                None if keys is None else keys.server_secret,
                () if keys is None else keys.clients,
            )
        except OSError as error:
            raise AddressError(place.endpoint, f"{error}; give another address") from error
        place.announce(bound, json.loads(hello)["argv"], started_unix_ns)
        self._bound, self._stream = bound, stream

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

    def _close(self, reason: str) -> None:
        with self._lock:
            place, self._place = self._place, None
            try:
                if self._depth:
                    self._depth = 0
                    unseen(super().disable)
            finally:
                if place is not None:
                    if self._watched_at_fork:  # whoever watched may not be connected again yet
                        self.wait_for_viewer(_RECONNECT_S)
                    self.stop_publishing(reason, _STOP_DEADLINE_S)
                    place.close()
                    self._bound = self._stream = None


def _extension() -> ModuleType:
    from pikos import _lsprof  # noqa: PLC0415 - it may not be there when this file is imported

    return _lsprof
