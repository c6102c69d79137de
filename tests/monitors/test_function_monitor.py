"""Monitors of function events, on every event source."""

from __future__ import annotations

import contextlib
import sys

import pytest
from support import known
from support.recorded import calls, fields, indexes
from support.recording import Keeper

from pikos.monitors.api import FunctionMonitor, FunctionTimeMonitor
from pikos.recorders.api import CSVFileRecorder

GCD = [("call", "gcd"), ("return", "gcd")]


def test_records_go_to_memory_and_to_a_file(mechanism, kept, tmp_path):
    """S12: a monitor makes records, and a recorder keeps them."""
    path = tmp_path / "records.csv"

    for recorder in (kept, CSVFileRecorder(str(path))):
        with FunctionMonitor(recorder):
            known.gcd(12, 3)

    assert calls(kept) == GCD
    assert [line.split(",")[1:3] for line in path.read_text().splitlines()] == [
        ["type", "function"],
        *map(list, GCD),
    ]


def test_only_what_runs_between_enable_and_disable_is_recorded(mechanism, kept):
    """S13: and of the monitor itself nothing (B10)."""
    monitor = FunctionMonitor(kept)

    known.leaf()
    monitor.enable()
    known.gcd(12, 3)
    monitor.disable()
    known.leaf()

    assert calls(kept) == GCD
    assert kept.steps == [monitor.record_type, "finalized"]


def test_a_with_block_that_raises_is_finalized_and_lets_through(mechanism, kept):
    """S14: the context manager; it gives itself (B28)."""
    monitor = FunctionMonitor(kept)

    with pytest.raises(KeyError), monitor as given:
        known.raising()

    assert given is monitor
    assert calls(kept) == [("call", "raising"), ("return", "raising")]
    assert kept.steps[-1] == "finalized"


def test_an_attached_function_is_recorded_at_each_call(mechanism, kept):
    """S15, S31: attach keeps value and name; monitors are used again and again (B2)."""
    attached = FunctionMonitor(kept).attach(known.gcd)

    values = [attached(12, 3) for _ in range(3)]

    assert values == [3, 3, 3]
    assert attached.__name__ == "gcd"
    assert calls(kept) == GCD * 3
    assert kept.steps[1::2] == ["finalized"] * 3


def test_the_index_goes_on_over_all_cycles(mechanism, kept):
    """S68: it starts at 0 and rises by one."""
    monitor = FunctionMonitor(kept)

    for _ in range(3):
        with monitor:
            known.gcd(12, 3)

    assert indexes(kept) == list(range(6))


def test_built_in_functions_are_events_of_their_own(mechanism, kept):
    """S32: call, return, c_call, c_return and c_exception."""

    def program():
        len([])
        with contextlib.suppress(ValueError):
            int.from_bytes(b"", "sideways")

    with FunctionMonitor(kept):
        program()

    here = [record for record in kept.records if record.filename == __file__]
    assert [(record.type, record.function) for record in here] == [
        ("call", "program"),
        ("c_call", "len"),
        ("c_return", "len"),
        ("c_call", "from_bytes"),
        ("c_exception", "from_bytes"),
        ("return", "program"),
    ]
    assert here[1].lineNo == program.__code__.co_firstlineno + 1


def test_calls_of_types_are_no_events(mechanism, kept):
    with FunctionMonitor(kept):
        range(3)
        int("3")
        dict(a=1)  # noqa: C408 - the call is the point

    assert not kept.records


def test_the_line_of_a_call_is_that_of_the_decorator(mechanism, kept):
    def plain(function):
        return function

    @plain
    def decorated():
        pass

    with FunctionMonitor(kept):
        decorated()

    first = decorated.__code__.co_firstlineno
    assert kept.records[0].lineNo == first
    assert kept.records[-1].lineNo == first + 2


def test_a_generator_is_called_at_each_resume(mechanism, kept):
    def counting():
        for i in range(2):  # noqa: UP028 - its line is the point
            yield i

    with FunctionMonitor(kept):
        for _ in counting():
            pass

    assert [event for event, _ in calls(kept)] == ["call", "return"] * 3
    assert kept.records[-1].lineNo == counting.__code__.co_firstlineno + 1


