"""Open calls count with their time so far, in functions, edges and contexts (V1, V2)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from support.session import PROGRAM, MadeUpSession
from support.simulated import Simulation

from pikos.export import export
from pikos.export.json_file import read_json_file
from pikos.model import Context, Edge, Model, OpenCall, Snapshot, Stat
from pikos.model.difference import difference
from pikos.model.merge import Merge
from pikos.model.open_calls import include_open_calls
from pikos.model.threads import of_thread
from pikos.wire.codec import decode

STEPS = [
    *["call"] * 6,
    *["return"] * 3,
    *["yield", "resume"] * 2,
    "raise",
    *["switch"] * 2,
    *["look"] * 3,
    "clear",
]

programs = st.lists(
    st.tuples(
        st.sampled_from(STEPS), st.sampled_from([1, 2]), st.integers(1, 4), st.integers(0, 9)
    ),
    max_size=80,
)
"""Steps of two threads: what is done, by which, a small number, and how long after the last one."""


def take(simulation, step):
    """Take one step; what a viewer sees after it, where it looks."""
    kind, thread, number, ns = step
    simulation.pass_time(ns)
    match kind:
        case "call":
            simulation.enter(thread, number)
        case "return":
            simulation.leave(thread)
        case "yield":
            simulation.suspend(thread)
        case "resume":
            simulation.resume(thread)
        case "raise":  # through several calls at once
            for _ in range(number):
                simulation.leave(thread)
        case "switch":
            simulation.switch(thread, number - 1)
        case "clear":
            simulation.clear()
        case "look":
            return simulation.look()
    return None


def counted(rows, column):
    """One column of rows by key, without zeros: of what nothing is known there are none."""
    found = {key: getattr(row, column) for key, row in rows.items()}
    return {key: ns for key, ns in found.items() if ns}


def without_zeros(counter):
    return {key: ns for key, ns in counter.items() if ns}


@given(programs)
def test_times_are_those_that_passed_while_something_was_open(steps):
    """V1: a function that has run for n seconds shows n seconds, whether it has returned or not."""
    simulation = Simulation()
    for step in steps:
        take(simulation, step)
    seen = simulation.look()

    for rows, spent in ((seen.stats, simulation.functions), (seen.edges, simulation.edges)):
        assert counted(rows, "inline_ns") == without_zeros(spent.self_ns)
        assert counted(rows, "cumulative_ns") == without_zeros(spent.cumulative_ns)
    assert counted(seen.contexts, "inline_ns") == without_zeros(simulation.contexts.self_ns)
    # Of several open calls of one context that are recursive, only the longest age is known.
    several = {call.context for call in seen.open_calls if call.calls > 1}
    cumulative = counted(seen.contexts, "cumulative_ns")
    for context, ns in without_zeros(simulation.contexts.cumulative_ns).items():
        assert cumulative[context] <= ns
        assert cumulative[context] == ns or context in several


@given(programs)
def test_self_times_add_up_to_the_time_with_a_call_open(steps):
    """V1: of all threads, and of each alone."""
    simulation = Simulation()
    for step in steps:
        take(simulation, step)
    seen = simulation.look()

    whole_ns = simulation.open_ns.total()
    for rows in (seen.stats, seen.edges, seen.contexts):
        assert sum(row.inline_ns for row in rows.values()) == whole_ns
    for thread in simulation.threads:
        alone = of_thread(seen, thread)
        for rows in (alone.stats, alone.edges, alone.contexts):
            assert sum(row.inline_ns for row in rows.values()) == simulation.open_ns[thread]


@given(programs)
def test_self_time_is_never_above_cumulative_time(steps):
    """V2: at any moment, and between any two."""
    simulation = Simulation()
    moments = [seen for step in steps if (seen := take(simulation, step))]
    moments.append(simulation.look())

    for now in moments:
        for since in (Snapshot(stream=now.stream), *moments):
            if since.time_ns > now.time_ns:
                break
            check_rows(difference(now, since))


@given(programs)
def test_one_thread_alone_is_no_less_true(steps):
    """V2, as above."""
    simulation = Simulation()
    moments = [seen for step in steps if (seen := take(simulation, step))]
    moments.append(simulation.look())

    for thread in simulation.threads:
        alone = [of_thread(seen, thread) for seen in moments]
        for since, now in zip([alone[0], *alone], alone, strict=False):
            check_rows(difference(now, since))


def check_rows(seen):
    """Nothing is negative, and self time within cumulative time."""
    for rows in (seen.stats, seen.edges, seen.contexts):
        for row in rows.values():
            names = 6 if isinstance(row, Context) else 2 if isinstance(row, Edge) else 1
            assert min(row[names:]) >= 0
            if not getattr(row, "folded", 0):  # a fold's has the outermost calls alone
                assert row.inline_ns <= row.cumulative_ns


def spent_by(simulation):
    """Self and cumulative times of functions, then of edges."""
    for spent in (simulation.functions, simulation.edges):
        yield from (spent.self_ns, spent.cumulative_ns)


@given(programs, st.integers(0, 80))
def test_differences_are_the_time_that_passed_since(steps, at):
    """V2: exactly, whatever was open before, is open still, or was cleared."""
    simulation = Simulation()
    for step in steps[:at]:
        take(simulation, step)
    since = simulation.look()
    before = [counter.copy() for counter in spent_by(simulation)]
    for step in steps[at:]:
        take(simulation, step)
    now = simulation.look()

    between = difference(now, since)

    if now.epoch != since.epoch:  # it was cleared: all that there is came since
        before = [Counter() for _ in before]
    assert [
        counted(rows, column)
        for rows in (between.stats, between.edges)
        for column in ("inline_ns", "cumulative_ns")
    ] == [
        without_zeros(spent - then)
        for spent, then in zip(spent_by(simulation), before, strict=True)
    ]
    assert counted(between.returned().stats, "open") == {}
    assert min((stat.cumulative_ns for stat in between.returned().stats.values()), default=0) >= 0
    opened = Counter(call.function for call in now.open_calls for _ in range(call.calls))
    assert counted(between.stats, "open") == dict(opened)


@given(programs)
def test_what_has_returned_stays_available(steps):
    simulation = Simulation()
    for step in steps:
        take(simulation, step)
    seen = simulation.look()

    returned = seen.returned()

    assert returned.open_calls == ()
    for rows in (returned.stats, returned.edges, returned.contexts):
        assert counted(rows, "open") == {}
    for frame in [f for stacks in simulation.stacks.values() for s in stacks for f in s.frames]:
        simulation.functions.self_ns[frame.function] = 0  # not known by what passed
    mine = without_zeros(simulation.functions.self_ns)
    assert {k: v for k, v in counted(returned.stats, "inline_ns").items() if k in mine} == mine


@given(programs)
def test_a_state_comes_back_from_json(steps):
    simulation = Simulation()
    for step in steps:
        take(simulation, step)
    seen = simulation.look()

    read = read_json_file(b"".join(export(seen, "json")))

    assert read == replace(seen, heard_at=0.0)
    for column in ("callcount", "inline_ns", "cumulative_ns", "open"):
        assert counted(read.returned().stats, column) == counted(seen.returned().stats, column)
        assert counted(read.returned().edges, column) == counted(seen.returned().edges, column)


@given(programs, programs)
def test_several_processes_add_up(first, second):
    simulations = [Simulation(), Simulation(stream=b"the other thing!")]
    for simulation, steps in zip(simulations, (first, second), strict=True):
        for step in steps:
            take(simulation, step)
    parts = [simulation.look() for simulation in simulations]

    merged = Merge().of(parts)

    for name in ("stats", "edges", "contexts"):
        for column in ("inline_ns", "cumulative_ns", "open"):
            sums = [sum(getattr(r, column) for r in getattr(p, name).values()) for p in parts]
            of_all = sum(getattr(row, column) for row in getattr(merged, name).values())
            assert of_all == sum(sums)
    assert merged.open_count == sum(part.open_count for part in parts)
    for row in merged.returned().stats.values():
        assert not row.open
    of_threads = [of_thread(merged, thread).stats for thread in merged.threads]
    alone_ns = sum(row.inline_ns for stats in of_threads for row in stats.values())
    assert alone_ns == sum(simulation.open_ns.total() for simulation in simulations)


def test_times_that_are_rounded_make_nothing_negative():
    """V2: a publisher rounds each row to ns."""
    rows = {"stat": [], "edge": [], "context": PROGRAM["context"][:2]}
    since = snapshot_of(**rows, open_call=[(1, 0, 1, 2, 10, 1, 10, 10, 10, 0)])
    now = snapshot_of(**rows, open_call=[(1, 0, 1, 2, 9, 1, 11, 9, 9, 0)])

    assert now.stats[1] == Stat(1, 0, 0, 0, 11, 11, 1)
    assert now.edges[0, 1] == Edge(0, 1, 0, 0, 11, 11, 1)
    assert difference(now, since).stats[1] == Stat(1, 0, 0, 0, 1, 1, 1)
    assert difference(since, now).stats[1] == Stat(1, 0, 0, 0, 0, 0, 1)


def test_a_keyframe_of_several_messages_is_seen_when_it_is_whole():
    """V2: the counters would have a call that returned, and the open calls, too."""
    model, session = Model(), MadeUpSession()
    for message in session.keyframe(**PROGRAM):
        model.fold(decode(message))
    returned = PROGRAM | {
        "stat": [*PROGRAM["stat"], (1, 1, 0, 0, 5_995_000_000, 9_000_000_000)],
        "open_call": [],
    }

    seen = []
    for message in session.keyframe(**returned):
        model.fold(decode(message))
        seen.append(model.snapshot())

    assert {one.stats[1].cumulative_ns for one in seen} == {9_000_000_000}
    assert [one.stats[1].open for one in seen] == [1] * (len(seen) - 1) + [0]
    assert [one.messages for one in seen] == list(range(len(seen) + 1, 2 * len(seen) + 1))
    model.fold(decode(session.rows(stat=[(1, 2, 0, 0, 1, 1)])))
    assert model.snapshot().stats[1].callcount == 2


def snapshot_of(**rows):
    model = Model()
    for message in MadeUpSession().keyframe(**PROGRAM | rows):
        model.fold(decode(message))
    return model.snapshot()


def test_what_is_open_alone_has_rows_without_calls():
    """V1, V10."""
    seen = snapshot_of(stat=[], edge=[])

    assert seen.stats == {
        1: Stat(1, 0, 0, 0, 5_995_000_000, 9_000_000_000, 1),
        2: Stat(2, 0, 0, 0, 3_000_000_000, 3_000_000_000, 2),
    }
    assert seen.edges == {
        (0, 1): Edge(0, 1, 0, 0, 5_995_000_000, 9_000_000_000, 1),
        (1, 2): Edge(1, 2, 0, 0, 1_000_000_000, 3_000_000_000, 1),
        (2, 2): Edge(2, 2, 0, 0, 2_000_000_000, 2_000_000_000, 1),
    }
    assert [row.open for row in seen.contexts.values()] == [0, 1, 1, 1, 0]


def test_where_a_context_is_not_known_the_stack_tells_who_called():
    seen = snapshot_of(context=PROGRAM["context"][:1])

    assert seen.edges == snapshot_of().edges
    suspended = [(*row[:9], 1) for row in PROGRAM["open_call"]]
    seen = snapshot_of(context=[], edge=[], open_call=suspended)
    assert set(seen.edges) == {(0, 1), (0, 2)}
    assert seen.contexts == {}


def test_a_recording_of_version_1_has_the_ages_of_outermost_calls():
    """Version 1 tells nothing but ages: no self time, as it was."""
    old = [row[:5] for row in PROGRAM["open_call"]]
    elsewhere = [(2, 0, 2, 3, 7), (2, 300, 2, 4, 3)]

    seen = snapshot_of(open_call=[*old, *elsewhere])

    assert seen.stats[1] == Stat(1, 0, 0, 0, 0, 9_000_000_000, 1)
    assert seen.stats[2] == Stat(2, 10, 4, 0, 3_000_000, 3_005_000_007, 4)
    assert seen.edges[2, 2].cumulative_ns == 2_000_000_000
    assert seen.contexts[4].cumulative_ns == 2_001_500_003
    assert [call.calls for call in seen.open_calls] == [1] * 5


def test_nothing_is_made_before_somebody_reads_it(monkeypatch):
    made = []
    monkeypatch.setattr("pikos.model.open_calls._plus", lambda row, *_: made.append(row) or row)

    seen = snapshot_of()
    assert made == []

    assert seen.stats[3].callcount == 6
    assert len(made) == 3


def test_rows_without_open_calls_are_those_of_the_counters():
    seen = snapshot_of()
    returned = seen.returned()

    assert seen.contexts[5] == returned.contexts[5]
    assert list(seen.contexts) == list(returned.contexts)
    assert list(seen.contexts.values())[4] == returned.contexts[5]
    assert list(seen.contexts.items())[4] == (5, returned.contexts[5])
    assert len(seen.stats) == len(returned.stats) + 1 == len(list(seen.stats)) == 3
    assert 1 in seen.stats
    assert 9 not in seen.stats
    assert seen.stats.get(9) is None
    with pytest.raises(KeyError):
        seen.stats[9]


def test_without_open_calls_there_is_nothing_to_add():
    seen = snapshot_of(open_call=[])

    assert seen.returned() == seen
    assert include_open_calls(seen) is seen
    assert OpenCall(1, 0, 1, 2, 3).calls == 1
