"""A page with a flame graph of what differs between two sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.comparison.profile import name_of
from pikos.errors import NotComparable
from pikos.export.flame import Bar, flame
from pikos.export.page import facts, page, search_box
from pikos.export.tree import side_by_side, thread_trees
from pikos.live.text import calls_text, duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pikos.comparison.difference import Row
    from pikos.comparison.profile import Compared, Name
    from pikos.export.tree import ThreadTree
    from pikos.model import Snapshot

SHADES = ((0.5, "3"), (0.2, "2"), (0.05, "1"))
"""From which share of the greater time on a bar has which shade."""


class _Node:
    """All calls of one function by one path of calls, all threads together, in both profiles."""

    def __init__(self, name: str, place: str, depth: int) -> None:
        self.name = name
        self.place = place
        self.depth = depth
        self.self_ns = [0, 0]
        self.total_ns = [0, 0]
        self.calls = [0, 0]
        self.open = [0, 0]
        self.width_ns = 0
        self.below: dict[int | Name, _Node] = {}


def flame_page(
    a: Compared, b: Compared, rows: Sequence[Row], notes: Iterable[str]
) -> Iterator[str]:
    """Write a page that stands alone.

    A bar is as wide as the greater of its two times; its colour says which one that is.

    Parameters
    ----------
    a, b
        The profiles.
    rows
        Their differences.
    notes
        What limits the comparison.

    Yields
    ------
    str
        HTML.

    Raises
    ------
    NotComparable
        If one of them has no tree of calls.

    """
    snapshots = []
    for side, profile in (("A", a), ("B", b)):
        if profile.snapshot is None:
            raise NotComparable(
                f"{side} is {profile.title}, which knows no paths of calls, so there is no flame "
                "graph; name a recording, or what pikos export -f json has written"
            )
        snapshots.append(profile.snapshot)
    root = _merged(snapshots, rows)
    return page(f"From {a.title} to {b.title}", _body(a, b, root, notes))


def _body(a: Compared, b: Compared, root: _Node, notes: Iterable[str]) -> Iterator[str]:
    yield facts([("A", a.title), ("B", b.title), *(("note", note) for note in notes)])
    yield search_box()
    yield from flame(list(_bars(root)))
    yield (
        "<p>Red took longer in B, blue in A. A bar is as wide as the longer of the two. A click "
        "on a bar zooms in, on the top out.</p>\n"
    )


def _merged(snapshots: Sequence[Snapshot], rows: Sequence[Row]) -> _Node:
    root = _Node("all threads", "all threads", 0)
    keys: tuple[dict[Name, int], dict[Name, int]] = (
        {row.a: at for at, row in enumerate(rows) if row.a is not None},
        {row.b: at for at, row in enumerate(rows) if row.b is not None},
    )
    for side, snapshot in enumerate(snapshots):
        for tree in thread_trees(snapshot):
            _add(root, side, snapshot, tree, keys[side])
    for node in reversed(list(_all(root))):
        node.width_ns = max(node.self_ns) + sum(child.width_ns for child in node.below.values())
    return root


def _add(
    root: _Node, side: int, snapshot: Snapshot, tree: ThreadTree, keys: Mapping[Name, int]
) -> None:
    path = [root]
    root.total_ns[side] += tree.total_ns
    for told in tree.nodes:
        del path[told.depth + 1 :]
        name = name_of(snapshot, told.function)
        below = path[-1].below
        key = keys.get(name, name)
        node = below.get(key)
        if node is None:
            node = below[key] = _Node(name.qualified_name, str(name), told.depth + 1)
        node.self_ns[side] += told.self_ns
        node.total_ns[side] += told.total_ns
        node.calls[side] += told.calls
        node.open[side] += told.open
        path.append(node)


def _all(root: _Node) -> Iterator[_Node]:
    """Go through a tree, callers first."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(node.below.values())


def _bars(root: _Node) -> Iterator[Bar]:
    nodes = list(_all(root))
    begins_ns = side_by_side((node.depth, node.width_ns) for node in nodes)
    for node, begin_ns in zip(nodes, begins_ns, strict=True):
        if node.width_ns:
            yield Bar(node.depth, begin_ns, node.width_ns, node.name, _title(node), _colour(node))


def _title(node: _Node) -> str:
    before, after = node.total_ns
    more = after - before
    sign = "+" if more > 0 else ""
    return (
        f"{node.place}: {duration(before)} → {duration(after)} ({sign}{duration(more)}); "
        f"{calls_text(node.calls[0], node.open[0])} → {calls_text(node.calls[1], node.open[1])}"
    )


def _colour(node: _Node) -> str:
    before, after = node.total_ns
    share = (after - before) / max(before, after, 1)
    for least, shade in SHADES:
        if abs(share) >= least:
            return f"{'more' if share > 0 else 'less'}{shade}"
    return "same"
