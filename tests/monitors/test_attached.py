"""What is attached to a function keeps its events between calls, at nobody's cost for long."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest
from support import known
from support.deadlines import LONG_DEADLINE_S
from support.interpreters import newest_only
from support.kept import let_go
from support.recorded import calls
from support.waiting import wait_until

from pikos.external.api import RealTimeProfiler
from pikos.monitors import sources
from pikos.monitors.api import (
    FocusedFunctionMonitor,
    FocusedLineMonitor,
    FunctionMonitor,
    LineMonitor,
)
from pikos.monitors.attach import MonitorAttach

pytestmark = pytest.mark.skipif(
    not hasattr(sys, "monitoring"), reason="sys.monitoring came with 3.12"
)

CHANGES = ("set_events", "restart_events", "use_tool_id", "free_tool_id")
CALLS = 300
"""Each of which would make some of the changes."""


def function(kept):
    return [FunctionMonitor(kept)]


def line(kept):
    return [LineMonitor(kept)]


def focused_function(kept):
    return [FocusedFunctionMonitor(kept, functions=[known.leaf])]


def focused_line(kept):
    return [FocusedLineMonitor(kept, functions=[known.leaf])]


def function_and_line_in_turn(kept):
    return [FunctionMonitor(kept), LineMonitor(kept)]


def profiler(_kept):
    return [RealTimeProfiler(publish=False)]


def two_profilers_in_turn(_kept):
    return [RealTimeProfiler(publish=False, builtins=builtins) for builtins in (True, False)]


def all_in_turn(kept):
    return [*function_and_line_in_turn(kept), *focused_line(kept), *two_profilers_in_turn(kept)]


WAYS = [
    function,
    line,
    focused_function,
    focused_line,
    function_and_line_in_turn,
    profiler,
    two_profilers_in_turn,
    all_in_turn,
]
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@pytest.fixture(autouse=True)
def only_where_events_are_kept(request):
    if (
        "mechanism" in request.fixturenames
        and request.getfixturevalue("mechanism") is sources.hooks
    ):
        pytest.skip("hooks are set and taken off each time")


@pytest.fixture
def attached(way, mechanism, kept):
    """Functions that something is attached to."""
    return [MonitorAttach(each)(known.leaf) for each in way(kept)]


@pytest.fixture
def changes(monkeypatch):
    """The changes of the interpreter's events that are made, by their names."""
    made = []

    def noted(name):
        change = getattr(sys.monitoring, name)

        def make(*arguments):
            made.append(name)
            return change(*arguments)

        return make

    for name in CHANGES:
        monkeypatch.setattr(sys.monitoring, name, noted(name))
    yield made
    let_go()


def events_on():
    tools = [tool for tool in range(6) if sys.monitoring.get_tool(tool) is not None]
    return [tool for tool in tools if sys.monitoring.get_events(tool)]


@each_way
def test_the_number_of_changes_does_not_grow_with_the_calls(attached, changes):
    """C13: the interpreter has 2**24 of them, each of which makes it look at all code anew."""
    for each in attached:
        each()
        each()
    first = len(changes)

    for _ in range(CALLS):
        for each in attached:
            each()

    assert first
    assert len(changes) - first < CALLS / 10  # a busy machine may let it go in between


@each_way
def test_another_tool_is_told_again_once_at_most_what_it_has_disabled(attached):
    """C12: neither by our coming nor by our going."""
    told = []
    namespace = {}
    exec("def f(): pass\nfs = [type(f)(f.__code__.replace(), {}) for _ in range(50)]", namespace)
    functions = namespace["fs"]

    def start(code, _offset):
        told.append(code)
        return sys.monitoring.DISABLE

    sys.monitoring.use_tool_id(1, "coverage-like")
    sys.monitoring.register_callback(1, sys.monitoring.events.PY_START, start)
    sys.monitoring.set_events(1, sys.monitoring.events.PY_START)
    try:
        for turn in range(5):
            for each in attached:
                each()
            if turn % 2:
                let_go()
            for each in functions:
                each()
    finally:
        sys.monitoring.set_events(1, 0)
        sys.monitoring.register_callback(1, sys.monitoring.events.PY_START, None)
        sys.monitoring.free_tool_id(1)

    mine = {each.__code__ for each in functions}
    assert sum(code in mine for code in told) <= 2 * len(functions)


def disable_everything(tool, *names):
    """What a tool does that wants to be told once of each place, and goes."""
    numbers = [getattr(sys.monitoring.events, name) for name in names]
    sys.monitoring.use_tool_id(tool, "before")
    for number in numbers:
        sys.monitoring.register_callback(tool, number, lambda *_: sys.monitoring.DISABLE)
    sys.monitoring.set_events(tool, sum(numbers))
    known.gcd_internal(12, 9)
    sys.monitoring.set_events(tool, 0)
    for number in numbers:
        sys.monitoring.register_callback(tool, number, None)
    sys.monitoring.free_tool_id(tool)


def of_the_program(recorder):
    return [record[1:4] for record in recorder.records if record.filename == known.__file__]


@pytest.mark.parametrize("other_is_there", [False, True])
@pytest.mark.parametrize("monitor_type", [FunctionMonitor, LineMonitor])
def test_nothing_is_lost_to_what_a_holder_of_our_id_has_disabled(
    mechanism, kept, monitor_type, other_is_there
):
    """C8: a disabled place stays disabled for the id, whoever holds it."""
    let_go()
    with monitor_type(kept):
        known.gcd_internal(12, 9)
    expected = of_the_program(kept)
    kept.records.clear()
    let_go()
    disable_everything(3, "PY_START", "PY_RETURN", "LINE", "CALL", "JUMP")

    if other_is_there:
        sys.monitoring.use_tool_id(5, "other")
    try:
        with monitor_type(kept):
            known.gcd_internal(12, 9)
    finally:
        if other_is_there:
            sys.monitoring.free_tool_id(5)

    assert of_the_program(kept) == expected


