"""What the threads are doing: their open calls with ages, and the threads themselves."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pikos.live.function_table import name_in
from pikos.live.functions import label
from pikos.live.layout import Column, Table, listed, under
from pikos.live.scene import Line, Picture
from pikos.live.text import count, counted, cut, duration, left, right, safe, width_of
from pikos.model.context_rows import ThreadTotal
from pikos.model.threads import thread_totals

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.live.scene import Scene, Style
    from pikos.live.state import ViewState
    from pikos.model import OpenCall, Snapshot, Thread

SHORT_NAME = 8
"""Columns below which the name of a call is not cut to make room for others."""

INDENT_MAX = 24
"""Columns by which a deep call is set in at most."""


def threads_now(scene: Scene, room: int, width: int) -> list[Line]:
    """Draw what each thread is doing.

    Parameters
    ----------
    scene
        What there is to see.
    room
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    list of Line
        A heading, and a line for each thread that has an open call, the longest-waiting first.

    """
    if room < 1:
        return []
    snapshot = scene.snapshot
    stacks = running_stacks(snapshot)
    told = [
        Line(safe(_now(snapshot, thread, stack, width), width), key=f"thread {thread}")
        for thread, stack in sorted(stacks.items(), key=lambda item: -item[1][-1].age_ns)
    ]
    hidden = len(told) - (room - 1)
    heading = f"open calls ({count(snapshot.open_count)}), outermost to innermost, with ages"
    if hidden > 0:
        heading += f"; {counted(hidden, 'more thread')}"
    return [Line(left(heading, width), "heading", key="o"), *told[: room - 1]]


def running_stacks(snapshot: Snapshot) -> Mapping[int, list[OpenCall]]:
    """Find the open calls of each thread, without those of suspended greenlets.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    Mapping
        By thread the calls, the outermost first.

    """
    stacks = defaultdict(list)
    for call in snapshot.open_calls:
        if not call.stack:
            stacks[call.thread].append(call)
    for stack in stacks.values():
        stack.sort(key=lambda call: call.depth)
    return stacks


def _suspended(snapshot: Snapshot) -> Mapping[int, list[OpenCall]]:
    """Find the open calls of the suspended greenlets of each thread."""
    calls = defaultdict(list)
    for call in snapshot.open_calls:
        if call.stack:
            calls[call.thread].append(call)
    return calls


def thread_name(thread: Thread | None, number: int) -> str:
    """Name a thread for people.

    Parameters
    ----------
    thread
        The thread, or None if only its id is known.
    number
        Its id.

    Returns
    -------
    str
        Its name: data from a stranger.

    """
    if thread is None or not thread.name:
        return f"thread {number}"
    return thread.name


def _short(snapshot: Snapshot, number: int) -> str:
    function = snapshot.functions.get(number)
    return label(None, number) if function is None else function.qualified_name


def _now(snapshot: Snapshot, thread: int, stack: list[OpenCall], width: int) -> str:
    name_width = max(8, width // 5)
    told = stack if len(stack) <= 3 else [stack[0], stack[-2], stack[-1]]  # noqa: PLR2004  # the ends
    names = [safe(_short(snapshot, call.function), width) for call in told]
    room = max(map(width_of, names))
    while (text := _joined(stack, told, names, room)) and room > SHORT_NAME:
        if width_of(text) <= width - name_width - 8:
            break
        room -= 1
    name = safe(thread_name(snapshot.threads.get(thread), thread), name_width)
    return f"{left(name, name_width)} {right(str(stack[-1].depth + 1), 5)}  {text}"


def _joined(stack: list[OpenCall], told: list[OpenCall], names: list[str], room: int) -> str:
    """Write calls side by side, no name wider than there is room for."""
    calls = [
        f"{cut(name, room)} {duration(call.age_ns)}" for name, call in zip(names, told, strict=True)
    ]
    if len(told) < len(stack):
        calls.insert(1, "…")
    return " ▸ ".join(calls)


def open_calls(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw every open call, set in by depth.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    room
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    Picture
        A heading, and for each thread its name and its calls.

    """
    snapshot = scene.snapshot
    running, suspended = running_stacks(snapshot), _suspended(snapshot)
    rows: list[Line] = []
    for thread in sorted({*running, *suspended}):
        name = safe(thread_name(snapshot.threads.get(thread), thread), width)
        rows.append(Line(name, "bold", key=f"thread {thread}"))
        expected = 0
        for call in running.get(thread, ()):
            if call.depth > expected:
                between = f"{'':11}… {counted(call.depth - expected, 'call')} between"
                rows.append(Line(left(between, width), "dim"))
                expected = call.depth
            expected += call.calls
            rows.append(_open_call(snapshot, call, width))
        if thread in suspended:
            rows.append(Line(left(f"{'':11}in suspended greenlets", width), "dim"))
        rows += [_open_call(snapshot, call, width) for call in suspended.get(thread, ())]
    heading = Line(left("open calls: age and function of each, by thread", width), "heading")
    return under([heading], listed(state, rows, room - 1))


def _open_call(snapshot: Snapshot, call: OpenCall, width: int) -> Line:
    name = label(snapshot.functions.get(call.function), call.function)
    before = f"{right(duration(call.age_ns), 10)} {' ' * min(call.depth, INDENT_MAX)}"
    if call.calls > 1:
        before += f"{count(call.calls)} calls of "
    line = Line(left(safe(before + safe(name), width), width), key=f"function {call.function}")
    return name_in(line, min(len(before), width))


def threads(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the threads, with what each has cost.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    room
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    Picture
        A heading and a row for each thread; the first row stands for all of them.

    """
    snapshot = scene.all_threads or scene.snapshot
    laid = Table(
        (
            Column("calls", 11),
            Column("self", 9),
            Column("depth", 6, gives_way=3),
            Column("native id", 10, gives_way=1),
            Column("alive", 5, number=False, gives_way=2),
            Column("thread", 0, number=False, style="name"),
        ),
        width,
    )
    totals = thread_totals(snapshot.contexts)
    everyone = ["", "", "", "", "", "all threads together"]
    everyone[0] = count(sum(total.calls for total in totals.values()))
    everyone[1] = duration(sum(total.self_ns for total in totals.values()))
    rows = [laid.row(everyone, "plain" if state.thread else "bold", "thread 0")]
    for number, thread in sorted(snapshot.threads.items()):
        total = totals.get(number, ThreadTotal())
        name = thread_name(thread, number)
        if thread.threads > 1:
            name += f" (and {count(thread.threads - 1)} before it)"
        told = [
            count(total.calls),
            duration(total.self_ns),
            count(thread.depth),
            str(thread.native_id),
            "yes" if thread.alive else "no",
            name,
        ]
        style: Style = "plain" if thread.alive else "dim"
        rows.append(laid.row(told, "bold" if number == state.thread else style, f"thread {number}"))
    return under([laid.heading()], listed(state, rows, room - 1))
