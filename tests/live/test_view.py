"""What is drawn of a session."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given, strategies as st
from support import hostile
from support.session import PROGRAM, MadeUpSession

from pikos.live.source_text import SourceText
from pikos.live.state import SORTS, Panel
from pikos.live.text import width_of
from pikos.live.view import Scene, Size, ViewState, draw, report
from pikos.model import Model, Snapshot, Thread
from pikos.wire.codec import decode

PANELS = get_args(Panel)
SCREEN = Size(24, 120)


def snapshot_of(program=PROGRAM, **facts):
    model = Model()
    for message in MadeUpSession(**facts).keyframe(**program):
        model.fold(decode(message), 10.0)
    return model.snapshot()


@pytest.fixture
def scene():
    return Scene(snapshot_of(), now=10.1, target="4242")


def shown(scene, state=ViewState(), size=SCREEN):  # noqa: B008  # frozen
    return "\n".join(line.text for line in draw(scene, state, size).lines)


def test_the_table_shows_what_functions_cost(scene):
    row = next(line for line in shown(scene).splitlines() if "Worker.work (worker.py:9)" in line)

    assert row.split()[:7] == ["10", "6", "3.003", "s", "3.005", "s", "833.3"]


def test_a_function_that_runs_is_shown_before_it_returns(scene):
    assert "main (app.py:3)" in shown(scene)


@pytest.mark.parametrize("panel", PANELS)
def test_what_matters_is_always_in_sight(scene, panel):
    dropped = replace(scene, snapshot=replace(scene.snapshot, dropped=17))

    screen = shown(dropped, ViewState(panel=panel))

    for fact in (
        "process 4242: app.py",
        "live, 0.1 s old",
        "17 of 25 messages dropped",
        "0 calls lost",
        "own cost 1.5 ms",
        "last look 55.0 µs",
        "RSS 47.7 MiB",
        "1 thread",
        "q quit",
    ):
        assert fact in screen


@pytest.mark.parametrize(
    ("changes", "now", "status"),
    [
        ({}, 10.1, "live, 0.1 s old"),
        ({}, 13.0, "stale, 3.0 s old"),
        ({"complete": False}, 10.1, "not whole yet, 0.1 s old"),
        ({"ended": "the program\x1b ended"}, 99.0, "ended: the program\\x1b ended"),
    ],
)
def test_the_state_of_the_session_is_told(scene, changes, now, status):
    assert status in shown(Scene(replace(scene.snapshot, **changes), now=now))


def test_a_profiler_that_is_off_is_told(scene):
    off = replace(scene.snapshot, session=scene.snapshot.session._replace(enabled=0))

    assert "profiler off" in shown(Scene(off, now=10.1))


def test_a_pause_is_told_with_the_age_of_the_picture(scene):
    assert "paused, 5.0 s old" in shown(replace(scene, now=15.0), ViewState(paused=True))


def test_before_anything_is_heard_the_target_is_named():
    assert "pikos: 4242" in shown(Scene(Snapshot(), target="4242"))
    assert "waiting for it" in shown(Scene(Snapshot(), target="4242"))


def test_refused_messages_are_told_with_the_reason(scene):
    bad = replace(scene, refused=3, refusal="byte 4 of the message: version 9", disconnects=2)

    assert "3 messages refused: byte 4 of the message: version 9" in shown(bad)
    assert "2 disconnects" in shown(bad)


def test_the_cost_is_a_share_of_the_time_between_two_snapshots(scene):
    later = replace(
        scene.snapshot,
        time_ns=scene.snapshot.time_ns + 10**9,
        session=scene.snapshot.session._replace(publisher_ns=1_500_000 + 5_000_000),
    )

    assert "own cost 6.5 ms, 0.50 %" in shown(Scene(later, baseline=scene.snapshot, now=10.1))


@pytest.mark.parametrize("known", ["publisher_ns", "walk_ns", None])
def test_a_cost_is_not_shown_before_it_is_known(scene, known):
    """R13: the first look tells nothing of itself."""
    costs = {"publisher_ns": 0, "walk_ns": 0} | ({} if known is None else {known: 55_000})
    first = replace(scene.snapshot, session=scene.snapshot.session._replace(**costs))

    screen = shown(Scene(first, baseline=first, now=10.1))

    assert ("own cost 55.0 µs" in screen) is (known == "publisher_ns")
    assert ("last look 55.0 µs" in screen) is (known == "walk_ns")
    assert " 0 ns" not in screen.splitlines()[4]
    assert "RSS" in screen


def test_a_share_of_the_cost_needs_a_cost_that_was_known_before(scene):
    """R13."""
    unknown = replace(scene.snapshot, session=scene.snapshot.session._replace(publisher_ns=0))
    later = replace(scene.snapshot, time_ns=scene.snapshot.time_ns + 10**9)

    assert re.search(r"own cost 1\.5 ms(?!,)", shown(Scene(later, baseline=unknown, now=10.1)))


def test_a_filter_is_shown_while_it_is_typed(scene):
    assert "(1 with sleep▏)" in shown(scene, ViewState(pattern="sleep", typing=True))
    assert "filter: sleep▏" in shown(scene, ViewState(pattern="sleep", typing=True))


def test_a_filter_that_makes_no_sense_is_told(scene):
    assert "makes no sense: missing )" in shown(scene, ViewState(pattern="re:("))


def test_the_open_calls_panel_has_every_open_call_set_in_by_depth(scene):
    screen = shown(scene, ViewState(panel="open calls"))

    assert "  9.000 s main (app.py:3)" in screen
    assert "  2.000 s   Worker.work (worker.py:9)" in screen


def test_what_is_left_out_of_a_deep_stack_is_told(scene):
    calls = tuple(call._replace(depth=call.depth * 1000) for call in scene.snapshot.open_calls)
    deep = Scene(replace(scene.snapshot, open_calls=calls), now=10.1)

    assert "… 999 calls between" in shown(deep, ViewState(panel="open calls"))


def test_the_threads_panel_sums_each_thread(scene):
    ended = Thread(2, 5, 4243, 0, 17, 0, "pool")
    threads = {**scene.snapshot.threads, 2: ended}

    screen = shown(Scene(replace(scene.snapshot, threads=threads)), ViewState(panel="threads"))

    rows = [line.split() for line in screen.splitlines()]
    assert ["16", "9.000", "s", "3", "4242", "yes", "MainThread"] in rows
    assert ["0", "0", "ns", "0", "4243", "no", "pool", "(and", "16", "before", "it)"] in rows


def test_more_threads_than_there_is_room_for_are_counted(scene):
    calls = tuple(
        call._replace(thread=thread) for thread in range(40) for call in scene.snapshot.open_calls
    )

    screen = shown(Scene(replace(scene.snapshot, open_calls=calls)))

    assert "more threads" in screen
    assert "thread 3" in screen


def test_scrolling_shows_later_rows_and_stops_at_the_last(scene):
    numbers = range(1, 101)
    stats = {n: scene.snapshot.stats[2]._replace(function=n, inline_ns=-n) for n in numbers}
    many = Scene(replace(scene.snapshot, stats=stats, functions={}, open_calls=()))

    assert "function 1 " in shown(many)
    assert "function 100" not in shown(many)
    assert "function 100" in shown(many, ViewState(row=500))
    assert "function 60" in shown(many, ViewState(row=59))


@given(
    st.integers(1, 60),
    st.integers(1, 200),
    st.sampled_from(PANELS),
    st.sampled_from(SORTS),
    st.sampled_from(sorted(hostile.NAMES)),
    st.booleans(),
)
def test_nothing_is_wider_or_longer_than_the_screen(lines, columns, panel, sort, name, typing):
    text = hostile.NAMES[name]
    program = hostile.program(text)
    state = ViewState(panel=panel, sort=sort, typing=typing, pattern="" if not typing else "a")

    drawn = draw(Scene(snapshot_of(program), now=10.0), state, Size(lines, columns)).lines

    assert len(drawn) == lines
    assert all(width_of(line.text) <= columns for line in drawn)


@pytest.mark.parametrize("panel", PANELS)
@pytest.mark.parametrize("name", hostile.NAMES)
def test_hostile_names_reach_no_screen_unescaped(name, panel):
    text = hostile.NAMES[name]
    snapshot = snapshot_of(
        hostile.program(text), argv=[text], host=text, python=text, mechanism=text, clock=text
    )
    scene = Scene(replace(snapshot, ended=text), target=text, refused=1, refusal=text, now=10.0)
    scene = replace(scene, source=SourceText(text, (text, ""), ""))

    for line in draw(scene, ViewState(panel=panel, pattern=text, function=2), SCREEN).lines:
        assert hostile.is_harmless(line.text)
    for line in report(scene, ViewState(), rows=5, width=100):
        assert hostile.is_harmless(line)
        assert width_of(line) <= 100


def test_a_command_line_with_surrogates_is_shown(scene):
    facts = {**scene.snapshot.facts, "argv": [hostile.SURROGATES]}

    screen = shown(Scene(replace(scene.snapshot, facts=facts)))

    assert "a\\udcffb\\ud800c" in screen
    assert screen.encode("utf-8")


def test_a_report_is_the_summary_the_functions_and_the_open_calls(scene):
    lines = report(scene, ViewState(sort="calls"), rows=2, width=100)

    assert sum("worker.py:9" in line for line in lines) == 1
    assert not any("app.py:3" in line for line in lines)
    assert lines[-1].startswith("MainThread")
