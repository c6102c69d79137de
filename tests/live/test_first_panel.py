"""What a viewer shows first of a session, and what it offers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.session import PROGRAM, MadeUpSession

from pikos.live.source_text import SourceText
from pikos.live.unavailable import unavailable
from pikos.live.view import Scene, Size, ViewState, draw, press
from pikos.model import Model, Records
from pikos.wire.codec import decode

SCREEN = Size(24, 80)
LINE = ("index", "function", "lineNo", "RSS", "VMS", "line", "filename")
GROWING = tuple(
    (n, "f", 30 + n % 3, (5 + n // 3) << 20, 0, f"step_{n % 3}()", "/a.py") for n in range(40)
)
OTHER = tuple((n, "g", 3, 45 << 20, 0, "other()", "/b.py") for n in range(40, 90))


def scene_of(**records):
    model = Model()
    for message in MadeUpSession().keyframe(**PROGRAM):
        model.fold(decode(message), 10.0)
    if not records:
        return Scene(model.snapshot(), now=10.1)
    facts = {**model.snapshot().facts, "publishes": "records"}
    return Scene(replace(model.snapshot(), facts=facts, records=records), now=10.1)


def told(fields, rows):
    return Records(tuple(fields), tuple(rows), len(rows), len(rows), 0, 0, 10.0)


def lines_session():
    source = SourceText("/a.py", tuple(f"source_{n}" for n in range(1, 101)), "")
    return replace(scene_of(L=told(LINE, GROWING + OTHER)), source=source)


def shown(scene, state=ViewState()):  # noqa: B008  # frozen
    return "\n".join(line.text for line in draw(scene, state, SCREEN).lines)


def pressed(scene, state, key):
    return press(state, draw(scene, state, SCREEN).keys.get(key, key))


def test_a_line_monitor_opens_with_the_lines_that_grow():
    """V6: the file and the line whose memory grew most, with the growth."""
    screen = shown(lines_session()).splitlines()

    grown = next(line for line in screen if "source_32" in line)
    assert grown.split() == ["32", "13", "17.0", "MiB", "13.0", "MiB", "source_32"]
    assert any("grown" in line for line in screen)


def test_one_key_leads_there_from_everywhere():
    """V6: whatever the newest record is."""
    scene = lines_session()
    for panel in ("functions", "memory", "help", "processes", "output"):
        assert "source_32" in shown(scene, pressed(scene, ViewState(panel=panel), "l")), panel
    assert "l lines" in shown(scene)


def test_a_file_that_may_not_be_read_is_shown_as_far_as_it_was_recorded():
    """V6: the records have the text of their lines."""
    scene = scene_of(L=told(LINE, GROWING))
    hidden = replace(scene, source=SourceText("/a.py", (), "/a.py is not below /home"))

    screen = shown(hidden)

    assert "step_1()" in screen
    assert "/a.py is not below /home" in screen


def test_time_decides_where_memory_was_not_recorded_and_else_the_count():
    timed = ("lineNo", "line", "filename", "time_ns", "last_exit_ns")
    rows = [(1, "fast", "/a.py", 10, 0), (2, "slow", "/b.py", 20, 15), (1, "fast", "/a.py", 90, 30)]
    plain = ("lineNo", "line", "filename")

    def opened_on(records):
        scene = scene_of(L=records)
        keys = draw(
            replace(scene, source=SourceText("/b.py", ("", "slow"), "")), ViewState(), SCREEN
        )
        return "\n".join(line.text for line in keys.lines)

    assert "slow" in opened_on(told(timed, rows))
    assert "slow" in opened_on(told(plain, [row[:3] for row in [*rows[1:2], *rows[1:2], rows[0]]]))


def test_other_sessions_open_with_functions_or_with_the_newest_records():
    assert "function (3)" in shown(scene_of())
    functions = told(("index", "function", "lineNo", "filename"), [(0, "f", 3, "/a.py")])
    assert "F: 1 record" in shown(scene_of(F=functions))


@pytest.mark.parametrize("key", sorted(unavailable(lines_session())))
def test_keys_that_would_open_empty_panels_do_nothing_in_a_session_of_records(key):
    """V15: nor are they offered, in the last line or in the help."""
    scene = lines_session()
    for panel in ("functions", "source", "memory"):
        state = ViewState(panel=panel)
        assert pressed(scene, state, key) == state


def test_keys_of_a_profile_are_not_offered_in_a_session_of_records():
    scene = lines_session()

    last = shown(scene).splitlines()[-1]
    assert not {"g graph", "o open", "t threads", "functions"} & set(last.split("  "))
    assert "flame graph, growing" not in shown(scene, ViewState(panel="help"))
    assert "flame graph, growing" in shown(scene_of(), ViewState(panel="help"))


@pytest.mark.parametrize("number", [0, -1, 2**62, "x", None, 1.5])
def test_strange_numbers_of_lines_break_nothing(number):
    rows = [(0, "f", number, 1, 2, "x", "/a.py"), (1, "f", number, 9, 2, "x", "/a.py")]

    assert "x" in shown(scene_of(L=told(LINE, rows)))


def test_keys_without_anything_to_show_are_not_offered_for_a_file_without_stacks():
    """V15: a file of pstats has functions and callers alone."""
    whole = scene_of()
    bare = {"contexts": {}, "threads": {}, "open_calls": (), "counters": None, "ended": "a file"}
    scene = replace(whole, snapshot=replace(whole.snapshot, **bare))

    last = shown(scene).splitlines()[-1]
    assert last.split("  ")[4:] == ["f functions", "P processes", "r from now"]
    assert "flame graph, growing" not in shown(scene, ViewState(panel="help"))
    for key in ("g", "o", "t", "m", "a", "left", "right"):
        assert pressed(scene, ViewState(), key) == ViewState()
    assert pressed(scene, ViewState(), "2").sort == "primitive"
    ended = replace(whole, snapshot=replace(whole.snapshot, ended="the end"))
    assert "g graph" in shown(ended)
