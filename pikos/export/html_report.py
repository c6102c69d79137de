"""A page about a profile: who, what it cost, as a flame graph and as a table of functions."""

from __future__ import annotations

import heapq
from html import escape
from itertools import chain
from typing import TYPE_CHECKING

from pikos.export.flame import BARS_MAX, Bar, colour_of, flame
from pikos.export.labels import label_of, title_of, unstacked_text
from pikos.export.page import facts, page, search_box
from pikos.export.tree import side_by_side, thread_trees
from pikos.live.text import calls_text, clock, count, counted, duration, ending, safe, size
from pikos.model.unstacked import UNSTACKED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.export.tree import ThreadTree
    from pikos.model import Snapshot, Stat

ROWS_MAX = 2000
"""Functions that the table has; the cheapest ones are left out."""

HEADS = ("calls", "primitive", "self", "cumulative", "open", "function")
"""What stands above the columns of the table."""


def html_report(snapshot: Snapshot) -> Iterator[str]:
    """Write a page that stands alone, for light and dark, that runs without a network.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        HTML.

    """
    return page(title_of(snapshot), _body(snapshot))


def _body(snapshot: Snapshot) -> Iterator[str]:
    yield facts(_facts(snapshot))
    yield search_box()
    if snapshot.contexts:
        yield "<h2>Where the time was spent</h2>\n"
        yield from flame(*_bars(snapshot))
        yield f"<p>{_included(snapshot)}, by thread. "
        yield "A click on a bar zooms in, on the top out.</p>\n"
    else:
        yield "<p>No stacks are known, so there is no flame graph.</p>\n"
    yield from _table(snapshot)


def _included(snapshot: Snapshot) -> str:
    """Say whose time there is."""
    if not snapshot.open_count:
        return "Calls that have returned"
    return "Calls that have returned, and open calls with their time so far"


def _facts(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    told = snapshot.facts
    calls = sum(stat.callcount for stat in snapshot.stats.values())
    functions, threads, session = len(snapshot.stats), len(snapshot.threads), snapshot.session
    yield "program", safe(f"{told.get('executable', '?')}, Python {told.get('python', '?')}")
    yield "machine", safe(str(told.get("host", "?")))
    yield "clock", safe(f"{told.get('clock', '?')}, calls by {told.get('mechanism', '?')}")
    yield "profiled for", clock(snapshot.time_ns / 1e9)
    told_calls = calls_text(calls, snapshot.open_count)
    places = f"{counted(functions, 'function')} in {counted(threads, 'thread')}"
    yield "counted", f"{told_calls} of {places}"
    if session is not None:
        if session.rss_bytes:
            yield "memory", f"{size(session.rss_bytes)} resident, {size(session.vms_bytes)} virtual"
        if session.lost_calls:
            yield "lost", f"{counted(session.lost_calls, 'call')}, for want of memory"
    folded = unstacked_text(snapshot)
    if folded:
        yield "past the tree", f"{folded}; the table has them"
    if snapshot.dropped:
        yield "dropped", counted(snapshot.dropped, "message")
    if not snapshot.complete:
        yield "not whole", "what was dropped, or came before, may be missing"
    yield "ended", "not yet" if snapshot.ended is None else ending(snapshot.ended)


def _bars(snapshot: Snapshot) -> tuple[list[Bar], int]:
    """Make the widest bars, and count the others."""
    trees = thread_trees(snapshot)
    whole_ns = sum(tree.total_ns for tree in trees)
    widths_ns = chain.from_iterable(tree.nodes.totals_ns for tree in trees)
    least_ns = max(1, min(heapq.nlargest(BARS_MAX, widths_ns), default=1))
    bars = [Bar(0, 0, whole_ns, "all threads", f"all threads: {duration(whole_ns)}", "top")]
    begin_ns = 0
    for tree in trees:
        bars += _thread_bars(snapshot, tree, begin_ns, whole_ns, least_ns)
        begin_ns += tree.total_ns
    narrower = sum(0 < ns < least_ns for tree in trees for ns in tree.nodes.totals_ns)
    return bars, narrower


def _thread_bars(
    snapshot: Snapshot, tree: ThreadTree, begin_ns: int, whole_ns: int, least_ns: int
) -> Iterator[Bar]:
    name = safe(tree.name)
    yield Bar(1, begin_ns, tree.total_ns, name, f"{name}: {duration(tree.total_ns)}", "top")
    places_ns = side_by_side(((node.depth, node.total_ns) for node in tree.nodes), begin_ns)
    for node, place_ns in zip(tree.nodes, places_ns, strict=True):
        if node.total_ns < least_ns:
            continue
        label = label_of(snapshot, node.function)
        title = (
            f"{label}: {duration(node.total_ns)}, {100 * node.total_ns / whole_ns:.2f} %; "
            f"self {duration(node.self_ns)}"
        )
        if node.function != UNSTACKED:
            title += f"; {calls_text(node.calls, node.open)}"
        colour = colour_of(label.name) if label.line else "b"
        yield Bar(node.depth + 2, place_ns, node.total_ns, label.name, title, colour)


def _table(snapshot: Snapshot) -> Iterator[str]:
    dearest = sorted(snapshot.stats.values(), key=lambda stat: (-stat.inline_ns, stat.function))
    yield "<h2>Functions</h2>\n"
    if len(dearest) > ROWS_MAX:
        yield f"<p>The {ROWS_MAX:,} most expensive of {len(dearest):,}.</p>\n"
    heads = "".join(
        f'<th scope="col"{" aria-sort=descending" if head == "self" else ""}>{head}</th>'
        for head in HEADS
    )
    yield f'<div class="wide"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n'
    for stat in dearest[:ROWS_MAX]:
        yield _row(stat, str(label_of(snapshot, stat.function)))
    yield "</tbody>\n</table></div>\n"


def _row(stat: Stat, name: str) -> str:
    counts = (stat.callcount, stat.primitive_calls)
    times = (stat.inline_ns, stat.cumulative_ns)
    return (
        "<tr>"
        + "".join(f'<td data-v="{number}">{count(number)}</td>' for number in counts)
        + "".join(f'<td data-v="{ns}" title="{ns:,} ns">{duration(ns)}</td>' for ns in times)
        + f'<td data-v="{stat.open}">{stat.open or ""}</td><td>{escape(name)}</td></tr>\n'
    )
