"""A recorder that publishes the records, for viewers that watch while the program runs."""

from __future__ import annotations

import math
import secrets
import threading
import time
import warnings
from typing import TYPE_CHECKING, Any

from pikos.errors import AddressError
from pikos.hidden import hidden_thread
from pikos.native import EVENTS
from pikos.publishing.addresses import checked
from pikos.publishing.hello import facts_of_process
from pikos.publishing.keys import publisher_keys
from pikos.publishing.lifetime import LIFETIME, ForkLock
from pikos.publishing.place import Place
from pikos.recorders.abstract_recorder import (
    AbstractRecorder,
    Accept,
    RecorderError,
    accept_of,
)
from pikos.recorders.record_sender import INTERVAL_S, RecordSender

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

SEED_HOST = "127.0.0.1"
SEED_PORT = 9001
"""What stands for the host where only a port is given, and for the port where only a host is."""

_FORK_PATIENCE_S = 1.0


class NobodyWatches(UserWarning):
    """Nobody came to watch for as long as a recorder was told to wait; it records nevertheless.

    Parameters
    ----------
    address
        Where it publishes.
    waited_s
        How long it waited, in seconds.

    """

    def __init__(self, address: str, waited_s: float) -> None:
        super().__init__(
            f"nobody came to watch in {waited_s:g} s, and recording goes on; to watch, run: "
            f"pikos top {address} (wait_for_ready=False does not wait, ready_timeout= says how "
            "long)"
        )
        self.address = address
        self.waited_s = waited_s


