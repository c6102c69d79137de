"""Filters: what each accepts, and what they say of records without the field."""

from __future__ import annotations

import threading
from typing import NamedTuple

import pytest

from pikos.filters.api import FieldMissing, NotOnValue, OnChange, OnValue
from pikos.recorders.api import ListRecorder


class Record(NamedTuple):
    index: int
    line: str


class WithTemplate(Record):
    line = "{} {}"


class Holder:
    def __init__(self, index):
        self.index = index


def accepted(filter_, values):
    return [value for value in values if filter_(Record(value, ""))]


def test_a_value_is_looked_for_among_those_given():
    """S57: OnValue with its field and values."""
    filter_ = OnValue("index", 1, 3)

    assert accepted(filter_, [0, 1, 2, 3, 1]) == [1, 3, 1]
    assert (filter_.field, filter_.values) == ("index", [1, 3])


def test_no_value_accepts_nothing():
    assert accepted(OnValue("index"), [0, None]) == []


def test_values_need_not_be_hashable():
    assert accepted(OnValue("index", [1], {}), [[1], {}, 2]) == [[1], {}]


def test_the_opposite_refuses_the_values():
    """B24: NotOnValue is where the other filters are."""
    filter_ = NotOnValue("index", 1, 3)

    assert accepted(filter_, [0, 1, 2, 3]) == [0, 2]
    assert (filter_.field, filter_.values) == ("index", [1, 3])


def test_a_change_is_another_value_than_before():
    """S58: OnChange and previous."""
    filter_ = OnChange("index")

    seen = [(filter_(Record(value, "")), filter_.previous) for value in [5, 5, 6, 6, 5]]

    assert seen == [(True, 5), (False, 5), (True, 6), (False, 6), (True, 5)]
    assert filter_.field == "index"


@pytest.mark.parametrize("value", [None, 0, ""])
def test_the_first_record_is_a_change_whatever_its_value(value):
    """S58, B24: also None, which was taken for no change."""
    filter_ = OnChange("index")

    before = filter_.previous

    assert before is None
    assert accepted(filter_, [value, value]) == [value]


def test_threads_have_nothing_to_do_with_one_another():
    """B24: what came before is the thread's own."""
    filter_ = OnChange("index")
    others = []
    filter_(Record(1, ""))

    thread = threading.Thread(
        target=lambda: others.extend([filter_(Record(1, "")), filter_(Record(2, ""))])
    )
    thread.start()
    thread.join()

    assert others == [True, True]
    assert filter_.previous == 1
    assert not filter_(Record(1, ""))


def test_a_shared_filter_does_not_know_whose_record_it_sees():
    """S59: two users of one OnChange, in one thread, share what came before."""
    filter_ = OnChange("index")
    first, second = ListRecorder(filter_), ListRecorder(filter_)

    first.record(Record(1, ""))
    second.record(Record(1, ""))
    first.record(Record(2, ""))
    second.record(Record(1, ""))
    first.record(Record(2, ""))

    assert [record.index for record in first.records] == [1, 2, 2]
    assert [record.index for record in second.records] == [1]


def test_a_template_does_not_hide_the_field_of_its_name():
    record = WithTemplate(0, "x = 1")

    assert OnValue("line", "x = 1")(record)
    assert not OnValue("line", WithTemplate.line)(record)


def test_any_object_with_the_attribute_will_do():
    assert OnValue("index", 1)(Holder(1))


@pytest.mark.parametrize("filter_", [OnValue("RSS", 1), NotOnValue("RSS", 1), OnChange("RSS")])
@pytest.mark.parametrize(
    ("record", "fields", "said"),
    [
        (Record(0, ""), ("index", "line"), "it has index, line"),
        (Holder(0), ("index",), "it has index"),
        ((0, ""), (), "no names"),
    ],
)
def test_a_field_that_is_not_there_is_named_with_those_that_are(filter_, record, fields, said):
    with pytest.raises(FieldMissing, match=f"'RSS': .*{said}") as raised:
        filter_(record)

    assert isinstance(raised.value, AttributeError)
    assert (raised.value.field, raised.value.fields) == ("RSS", fields)


@pytest.mark.parametrize("method", ["index", "count"])
def test_a_method_of_tuples_is_no_field(method):
    with pytest.raises(FieldMissing):
        OnValue(method, 1)((1, 2))


class Even:
    def __call__(self, record):
        return record.index % 2 == 0


def even(record):
    return record.index % 2 == 0


@pytest.mark.parametrize("filter_", [even, lambda record: record.index % 2 == 0, Even()])
def test_any_callable_is_a_filter(filter_):
    """S56: functions, lambdas and objects that can be called."""
    recorder = ListRecorder(filter_)

    for index in range(4):
        recorder.record(Record(index, ""))

    assert [record.index for record in recorder.records] == [0, 2]


@pytest.mark.parametrize(
    ("filter_", "text"),
    [
        (OnValue("index", 1, "x"), "OnValue('index', 1, 'x')"),
        (~OnChange("index") & NotOnValue("line"), "(~OnChange('index') & NotOnValue('line'))"),
        (OnValue("a") | OnValue("b"), "(OnValue('a') | OnValue('b'))"),
    ],
)
def test_a_filter_shows_what_it_does(filter_, text):
    assert repr(filter_) == text
