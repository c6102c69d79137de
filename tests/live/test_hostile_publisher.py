"""A hostile publisher changes nothing in a viewer but what it says of itself, and a warning."""

from __future__ import annotations

import json
import random
import struct
import tracemalloc

import pytest
from support import hostile
from support.frames import Frames
from support.session import PROGRAM, MadeUpSession

from pikos.live.state import ViewState
from pikos.live.text import width_of
from pikos.live.view import Size
from pikos.live.viewer import Viewer
from pikos.live.watch import Watch
from pikos.wire import tables

SIZE = Size(24, 80)
KEYS = (
    "f",
    "down",
    "enter",
    "l",
    "g",
    "down",
    "enter",
    "o",
    "t",
    "m",
    "r",
    "R",
    "s",
    "?",
    "O",
    "left",
)


@pytest.fixture
def source():
    return Frames()


@pytest.fixture
def session():
    return MadeUpSession()


@pytest.fixture
def viewer(source, session):
    source.frames += session.keyframe(**PROGRAM)
    made = Viewer(Watch(source, "4242"), ViewState())
    made.watch.take_in(5.0)
    return made


def looked_at(viewer):
    """Everything that a user can bring before the eye; each picture fits and is harmless."""
    seen = []
    for key in KEYS:
        lines = viewer.picture(SIZE).lines
        assert len(lines) == SIZE.lines
        assert all(width_of(line.text) <= SIZE.columns for line in lines)
        assert all(hostile.is_harmless(line.text) for line in lines)
        seen += [line.text for line in lines]
        viewer.press(key)
    return "\n".join(seen)


def test_what_is_no_message_is_refused_and_the_last_good_state_stays(viewer, source, session):
    good = session.rows(stat=[(2, 11, 0, 0, 5, 5)])
    rng = random.Random(1)
    source.frames += [
        b"",
        b"PKOS",
        rng.randbytes(1000),
        good[:-1],
        good + b"x",
        b"\x80\x04" + good,
        good[: tables.ENVELOPE_SIZE] + struct.pack("<II", 2**32 - 1, 0),
    ]
    viewer.watch.take_in(5.0)

    screen = looked_at(viewer)

    assert source.refused == 7
    assert "7 messages refused" in screen
    assert "Worker.work (worker.py:9)" in screen


def test_a_name_of_ten_megabytes_takes_no_room(viewer, source, session):
    body = json.dumps({**session.facts, "argv": ["x" * 10_000_000], "tables": []}).encode()
    size = tables.ENVELOPE_SIZE + len(body)
    source.frames += [session.hello()[: tables.ENVELOPE_SIZE - 4] + struct.pack("<I", size) + body]
    tracemalloc.start()

    viewer.watch.take_in(5.0)
    looked_at(viewer)

    assert tracemalloc.get_traced_memory()[1] < 2 * size
    tracemalloc.stop()
    assert source.refused == 1
    assert "Worker.work" in looked_at(viewer)


@pytest.mark.parametrize("number", [hostile.LARGEST, hostile.LEAST, -1, 0])
def test_impossible_numbers_are_shown_and_break_nothing(viewer, source, session, number):
    source.frames += [session.rows(**hostile.impossible(number))]
    viewer.watch.take_in(5.0)

    assert "process 4242" in looked_at(viewer)


def test_a_clock_that_jumps_breaks_nothing(viewer, source, session):
    for time_ns in hostile.TIMES_NS:
        session.time_ns = time_ns
        source.frames += [session.rows(stat=[(2, 11, 0, 0, 5, 5)], session=PROGRAM["session"])]
        session.time_ns = 0
        viewer.watch.take_in(5.0)

        assert "Worker.work" in looked_at(viewer)


@pytest.mark.parametrize("facts", hostile.ODD_FACTS, ids=str)
def test_odd_facts_are_shown_or_refused(viewer, source, facts):
    other = MadeUpSession(b"another session!", **facts)
    source.frames += other.keyframe(**PROGRAM)
    viewer.watch.take_in(5.0)

    looked_at(viewer)


def test_a_flood_is_taken_in_for_a_moment_at_a_time(source, session):
    source.frames += session.keyframe(**PROGRAM)
    source.frames += [session.rows(open_call=PROGRAM["open_call"])] * 2
    times = iter(range(1000))
    watch = Watch(source, "", clock=lambda: float(next(times)))
    source.frames += [session.rows(stat=[(2, n, 0, 0, 5, 5)]) for n in range(200)]

    watch.take_in(20.0)

    assert 100 < len(source.frames) < 210


def test_ten_thousand_sessions_leave_the_one_that_is_watched_in_sight(viewer, source, session):
    other = MadeUpSession().rows(stat=[(2, 1, 0, 0, 5, 5)])

    for number in range(1, 10_001):
        source.frames += [other[:8] + number.to_bytes(16, "big") + other[24:]]
        if number % 50 == 0:
            source.frames += [session.rows(session=PROGRAM["session"])]
    viewer.watch.take_in(60.0)

    screen = looked_at(viewer)

    assert "process 4242: app.py" in screen
    assert "Worker.work (worker.py:9)" in screen


def test_all_sessions_together_are_shown_whatever_they_say(source):
    for number, name in enumerate(hostile.NAMES.values()):
        other = MadeUpSession(number.to_bytes(16, "big"), argv=[name], host=name)
        source.frames += other.keyframe(**hostile.program(name))
    viewer = Viewer(Watch(source, "all", merged=True), ViewState())
    viewer.watch.take_in(5.0)

    assert "18 threads" in looked_at(viewer)
