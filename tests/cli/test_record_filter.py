"""Filters that are given as text."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from pikos.cli.record_filter import all_of, filter_given


class Record(NamedTuple):
    function: str
    lineNo: int  # noqa: N815 - the field's name
    line: str


RECORDS = [
    Record("main", 1, "a, b = c"),
    Record("main", 2, "x"),
    Record("help", 2, "x"),
    Record("main", 2, ""),
]


@pytest.mark.parametrize(
    ("text", "accepted"),
    [
        ("function=main", [0, 1, 3]),
        ("function=main,help", [0, 1, 2, 3]),
        ("function!=main", [2]),
        ("function!=main,help", []),
        ("lineNo=2", [1, 2, 3]),
        ("lineNo!=1,3", [1, 2, 3]),
        ("line=", [3]),
        ('line="a, b = c"', [0]),
        ("changed:function", [0, 2, 3]),
        ("changed:lineNo", [0, 1]),
    ],
)
def test_a_text_stands_for_a_filter(text, accepted):
    chosen = filter_given(text).filter

    assert [at for at, record in enumerate(RECORDS) if chosen(record)] == accepted


def test_filters_given_together_are_asked_in_turn():
    chosen = all_of([filter_given("function=main"), filter_given("changed:lineNo")])

    assert [at for at, record in enumerate(RECORDS) if chosen(record)] == [0, 1]


def test_no_filter_given_is_none():
    assert all_of([]) is None


@pytest.mark.parametrize(
    "text", ["", "function", "=main", "function<main", "changed:", "changed:a b", "lineNo=two"]
)
def test_a_text_that_is_no_filter_is_refused_by_name(text):
    with pytest.raises(ValueError, match=r"is no filter: give FIELD=VALUE|is no number, as lineNo"):
        filter_given(text)
