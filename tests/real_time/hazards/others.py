"""Tools and hooks of others, and what may be done to ours."""

from __future__ import annotations

import contextlib
import gc
import importlib
import sys

from support.counted import Calls, calls_of, record

from hazards.evils import CALLS
from hazards.harness import (
    MONITORING,
    Skipped,
    attempt,
    check_off,
    check_usable,
    fib,
    leaf,
    scenario,
    turn_off,
    work,
)
from pikos import _lsprof
from pikos._lsprof import Profiler


def needs_monitoring():
    if not MONITORING:
        raise Skipped("sys.monitoring came with 3.12")
    return sys.monitoring


def refused(act, kind):
    """What is said when it is refused."""
    try:
        act()
    except kind as refusal:
        return str(refusal)
    raise AssertionError("it was not refused")


@scenario()
def tool_ids_all_taken():
    monitoring = needs_monitoring()
    for tool in range(6):
        monitoring.use_tool_id(tool, f"holder {tool}")
    profiler = Profiler()
    for _ in range(3):
        refusal = refused(profiler.enable, ValueError)
        for tool in (0, 1, 3, 4, 5):
            assert f"holder {tool}" in refusal
        assert not profiler.enabled
    assert [monitoring.get_tool(tool) for tool in range(6)] == [f"holder {t}" for t in range(6)]
    monitoring.free_tool_id(4)
    record(profiler, work)
    assert calls_of(profiler, fib) == Calls(15, 14)
    assert monitoring.get_tool(4) == "pikos"  # for as long as others are there
    for tool in (0, 1, 2, 3, 5):
        monitoring.free_tool_id(tool)
    check_usable()


@scenario()
def tool_id_given_away_by_the_program():
    monitoring = needs_monitoring()
    profiler = Profiler()
    profiler.enable()
    [tool] = [tool for tool in range(6) if monitoring.get_tool(tool) == "pikos"]
    monitoring.free_tool_id(tool)
    work()
    profiler.disable()
    check_off(profiler)
    check_usable()


@scenario()
def tool_id_taken_over_by_another():
    monitoring = needs_monitoring()
    profiler = Profiler()
    profiler.enable()
    [tool] = [tool for tool in range(6) if monitoring.get_tool(tool) == "pikos"]
    monitoring.free_tool_id(tool)
    monitoring.use_tool_id(tool, "robber")
    profiler.disable()
    work()
    assert monitoring.get_tool(tool) == "robber"
    monitoring.set_events(tool, 0)
    monitoring.free_tool_id(tool)
    check_off(profiler)
    check_usable()


@scenario()
def profile_function_taken_away_by_the_program():
    if MONITORING:
        raise Skipped("from 3.12 on it is not a profile function")
    profiler = Profiler()
    profiler.enable()
    leaf()
    sys.setprofile(None)
    leaf()
    profiler.disable()
    assert calls_of(profiler, leaf) == Calls(1)
    check_off(profiler)
    check_usable()


@scenario()
def callbacks_called_by_hand():
    monitoring = needs_monitoring()
    profiler = Profiler()
    profiler.enable()
    hooks = [each for each in gc.get_objects() if type(each).__name__ == "hook"]
    assert hooks
    junk = ([], [None], [None, 0], [1, 2, 3, 4], [leaf.__code__], [len, 0, len], [0, 0, len, "x"])
    for hook in hooks:
        for arguments in junk:
            with contextlib.suppress(TypeError):
                hook(*arguments)
    profiler.disable()
    for hook in hooks:
        with contextlib.suppress(TypeError):
            hook(leaf.__code__, 0)
    _lsprof.let_go()
    assert monitoring.get_tool(3) is None
    check_usable()


REFUSED = ("sys.setprofile", "sys.monitoring.register_callback")


@scenario()
def audit_hook_that_refuses_what_enable_does():
    left = -1

    def hook(event, arguments):
        nonlocal left
        if event in REFUSED:
            left -= 1
            if left == 0:
                raise PermissionError(event)

    sys.addaudithook(hook)
    profiler = Profiler()
    for turn in range(1, 30):
        left = turn
        try:
            profiler.enable()
        except PermissionError:
            left = -1
            attempt(profiler.disable)
            check_off(profiler)
        else:
            left = -1
            profiler.disable()
    assert turn > len(REFUSED)
    check_usable()


@scenario()
def audit_hook_that_refuses_what_letting_go_does():
    left = -1

    def hook(event, arguments):
        nonlocal left
        if event in REFUSED:
            left -= 1
            if left == 0:
                raise PermissionError(event)

    sys.addaudithook(hook)
    profiler = Profiler()
    refused = 0
    for turn in range(1, 12):
        profiler.enable()
        work()
        left = turn
        try:
            profiler.disable()  # 3.11 lets go at once
            _lsprof.let_go()
        except PermissionError:
            refused += 1
            assert not profiler.enabled
            left = -1
            work()
            profiler.disable()
        left = -1
        check_off(profiler)
    assert refused
    check_usable()


@scenario(*CALLS)
def audit_hook_that_acts(evil):
    acting = False

    def hook(event, arguments):
        nonlocal acting
        if event in REFUSED and not acting and armed:
            acting = True
            attempt(lambda: evil(profiler))
            acting = False

    armed = True
    sys.addaudithook(hook)
    profiler = Profiler()
    for _ in range(3):
        attempt(profiler.enable)
        work()
        turn_off(profiler)
    armed = False
    turn_off(profiler)
    check_off(profiler)
    check_usable()


@scenario()
def module_loaded_a_second_time():
    first = Profiler()
    record(first, work)
    del sys.modules["pikos._lsprof"]
    second_module = importlib.import_module("pikos._lsprof")
    assert second_module is not _lsprof
    second = second_module.Profiler()
    for _ in range(20):
        record(first, work)
        record(second, work)
        first.clear()
    for _ in range(5):
        record(first, work)
        record(second, work)
    assert calls_of(second, fib) == Calls(25 * 15, 25 * 14)
    assert calls_of(first, fib) == Calls(5 * 15, 5 * 14)
    if MONITORING:
        second_module.let_go()
    check_usable()
