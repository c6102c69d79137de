"""A pipe whose reader is slow: signals are handled, and records are all there, in order."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest
from support.deadlines import DEADLINE_S
from support.waiting import wait_until

from pikos.hidden import hidden_thread
from pikos.monitors.api import FunctionMonitor
from pikos.native import EVENTS
from pikos.recorders.api import CSVFileRecorder, TextFileRecorder, TextStreamRecorder

pytestmark = [
    pytest.mark.skipif(EVENTS is None, reason="the extension pikos._events is not there"),
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes"),
]
KINDS = ["csv", "text", "csv each", "text each", "filtered", "stream", "stream each"]


def leaf():
    pass


class Interrupted(Exception):
    """What a handler raises."""


class Fifo:
    """A named pipe, which nobody reads until it is asked to."""

    def __init__(self, path):
        self.path = path
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.set_blocking(self._descriptor, True)
        self._pieces = []
        self._asked = threading.Lock()
        self._asked.acquire()
        self.waited_in_vain = False
        """Whether the program would have been stuck for ever."""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        with hidden_thread():
            self.waited_in_vain = not self._asked.acquire(timeout=DEADLINE_S)
            while piece := os.read(self._descriptor, 1 << 16):
                self._pieces.append(piece)

    def read(self):
        """Read all that comes from now on."""
        self._asked.release()

    def lines(self):
        """What came until the pipe was closed."""
        self._thread.join(DEADLINE_S)
        os.close(self._descriptor)
        return b"".join(self._pieces).decode().splitlines()


@pytest.fixture
def fifo(tmp_path):
    return Fifo(tmp_path / "fifo")


@pytest.fixture
def when_stuck():
    """Raises Interrupted in the main thread, once, when nothing has called ``beat`` for a while."""

    class Striker:
        beats = before = struck = 0

        def beat(self):
            self.beats += 1

        def handler(self, number, frame):
            if self.beats == self.before and self.beats:
                self.struck += 1
                signal.setitimer(signal.ITIMER_REAL, 0)
                raise Interrupted
            self.before = self.beats

        def begin(self):
            signal.setitimer(signal.ITIMER_REAL, 0.15, 0.15)

    striker = Striker()
    before = signal.signal(signal.SIGALRM, striker.handler)
    yield striker
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def recorder_to(fifo, kind):
    each = {"auto_flush": True} if kind.endswith("each") else {}
    if kind.startswith("stream"):
        stream = open(fifo.path, "w", encoding="utf-8")  # noqa: SIM115 - closed by the test
        return TextStreamRecorder(stream, **each), stream
    if kind == "filtered":
        return CSVFileRecorder(fifo.path, lambda record: True, auto_flush=True), None
    recorder_type = CSVFileRecorder if kind.startswith("csv") else TextFileRecorder
    return recorder_type(fifo.path, **each), None


def indexes_of(lines):
    words = (line.replace(",", " ").split(" ", 1)[0] for line in lines)
    return [int(word) for word in words if word.isdigit()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_handler_gets_through_a_pipe_that_is_full(fifo, when_stuck, kind):
    """C4: once is enough, however deep the program is; what was not written is written later."""

    def deep(depth):
        try:
            if depth:
                return deep(depth - 1)
            when_stuck.begin()
            while True:
                when_stuck.beat()
                leaf()
        finally:
            leaf()
            leaf()

    recorder, stream = recorder_to(fifo, kind)
    monitor = FunctionMonitor(recorder)
    monitor.enable()
    with pytest.raises(Interrupted):
        deep(50)
    stuck_on = fifo.waited_in_vain
    fifo.read()
    leaf()
    monitor.disable()
    if stream is not None:
        stream.close()

    indexes = indexes_of(fifo.lines())
    assert not stuck_on
    assert when_stuck.struck == 1
    assert monitor.error is None
    missing = 1 if kind == "filtered" else 0  # which a recorder in Python was interrupted in
    assert indexes == sorted(set(indexes))
    assert indexes[-1] + 1 - len(indexes) <= missing


@pytest.mark.parametrize("kind", ["csv", "stream"])
def test_a_handler_gets_through_to_a_monitor_that_is_disabled(fifo, when_stuck, kind):
    """C4: disable() writes the last records to a full pipe, and raises what the handler raises."""

    def program():
        for _ in range(1000):
            leaf()
        when_stuck.beat()
        when_stuck.begin()

    recorder, stream = recorder_to(fifo, kind)
    with pytest.raises(Interrupted), FunctionMonitor(recorder) as monitor:
        program()

    leaf()
    stuck_on = fifo.waited_in_vain
    fifo.read()
    recorder.finalize()  # which waiting for the thread that writes may have kept disable() from
    if stream is not None:
        stream.close()

    assert not stuck_on
    assert monitor.error is None
    assert monitor.mechanism == "C"
    lines = fifo.lines()
    assert indexes_of(lines) == sorted(set(indexes_of(lines)))


def test_a_handler_that_raises_nothing_leaves_the_write_alone(fifo):
    """C4: as PEP 475 says."""
    struck = []

    def handler(number, frame):
        struck.append(number)
        if len(struck) == 5:
            fifo.read()

    before = signal.signal(signal.SIGALRM, handler)
    recorder = CSVFileRecorder(fifo.path, auto_flush=True)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
        with FunctionMonitor(recorder) as monitor:
            while len(struck) < 5:
                leaf()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    indexes = indexes_of(fifo.lines())
    assert monitor.error is None
    assert indexes == list(range(len(indexes)))


class Stalled:
    """True once a number has not grown for a while; on a slow machine perhaps too early."""

    def __init__(self, number):
        self._number = number
        self._last = -1
        self._same = 0

    def __call__(self):
        now = self._number()
        self._same = self._same + 1 if now == self._last else 0
        self._last = now
        return self._same == 60


@pytest.mark.parametrize("kind", ["csv", "text each", "stream"])
def test_records_of_several_threads_are_in_order(fifo, kind):
    """C6: room is made before an index is taken, also where 16 MiB wait for the reader."""
    count = 60_000 if kind == "csv" else 4000
    called = [0] * 4
    interval = sys.getswitchinterval()

    def program(number):
        for _ in range(count):
            leaf()
            called[number] += 1

    recorder, stream = recorder_to(fifo, kind)
    with FunctionMonitor(recorder) as monitor:
        threads = [threading.Thread(target=program, args=(number,)) for number in range(4)]
        sys.setswitchinterval(1e-5)
        for thread in threads:
            thread.start()
        with hidden_thread():
            wait_until(Stalled(lambda: sum(called)), "all wait for the reader")
        fifo.read()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    if stream is not None:
        stream.close()

    indexes = indexes_of(fifo.lines())
    assert monitor.error is None
    assert indexes == list(range(len(indexes)))
