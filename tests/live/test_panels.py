"""What the panels draw, and what keys and clicks mean in each of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.live.bindings import press
from pikos.live.flame import DEPTH_MAX
from pikos.live.functions import COLUMNS
from pikos.live.history import Reading
from pikos.live.sessions import Session
from pikos.live.source_text import SourceText
from pikos.live.text import width_of
from pikos.live.view import Scene, Size, ViewState, draw
from pikos.model import Model, Records
from pikos.wire.codec import decode

SCREEN = Size(24, 100)


@pytest.fixture
def scene():
    model = Model()
    for message in MadeUpSession().keyframe(**PROGRAM):
        model.fold(decode(message), 10.0)
    return Scene(model.snapshot(), now=10.1, target="4242")


def shown(scene, state=ViewState(), size=SCREEN):  # noqa: B008  # frozen
    return "\n".join(line.text for line in draw(scene, state, size).lines)


def after(scene, state, *keys, size=SCREEN):
    """What is chosen once these keys were pressed, each on what is seen then."""
    for key in keys:
        state = press(state, draw(scene, state, size).keys.get(key, key))
    return state


def place_of(picture, text):
    """Where a text is on the screen."""
    return next(
        (y, line.text.index(text)) for y, line in enumerate(picture.lines) if text in line.text
    )


def test_the_arrows_choose_a_row_and_enter_looks_closer(scene):
    table = ViewState(sort="name", descending=False)

    second = after(scene, table, "down")
    closer = after(scene, second, "enter")

    assert [line.text for line in draw(scene, second, SCREEN).lines if line.style == "chosen"]
    assert (closer.panel, closer.function) == ("function", 1)


@pytest.mark.parametrize(
    ("keys", "row"),
    [(["up"], 0), (["end"], 2), (["page down", "down"], 2), (["end", "k", "home"], 0)],
)
def test_the_chosen_row_stays_within_the_table(scene, keys, row):
    assert after(scene, ViewState(), *keys).row == row


def test_the_rows_scroll_only_as_far_as_the_chosen_one_needs(scene):
    numbers = range(1, 101)
    stats = {n: scene.snapshot.stats[2]._replace(function=n, inline_ns=-n) for n in numbers}
    many = Scene(replace(scene.snapshot, stats=stats, functions={}, open_calls=()))

    far = after(many, ViewState(), *["down"] * 40)
    back = after(many, far, *["up"] * 3)

    assert "function 41 " in shown(many, far)
    assert "function 42 " not in shown(many, far)
    assert back.first == far.first


def test_a_click_on_a_heading_sorts_and_one_on_a_row_chooses_it(scene):
    picture = draw(scene, ViewState(), SCREEN)

    assert picture.click(*place_of(picture, "cumulative")) == "4"
    assert picture.click(*place_of(picture, "time.sleep")).startswith("row 2 ")
    assert picture.click(*place_of(picture, "g graph")) == "g"
    assert picture.click(99, 0) == ""


@pytest.mark.parametrize("sort", ["self", "calls"])
@pytest.mark.parametrize("columns", [30, 40, 60])
def test_a_narrow_table_keeps_the_names_and_what_it_is_sorted_by(scene, columns, sort):
    lines = shown(scene, ViewState(sort=sort), Size(24, columns))

    assert "▼" + sort in lines
    assert "time.sleep" in lines
    assert "Worker.work" in lines


def test_a_second_click_looks_closer(scene):
    picture = draw(scene, ViewState(row=0), SCREEN)

    assert picture.click(*place_of(picture, "main (app.py")) == "function 1"


def test_callers_and_callees_of_the_chosen_function_are_shown(scene):
    lines = shown(scene, ViewState(panel="function", function=2)).splitlines()
    callers, callees = lines.index("called by"), lines.index("calls")

    assert any("Worker.work (worker.py:9): /src/worker.py:9" in line for line in lines[:callers])
    assert any("10 calls, 6 primitive" in line for line in lines[:callers])
    assert lines[callers + 1].split()[:2] == ["6", "6"]
    assert "main (app.py:3)" in lines[callers + 1]
    assert "Worker.work" in lines[callers + 2]
    assert "Worker.work" in lines[callees + 1]
    assert "time.sleep" in lines[callees + 2]


def test_callers_and_callees_have_open_calls_with_their_time(scene):
    """V10."""
    lines = shown(scene, ViewState(panel="function", function=2)).splitlines()
    callers, callees = lines.index("called by"), lines.index("calls")

    assert lines[callers - 1].split()[-2:] == ["cumulative", "open"]
    assert lines[callers + 1].split()[:7] == ["6", "6", "1.003", "s", "3.005", "s", "1"]
    assert lines[callees + 1].split()[:7] == ["4", "0", "2.000", "s", "2.000", "s", "1"]


def test_from_a_callee_one_goes_on_to_its_callers(scene):
    state = after(scene, ViewState(panel="function", function=1), "down", "down", "down", "enter")

    assert state.function == 2


def test_a_caller_outside_the_profile_is_said_to_be_so(scene):
    assert "outside the profile" in shown(scene, ViewState(panel="function", function=1))


def test_the_flame_graph_is_as_wide_as_the_time_open_calls_included(scene):
    lines = draw(scene, ViewState(panel="flame graph"), SCREEN).lines[5:]
    wide = [[span.end - span.begin for span in line.spans] for line in lines[1:5]]

    assert lines[0].text.startswith("all calls: 9.000 s")
    assert [line.text.split()[0] for line in lines[2:4]] == ["▏main", "▏Worker.work"]
    assert wide == [[100], [100], [33], [22]]  # 9 s, 9 s, 3 s of them, 2 s of those


def test_the_flame_graph_is_walked_with_the_arrows_and_zoomed_with_enter(scene):
    graph = ViewState(panel="flame graph")

    chosen = after(scene, graph, "down", "down")
    zoomed = after(scene, chosen, "enter")
    again = draw(scene, zoomed, SCREEN)

    assert chosen.node == (1, 2)
    assert zoomed.zoom == (1, 2)
    assert "100.0 %" in again.lines[5].text
    assert after(scene, zoomed, "escape").zoom == (1,)
    assert after(scene, chosen, "up", "left", "right").node == (1,)
    assert after(scene, chosen, "d").function == 2
    assert again.click(*place_of(again, "all calls")) == "node /"


def test_a_call_that_is_gone_leaves_the_flame_graph_where_it_was(scene):
    state = ViewState(panel="flame graph", zoom=(1, 77), node=(1, 77, 78))

    assert "main" in shown(scene, state)


def test_a_tree_that_goes_round_in_circles_is_drawn_all_the_same(scene):
    contexts = dict(scene.snapshot.contexts)
    contexts[2] = contexts[2]._replace(parent=5, cumulative_ns=10**9)
    round_and_round = Scene(replace(scene.snapshot, contexts=contexts), now=10.1)

    for panel in ("flame graph", "function", "functions"):
        assert shown(round_and_round, ViewState(panel=panel, thread=1, function=2))


def test_one_thread_alone_has_its_own_counts(scene):
    returned = scene.snapshot.returned()
    other = returned.contexts[3]._replace(id=9, thread=2, parent=0, callcount=7)
    threads = {**returned.threads, 2: returned.threads[1]._replace(id=2, name="pool")}
    both = Scene(
        replace(returned, contexts={**returned.contexts, 9: other}, threads=threads), now=10.1
    )

    alone = after(both, ViewState(), "left")

    assert alone.thread == 2
    assert "of pool alone" in shown(both, alone)
    row = next(line for line in shown(both, alone).splitlines() if "Worker.work (" in line)
    assert row.split()[0] == "7"
    assert after(both, alone, "a").thread == 0
    assert after(both, alone, "right").thread == 0


@pytest.mark.parametrize("since", [False, True])
def test_the_threads_keep_their_own_numbers_when_one_is_chosen(scene, since):
    """V11: each thread its own, and all of them together, whichever is looked at."""
    returned = scene.snapshot.returned()
    other = returned.contexts[3]._replace(id=9, thread=2, parent=0, callcount=7)
    threads = {**returned.threads, 2: returned.threads[1]._replace(id=2, name="pool")}
    both = replace(returned, contexts={**returned.contexts, 9: other}, threads=threads)
    before = replace(both, contexts={}, time_ns=0) if since else None
    seen = Scene(both, since=before, now=10.1)

    def calls(thread):
        lines = shown(seen, ViewState(panel="threads", thread=thread)).splitlines()[6:9]
        return [int(line.split()[0]) for line in lines]

    assert calls(0) == [23, 16, 7]
    assert calls(1) == calls(2) == calls(0)


@pytest.mark.parametrize("width", [40, 46, 60, 80, 100])
def test_names_stay_where_there_is_little_room(scene, width):
    """V9: of threads, callers and callees the numbers were left, and not the names."""
    size = Size(24, width)

    assert "MainThread" in shown(scene, ViewState(panel="threads"), size)
    closer = shown(scene, ViewState(panel="function", function=2), size)
    assert "main (app.py:3)" in closer
    assert "time.sleep" in closer
    assert ("native id" in shown(scene, ViewState(panel="threads"), size)) == (width >= 80)


def test_enter_on_a_thread_chooses_it(scene):
    state = after(scene, ViewState(panel="threads"), "down", "enter")

    assert state.thread == 1


def test_what_came_since_is_counted_with_memory(scene):
    later = replace(
        scene.snapshot,
        stats={2: scene.snapshot.stats[2]._replace(callcount=25)},
        session=scene.snapshot.session._replace(rss_bytes=50_000_000 + 3 * 1024 * 1024),
        time_ns=scene.snapshot.time_ns + 2 * 10**9,
    )

    screen = shown(Scene(later, since=scene.snapshot, now=10.1))

    assert "counted since 0:00:02 ago" in screen
    assert "(+3.0 MiB)" in screen
    row = next(line for line in screen.splitlines() if "Worker.work (" in line)
    assert row.split()[0] == "15"


def test_the_memory_is_drawn_over_time(scene):
    told = tuple(Reading(at * 10**9, at * 1024 * 1024, 1 << 30) for at in range(1, 200))

    screen = shown(replace(scene, memory=told), ViewState(panel="memory"))

    assert "RSS, resident memory over 0:03:18: now 199.0 MiB" in screen
    assert "VMS, virtual size over 0:03:18: now 1.0 GiB" in screen
    assert "█" in screen


def test_memory_that_grew_is_seen_at_a_glance_everywhere(scene):
    told = (Reading(1, 10, 20), Reading(2, 20, 20))

    assert any(
        "▁█" in line.text for line in draw(replace(scene, memory=told), ViewState(), SCREEN).lines
    )


def test_the_processes_can_be_chosen_one_or_all(scene):
    sessions = tuple(
        Session(pid, f"ipc:///run/{pid}", ("app.py", f"\x1b{pid}"), 0, "") for pid in (11, 12)
    )
    several = replace(scene, sessions=sessions, unix_now=7.0)
    state = ViewState(panel="processes")

    assert "app.py \\x1b11" in shown(several, state)
    assert after(several, state, "enter").request == "watch all"
    assert after(several, state, "down", "down", "enter").request == "watch ipc:///run/12"


def test_no_process_is_said_to_be_there(scene):
    assert "pikos run SCRIPT" in shown(scene, ViewState(panel="processes"))


def test_the_source_is_shown_from_the_functions_first_line(scene):
    text = SourceText("/src/worker.py", tuple(f"line_{n} = {n}" for n in range(1, 100)), "")

    state = after(scene, ViewState(), "down", "l")
    screen = shown(replace(scene, source=text), state)

    assert (state.panel, state.file, state.row) == ("source", "/src/worker.py", 8)
    assert "line_9 = 9" in screen
    assert "line_6 " not in screen


def test_the_source_has_what_a_line_monitor_recorded(scene):
    rows = ((0, "f", 2, 5 << 20, 0, "x = 1", "/a.py"), (1, "f", 2, 7 << 20, 0, "x = 1", "/a.py"))
    fields = ("index", "function", "lineNo", "RSS", "VMS", "line", "filename")
    told = Records(fields, rows, 2, 2, 0, 0, 10.0)
    facts = {**scene.snapshot.facts, "publishes": "records"}
    recorder = replace(scene.snapshot, facts=facts, records={"LineMemoryRecord": told})
    seen = Scene(recorder, now=10.1, source=SourceText("/a.py", ("import x", "x = 1"), ""))

    line = next(line for line in shown(seen, ViewState()).splitlines() if "x = 1" in line)

    assert line.split() == ["2", "2", "7.0", "MiB", "2.0", "MiB", "x", "=", "1"]


def test_what_the_program_wrote_is_shown_its_end_first(scene):
    told = tuple(f"line {n}\t\x1b[2J" for n in range(100))
    written = replace(scene, output=told)
    state = ViewState(panel="output")

    assert "line 99 \\x1b[2J" in shown(written, state)
    assert "line 50 " not in shown(written, state)
    assert "line 0 " in shown(written, after(written, state, *["page up"] * 20))
    assert "pikos run --live" in shown(scene, state)


def test_why_there_is_no_source_is_said(scene):
    hidden = replace(scene, source=SourceText("/a.py", (), "/a.py is not below /home"))

    assert "no source: /a.py is not below /home" in shown(hidden, ViewState(panel="source"))


def test_numbers_of_records_are_drawn_over_time(scene):
    told = Records(
        ("index", "RSS", "name"), ((0, 1 << 20, "a"), (1, 3 << 20, "b")), 2, 2, 0, 0, 1.0
    )
    facts = {**scene.snapshot.facts, "publishes": "records"}
    recorder = Scene(replace(scene.snapshot, facts=facts, records={"M": told}), now=10.1)

    screen = shown(recorder, ViewState(panel="memory"))

    assert "M.index" not in screen
    assert "M.RSS of the newest 2: now 3.0 MiB, least 1.0 MiB, most 3.0 MiB" in screen
    assert "name" not in screen


@pytest.mark.parametrize("count", range(1, 30, 7))
def test_any_number_of_charts_fits(scene, count):
    fields = tuple(f"field_{n}" for n in range(count))
    told = Records(fields, ((1,) * count, (2.5,) * count), 2, 2, 0, 0, 1.0)
    facts = {**scene.snapshot.facts, "publishes": "records"}
    recorder = Scene(replace(scene.snapshot, facts=facts, records={"M": told}), now=10.1)

    state = after(recorder, ViewState(panel="memory"), *["down"] * 50)

    assert f"field_{count - 1}" in shown(recorder, state)


def test_a_flame_graph_that_is_cut_off_says_so():
    deep = DEPTH_MAX + 3
    rows = [(n, n - 1, 1, n > 1, n > 2, 0, 1, n > 2, 0, 1, deep - n) for n in range(1, deep)]
    model = Model()
    for message in MadeUpSession().keyframe(**{**PROGRAM, "context": rows, "open_call": []}):
        model.fold(decode(message), 10.0)
    scene = Scene(model.snapshot(), now=10.1)
    said = f"calls more than {DEPTH_MAX} deep are not shown"
    above = ViewState(panel="flame graph", zoom=(1,) * (DEPTH_MAX - 100))
    bottom = ViewState(panel="flame graph", zoom=(1,) * (DEPTH_MAX - 2))

    assert said in shown(scene, bottom)
    assert said not in shown(scene, above)


@pytest.mark.parametrize("sort", [column.name for column in COLUMNS])
@pytest.mark.parametrize("columns", [80, 100, 140])
def test_the_heading_that_is_sorted_by_is_whole(scene, sort, columns):
    """V8: the other columns give way."""
    heading = shown(scene, ViewState(sort=sort), Size(24, columns)).splitlines()[5]

    title = next(column.title for column in COLUMNS if column.name == sort)
    assert f"▼{title}" in heading
    assert sort in {"name", "calls"} or "…" not in heading.split("function")[0]


def test_for_how_long_and_the_threads_are_in_sight_on_a_narrow_screen(scene):
    """V8: what is cut off is what matters less."""
    facts = {
        **scene.snapshot.facts,
        "host": "a-machine-with-a-name.of-a-domain.example.com",
        "mechanism": "sys.monitoring, and a reason that is long",
    }
    later = replace(scene.snapshot, facts=facts, time_ns=3_723 * 10**9)

    lines = shown(replace(scene, snapshot=later), ViewState(), Size(24, 80)).splitlines()

    assert "for 1:02:03" in lines[1]
    assert "1 thread" in lines[2]


def test_names_of_open_calls_are_cut_only_where_there_is_no_room(scene):
    """V8: on the line of a thread."""
    assert "main 9.000 s ▸ Worker.work 3.000 s" in shown(scene, ViewState(), Size(24, 80))
    narrow = shown(scene, ViewState(), Size(24, 40)).splitlines()
    assert all(width_of(line) <= 40 for line in narrow)


def test_the_filter_marks_calls_of_the_flame_graph(scene):
    """V15: those that do not pass are dim; how much time passes is said."""
    graph = ViewState(panel="flame graph")
    typing = after(scene, graph, "/", *"WORKER")
    picture = draw(scene, after(scene, typing, "enter"), SCREEN)

    assert typing.panel == "flame graph"
    assert typing.typing
    heading = picture.lines[5].text
    assert heading.startswith("33.4 % with WORKER")
    styles = {
        line.text[span.begin + 1 : span.end].strip(): span.style
        for line in picture.lines[6:10]
        for span in line.spans
    }
    assert styles["main"] == "dim"
    assert styles["Worker.work"].startswith("flame")
    assert "makes no sense" in shown(scene, replace(graph, pattern="re:("))
    nothing = shown(scene, replace(graph, pattern="no such function"))
    assert "0.0 % with no such function" in nothing
    assert "with" not in shown(scene, after(scene, replace(graph, pattern="x"), "c")).split("\n")[5]


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"disconnects": 1}, "1 disconnect"),
        ({"disconnects": 2}, "2 disconnects"),
        ({"refused": 1, "refusal": "x"}, "1 message refused: x"),
    ],
)
def test_one_is_told_in_the_singular(scene, wrong, right):
    """V15."""
    line = shown(replace(scene, **wrong), ViewState(), Size(24, 200)).splitlines()[3]

    assert right in line.split(" · ")


def test_why_a_session_ended_is_a_sentence(scene):
    """V15: not "ended closed"."""
    closed = replace(scene, snapshot=replace(scene.snapshot, ended="closed"))

    assert "ended: the session was closed" in shown(closed)
