"""Monitors that are focused on some functions."""

from __future__ import annotations

import sys
import threading

import pytest
from support import known
from support.deadlines import DEADLINE_S
from support.recorded import calls, indexes

from pikos.monitors.api import (
    FocusedFunctionMemoryMonitor,
    FocusedFunctionMixin,
    FocusedFunctionMonitor,
    FocusedLineMemoryMonitor,
    FocusedLineMonitor,
    FunctionMonitor,
)


def pair(name, *inner):
    return [("call", name), *inner, ("return", name)]


STEP = pair("internal", *pair("boo"))
functions_only = pytest.mark.parametrize(
    "monitor_type", [FocusedFunctionMonitor, FocusedFunctionMemoryMonitor]
)
lines_only = pytest.mark.parametrize("monitor_type", [FocusedLineMonitor, FocusedLineMemoryMonitor])
all_focused = pytest.mark.parametrize(
    "monitor_type",
    [
        FocusedFunctionMonitor,
        FocusedFunctionMemoryMonitor,
        FocusedLineMonitor,
        FocusedLineMemoryMonitor,
    ],
)


@functions_only
def test_a_focused_function_is_recorded_with_all_that_it_calls(mechanism, kept, monitor_type):
    """S33, S35: gcd, which calls internal, which calls boo."""
    with monitor_type(kept, functions=[known.gcd_internal]):
        known.boo()
        known.gcd_internal(12, 3)
        known.boo()

    assert calls(kept) == pair("gcd_internal", *STEP, *STEP)
    assert indexes(kept) == list(range(10))


@functions_only
def test_a_recursive_function_is_left_when_its_outermost_call_is(mechanism, kept, monitor_type):
    """S33, S35: two levels, each with foo."""
    with monitor_type(kept, functions=[known.recursive]):
        known.recursive(3, 3)
        known.foo()

    assert calls(kept) == pair("recursive", *pair("foo"), *pair("recursive", *pair("foo")))


@functions_only
def test_a_built_in_function_does_not_end_the_focus(mechanism, kept, monitor_type):
    """S33: B1."""
    with monitor_type(kept, functions=[known.with_built_in]):
        known.with_built_in()

    leaf = pair("leaf")
    built_in = [("c_call", "len"), ("c_return", "len")]
    assert calls(kept) == pair("with_built_in", *leaf, *built_in, *leaf, *leaf)


def test_several_focused_functions_may_call_one_another(mechanism, kept):
    with FocusedFunctionMonitor(kept, functions=[known.gcd_internal, known.internal]) as monitor:
        known.gcd_internal(12, 3)
        known.internal(12, 3)
        known.boo()

    assert calls(kept) == [*pair("gcd_internal", *STEP, *STEP), *STEP]
    assert not monitor._inside.frames


def test_leaving_by_an_exception_leaves_the_focus(mechanism, kept):
    with FocusedFunctionMonitor(kept, functions=[known.raising]):
        with pytest.raises(KeyError):
            known.raising()
        known.boo()

    assert ("call", "boo") not in calls(kept)
    assert ("return", "raising") in calls(kept)


def test_a_focused_function_that_already_runs_is_inside(mechanism, kept):
    monitor = FocusedFunctionMonitor(kept)

    def running():
        monitor.enable()
        known.leaf()
        monitor.disable()

    monitor.functions.add(running)
    running()

    assert calls(kept) == pair("leaf")


def test_the_focus_of_one_thread_is_not_that_of_another(mechanism, kept):
    inside, done = threading.Event(), threading.Event()

    def focused():
        inside.set()
        done.wait(DEADLINE_S)

    with FocusedFunctionMonitor(kept, functions=[focused]):
        thread = threading.Thread(target=focused)
        thread.start()
        inside.wait(DEADLINE_S)
        known.leaf()
        done.set()
        thread.join()

    assert ("call", "focused") in calls(kept)
    assert ("call", "leaf") not in calls(kept)


def test_a_suspended_generator_is_not_inside(mechanism, kept):
    def counting():
        yield known.leaf()
        yield known.leaf()

    with FocusedFunctionMonitor(kept, functions=[counting]):
        for _ in counting():
            known.boo()

    assert ("call", "boo") not in calls(kept)
    assert calls(kept).count(("call", "leaf")) == 2


@all_focused
def test_functions_may_be_added_and_taken_out_while_the_monitor_runs(mechanism, kept, monitor_type):
    """S35: functions is a set that may be changed."""
    with monitor_type(kept) as monitor:
        known.leaf()
        monitor.functions.add(known.leaf)
        known.leaf()
        monitor.functions.discard(known.leaf)
        known.leaf()

    assert {record.function for record in kept.records} == {"leaf"}
    assert len(kept.records) == (2 if isinstance(monitor, FunctionMonitor) else 1)


@lines_only
def test_only_lines_of_focused_functions_are_recorded(mechanism, kept, monitor_type):
    """S37, S39: not those of what they call."""
    with monitor_type(kept, functions=[known.gcd_internal, known.gcd]):
        known.gcd_internal(12, 3)
        known.gcd(12, 3)

    assert [record.function for record in kept.records] == ["gcd_internal"] * 6 + ["gcd"] * 6
    assert indexes(kept) == list(range(12))


def test_a_mixin_focuses_a_monitor_of_ones_own(mechanism, kept):
    class CallsOnly(FunctionMonitor):
        def on_function_event(self, frame, event, arg):
            if event == "call":
                super().on_function_event(frame, event, arg)

    class Focused(FocusedFunctionMixin, CallsOnly):
        pass

    with Focused(kept, functions=[known.internal]):
        known.gcd_internal(12, 3)

    assert calls(kept) == [("call", "internal"), ("call", "boo")] * 2


@all_focused
def test_attach_leaves_the_focus_as_it_is(kept, monitor_type):
    """S40, S41: plain, and called with nothing."""
    monitor = monitor_type(kept)

    attached = [monitor.attach(known.gcd), monitor.attach()(known.gcd)]
    values = [function(12, 3) for function in attached]

    assert values == [3, 3]
    assert not monitor.functions
    assert not kept.records


@all_focused
def test_attach_puts_the_function_into_the_focus_if_told_to(mechanism, kept, monitor_type):
    """S40, S41: include_decorated."""
    monitor = monitor_type(kept)

    attached = monitor.attach(include_decorated=True)(known.gcd)
    other = monitor.attach(include_decorated=False)(known.leaf)
    attached(12, 3)
    other()

    assert {record.function for record in kept.records} == {"gcd"}
    assert known.gcd in monitor.functions
    assert attached in monitor.functions


@all_focused
@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        ((known.gcd,), {"include_decorated": True}),
        ((5,), {}),
        ((known.gcd, known.leaf), {}),
        ((), {"include": True}),
    ],
)
def test_attach_refuses_other_forms(kept, monitor_type, arguments, keywords):
    """S40, S41: TypeError."""
    with pytest.raises(TypeError):
        monitor_type(kept).attach(*arguments, **keywords)


def test_decorated_recursion_records_the_function_alone(mechanism, kept):
    """B10."""

    @FocusedFunctionMonitor(kept).attach(include_decorated=True)
    def falling(n):
        return n and falling(n - 1)

    falling(2)

    assert calls(kept) == [("call", "falling")] * 3 + [("return", "falling")] * 3
    assert indexes(kept) == list(range(6))


def test_an_event_outside_is_not_recorded_when_told_directly(kept):
    monitor = FocusedFunctionMonitor(kept, functions=[known.leaf])

    monitor.on_function_event(sys._getframe(), "call", None)

    assert not kept.records
