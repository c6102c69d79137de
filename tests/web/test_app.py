"""What the application answers, and what it does not."""

from __future__ import annotations

import importlib.util
import re

import pytest
from support.asgi import ask
from support.frames import Frames
from support.session import PROGRAM
from web.conftest import TOKEN

from pikos.errors import WebMissing
from pikos.live.flame import DEPTH_MAX
from pikos.live.web import app as module
from pikos.live.web.app import web_app
from pikos.live.web.hub import KEPT_MAX, Hub


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("panel", "nonsense", "one of functions, bars"),
        ("text", "nonsense", "one of functions"),
        ("sort", "__class__", "one of calls"),
        ("value", "name", "one of calls"),
        ("descending", "2", "from 0 to 1"),
        ("count", "501", "from 0 to 500"),
        ("count", "-1", "from 0 to 500"),
        ("first", "x", "a whole number"),
        ("first", "1e3", "a whole number"),
        ("first", "9" * 5000, "a whole number"),
        ("points", "2001", "from 0 to 2000"),
        ("width", "0", "from 1 to 10000"),
        ("function", str(2**63), "a whole number"),
        ("filter", "x" * 1001, "a text of at most"),
        ("file", "x" * 5000, "a text of at most"),
        ("zoom", "/1/two", "/ID/ID/"),
        ("at", "-1", "a whole number"),
    ],
)
def test_a_choice_without_sense_is_refused_by_name(view, name, value, remedy):
    answer = view(**{name: value})

    assert answer.status == 400
    assert set(answer.told) == {"error"}
    assert answer.told["error"].startswith(f"{name} ")
    assert remedy in answer.told["error"]
    assert len(answer.body) < 500


@pytest.mark.parametrize("by", ["", "x", "nan", "inf", "86401", "-1e9"])
def test_a_step_without_sense_is_refused(asked, by):
    answer = asked("seek", method="POST", by=by)

    assert answer.status == 400
    assert answer.told["error"].startswith("by ")


def test_what_is_no_recording_is_not_gone_through(asked):
    assert asked("seek", method="POST", by="-5").told == {"sought": False}


@pytest.mark.parametrize(
    "name", ["no.js", "..%2fapp.py", "../app.py", "%2e%2e/app.py", "__init__.py", "", "/etc/passwd"]
)
def test_nothing_is_served_that_is_not_a_file_of_the_page(asked, name):
    answer = asked(f"static/{name}")

    assert answer.status in {403, 404}
    assert b"import" not in answer.body


def test_every_file_that_the_page_asks_for_is_served(asked):
    page = asked("").body.decode()
    asked_for = re.findall(r'(?:src|href)="([^"]+)"', page)
    seen = set()
    while asked_for:
        name = asked_for.pop().removeprefix("./").removeprefix("static/")
        if name in seen or name.startswith("data:"):
            continue
        seen.add(name)
        answer = asked(f"static/{name}")
        assert answer.status == 200, name
        if name != "plotly.min.js":
            asked_for += re.findall(r'from "\./([^"]+)"', answer.body.decode())

    assert {"main.js", "style.css", "flame.js", "charts.js"} <= seen
    assert not re.search(r"<script>|<style|\son\w+=", page)


