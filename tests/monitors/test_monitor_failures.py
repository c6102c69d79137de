"""Recorders and filters that fail, and signals: the program never sees the recorder's trouble."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings

import pytest
from support import known
from support.deadlines import DEADLINE_S
from support.recorded import calls, indexes
from support.recording import Keeper

from pikos.errors import RecordingStopped
from pikos.monitors import assembly, sources
from pikos.monitors.api import FunctionMonitor, LineMonitor
from pikos.recorders.api import ListRecorder


@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_a_recorder_that_fails_stops_its_monitor_and_nothing_else(mechanism, monitor_type):
    """B5."""
    recorder = Keeper(fail_at=3)
    other = Keeper()
    monitor = monitor_type(recorder)

    with pytest.warns(RecordingStopped, match="no room") as warned, FunctionMonitor(other), monitor:
        values = [known.gcd_internal(12, 3), known.gcd_internal(12, 3)]

    assert values == [3, 3]
    assert indexes(recorder) == [0, 1, 2]
    assert isinstance(monitor.error, OSError)
    assert [warning.filename for warning in warned] == [__file__]
    assert warned[0].message.error is monitor.error
    assert recorder.steps[-1] == "finalized"
    assert calls(other).count(("call", "gcd_internal")) == 2


def test_a_filter_that_fails_does_the_same(mechanism):
    """B5."""
    recorder = ListRecorder(lambda record: record.nothing)

    with pytest.warns(RecordingStopped, match="nothing"), FunctionMonitor(recorder):
        value = known.gcd(12, 3)

    assert value == 3
    assert recorder.records == []


def test_a_monitor_that_was_stopped_can_be_enabled_again(mechanism):
    recorder = Keeper(fail_at=0)
    monitor = FunctionMonitor(recorder)
    with pytest.warns(RecordingStopped), monitor:
        known.leaf()
    recorder.fail_at = None

    with monitor:
        known.leaf()
        assert monitor.error is None

    assert calls(recorder) == [("call", "leaf"), ("return", "leaf")]


def test_a_recorder_that_cannot_finalize_is_warned_of(mechanism, kept):
    def finalize():
        raise OSError("disk full")

    kept.finalize = finalize

    with pytest.warns(RecordingStopped, match="disk full"), FunctionMonitor(kept):
        known.leaf()

    assert calls(kept) == [("call", "leaf"), ("return", "leaf")]


def test_an_exception_of_the_program_stays_the_program_s(mechanism):
    recorder = Keeper(fail_at=1)

    with pytest.warns(RecordingStopped), pytest.raises(KeyError), FunctionMonitor(recorder):
        known.raising()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no POSIX signals")
@pytest.mark.parametrize("error_type", [KeyboardInterrupt, TimeoutError])
def test_what_a_signal_handler_raises_in_a_recorder_is_the_program_s(mechanism, kept, error_type):
    def handler(number, frame):
        raise error_type

    def record(record):
        kept.records.append(record)
        if (record.type, record.function) == ("call", "internal"):
            os.kill(os.getpid(), signal.SIGUSR1)
            for _ in range(1000):
                pass

    kept.record = record
    monitor = FunctionMonitor(kept)
    caught = []
    before = signal.signal(signal.SIGUSR1, handler)

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RecordingStopped)  # hooks are lost by it
            monitor.enable()
            try:
                known.gcd_internal(12, 3)
            except error_type as error:
                caught.append(type(error))
            monitor.enable()
            known.leaf()
            monitor.disable()
            monitor.disable()
    finally:
        signal.signal(signal.SIGUSR1, before)

    assert caught == [error_type]
    assert ("call", "leaf") in calls(kept), "recording goes on at the latest by the next enable"


def test_a_lock_that_the_program_holds_does_not_hang_it(mechanism, monkeypatch):
    """The recorder needs a lock of the program's, whose holder makes events itself."""
    monkeypatch.setattr(assembly, "PATIENCE_S", 0.05)
    lock = threading.Lock()
    recorder = ListRecorder()
    waiting, done = threading.Event(), threading.Event()

    class Locked(ListRecorder):
        def record(self, record):
            if record.function == "leaf":
                waiting.set()
                with lock:
                    pass
            recorder.record(record)

    def other():
        known.leaf()
        done.set()

    with lock:
        monitor = FunctionMonitor(Locked())
        monitor.enable()
        thread = threading.Thread(target=other)
        thread.start()
        assert waiting.wait(DEADLINE_S)
        for _ in range(100):
            known.boo()
    thread.join(DEADLINE_S)
    monitor.disable()

    assert done.is_set()
    assert calls(recorder).count(("call", "boo")) == 100
    assert len(set(indexes(recorder))) == len(recorder.records)


def test_a_program_at_its_limit_of_recursion_gets_its_error(mechanism, kept):
    def deep(n):
        try:
            return deep(n + 1)
        except RecursionError:
            return n

    limit = sys.getrecursionlimit()
    alone = deep(0)

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        with FunctionMonitor(kept):
            depth = deep(0)
            deep(0)

    assert alone - 40 < depth <= alone
    assert sys.getrecursionlimit() == limit
    whole = calls(kept).count(("call", "deep")) > alone * 1.9
    assert whole or "hook was taken off" in str(warned[0].message)


def test_a_recorder_that_recurses_for_ever_is_stopped(mechanism, kept):
    def for_ever(record):
        return for_ever(record)

    kept.record = for_ever

    with pytest.warns(RecordingStopped, match="Recursion"), FunctionMonitor(kept):
        value = known.gcd(12, 3)

    assert value == 3


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="Python 3.12 and later")
def test_when_all_tool_ids_are_held_the_holders_are_named(kept):
    free = [ident for ident in (0, 1, 3, 4, 5) if sys.monitoring.get_tool(ident) is None]
    for ident in free:
        sys.monitoring.use_tool_id(ident, f"tool-{ident}")
    monitor = FunctionMonitor(kept)

    try:
        with pytest.raises(ValueError, match="tool-4"):
            monitor.enable()
    finally:
        for ident in free:
            sys.monitoring.free_tool_id(ident)
    with monitor:
        known.leaf()

    assert calls(kept) == [("call", "leaf"), ("return", "leaf")]
    assert kept.steps == [monitor.record_type, "finalized"] * 2


def test_the_mechanism_says_why_it_is_in_use():
    mechanism = sources.chosen()

    assert mechanism.name.startswith("sys.")
    assert "3.1" in mechanism.reason
