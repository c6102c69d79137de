"""Whatever a publisher sends, every answer is JSON of harmless text, and of bounded size."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from support import hostile
from support.session import PROGRAM, MadeUpSession

from pikos.live.state import SORTS, Panel
from pikos.live.web.choice import PANELS
from pikos.live.web.hub import ALL
from pikos.wire.tables import Column, Table

BODY_MAX = 2_000_000

IDENTITIES = {"id", "source", "kind", "x", "y", "key", "keys", "spans"}
"""What a page only ever hands back, as it was sent."""


def texts(thing):
    """Every text in an answer that may be shown, and every key."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict):
        for key, value in thing.items():
            yield key
            if key not in IDENTITIES:
                yield from texts(value)
    elif isinstance(thing, list):
        for value in thing:
            yield from texts(value)


@pytest.fixture
def look_at_everything(view):
    """Ask for every panel, in every order; the answers' texts."""

    def look(**more):
        seen = []
        choices = [{"panel": panel} for panel in PANELS]
        choices += [{"sort": sort, "descending": 0} for sort in SORTS]
        choices += [{"panel": "bars", "value": value} for value in SORTS if value != "name"]
        choices += [{"panel": "text", "text": text} for text in get_args(Panel)]
        for choice in choices:
            answer = view(function="2", **{**choice, **more})
            assert answer.status == 200, answer.told
            assert len(answer.body) < BODY_MAX
            seen += texts(answer.told)
        return seen

    return look


@pytest.mark.parametrize("name", hostile.NAMES.values(), ids=hostile.NAMES)
def test_names_are_harmless_text_in_every_panel(hear, look_at_everything, name):
    other = MadeUpSession(
        b"another session!", argv=[name], host=name, mechanism=name, clock=name, publishes=name
    )
    hear(*other.keyframe(**hostile.program(name)))

    for tab in (ALL, other.stream.hex()):
        seen = look_at_everything(tab=tab)

        assert [line for line in seen if not hostile.is_harmless(line)] == []


@pytest.mark.parametrize("number", [hostile.LARGEST, hostile.LEAST, -1, 0])
def test_impossible_numbers_break_no_answer(hear, look_at_everything, session, number):
    hear(session.rows(**hostile.impossible(number)))

    assert any("4242" in text for text in look_at_everything())


def test_clocks_that_jump_break_no_answer(hear, look_at_everything, session):
    for time_ns in hostile.TIMES_NS:
        session.time_ns = time_ns
        frame = session.rows(stat=[(2, 11, 0, 0, 5, 5)], session=PROGRAM["session"])
        session.time_ns = 0
        hear(frame)

        assert any("Worker.work" in text for text in look_at_everything())


@pytest.mark.parametrize("facts", hostile.ODD_FACTS, ids=str)
def test_odd_facts_are_told_or_refused(hear, look_at_everything, facts):
    other = MadeUpSession(b"another session!", **facts)
    hear(*other.keyframe(**PROGRAM))

    look_at_everything(tab=other.stream.hex())


@pytest.mark.parametrize(
    ("kind", "value"),
    [("str", "x" * 5000), ("i64", hostile.LARGEST), ("f64", float("nan")), ("f64", float("-inf"))],
    ids=["texts", "whole numbers", "no numbers", "numbers past all bounds"],
)
def test_records_of_any_shape_are_told(hear, look_at_everything, tmp_path, kind, value):
    file = tmp_path / "file.py"
    file.write_text("a = 1\n")
    names = ("index", "lineNo", "line", "RSS", "time_ns", "last_exit_ns", "thread_id", "<b>\x1b[2J")
    columns = (*(Column(name, kind) for name in names), Column("filename", "str"))
    table = Table(200, "x" * 100 + "<img src=x>", "append", (), columns)
    other = MadeUpSession(b"another session!", publishes="records")
    rows = [(*[value] * len(names), str(file))] * 30
    hear(
        other.hello(table),
        other.records(table, rows),
    )

    for file_name in ("", str(file)):
        seen = look_at_everything(tab=other.stream.hex(), file=file_name)
        assert [line for line in seen if not hostile.is_harmless(line)] == []


def test_what_is_no_message_is_counted_and_told(hear, view):
    hear(b"", b"PKOS", b"\x80\x04.", b"x" * 1000)

    told = view().told

    assert "4 messages refused" in json.dumps(told["told"])
    assert told["panel"]["total"] == 3


def test_ten_thousand_sessions_leave_the_ones_of_late(hear, view, session):
    other = MadeUpSession().rows(stat=[(2, 1, 0, 0, 5, 5)])
    hear(*[other[:8] + number.to_bytes(16, "big") + other[24:] for number in range(1, 10_001)])

    answer = view()

    assert len(answer.told["tabs"]) < 2000
    assert len(answer.body) < BODY_MAX


def test_a_hundred_thousand_functions_are_told_a_screen_at_a_time(hear, view, session):
    many = 100_000
    for begin in range(1, many + 1, 10_000):
        numbers = range(begin, begin + 10_000)
        hear(
            session.rows(
                function=[(n, 0, n, f"f{n}", f"f{n}", "/many.py") for n in numbers],
                stat=[(n, 1, 0, 0, many + 1 - n, n) for n in numbers],
            )
        )

    for panel in ("functions", "bars", "flame"):
        answer = view(panel=panel, count=500)
        assert len(answer.body) < BODY_MAX
    assert view(first=99_999, count=500).told["panel"]["total"] == many
