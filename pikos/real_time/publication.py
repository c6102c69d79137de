"""A profile that publishes a session: begun, stopped for forks, ended."""

from __future__ import annotations

import os
import time

from pikos.errors import AddressError
from pikos.publishing.lifetime import LIFETIME, ForkLock
from pikos.publishing.place import Place
from pikos.real_time.hello import hello_of_profiler
from pikos.real_time.profile import Profile
from pikos.real_time.unseen import UnseenLock, unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from pikos.publishing.keys import PublisherKeys

_STOP_DEADLINE_S = 0.25
_FORK_PATIENCE_S = 1.0
_RECONNECT_S = 0.2
_INTERVAL_MIN_S = 0.001
_INFINITE = float("inf")


class PublishedProfile(Profile):
    """A profile whose session can be published: begun, carried over forks, ended.

    Parameters
    ----------
    address, interval, clock, builtins, subcalls, threads, keys, publish, timer, timeunit
        As for ``pikos.api.RealTimeProfiler``, which adds nesting and monitors' ways of use.

    Raises
    ------
    ExtensionMissing
        If the C extension is not built.
    AddressError
        If the address is none that is safe.
    ValueError
        If another argument makes no sense.

    Threads: any
    Fork: disabled in the child; there it can begin a session of the child's own, but not at an
    address that was given, which is the parent's
    """

    _place: Place | None = None

    def __init__(
        self,
        address: str | None = None,
        interval: float = 0.1,
        clock: str = "wall",
        builtins: bool = True,
        subcalls: bool = True,
        threads: bool = True,
        keys: str | os.PathLike[str] | None = None,
        publish: bool = True,
        timer: Callable[[], float] | None = None,
        timeunit: float = 0.0,
    ) -> None:
        super().__init__(timer, timeunit, subcalls, builtins, threads=threads, clock=clock)
        if not _INTERVAL_MIN_S <= interval < _INFINITE:
            raise ValueError(f"interval is {interval}: give seconds, at least {_INTERVAL_MIN_S}")
        if address is not None:
            _check(address, keys=keys is not None)
        self._address = address
        self._interval_s = interval
        self._clock = "timer" if timer is not None else clock
        self._threads = threads
        self._builtins = builtins
        self._keys = keys
        self._publish = publish
        self._bound: str | None = None
        self._stream: bytes | None = None
        self._lock = UnseenLock()
        self._fork_lock = ForkLock(self._lock.lock)
        self._watched_at_fork = False
        self._watched = False

    @property
    def address(self) -> str | None:
        """Where it publishes; None when it does not."""
        return self._bound

    @property
    def stream(self) -> bytes | None:
        """The 16 random bytes that tell this session from all others; None when there is none."""
        return self._stream

    @property
    def ledger(self) -> bytes | None:
        """The file that has what is counted; None when there is none."""
        return None if self._place is None else self._place.ledger

    @property
    def pid(self) -> int:
        """Process that it profiles."""
        return os.getpid()

    def begin_publishing(self) -> bool:
        """Publish, unless that has begun or is not wanted; whether this call began it.

        Raises
        ------
        AddressError
            If it cannot publish at its address.
        KeyFileError
            If its keys cannot be used.
        LibzmqUnusable
            If there is no libzmq.

        """
        with self._lock:
            if not self._watched:
                LIFETIME.watch(self, _extension())
                self._watched = True
            if not self._publish or self._place is not None:
                return False
            _bind_libzmq(_extension())
            keys = self._read_keys()
            place = Place(self._address, keys=keys is not None)
            try:
                self._publish_at(place, keys)
            except BaseException:
                self.stop_publishing("it could not begin", 0.0)
                place.close()
                raise
            self._place = place
            return True

    def close(self) -> None:
        """Stop counting and publishing: a last snapshot, goodbye, and nothing is left behind."""
        self._close("closed")

    def before_fork(self) -> None:
        """Stop the publishing thread, so that the process can fork."""
        self._fork_lock.take(_FORK_PATIENCE_S)
        facts = unseen(self.publishing)
        self._watched_at_fork |= facts is not None and facts["viewers"]
        unseen(self.pause_publishing)

    def after_fork_in_parent(self) -> None:
        """Publish again."""
        if self._place is not None:
            self._place.bound_again()
        unseen(self.resume_publishing)
        self._fork_lock.give_back()

    def after_fork_in_child(self) -> None:
        """Be disabled, and leave the session to the parent."""
        self._lock = UnseenLock()
        self._fork_lock = ForkLock(self._lock.lock)
        unseen(self.forget_publishing)
        place, self._place = self._place, None
        self._bound = self._stream = None
        if place is not None:
            place.forget()
            self._publish = self._address is None
        self._stop_counting()

    def at_exit(self) -> None:
        """End in order with the program."""
        self._close("the program ended")

    def __del__(self) -> None:
        if self._place is not None:
            self._close("the profiler is gone")

    def _stop_counting(self) -> None:
        unseen(super().disable)

    def _close(self, reason: str) -> None:
        with self._lock:
            place, self._place = self._place, None
            try:
                self._stop_counting()
            finally:
                if place is not None:
                    if self._watched_at_fork:  # whoever watched may not be connected again yet
                        unseen(self.wait_for_viewer, _RECONNECT_S)
                    unseen(self.stop_publishing, reason, _STOP_DEADLINE_S)
                    place.close()
                    self._bound = self._stream = None

    def _read_keys(self) -> PublisherKeys | None:
        if self._keys is None:
            return None
        from pikos.publishing.keys import publisher_keys  # noqa: PLC0415 - seldom needed

        return publisher_keys(self._keys)

    def _publish_at(self, place: Place, keys: PublisherKeys | None) -> None:
        started_unix_ns = time.time_ns()
        facts, hello = hello_of_profiler(
            _extension(),
            clock=self._clock,
            interval_s=self._interval_s,
            threads=self._threads,
            builtins=self._builtins,
            started_unix_ns=started_unix_ns,
        )
        stream = os.urandom(16)
        try:
            bound = self.start_publishing(
                place.endpoint,
                self._interval_s,
                hello,
                stream,
                None if keys is None else keys.server_secret,
                () if keys is None else keys.clients,
                place.ledger,
            )
        except OSError as error:
            raise AddressError(place.endpoint, f"{error}; give another address") from error
        place.announce(bound, facts["argv"], started_unix_ns)
        self._bound, self._stream = bound, stream


def _extension() -> ModuleType:
    from pikos import _lsprof  # noqa: PLC0415 - it may not be there when this file is imported

    return _lsprof


def _check(address: str, *, keys: bool) -> None:
    from pikos.publishing.addresses import checked  # noqa: PLC0415 - seldom needed

    checked(address, keys=keys)


def _bind_libzmq(extension: ModuleType) -> None:
    if extension.libzmq()["how"] == "unbound":
        from pikos.real_time.libzmq import bind_libzmq  # noqa: PLC0415 - if it is not linked

        bind_libzmq(extension)
