"""The calling-context tree as formats of stacks want it: by thread, callers first, with totals."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

from pikos.errors import ExportError
from pikos.model.unstacked import full_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pikos.model import Context, Snapshot

DEPTH_MAX = 5000
"""Calls within one another that a tree may have; Pikos tells no more than 4,000 apart."""

_NS_MAX = 2**63 - 1


class Node(NamedTuple):
    """All calls of one function by one path of calls, in one thread."""

    function: int
    """Id of the function."""
    parent: int
    """Where in the thread's nodes its caller is; -1 for the outermost."""
    depth: int
    """How many callers it has."""
    calls: int
    """Calls that have returned."""
    open: int
    """Calls that have not."""
    self_ns: int
    """Time in it, ns."""
    total_ns: int
    """Time in it and in all below it, ns: the sum of ``self_ns``."""


class Nodes(Sequence[Node]):
    """The nodes of one thread, kept as columns: there may be a million.

    Parameters
    ----------
    columns
        One for each field of ``Node``.

    """

    def __init__(self, columns: Sequence[array[int]]) -> None:
        self._columns = columns

    @property
    def totals_ns(self) -> array[int]:
        """The ``total_ns`` of each."""
        return self._columns[Node._fields.index("total_ns")]

    def __len__(self) -> int:
        return len(self.totals_ns)

    @overload
    def __getitem__(self, index: int) -> Node: ...
    @overload
    def __getitem__(self, index: slice) -> Nodes: ...
    def __getitem__(self, index: int | slice) -> Node | Nodes:
        if isinstance(index, slice):
            return Nodes([column[index] for column in self._columns])
        return Node(*(column[index] for column in self._columns))

    def __iter__(self) -> Iterator[Node]:
        return map(Node._make, zip(*self._columns, strict=True))


class ThreadTree(NamedTuple):
    """What one thread called."""

    thread: int
    """Id of the thread."""
    name: str
    """Its name: data from a stranger."""
    nodes: Nodes
    """Each node after its caller, and all below a node right behind it."""

    @property
    def total_ns(self) -> int:
        """Time in all calls, ns."""
        return sum(node.self_ns for node in self.nodes)


def thread_trees(snapshot: Snapshot) -> list[ThreadTree]:
    """Order the contexts of a session by thread and caller.

    Time of calls past the bounds of the profiler's tree has nodes of its own, ``UNSTACKED``.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    list of ThreadTree
        One for each thread that has called something.

    Raises
    ------
    ExportError
        If the contexts are deeper than any profiler's.

    """
    below = full_tree(snapshot)
    trees = []
    for root in below(0):
        if root.function or root.folded:
            continue
        nodes = _below(root, below)
        if nodes:
            thread = snapshot.threads.get(root.thread)
            name = f"thread {root.thread}" if thread is None or not thread.name else thread.name
            trees.append(ThreadTree(root.thread, name, nodes))
    return trees


def _below(root: Context, below: Callable[[int], Sequence[Context]]) -> Nodes:
    columns = [array("q") for _ in Node._fields]
    add = [column.append for column in columns]
    at = 0
    waiting = [(context, -1, 0) for context in reversed(below(root.id))]
    while waiting:
        context, parent, depth = waiting.pop()
        if depth >= DEPTH_MAX:
            raise ExportError(
                "a tree", f"its calls are more than {DEPTH_MAX} deep, which no profiler of Pikos is"
            )
        own_ns = max(0, context.inline_ns)
        node = context.function, parent, depth, context.callcount, context.open, own_ns, own_ns
        for append, value in zip(add, node, strict=True):
            append(value)
        waiting += [(child, at, depth + 1) for child in reversed(below(context.id))]
        at += 1
    nodes = Nodes(columns)
    totals_ns = nodes.totals_ns
    for parent, place in zip(reversed(columns[1]), reversed(range(at)), strict=True):
        if parent >= 0:  # the sum of made-up times may not fit 64 bits
            totals_ns[parent] = min(_NS_MAX, totals_ns[parent] + totals_ns[place])
    return nodes


def side_by_side(bars: Iterable[tuple[int, int]], begin: int = 0) -> Iterator[int]:
    """Place bars one after another, each within its caller.

    Parameters
    ----------
    bars
        Depth and width of each, in the order of ``ThreadTree.nodes``.
    begin
        Where the first one begins.

    Yields
    ------
    int
        Where each begins.

    """
    free = [begin]  # for each depth, where the next bar may stand
    for depth, width in bars:
        del free[depth + 1 :]
        at = free[depth]
        free[depth] += width
        free.append(at)
        yield at
