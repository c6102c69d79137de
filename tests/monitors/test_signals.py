"""What a program's exceptions and signals do is the same with a monitor, and recording goes on."""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest
from support import known
from support.recorded import calls
from support.recording import Keeper

from pikos.monitors import sources
from pikos.monitors.api import (
    FocusedFunctionMonitor,
    FocusedLineMonitor,
    FunctionMemoryMonitor,
    FunctionMonitor,
    FunctionTimeMonitor,
    LineMonitor,
    LineTimeMonitor,
)
from pikos.recorders.api import CSVFileRecorder, ListRecorder, TextStreamRecorder

pytestmark = pytest.mark.skipif(
    not sources.native_is_chosen(), reason="the extension pikos._events is not there"
)
MONITORS = [
    FunctionMonitor,
    FunctionMemoryMonitor,
    FunctionTimeMonitor,
    LineMonitor,
    LineTimeMonitor,
]


class Interrupted(Exception):
    """What a handler raises."""


def step(number):
    half = number // 2
    return number - half


def work(count):
    total = 0
    for number in range(count):
        total += step(number)
        total -= 1
    return total


def guarded(count):
    """Whether the exceptions of a signal come out of the try that they happen in."""
    try:
        work(count)
    except (Interrupted, TimeoutError, MemoryError, KeyboardInterrupt) as error:
        return type(error)
    return None


class Striking(Keeper):
    """Sends this process a signal as it records the event of a number."""

    strikes_at = -1

    def record(self, data):
        if len(self.records) == self.strikes_at:
            self.strikes_at = -1
            os.kill(os.getpid(), signal.SIGUSR1)
        super().record(data)


@pytest.fixture(params=[Interrupted, TimeoutError, MemoryError, KeyboardInterrupt])
def raised(request):
    """What the handler of SIGUSR1 raises."""

    def handler(number, frame):
        raise request.param

    default = request.param is KeyboardInterrupt
    before = signal.signal(signal.SIGUSR1, signal.default_int_handler if default else handler)
    yield request.param
    signal.signal(signal.SIGUSR1, before)


def made(kind, recorder):
    if kind in {FocusedFunctionMonitor, FocusedLineMonitor}:
        return kind(functions=[work, step], recorder=recorder)
    return kind(recorder)


@pytest.mark.parametrize("use", ["enable", "with", "attach"])
@pytest.mark.parametrize("kind", [*MONITORS, FocusedFunctionMonitor, FocusedLineMonitor])
def test_what_a_handler_raises_arrives_where_the_program_is(kind, use, raised):
    """P36, P9: wherever in a recorder the signal strikes; and the next one, too."""
    recorder = Striking()
    monitor = made(kind, recorder)
    watched = monitor.attach(guarded) if use == "attach" else guarded
    arrived = []

    def run():
        for event in range(7, 15):
            recorder.strikes_at = len(recorder.records) + event
            arrived.append(watched(20))

    if use == "attach":
        run()
    elif use == "with":
        with monitor:
            run()
    else:
        monitor.enable()
        run()
        monitor.disable()

    assert arrived == [raised] * 8
    assert monitor.error is None


@pytest.mark.parametrize("kind", MONITORS)
def test_recording_goes_on_behind_it(kind, raised):
    """P9: an interrupted record may be lost, no later one is."""
    recorder = Striking()
    recorder.strikes_at = 10
    with kind(recorder) as monitor:
        guarded(20)
        before = len(recorder.records)
        known.leaf()

    assert monitor.error is None
    assert "leaf" in {record.function for record in recorder.records[before:]}


def test_the_traceback_of_such_an_exception_is_that_of_the_program():
    """P36."""
    recorder = Striking()

    def handler(number, frame):
        raise Interrupted

    def files(error):
        traceback = error.__traceback__
        while traceback is not None:
            yield traceback.tb_frame.f_code
            traceback = traceback.tb_next

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        recorder.strikes_at = 9
        with pytest.raises(Interrupted) as caught, FunctionMonitor(recorder):
            work(20)
    finally:
        signal.signal(signal.SIGUSR1, before)

    codes = list(files(caught.value))
    assert codes[-1] is handler.__code__
    assert not {code.co_filename for code in codes} - {__file__}


@pytest.mark.parametrize("limit", ["python", "c"])
@pytest.mark.parametrize("filtered", [False, True], ids=["plain", "filtered"])
@pytest.mark.parametrize("kind", MONITORS)
def test_a_program_at_its_limit_of_recursion_is_recorded(kind, filtered, limit, tmp_path):
    """P9, P37: with the default recorder, in C and in Python; the limit is where it was."""

    class Nested:
        def __repr__(self):
            return repr([self])

    def python_depth(depth):
        try:
            return python_depth(depth + 1)
        except RecursionError:
            return depth

    def c_depth(_):
        with pytest.raises(RecursionError):
            repr(Nested())
        return 0

    function = python_depth if limit == "python" else c_depth
    alone = function(0)
    accept = {"filter_": lambda record: True} if filtered else {}
    with open(tmp_path / "records", "w", encoding="utf-8") as stream:
        for recorder in (
            ListRecorder(**accept),
            CSVFileRecorder(tmp_path / "records.csv", **accept),
            TextStreamRecorder(stream, auto_flush=True, **accept),
        ):
            with kind(recorder) as monitor:
                first, second = function(0), function(0)
                known.leaf()

            assert monitor.error is None
            assert (first, second) == (alone, alone)
            if isinstance(recorder, ListRecorder):
                assert "leaf" in {record.function for record in recorder.records}


def test_a_recorder_in_python_has_each_event_at_the_limit():
    """P9: in 3.11 the interpreter takes off a hook that raises there."""

    def depth_of(depth):
        try:
            return depth_of(depth + 1)
        except RecursionError:
            return depth

    recorder = Keeper()
    with FunctionMonitor(recorder):
        depth = depth_of(0)

    assert calls(recorder).count(("call", "depth_of")) == depth + 1


def test_an_exception_raised_in_a_thread_is_raised_there():
    """P36: by PyThreadState_SetAsyncExc, while an event of that thread is recorded."""
    ctypes = pytest.importorskip("ctypes")
    done = []

    class Raising(Keeper):
        strikes = True

        def record(self, data):
            super().record(data)
            if self.strikes and data.function == "step":
                self.strikes = False
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(threading.get_ident()), ctypes.py_object(KeyboardInterrupt)
                )

    with FunctionMonitor(Raising()) as monitor:
        thread = threading.Thread(target=lambda: done.append(guarded(1000)))
        thread.start()
        thread.join()

    assert done == [KeyboardInterrupt]
    assert monitor.error is None


def test_a_recorder_that_raises_what_ends_programs_ends_it():
    """P9: as sys.exit() in it does; it comes out of the program, not of the event."""

    class Leaving(Keeper):
        def record(self, data):
            super().record(data)
            if len(self.records) == 5:
                sys.exit(3)

    with pytest.raises(SystemExit), FunctionMonitor(Leaving()) as monitor:
        work(20)

    assert monitor.error is None
