"""What a profiler publishes, as a viewer sees it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import zmq
from support.deadlines import DEADLINE_S
from support.session import FACTS

from pikos import _lsprof
from pikos.model import Model
from pikos.real_time.libzmq import bind_libzmq
from pikos.wire.codec import decode
from pikos.wire.hello import hello_json
from pikos.wire.messages import Hello

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pikos._lsprof import Profiler
    from pikos.model import Snapshot

INTERVAL_S = 0.01


@contextmanager
def published(profiler: Profiler) -> Iterator[Callable[[], Snapshot]]:
    """Publish meanwhile; gives a function that tells what a new viewer sees."""
    bind_libzmq(_lsprof)
    directory = tempfile.mkdtemp(prefix="pk")
    endpoint = f"ipc://{directory}/s"
    profiler.start_publishing(endpoint, INTERVAL_S, hello_json(FACTS), os.urandom(16))
    try:
        yield lambda: _look(endpoint)
    finally:
        profiler.stop_publishing("the test is over")
        shutil.rmtree(directory)


def _look(endpoint: str) -> Snapshot:
    """Subscribe, and wait for the whole state."""
    model = Model()
    deadline = time.monotonic() + DEADLINE_S
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        socket.linger = 0
        socket.rcvhwm = 0
        socket.subscribe(b"")
        socket.connect(endpoint)
        tables = None
        while time.monotonic() < deadline:
            if not socket.poll(100):
                continue
            message = decode(socket.recv(), tables)
            tables = message.tables if isinstance(message, Hello) else tables
            model.fold(message)
            snapshot = model.snapshot()
            if snapshot.complete:
                return snapshot
    raise AssertionError("the whole state did not come")