@pytest.mark.parametrize("builtins", [False, True])
def test_no_call_is_lost_to_what_a_holder_of_our_id_has_disabled(builtins):
    """C8: the profiler's counts are exact."""
    from pikos._lsprof import Profiler

    let_go()
    disable_everything(3, "PY_START", "PY_RETURN", "CALL")
    counting = Profiler(builtins=builtins)

    counting.enable()
    known.gcd_internal(12, 9)
    counting.disable()

    counts = {getattr(each.code, "co_name", None): each.callcount for each in counting.getstats()}
    assert counts["gcd_internal"] == 1
    assert counts["internal"] == counts["boo"] == 3


@pytest.mark.parametrize("monitor_type", [LineMonitor, FocusedLineMonitor])
def test_who_holds_our_id_next_is_told_of_all(mechanism, kept, monitor_type):
    """C8: of the jumps that we have disabled, too."""
    options = {"functions": [known.gcd]} if monitor_type is FocusedLineMonitor else {}
    jumps = []
    monitoring = sys.monitoring
    with monitor_type(kept, **options):
        known.gcd(12, 9)
    let_go()

    monitoring.use_tool_id(3, "next")
    monitoring.register_callback(3, monitoring.events.JUMP, lambda *jump: jumps.append(jump))
    monitoring.set_local_events(3, known.gcd.__code__, monitoring.events.JUMP)
    known.gcd(12, 9)
    monitoring.set_local_events(3, known.gcd.__code__, 0)
    monitoring.register_callback(3, monitoring.events.JUMP, None)
    monitoring.free_tool_id(3)

    assert jumps


@pytest.mark.parametrize("way", [all_in_turn])
def test_what_is_kept_is_let_go_of_by_a_program_that_goes_on(attached):
    """C13: the rest of the program does not pay for longer than a second or so."""
    for each in attached:
        each()
        each()

    wait_until(lambda: known.leaf() and not events_on(), "no events")
    wait_until(
        lambda: known.leaf() and not any(map(sys.monitoring.get_tool, (3, 4, 5))),
        "all ids to be given back",
    )


def test_events_between_two_calls_are_not_recorded(mechanism, kept):
    """C13: they are delivered, and of no interest."""
    watched = MonitorAttach(FunctionMonitor(kept))(known.leaf)

    for _ in range(3):
        watched()
        known.gcd_internal(12, 9)

    assert calls(kept) == [("call", "leaf"), ("return", "leaf")] * 3


def test_calls_between_two_calls_are_not_counted():
    """C13: nor do they spoil what the thread knows of the profiler."""
    counting = RealTimeProfiler(publish=False, builtins=False)
    watched = MonitorAttach(counting)(known.leaf)

    for _ in range(3):
        watched()
        known.gcd_internal(12, 9)

    counts = {each.code.co_name: each.callcount for each in counting.getstats()}
    assert counts == {"leaf": 3}


def test_a_profiler_is_let_go_of_though_its_events_are_kept():
    """C13: its collection ends its session."""
    import weakref

    counting = RealTimeProfiler(publish=False)
    MonitorAttach(counting)(known.leaf)()
    gone = weakref.ref(counting)

    del counting

    assert gone() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@each_way
def test_a_child_does_not_go_on_with_what_its_parent_has_kept(attached):
    """C13: it lets go at once, or at its first event."""
    for each in attached:
        each()
        each()

    child = os.fork()
    if not child:
        try:
            known.leaf()
            os._exit(len(events_on()))
        finally:
            os._exit(99)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


PROGRAM = """
    import sys
    from pikos.api import function_monitor
    from pikos.external.api import RealTimeProfiler
    from pikos.monitors.attach import MonitorAttach
    from pikos.recorders.api import ListRecorder

    def leaf():
        pass

    recorder = ListRecorder()
    profiler = RealTimeProfiler(publish=False, builtins=False)
    monitored = function_monitor(recorder=recorder)(leaf)
    profiled = MonitorAttach(profiler)(leaf)
    monitored(), profiled()
    for _ in range((1 << 24) // 2 - 40):
        sys.monitoring.restart_events()
    for _ in range(500):
        monitored(), profiled()
    print(len(recorder.records), [each.callcount for each in profiler.getstats()])
"""


@newest_only
@pytest.mark.skipif(not sources.native_is_chosen(), reason="the program's monitors are in C")
def test_calls_go_on_where_the_interpreter_has_no_changes_left(write):
    """C13: so any number of calls works, though each was two changes and there are 2**24."""
    done = subprocess.run(
        [sys.executable, "-W", "error", write("program.py", textwrap.dedent(PROGRAM))],
        capture_output=True,
        text=True,
        timeout=LONG_DEADLINE_S,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("1002 [501]\n", "")


def test_a_bare_profile_lets_go_at_once_until_changes_become_few():
    """C13: it is cProfile's kin, but goes on after millions of changes."""
    from pikos._lsprof import Profiler

    let_go()
    profiler = Profiler()

    profiler.enable()
    profiler.disable()
    at_first = set(map(sys.monitoring.get_tool, range(6)))
    for _ in range(1 << 16):
        profiler.enable()
        profiler.disable()

    assert "pikos" not in at_first
    assert "pikos" in set(map(sys.monitoring.get_tool, range(6)))