class ZeroMQRecorder(AbstractRecorder):
    """Publish records while the program runs, for any number of viewers.

    It publishes from the first ``prepare`` on until ``close``, its collection or the end of the
    program: one session, however often it is prepared and finalized.  Recording never waits for
    a viewer.  What comes too fast to be published is dropped and counted; who comes late, or
    comes back, gets the newest records of each type first.

    Parameters
    ----------
    zmq_host
        A numeric address of this machine; 127.0.0.1 where only a port is given.
    zmq_port
        A port, 0 for any that is free; 9001 where only a host is given.  With neither, records
        are published on a socket that only this user reaches and ``pikos ps`` lists.
    filter_
        A callable that takes a record, which is recorded if the answer is true; by default
        every record is.
    wait_for_ready
        Whether the first ``prepare`` waits for somebody to watch.
    address
        ``ipc://PATH`` or ``tcp://127.0.0.1:PORT``, instead of host and port.
    keys
        Directory of CURVE keys, as ``pikos keygen`` makes; who has none of them sees nothing.
    ready_timeout
        Seconds that it waits, at most; then a ``NobodyWatches`` warning says so.

    Raises
    ------
    AddressError
        If the address is none that is safe.
    TypeError
        If the filter is not callable.
    ValueError
        If another argument makes no sense.

    Threads: any
    Fork: the child records nothing until it prepares the recorder itself; then it begins a
    session of its own, or publishes nothing where the address is the parent's

    """

    _place: Place | None = None
    _sender: RecordSender | None = None
    _put: Callable[[Any], None] | None = None

    def __init__(
        self,
        zmq_host: str | None = None,
        zmq_port: int | None = None,
        filter_: Accept | None = None,
        wait_for_ready: bool = True,
        *,
        address: str | None = None,
        keys: str | os.PathLike[str] | None = None,
        ready_timeout: float = 5.0,
    ) -> None:
        if not 0 <= ready_timeout < math.inf:
            raise ValueError(f"ready_timeout is {ready_timeout}: give seconds")
        if zmq_host is not None or zmq_port is not None:
            if address is not None:
                raise ValueError("address= takes the place of zmq_host and zmq_port; give one")
            address = _tcp(zmq_host, zmq_port)
        if address is not None:
            checked(address, keys=keys is not None)
        self._accept = accept_of(filter_)
        self._address = address
        self._keys = keys
        self._wait_s = ready_timeout if wait_for_ready else 0.0
        self._stream: bytes | None = None
        self._publish = True
        self._lock = threading.RLock()
        self._depth = 0
        self._fork_lock = ForkLock(self._lock)

    @property
    def ready(self) -> bool:
        """Whether records are published: prepared, and not finalized yet."""
        return self._put is not None

    @property
    def address(self) -> str | None:
        """Where it publishes; None when it does not."""
        return None if self._sender is None else self._sender.bound

    @property
    def stream(self) -> bytes | None:
        """The 16 random bytes that tell this session from all others; None when there is none."""
        return self._stream

    def prepare(self, record: Any) -> None:
        """Begin to publish, if that has not begun yet; the first time, wait for a viewer.

        Nothing is left on by a ``prepare`` that fails.

        Parameters
        ----------
        record
            Class of the records.

        Raises
        ------
        AddressError
            If it cannot publish at its address.
        KeyFileError
            If its keys cannot be used.

        """
        with hidden_thread():
            with self._lock:
                if self._publish and self._sender is None:
                    self._begin()
                self._depth += 1
                sender = self._sender
                if sender is None:
                    return
                sender.prepare(record)
                self._put = sender.buffer.put
            try:
                self._wait_for_viewer(sender)
            except BaseException:
                self.finalize()
                if not self._depth:
                    self.close()
                raise

    def record(self, data: Any) -> None:
        """Publish a record, if the filter accepts it; without ``prepare`` nothing happens."""
        put = self._put
        if put is not None and self._accept(data):
            put(data)

    def finalize(self) -> None:
        """Have the records sent, if this answers the first ``prepare``; does not wait for it.

        Raises
        ------
        RecorderError
            If publishing has failed meanwhile.

        """
        with hidden_thread(), self._lock:
            self._depth = max(0, self._depth - 1)
            if self._depth or self._put is None:
                return
            self._put = None
            if self._sender is None:
                return
            self._sender.flush()
            error = self._sender.error
            if error is not None:
                self._close("publishing failed")
                raise RecorderError(
                    "ZeroMQRecorder", f"has stopped publishing: {error!r}"
                ) from error

    def close(self) -> None:
        """Send the last records, say goodbye and leave nothing behind; bounded."""
        self._close("closed")

    def before_fork(self) -> None:
        """Have no thread and no socket."""
        self._fork_lock.take(_FORK_PATIENCE_S)
        if self._sender is not None:
            with hidden_thread():
                self._sender.pause()

    def after_fork_in_parent(self) -> None:
        """Publish again."""
        if self._place is not None:
            self._place.bound_again()
        if self._sender is not None:
            with hidden_thread():
                self._sender.resume()
        self._fork_lock.give_back()

    def after_fork_in_child(self) -> None:
        """Record nothing, and leave the session to the parent."""
        self._lock = threading.RLock()
        self._fork_lock = ForkLock(self._lock)
        self._put = self._sender = self._stream = None
        self._depth = 0
        place, self._place = self._place, None
        if place is not None:
            place.forget()
            self._publish = self._address is None

    def at_exit(self) -> None:
        """End in order with the program."""
        self._close("the program ended")

    def __del__(self) -> None:
        if self._sender is not None:
            self._close("the recorder is gone")

    def _begin(self) -> None:
        keys = None if self._keys is None else publisher_keys(self._keys)
        LIFETIME.watch(self, EVENTS)
        place = Place(self._address, keys=keys is not None)
        sender = None
        try:
            started_unix_ns, stream = time.time_ns(), secrets.token_bytes(16)
            facts = facts_of_process(interval_s=INTERVAL_S, started_unix_ns=started_unix_ns)
            facts["publishes"] = "records"
            sender = RecordSender(place.endpoint, keys, stream, facts)
            place.announce(sender.bound, facts["argv"], started_unix_ns, publishes="records")
            sender.start()
        except BaseException:
            if sender is not None:
                sender.stop("it could not begin")
            place.close()
            raise
        self._place, self._sender, self._stream = place, sender, stream

    def _wait_for_viewer(self, sender: RecordSender) -> None:
        wait_s, self._wait_s = self._wait_s, 0.0
        if wait_s and not sender.wait_for_viewer(wait_s):
            warnings.warn(NobodyWatches(sender.bound, wait_s), stacklevel=4)

    def _close(self, reason: str) -> None:
        with hidden_thread(), self._lock:
            place, self._place = self._place, None
            sender, self._sender = self._sender, None
            self._put = self._stream = None
            if sender is not None:
                sender.stop(reason)
            if place is not None:
                place.close()


def _tcp(host: str | None, port: int | None) -> str:
    """Make an address of the seed's two arguments."""
    host = SEED_HOST if host is None else host
    port = SEED_PORT if port is None else port
    if not isinstance(host, str) or not isinstance(port, int) or isinstance(port, bool):
        raise AddressError(
            f"tcp://{host}:{port}", "the host should be a string and the port an integer"
        )
    return f"tcp://[{host}]:{port}" if ":" in host and host[:1] != "[" else f"tcp://{host}:{port}"
