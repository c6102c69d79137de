"""Which fields of records are drawn, and against what."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.live.history import Reading
from pikos.live.measures import measures, times_s
from pikos.live.view import Scene, Size, ViewState, draw
from pikos.model import Model, Records
from pikos.wire.codec import decode

LINE = ("index", "function", "lineNo", "VMS", "RSS", "line", "filename")
TIMED = (*LINE, "time_ns", "last_exit_ns", "thread_id", "thread_name")
SCREEN = Size(24, 80)


def told(fields, rows):
    return Records(tuple(fields), tuple(rows), len(rows), len(rows), 0, 0, 10.0)


def line_record(n, *more):
    return (n, "f", 7 + n % 3, 9 << 30, (n + 1) << 20, "x = 1", "/a.py", *more)


def scene_of(**records):
    model = Model()
    for message in MadeUpSession().keyframe(**PROGRAM):
        model.fold(decode(message), 10.0)
    facts = {**model.snapshot().facts, "publishes": "records"}
    return Scene(replace(model.snapshot(), facts=facts, records=records), now=10.1)


def memory_panel(scene):
    lines = [line.text for line in draw(scene, ViewState(panel="memory"), SCREEN).lines]
    return lines[5:-1]


def test_identifiers_and_clocks_are_no_measures_and_memory_comes_first():
    """V5: RSS before VMS, neither index nor line number, whatever the order of the fields."""
    records = told(TIMED, [line_record(0, 5, 4, 140_000, "MainThread")])

    assert measures(records) == ["RSS", "VMS"]
    assert measures(told(("index", "cost", "RSS"), [(1, 2.5, 3)])) == ["RSS", "cost"]
    assert measures(told(LINE, [])) == []


def test_the_memory_panel_of_a_line_monitor_has_memory_alone():
    """V5: no half of the height for index and lineNo."""
    panel = "\n".join(memory_panel(scene_of(L=told(LINE, [line_record(n) for n in range(9)]))))

    assert "RSS" in panel
    assert "VMS" in panel
    assert "index" not in panel
    assert "lineNo" not in panel


def test_records_with_a_time_are_drawn_against_it():
    """V5, V15: a value holds until the next one, however many records came meanwhile."""
    late = [line_record(n, 10**9 * (0 if n < 50 else n), 0, 1, "") for n in range(101)]

    panel = memory_panel(scene_of(L=told(TIMED, late)))

    assert "over 0:01:40" in panel[0]
    bars = panel[-1 + len(panel) // 2][11:]
    assert len(bars.rstrip()) > 60  # the whole width
    assert len(set(bars[:30])) == 1  # the first half of the time: one value


def test_records_without_a_time_are_drawn_against_the_viewers():
    """V5: RSS against time."""
    scene = scene_of(L=told(LINE, [line_record(n) for n in range(9)]))
    readings = tuple(Reading(n * 10**9, n << 20, 1 << 30) for n in range(31))

    panel = "\n".join(memory_panel(replace(scene, memory=readings)))

    assert "RSS, resident memory over 0:00:30" in panel


@pytest.mark.parametrize("strange", [math.nan, math.inf, "text", None])
def test_strange_times_are_no_times(strange):
    assert times_s(told(("time_ns", "RSS"), [(strange, 1), (2, 3)])) is None
    assert times_s(told(("RSS",), [(1,)])) is None
    assert times_s(told(("time_ns",), [(10**9,), (3 * 10**9,)])) == [0, 2]


def test_a_clock_that_goes_back_breaks_no_chart():
    rows = [line_record(n, at, 0, 1, "") for n, at in enumerate((9, 5, 7, 2))]

    assert memory_panel(scene_of(L=told(TIMED, rows)))
