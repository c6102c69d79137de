"""The panels: the function table, open calls, threads, help."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pikos.live.functions import COLUMNS, label
from pikos.live.scene import Line
from pikos.live.state import KEYS
from pikos.live.text import count, duration, left, right, safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.live.functions import FunctionRow
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import OpenCall, Snapshot, Thread

NAME_MIN = 24
"""Columns that the function's name should have; other columns make room for it."""

EXPENDABLE = ("primitive", "per_call", "rate", "open")
"""Columns of the function table that are left out where there is no room, in this order."""

INDENT_MAX = 24
"""Columns by which a deep call is set in at most."""


def panel(scene: Scene, state: ViewState, lines: int, width: int) -> list[Line]:
    """Draw the panel that the user has chosen.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    lines
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    list of Line
        The panel, its heading first.

    """
    if state.panel == "functions":
        return functions(scene, state, lines, width)
    if state.panel == "open calls":
        drawn = _open_calls(scene.snapshot, width)
    elif state.panel == "threads":
        drawn = _threads(scene.snapshot, width)
    else:
        drawn = _help(width)
    return [drawn[0], *drawn[1:][_window(state.offset, len(drawn) - 1, lines - 1)]]


def _window(offset: int, total: int, lines: int) -> slice:
    """Choose what is seen of a list: never past its end."""
    first = max(0, min(offset, total - lines))
    return slice(first, first + max(0, lines))


def functions(scene: Scene, state: ViewState, lines: int, width: int) -> list[Line]:
    """Draw the function table.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    lines
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    list of Line
        The heading and the rows.

    """
    wanted = state.offset + max(0, lines - 1)
    try:
        rows, total = scene.functions.top(
            wanted, sort=state.sort, descending=state.descending, pattern=state.pattern
        )
    except ValueError as error:
        return [Line(safe(f"filter {state.pattern!r} makes no sense: {error}", width), "warning")]
    shown = rows[_window(state.offset, total, lines - 1)]
    names = _columns(width, state.sort)
    heading = "  ".join(
        left(title, fill) if name == "name" else right(title, fill)
        for name, title, fill in _titles(names, state, total, width)
    )
    return [
        Line(safe(heading, width), "heading"),
        *(Line(_function(row, names, width), "plain") for row in shown),
    ]


def _columns(width: int, sort: str) -> list[str]:
    """Choose the columns that there is room for; what is sorted by stays."""
    names = [column.name for column in COLUMNS]
    for name in EXPENDABLE:
        if _name_width(names, width) >= NAME_MIN:
            break
        if name != sort:
            names.remove(name)
    return names


def _name_width(names: list[str], width: int) -> int:
    return width - sum(column.width + 2 for column in COLUMNS if column.name in names[:-1])


def _titles(
    names: list[str], state: ViewState, total: int, width: int
) -> list[tuple[str, str, int]]:
    titles = []
    for column in COLUMNS:
        if column.name in names:
            mark = ("▼" if state.descending else "▲") if column.name == state.sort else ""
            title = column.title
            if column.name == "name":
                title = f"{title} ({count(total)}{_filtered(state)})"
            titles.append((column.name, mark + title, column.width or _name_width(names, width)))
    return titles


def _filtered(state: ViewState) -> str:
    if state.typing:
        return f" with {safe(state.pattern)}▏"
    return f" with {safe(state.pattern)}" if state.pattern else ""


def _function(row: FunctionRow, names: list[str], width: int) -> str:
    cells = {
        "calls": count(row.calls),
        "primitive": count(row.primitive),
        "self": duration(row.self),
        "cumulative": duration(row.cumulative),
        "per_call": duration(row.per_call) if row.primitive > 0 else "-",
        "rate": count(row.rate) if row.rate >= 0 else "-",
        "open": count(row.open) if row.open else "",
    }
    numbers = [
        right(cells[column.name], column.width)
        for column in COLUMNS
        if column.name in names and column.name in cells
    ]
    name_width = max(0, _name_width(names, width))
    return safe("  ".join([*numbers, safe(row.name, name_width)]), width)


