"""What records of a line monitor say of each line: how often, how long, how much memory."""

from __future__ import annotations

import pytest

from pikos.live.line_costs import LineCost, line_costs
from pikos.model import Records, Snapshot

MB = 2**20


def snapshot_of(fields, rows):
    records = Records(fields, tuple(rows), len(rows), len(rows), 0, 0, 0.0)
    return Snapshot(records={"LineMemoryRecord": records})


MEMORY = ("index", "function", "lineNo", "RSS", "VMS", "line", "filename")


def row(number, rss, file="a.py"):
    return (0, "f", number, rss, 0, "text", file)


def test_a_line_grows_what_came_until_the_next_one_ran():
    told = snapshot_of(MEMORY, [row(1, 5 * MB), row(2, 6 * MB), row(1, 9 * MB), row(3, 8 * MB)])

    assert line_costs([told], "a.py") == {
        1: LineCost(2, 9 * MB, 0, None),
        2: LineCost(1, 6 * MB, 3 * MB, None),
        3: LineCost(1, 8 * MB, None, None),
    }


def test_what_a_call_grew_in_another_file_is_of_that_file():
    told = snapshot_of(MEMORY, [row(1, MB), row(7, 2 * MB, "b.py"), row(8, 5 * MB, "b.py")])

    assert line_costs([told], "a.py") == {1: LineCost(1, MB, MB, None)}
    assert line_costs([told], "b.py")[7].grown_bytes == 3 * MB


def test_time_in_a_line_leaves_out_what_the_monitor_took():
    fields = ("thread_id", "time_ns", "last_exit_ns", "lineNo", "line", "filename")
    rows = [
        (1, 100, 90, 5, "x", "a.py"),
        (1, 250, 110, 6, "x", "a.py"),
        (1, 400, 270, 5, "x", "a.py"),
    ]

    costs = line_costs([snapshot_of(fields, rows)], "a.py")

    assert costs[5] == LineCost(2, None, None, 140)
    assert costs[6] == LineCost(1, None, None, 130)


def test_threads_are_followed_apart():
    fields = ("thread_id", "RSS", "lineNo", "line", "filename")
    rows = [(1, 10, 1, "", "a.py"), (2, 50, 2, "", "a.py"), (1, 30, 3, "", "a.py")]

    costs = line_costs([snapshot_of(fields, rows)], "a.py")

    assert costs[1].grown_bytes == 20
    assert costs[2].grown_bytes is None


def test_several_sessions_are_added_up():
    told = snapshot_of(MEMORY, [row(1, MB), row(2, 2 * MB)])

    costs = line_costs([told, told], "a.py")

    assert costs[1].records == 2
    assert costs[1].grown_bytes == 2 * MB


@pytest.mark.parametrize("strange", ["text", None, 1.5, float("nan")])
def test_values_that_are_no_numbers_count_for_nothing(strange):
    told = snapshot_of(MEMORY, [row(1, strange), row(2, MB), row(strange, strange)])

    costs = line_costs([told], "a.py")

    assert costs[1] == LineCost(1, None, None, None)
    assert costs[2].rss_bytes == MB


def test_records_without_lines_say_nothing_of_a_file():
    assert (
        line_costs([snapshot_of(("index", "function", "filename"), [(0, "f", "a.py")])], "a.py")
        == {}
    )
