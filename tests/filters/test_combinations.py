"""Filters combined with &, | and ~: the algebra of what they accept."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given, strategies

from pikos.filters.api import Both, Either, Filter, Inverse, NotOnValue, OnChange, OnValue

VALUES = range(6)


class Record(NamedTuple):
    index: int


def accepted(filter_, values=VALUES):
    return {value for value in values if filter_(Record(value))}


subsets = strategies.frozensets(strategies.sampled_from(VALUES))
leaves = subsets.map(lambda values: (OnValue("index", *values), set(values))) | subsets.map(
    lambda values: (NotOnValue("index", *values), set(VALUES) - values)
)
callables = leaves | subsets.map(
    lambda values: (lambda record: record.index in values, set(values))
)


@given(leaves, callables)
def test_and_accepts_what_both_accept(left, right):
    assert accepted(left[0] & right[0]) == left[1] & right[1]
    assert accepted(right[0] & left[0]) == left[1] & right[1]


@given(leaves, callables)
def test_or_accepts_what_one_accepts(left, right):
    assert accepted(left[0] | right[0]) == left[1] | right[1]
    assert accepted(right[0] | left[0]) == left[1] | right[1]


@given(leaves)
def test_not_accepts_what_is_refused(leaf):
    assert accepted(~leaf[0]) == set(VALUES) - leaf[1]
    assert accepted(~~leaf[0]) == leaf[1]


@given(leaves, leaves, leaves)
def test_combinations_combine(one, two, three):
    filter_ = ~(one[0] & two[0]) | (three[0] & one[0])

    assert accepted(filter_) == (set(VALUES) - (one[1] & two[1])) | (three[1] & one[1])
    assert isinstance(filter_, Filter)


@given(strategies.lists(strategies.none() | strategies.integers(0, 3)))
def test_a_change_is_what_differs_from_its_neighbour(values):
    filter_ = OnChange("index")

    answers = [filter_(Record(value)) for value in values]

    assert answers == [at == 0 or values[at - 1] != value for at, value in enumerate(values)]


def test_the_second_filter_is_not_asked_when_the_first_has_decided():
    remembers = OnChange("index")
    both = OnValue("index", 1) & remembers

    both(Record(2))

    assert remembers.previous is None


def test_answers_are_true_or_false_whatever_the_callables_answer():
    def answers_text(record):
        return "yes"

    record = Record(1)

    assert (OnValue("index", 1) & answers_text)(record) is True
    assert (OnValue("index", 2) | answers_text)(record) is True
    assert Inverse(answers_text)(record) is False
    assert Both(answers_text, answers_text)(record) is True
    assert Either(answers_text, answers_text)(record) is True


@pytest.mark.parametrize("other", [None, 1, "line"])
def test_what_is_not_callable_cannot_be_combined(other):
    with pytest.raises(TypeError):
        OnValue("index", 1) & other
    with pytest.raises(TypeError):
        other | OnValue("index", 1)
