"""Numbers drawn over time, and the memory that is remembered for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from pikos.live.chart import chart, sparkline
from pikos.live.history import READINGS_MAX, History, memory_of
from pikos.live.text import width_of
from pikos.model import Records, SessionRow, Snapshot


def test_a_chart_rises_with_its_numbers():
    lines = [line.text for line in chart("n", [0.0, 1, 2, 3], str, 3, 40)]

    assert lines[0].rstrip() == "n: now 3, least 0.0, most 3"
    assert lines[1].rstrip() == f"{'3':>10}   ▃█"
    assert lines[2].rstrip() == f"{'0.0':>10} ▁▆██"


def test_what_hardly_changes_is_not_drawn_as_if_it_did():
    assert sparkline([1000, 1001, 1000], 10) == "▁▁▁"


@pytest.mark.parametrize("values", [[], [float("nan")], [float("inf")] * 3])
def test_where_there_is_no_number_that_is_said(values):
    assert chart("n", values, str, 5, 40)[0].text.startswith("n: nothing told yet")


@given(
    st.lists(st.floats() | st.integers(-(2**63), 2**63 - 1), max_size=50),
    st.integers(0, 20),
    st.integers(0, 60),
)
def test_a_chart_fits_whatever_the_numbers_are(values, lines, width):
    drawn = chart("title", values, "{:.6g}".format, lines, width)

    assert len(drawn) <= lines
    assert all(width_of(line.text) <= width for line in drawn)


def session(time_ns, rss_bytes, stream=b"a"):
    row = SessionRow(*[0] * 12, rss_bytes, 2 * rss_bytes)
    return Snapshot(stream=stream, session=row, time_ns=time_ns)


def test_each_new_moment_is_remembered_once():
    history = History()

    told = [history.note(session(time_ns, 7)) for time_ns in (1, 1, 2, 2)]

    assert [len(readings) for readings in told] == [1, 1, 2, 2]
    assert told[-1][-1][:3] == (2, 7, 14)


def test_what_is_remembered_has_an_end_and_reaches_back_to_the_beginning():
    history = History()

    for time_ns in range(20 * READINGS_MAX):
        told = history.note(session(time_ns, 1 + time_ns))

    assert READINGS_MAX // 4 < len(told) <= READINGS_MAX
    assert told[0].time_ns == 0
    assert told[-1].time_ns > 19 * READINGS_MAX


def test_another_session_is_remembered_anew():
    history = History()
    history.note(session(1, 7))

    assert [reading[:3] for reading in history.note(session(1, 8, stream=b"b"))] == [(1, 8, 16)]


def test_a_clock_that_jumps_back_is_no_news():
    history = History()
    history.note(session(100, 7))

    assert len(history.note(session(50, 9))) == 1


def test_the_memory_of_records_is_that_of_the_newest_that_tells_it():
    told = Records(("RSS", "VMS"), ((1, 2), (3, 4)), 2, 2, 0, 0, 5.0)
    odd = replace(told, rows=(("x", 4),), heard_at=9.0)
    other = Records(("n",), ((1,),), 1, 1, 0, 0, 7.0)

    assert memory_of(Snapshot(records={"M": told, "O": other, "X": odd}, time_ns=6))[:3] == (
        6,
        3,
        4,
    )
    assert memory_of(Snapshot(records={"O": other})) is None
