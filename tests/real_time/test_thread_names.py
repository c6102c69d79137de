"""C16, C18: each thread has its own name, and is told from others by itself, not by its ident."""

from __future__ import annotations

import threading

import pytest
from support.counted import calls_of, counting
from support.published import published
from support.threads import run_listed, run_native, run_unlisted, run_with_ident

from pikos._lsprof import Profiler


def leaf():
    return 1


def register():
    """Have threading make a stand-in for this thread, and go on."""
    leaf()
    threading._active.pop(threading.get_ident(), None)  # an ended thread's, before 3.13
    threading.current_thread()
    leaf()


def names_of(profiler, function=leaf):
    """Names of the rows in which a function was called."""
    rows = [
        facts for facts, entries in profiler.thread_stats() if calls_of(entries, function).calls
    ]
    return [facts["name"] for facts in rows]


def test_a_row_used_again_learns_the_name_of_a_thread_that_threading_did_not_begin():
    """C16: where all its calls are known, too."""
    with counting() as profiler:
        for _ in range(3):
            run_unlisted(register)
        [name] = names_of(profiler)

    assert name.startswith("Dummy-")
    assert name.endswith("#")


def test_a_row_used_again_has_no_name_where_its_thread_has_none():
    """C16: threads of the system's, too."""
    with counting() as profiler:
        for start in (run_unlisted, run_native):
            start(leaf)
            start(leaf)

    assert set(names_of(profiler)) == {""}


def test_past_the_rows_that_are_kept_none_shows_the_name_of_the_thread_before():
    """C16: a row that was a named thread's is used by one that has no name."""
    with counting() as profiler:
        for number in range(300):
            letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
            run_listed(leaf, letters)
        run_unlisted(leaf)
        rows = {facts["native_id"]: facts["name"] for facts, _ in profiler.thread_stats()}
        run_listed(leaf, "last")
        names = names_of(profiler)

    assert "" in rows.values()
    assert "last" in names


@pytest.mark.parametrize("times", [1, 3])
def test_a_thread_that_is_renamed_has_its_new_name(times):
    """C16: also in a row that was another thread's, while it runs, and after it has ended."""
    seen = []

    def renames():
        leaf()
        threading.current_thread().name = "renamed"
        leaf()
        seen.append(names_of(profiler))

    with counting() as profiler:
        for _ in range(times):
            run_listed(renames, "first")
        names = names_of(profiler)

    assert seen == [["renamed"]] * times
    assert names == ["renamed"]


def test_a_viewer_sees_the_new_name_of_a_thread():
    """C16: and what the thread that enables is called now, also late in its life."""
    profiler = Profiler()
    before = threading.current_thread().name
    try:
        with published(profiler) as look:
            profiler.enable()
            for number in range(200):
                exec(f"def f{number}(): pass\nf{number}()")
            threading.current_thread().name = "chosen late"
            profiler.disable()
            names = {thread.name for thread in look().threads.values()}
    finally:
        threading.current_thread().name = before

    assert names == {"chosen late"}


def test_a_thread_that_begins_has_its_own_name_where_an_old_stand_in_is_listed():
    """C16: before 3.13 threading keeps the stand-in of a thread that has ended."""
    ident = run_unlisted(threading.current_thread)

    with counting() as profiler:
        if not run_with_ident(ident, leaf, name="own"):
            pytest.skip("the system gives no thread that ident")

    assert names_of(profiler) == ["own"]


def test_only_the_thread_that_enables_is_counted_not_one_that_gets_its_ident():
    """C18."""
    profiler = Profiler(threads=False)

    def enables():
        profiler.enable()
        leaf()

    ident = run_unlisted(enables)
    same = run_with_ident(ident, leaf)
    profiler.disable()

    assert calls_of(profiler, leaf).calls == 1
    if not same:
        pytest.skip("the system gives no thread that ident")
