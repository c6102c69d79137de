"""What keys do to what the user has chosen."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from pikos.live.bindings import press
from pikos.live.state import SORTS, ViewState


def after(*keys, state=ViewState()):  # noqa: B008  # frozen
    for key in keys:
        state = press(state, key)
    return state


@pytest.mark.parametrize(("key", "column"), [(str(n), c) for n, c in enumerate(SORTS, start=1)])
def test_every_column_can_be_sorted_by_with_its_key(key, column):
    assert after(key, state=ViewState(sort="")).sort == column


def test_the_key_of_a_column_pressed_again_turns_the_order():
    assert after("1").descending
    assert not after("1", "1").descending
    assert not after("8").descending
    assert after("8", "8").descending


def test_the_columns_beside_can_be_sorted_by():
    assert after("1", ">").sort == SORTS[1]
    assert after("1", "<").sort == SORTS[-1]
    assert after("S", "s").sort == ViewState().sort


def test_a_filter_is_typed_and_ends_with_enter():
    typing = after("/", *"q1 p", "backspace")

    assert typing.typing
    assert typing.pattern == "q1 "
    assert not typing.paused
    assert typing.request == ""
    assert not after("enter", state=typing).typing
    assert after("enter", "c", state=typing).pattern == ""


def test_a_filter_has_an_end():
    assert len(after("/", *"x" * 1000).pattern) == 200


def test_what_cannot_be_printed_does_not_get_into_a_filter():
    assert after("/", "\x01", "other", "\u202e", "a").pattern == "a"


def test_pausing_and_leaving():
    assert after("p").paused
    assert not after("p", " ").paused
    assert after("q").request == "leave"


def test_panels_are_shown_and_left_again():
    assert after("o").panel == "open calls"
    assert after("o", "o").panel == "first"
    assert after("t").panel == "threads"
    assert after("?").panel == "help"
    assert after("?", "f").panel == "functions"
    assert after("t", "3").panel == "functions"


def test_turning_elsewhere_begins_at_the_first_row():
    assert after("row 7 3").row == 7
    assert after("row 7 3").first == 3
    for key in ("1", "o", "/", "i", "function 3"):
        assert after("row 7 3", key).row == 0


def test_escape_leads_back_the_way_that_was_gone():
    assert after("function 3", "escape").panel == "first"
    assert after("function 3", "source 9 /a.py", "escape").panel == "function"
    assert after("source 9 /a.py", "escape").panel == "first"
    assert after("g", "zoom /1/2", "escape").zoom == (1,)
    assert after("g", "zoom /1", "escape", "escape").panel == "first"


def test_escape_after_looking_closer_leads_back_to_place_and_zoom():
    """V12: callers and callees from the flame graph, the rows of a table, one of another."""
    graph = after("g", "zoom /1/2", "node /1/2/3")
    table = after("f", "row 17 9")

    assert after("function 3", "escape", state=graph) == graph
    assert after("function 3", "row 4 0", "function 5", "escape", "escape", state=graph) == graph
    assert after("source 9 /a.py", "row 3 0", "escape", state=graph) == graph
    assert after("function 3", "escape", state=table) == table
    assert after("function 3", "row 4 0", "function 5", "escape", state=table).row == 4
    assert after("function 3", "g", "escape", state=table).panel == "first"
    far = after(*(f"function {n}" for n in range(1, 1000)))
    assert len(far.back) < 100


def test_the_view_can_be_reset_and_stays_paused():
    state = after("p", "/", "x", "enter", "1", "thread 4", "g", "R")

    assert state == ViewState(paused=True, request="count all")


@given(st.lists(st.one_of(st.characters(), st.sampled_from(["up", "enter", "home", "left"]))))
def test_no_key_breaks_anything(keys):
    state = after(*keys)

    assert state.sort in SORTS
    assert state.row == 0


def test_a_key_without_a_meaning_changes_nothing():
    assert after("x", "9", "0", "other", "²") == ViewState()