def test_without_plotly_it_is_told_what_to_install(hub, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(WebMissing, match=r"pikos\[web\]"):
        web_app(hub, token=TOKEN)


def test_plotly_itself_is_never_imported(asked, python):
    code = f"import sys, {module.__name__}; print('plotly' in sys.modules)"

    assert python("-c", code).stdout == "False\n"


# What is told of a program


def names(told):
    return [row["cells"] for row in told["panel"]["rows"]]


def test_functions_are_told_as_many_as_are_wanted(view):
    told = view(first=1, count=1).told

    assert told["panel"]["total"] == 3
    assert told["panel"]["first"] == 1
    assert [row["id"] for row in told["panel"]["rows"]] == ["2"]
    assert view(first=10).told["panel"]["rows"] == []
    assert view(count=0).told["panel"]["rows"] == []


def test_a_filter_without_sense_is_told_in_the_panel(view):
    for panel in ("functions", "bars", "flame"):
        told = view(filter="re:(", panel=panel).told
        assert "filter 're:(' makes no sense" in told["panel"]["trouble"]


def test_the_flame_graph_has_every_call_with_its_caller(view):
    told = view(panel="flame").told["panel"]

    assert told["nodes"][0][:4] == [-1, "0", 0.0, 1.0]
    for place, (caller, function, begin, width, value_ns, calls, opened) in enumerate(
        told["nodes"]
    ):
        assert caller < place
        assert function in told["names"]
        assert 0 <= begin <= begin + width <= 1 + 1e-9
        assert value_ns >= 0
        assert calls >= 0
        assert opened >= 0
        if caller >= 0:
            above = told["nodes"][caller]
            assert above[2] - 1e-9 <= begin
            assert begin + width <= above[2] + above[3] + 1e-9
    assert len(told["nodes"]) > 2


def test_the_filter_tells_calls_of_the_flame_graph_apart(view):
    """V15: it did nothing there."""
    assert view(panel="flame").told["panel"]["fitting"] is None

    for pattern, fitting in (("worker.py", ["2"]), ("re:^main", ["1"]), ("nothing", [])):
        told = view(panel="flame", filter=pattern).told["panel"]
        assert told["fitting"] == fitting
        assert told["names"].keys() >= {"0", "1", "2"}


def test_the_flame_graph_says_below_which_depth_it_is_cut_off(view, hear, session):
    assert view(panel="flame").told["panel"]["deeper_than"] == 0
    deep = DEPTH_MAX + 3
    rows = [(n, n - 1, 1, n > 1, n > 2, 0, 1, n > 2, 0, 1, 10**9) for n in range(1, deep)]
    hear(session.rows(context=rows, open_call=[]))

    assert view(panel="flame").told["panel"]["deeper_than"] == DEPTH_MAX


def test_a_moment_that_is_paused_at_stays_until_it_is_forgotten(asked, view, hear, session):
    at = asked("keep", method="POST").told["kept"]
    before = view(at=at).told["panel"]
    hear(session.rows(stat=[(2, 11_111, 4, 0, 9_000_000, 9_000_000)]))

    assert view(at=at).told["panel"] == before
    assert "11,111" in str(view().told["panel"])
    for _ in range(KEPT_MAX):
        asked("keep", method="POST")
    told = view(at=at).told
    assert told["notice"] == "the moment that was paused at is forgotten"
    assert "11,111" in str(told["panel"])


def test_counts_since_a_moment_are_differences(asked, view, hear, session):
    since = asked("keep", method="POST").told["kept"]
    hear(session.rows(stat=[(2, 17, 4, 0, 3_500_000, 5_500_000)]))

    rows = {cells[-1]: cells for cells in names(view(since=since).told)}

    assert any(cell == "7" for cell in rows["Worker.work (worker.py:9)"])


def test_counting_that_began_anew_is_counted_from_its_beginning(asked, view, hear, session):
    since = asked("keep", method="POST").told["kept"]
    session.epoch += 1
    hear(*session.keyframe(**PROGRAM))

    told = view(since=since).told

    assert told["notice"].startswith("counted from the beginning")


def test_source_is_shown_of_files_below_the_roots_alone(view, tmp_path, tmp_path_factory):
    inside = tmp_path / "inside.py"
    inside.write_text("a = 1\n<b>\n")
    outside = tmp_path_factory.mktemp("outside") / "outside.py"
    outside.write_text("secret = 1\n")
    (tmp_path / "link.py").symlink_to(outside)

    told = view(panel="source", file=str(inside)).told["panel"]
    assert [row["cells"] for row in told["rows"]] == [["1", "a = 1"], ["2", "<b>"]]
    for file in (outside, tmp_path / "link.py", f"{tmp_path}/../{outside.parent.name}/outside.py"):
        answer = view(panel="source", file=str(file))
        assert answer.told["panel"]["rows"] == []
        assert answer.told["panel"]["trouble"]
        assert b"secret" not in answer.body


def test_an_empty_page_says_what_is_missing(asked, view):
    """V14: it said "waiting for it", and nothing of how to start."""
    assert view().told["missing"] == ""

    with Hub() as empty:
        told = ask(web_app(empty, token=TOKEN), f"/{TOKEN}/view").told
        assert told["missing"] == "No program is being profiled now."
        empty.add(Frames(), "4711")
        told = ask(web_app(empty, token=TOKEN), f"/{TOKEN}/view").told
        assert told["missing"] == "Nothing was heard of 4711 yet."
    assert "pikos run app.py" in asked("").body.decode()


def test_a_tab_that_has_gone_gives_way_to_the_first(view):
    told = view(tab="no such tab").told

    assert told["tab"] == told["tabs"][0]["id"] == bytes(16).hex()
