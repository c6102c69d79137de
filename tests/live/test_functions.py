"""The function table: derived, filtered, sorted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.live.functions import COLUMNS, Baseline, FunctionRow, Functions, label, matcher
from pikos.live.state import SORTS
from pikos.model import Function, Model, Snapshot, Stat
from pikos.wire.codec import decode


@pytest.fixture
def snapshot():
    model = Model()
    for message in MadeUpSession().keyframe(**PROGRAM):
        model.fold(decode(message))
    return model.snapshot()


def test_every_column_is_a_field_of_a_row():
    assert FunctionRow._fields[1:] == SORTS == tuple(column.name for column in COLUMNS)


def test_a_row_has_what_its_function_cost(snapshot):
    """B19."""
    rows, total = Functions(snapshot, None).top(10, sort="calls")

    assert total == 3
    name = "Worker.work (worker.py:9)"
    costs = (3_003_000_000, 3_005_000_000, 5_000_000 / 6)
    assert rows[0] == FunctionRow(2, 10, 6, *costs, -1.0, 2, name)
    assert rows[1].name == "time.sleep"


def test_a_function_that_never_returned_is_in_the_table(snapshot):
    """V1: with its time so far it comes first."""
    for sort in ("self", "cumulative"):
        rows, _ = Functions(snapshot, None).top(1, sort=sort)

        assert rows[0].name == "main (app.py:3)"
        assert (rows[0].calls, rows[0].open) == (0, 1)
        assert (rows[0].self, rows[0].cumulative) == (5_995_000_000, 9_000_000_000)


@pytest.mark.parametrize("sort", SORTS)
def test_rows_can_be_sorted_by_every_column_both_ways(snapshot, sort):
    """B19."""
    falling, _ = Functions(snapshot, None).top(3, sort=sort, descending=True)
    rising, _ = Functions(snapshot, None).top(3, sort=sort, descending=False)

    values = [getattr(row, sort) for row in falling]
    assert values == sorted(values, reverse=True)
    assert [getattr(row, sort) for row in rising] == sorted(values)


def test_rates_are_derived_from_two_snapshots(snapshot):
    stats = {**snapshot.stats, 2: Stat(2, 110, 4, 0, 0, 0), 9: Stat(9, 7, 0, 0, 0, 0)}
    later = replace(snapshot, stats=stats, time_ns=snapshot.time_ns + 2_000_000_000)

    functions = Functions(later, snapshot)

    rates = {row.function: row.rate for row in functions.top(9)[0]}
    assert rates == {1: 0.0, 2: 50.0, 3: 0.0, 9: 3.5}
    assert functions.call_rate() == 53.5


def test_without_an_earlier_snapshot_no_rate_is_known(snapshot):
    assert Functions(snapshot, None).call_rate() == -1.0
    assert Functions(snapshot, snapshot).call_rate() == -1.0


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("", {1, 2, 3}),
        ("WORK", {2}),
        ("src/app", {1}),
        ("*.py:*", {1, 2}),
        ("main*", {1}),
        ("re:^(main|Worker)", {1, 2}),
        ("re:MAIN", set()),
        ("nothing", set()),
    ],
)
def test_a_filter_is_a_part_a_glob_or_an_expression(snapshot, pattern, found):
    rows, total = Functions(snapshot, None).top(9, pattern=pattern)

    assert {row.function for row in rows} == found
    assert total == len(found)


def test_an_expression_that_is_none_is_refused():
    with pytest.raises(ValueError, match="unterminated"):
        matcher("re:(")


def test_a_function_that_is_not_known_has_its_number(snapshot):
    stranger = replace(snapshot, functions={})

    assert Functions(stranger, None).top(1)[0][0].name == "function 1"
    assert label(Function(1, 0, 5, "short", "", "a/b.py"), 1) == "short (b.py:5)"


def test_only_the_rows_that_are_wanted_are_made(snapshot):
    stats = {number: Stat(number, number, 0, 0, 0, 0) for number in range(1, 100_001)}

    rows, total = Functions(replace(snapshot, stats=stats, open_calls=()), None).top(
        2, sort="calls"
    )

    assert [row.calls for row in rows] == [100_000, 99_999]
    assert total == 100_000


def at(seconds, stream=b"1", epoch=0):
    return Snapshot(stream=stream, epoch=epoch, time_ns=int(seconds * 1e9))


def test_a_baseline_is_one_or_two_seconds_old():
    baseline = Baseline()

    ages = []
    for tenth in range(100):
        found = baseline.note(at(tenth / 10))
        if found is not None:
            ages.append(tenth / 10 - found.time_ns / 1e9)

    assert len(ages) == 99
    assert max(ages) < 2.01
    assert min(ages[20:]) > 0.99


def test_a_baseline_is_of_the_same_session_and_epoch():
    baseline = Baseline()
    baseline.note(at(0))
    baseline.note(at(1))

    assert baseline.note(at(2, stream=b"2")) is None
    assert baseline.note(at(3, stream=b"2")).time_ns == 2 * 10**9
    assert baseline.note(at(4, stream=b"2", epoch=1)) is None