def test_a_comprehension_is_a_function_before_python_3_12(mechanism, kept):
    with FunctionMonitor(kept):
        [i for i in ()]  # noqa: C416 - what is looked at

    assert ("call", "<listcomp>") in calls(kept) if sys.version_info < (3, 12) else not kept.records


def test_the_documented_methods_can_be_called_directly(kept):
    """S32: gather_info gives a record, on_function_event records one."""
    monitor = FunctionMonitor(kept)
    frame = sys._getframe()

    made = monitor.gather_info(frame, "c_call", len)
    monitor.on_function_event(frame, "call", None)

    assert (made.index, made.type, made.function, made.filename) == (0, "c_call", "len", __file__)
    assert calls(kept) == [("call", frame.f_code.co_name)]


def test_an_overridden_gather_info_makes_the_records(mechanism, kept):
    class Named(FunctionMonitor):
        def gather_info(self, frame, event, arg):
            return super().gather_info(frame, event, arg)._replace(filename="here")

    with Named(kept):
        known.gcd(12, 3)

    assert fields(kept, "index", "filename") == [(0, "here"), (1, "here")]


def test_an_overridden_on_function_event_decides(mechanism, kept):
    class CallsOnly(FunctionMonitor):
        def on_function_event(self, frame, event, arg):
            if event == "call":
                super().on_function_event(frame, event, arg)

    with CallsOnly(kept):
        known.gcd(12, 3)

    assert calls(kept) == GCD[:1]


def test_enable_and_disable_are_counted(mechanism, kept):
    """S42: the first one switches on, the last one off."""
    monitor = FunctionMonitor(kept)

    with monitor:
        with monitor:
            known.gcd(12, 3)
        known.gcd(12, 3)
    monitor.disable()

    assert calls(kept) == GCD * 2
    assert kept.steps == [monitor.record_type, "finalized"]


def test_recursion_of_an_attached_function_is_one_cycle(mechanism, kept):
    @FunctionMonitor(kept).attach
    def falling(n):
        return n and falling(n - 1)

    falling(3)

    assert calls(kept) == [("call", "falling")] * 4 + [("return", "falling")] * 4
    assert len(kept.steps) == 2


@pytest.mark.parametrize("first_off", [0, 1])
def test_monitors_overlap_in_any_order(mechanism, kept, first_off):
    """B9: each records from its enable to its disable."""
    other = Keeper()
    monitors = [FunctionMonitor(kept), FunctionMonitor(other)]

    for monitor in monitors:
        monitor.enable()
        known.leaf()
    for monitor in monitors[:: 1 - 2 * first_off]:
        monitor.disable()
        known.leaf()

    leaf = [("call", "leaf"), ("return", "leaf")]
    assert calls(kept) == leaf * (2 + first_off)
    assert calls(other) == leaf * (2 - first_off)


def test_one_recorder_may_serve_two_monitors(mechanism, kept):
    with FunctionMonitor(kept), FunctionTimeMonitor(kept):
        known.leaf()

    assert calls(kept) == [("call", "leaf")] * 2 + [("return", "leaf")] * 2


def test_a_recorder_that_cannot_prepare_leaves_nothing_on(mechanism):
    """B5: and the next enable works."""
    recorder = Keeper("prepare")
    monitor = FunctionMonitor(recorder)

    with pytest.raises(OSError, match="no room"):
        monitor.enable()
    recorder.fail_at = None
    monitor.disable()
    with monitor:
        known.gcd(12, 3)

    assert calls(recorder) == GCD


def test_generators_and_coroutines_are_recorded_while_they_run(mechanism, kept):
    """S67: send, close and return go through (B4)."""

    @FunctionMonitor(kept).attach
    def counting():
        sent = yield 1
        yield sent
        return 3

    running = counting()
    values = [next(running)]
    known.leaf()
    values.append(running.send(2))
    running.close()

    assert values == [1, 2]
    assert {name for _, name in calls(kept)} == {"counting"}
