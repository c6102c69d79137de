"""Which points of a series are shown, and what of each."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given, strategies as st
from support.session import MadeUpSession
from support.waiting import wait_until

from pikos.live.web.series import thinned, unit_of
from pikos.wire.tables import Column, Table

numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(numbers, min_size=1, max_size=500), st.integers(2, 100))
def test_thinning_loses_no_peak_and_no_order(values, most):
    points = [(float(place), value, (place,)) for place, value in enumerate(values)]

    kept = thinned(points, most)

    assert len(kept) <= most
    assert {min(values), max(values)} <= {y for _, y, _ in kept}
    assert all(one[0] < other[0] for one, other in pairwise(kept))
    if len(values) <= most:
        assert [point[1] for point in kept] == values


@given(st.one_of(st.integers(), st.floats(), st.text(), st.none(), st.binary()))
def test_whatever_a_field_holds_is_told(value):
    [[_, _, told]] = thinned([(0.0, 0.0, (value,))], 10)

    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert not isinstance(told, str) or told.isprintable()


def test_units_are_told_by_name():
    assert unit_of("RSS") == unit_of("rss_bytes") == "bytes"
    assert unit_of("time_ns") == "ns"
    assert unit_of("cpu") == ""


# What is told of records


COLUMNS = (Column("a", "f64"), Column("b", "f64"), Column("c", "str"))
TABLE = Table(200, "Mine", "append", (), COLUMNS)


def heard_records(hear, rows):
    other = MadeUpSession(b"another session!", publishes="records")
    hear(other.hello(TABLE))
    for begin in range(0, len(rows), 1000):
        hear(other.records(TABLE, rows[begin : begin + 1000]))
    return other.stream.hex()


def test_a_number_is_shown_against_any_other_or_the_index(hear, view):
    tab = heard_records(hear, [(n * 0.5, n * 2.0, f"row {n}") for n in range(10)])

    told = view(tab=tab, panel="series").told["panel"]
    assert (told["x"], told["y"]) == ("index", "a")
    assert told["points"][3] == [3, 1.5, 3, 1.5, 6.0, "row 3"]
    assert told["fields"] == ["index", "a", "b", "c"]

    told = view(tab=tab, panel="series", x="b", y="a").told["panel"]
    assert told["points"][3][:2] == [6.0, 1.5]
    assert [choice["id"] for choice in told["ys"]] == ["a", "b"]


def test_only_the_newest_are_shown_where_a_number_is_given(hear, view):
    tab = heard_records(hear, [(float(n), 0.0, "") for n in range(100)])

    told = view(tab=tab, panel="series", points=7).told["panel"]

    assert told["total"] == 100
    assert [point[1] for point in told["points"]] == [93.0 + n for n in range(7)]


def test_what_is_no_finite_number_is_no_point(hear, view):
    tab = heard_records(hear, [(float("nan"), 0.0, ""), (1.0, float("inf"), ""), (2.0, 0.0, "")])

    told = view(tab=tab, panel="series").told["panel"]

    assert [point[1] for point in told["points"]] == [1.0, 2.0]
    assert told["points"][0][4] == "inf"


LINES = Table(
    201,
    "LineMemoryTimeRecord",
    "append",
    (),
    (
        Column("index", "i64"),
        Column("lineNo", "i64"),
        Column("RSS", "i64"),
        Column("line", "str"),
        Column("filename", "str"),
        Column("time_ns", "i64"),
        Column("thread_id", "i64"),
    ),
)
FIRST_NS = 5_000_000_000_000


def heard_lines(hear, file="/src/work.py"):
    """Records of two lines of a file: the second one makes the memory grow."""
    session = MadeUpSession(b"a line monitor!!", publishes="records")
    hear(session.hello(LINES))
    rows = [
        (n, 5 + n % 2, 1000 + n // 2, f"line {5 + n % 2}", file, FIRST_NS + n * 10**9, 77)
        for n in range(10)
    ]
    hear(session.records(LINES, rows))
    return session.stream.hex()


def test_a_line_monitor_shows_memory_against_time(hear, view):
    """V5: it opened on the numbers of the lines, and offered the index twice."""
    tab = heard_lines(hear)

    told = view(tab=tab, panel="series").told["panel"]

    assert [choice["id"] for choice in told["ys"]] == ["RSS"]
    assert [choice["id"] for choice in told["xs"]] == ["time", "index", "RSS"]
    assert (told["x"], told["y"], told["unit"], told["x_unit"]) == ("time", "RSS", "bytes", "s")
    assert told["points"][3][:2] == [5003.0, 1001]
    newest = view(tab=tab, panel="series", points=2).told["panel"]
    assert newest["origin"] == told["origin"] == 5000.0
    assert view(tab=tab, panel="series", x="index").told["panel"]["origin"] == 0


def test_a_profile_shows_memory_against_time(view):
    """V15: against an index, though the time is known; V5: index and time were offered twice."""
    told = view(panel="series").told["panel"]

    assert (told["x"], told["x_unit"], told["y"]) == ("time", "s", "RSS")
    names = [choice["id"] for choice in told["xs"]]
    assert names[:2] == ["time", "index"]
    assert len(names) == len(set(names))
    assert not {"time", "index"}.intersection(choice["id"] for choice in told["ys"])


def test_the_filter_leaves_points_of_records_out(hear, view):
    """V15: the filter did nothing in a chart of records."""
    tab = heard_lines(hear)

    told = view(tab=tab, panel="series", filter="line 6").told["panel"]
    assert {point[3] for point in told["points"]} == {6}

    told = view(tab=tab, panel="series", filter="re:(").told["panel"]
    assert "makes no sense" in told["trouble"]


def test_a_line_monitor_opens_with_its_busiest_line(hear, view, tmp_path):
    """V6: the source with the costs of lines was reached by a double click on a record alone."""
    file = tmp_path / "work.py"
    tab = heard_lines(hear, str(file))

    told = view(tab=tab).told
    assert (told["of_lines"], told["busiest"]) == (True, f"6 {file}")
    assert view(tab=tab, panel="source").told["busiest"] == f"6 {file}"
    assert view(tab=tab, panel="source", file=str(file)).told["busiest"] == ""
    assert view().told["busiest"] == ""

    unread = view(tab=tab, panel="source", file=str(file)).told["panel"]
    assert unread["trouble"].startswith("only what was recorded: ")
    assert unread["rows"][5]["cells"][-1] == "line 6"
    file.write_text("".join(f"text {n}\n" for n in range(1, 9)))
    hear()
    costs = {row["id"]: row["cells"] for row in shown_source(view, tab, file)}
    assert costs["6"] == ["6", "5", "", "1004 B", "4 B", "text 6"]


def shown_source(view, tab, file):
    """The source once the file is read anew."""
    return wait_until(
        lambda: [
            told["rows"]
            for told in [view(tab=tab, panel="source", file=str(file)).told["panel"]]
            if not told["trouble"]
        ],
        "the file is read",
    )[0]


def test_a_field_that_there_is_not_gives_way_to_the_first(hear, view):
    tab = heard_records(hear, [(1.0, 2.0, "")])

    told = view(tab=tab, panel="series", x="no", y="c", kind="no").told["panel"]

    assert (told["x"], told["y"], told["kind"]) == ("index", "a", "Mine")


def test_many_points_are_thinned(hear, view):
    tab = heard_records(hear, [(float(n), 0.0, "") for n in range(10_000)])

    told = view(tab=tab, panel="series").told["panel"]

    assert 1000 < len(told["points"]) <= 2000
    assert told["points"][-1][1] == 9999.0