def threads_now(scene: Scene, lines: int, width: int) -> list[Line]:
    """Draw what each thread is doing.

    Parameters
    ----------
    scene
        What there is to see.
    lines
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    list of Line
        A heading, and a line for each thread that has an open call, the longest-waiting first.

    """
    if lines < 1:
        return []
    snapshot = scene.snapshot
    stacks = _stacks(snapshot)
    told = [
        Line(safe(_now(snapshot, thread, stack, width), width))
        for thread, stack in sorted(stacks.items(), key=lambda item: -item[1][-1].age_ns)
    ]
    hidden = len(told) - (lines - 1)
    heading = f"open calls ({count(len(snapshot.open_calls))}), outermost to innermost, with ages"
    if hidden > 0:
        heading += f"; {hidden} more threads"
    return [Line(left(heading, width), "heading"), *told[: lines - 1]]


def _stacks(snapshot: Snapshot) -> Mapping[int, list[OpenCall]]:
    stacks = defaultdict(list)
    for call in snapshot.open_calls:
        stacks[call.thread].append(call)
    for stack in stacks.values():
        stack.sort(key=lambda call: call.depth)
    return stacks


def _thread_name(thread: Thread | None, number: int) -> str:
    if thread is None or not thread.name:
        return f"thread {number}"
    return thread.name


def _short(snapshot: Snapshot, number: int) -> str:
    function = snapshot.functions.get(number)
    return label(None, number) if function is None else function.qualified_name


def _now(snapshot: Snapshot, thread: int, stack: list[OpenCall], width: int) -> str:
    name_width = max(8, width // 5)
    told = stack if len(stack) <= 3 else [stack[0], stack[-2], stack[-1]]  # noqa: PLR2004  # the ends
    room = max(8, (width - name_width - 8) // len(told) - 12)
    calls = [
        f"{safe(_short(snapshot, call.function), room)} {duration(call.age_ns)}" for call in told
    ]
    if len(told) < len(stack):
        calls.insert(1, "…")
    name = safe(_thread_name(snapshot.threads.get(thread), thread), name_width)
    return f"{left(name, name_width)} {right(str(stack[-1].depth + 1), 5)}  {' ▸ '.join(calls)}"


def _open_calls(snapshot: Snapshot, width: int) -> list[Line]:
    drawn = [Line(left("open calls: age and function of each, by thread", width), "heading")]
    for thread, stack in sorted(_stacks(snapshot).items()):
        drawn.append(Line(safe(_thread_name(snapshot.threads.get(thread), thread), width), "bold"))
        expected = stack[0].depth
        for call in stack:
            if call.depth > expected:
                drawn.append(
                    Line(
                        left(f"{'':11}… {count(call.depth - expected)} calls between", width), "dim"
                    )
                )
            expected = call.depth + 1
            name = label(snapshot.functions.get(call.function), call.function)
            indent = " " * min(call.depth, INDENT_MAX)
            drawn.append(Line(safe(f"{right(duration(call.age_ns), 10)} {indent}{name}", width)))
    return drawn


def _threads(snapshot: Snapshot, width: int) -> list[Line]:
    heading = f"{'calls':>11}  {'self':>9}  {'depth':>6}  {'native id':>10}  {'alive':5}  thread"
    calls: dict[int, int] = defaultdict(int)
    spent: dict[int, int] = defaultdict(int)
    for context in snapshot.contexts.values():
        calls[context.thread] += context.callcount
        spent[context.thread] += context.inline_ns
    drawn = [Line(left(heading, width), "heading")]
    for number, thread in sorted(snapshot.threads.items()):
        name = _thread_name(thread, number)
        if thread.threads > 1:
            name += f" (and {count(thread.threads - 1)} before it)"
        told = (
            f"{count(calls[number]):>11}  {duration(spent[number]):>9}  {count(thread.depth):>6}"
            f"  {thread.native_id:>10}  {'yes' if thread.alive else 'no':5}  {name}"
        )
        drawn.append(Line(safe(told, width), "plain" if thread.alive else "dim"))
    return drawn


def _help(width: int) -> list[Line]:
    drawn = [Line(left("keys", width), "heading")]
    drawn += [Line(safe(f"  {keys:24} {meaning}", width)) for keys, meaning in KEYS]
    drawn += [Line(""), Line(left("columns", width), "bold")]
    drawn += [
        Line(safe(f"  {number} {column.title:22} {column.meaning}", width))
        for number, column in enumerate(COLUMNS, start=1)
    ]
    return drawn
