"""The flame graph: the calling-context tree from the outermost calls down, by their time."""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from pikos.live.function_table import filtered, source_key
from pikos.live.functions import label, matcher, searched_text
from pikos.live.scene import Line, Picture, Span
from pikos.live.text import calls_text, counted, cut, duration, left, safe
from pikos.model.unstacked import UNSTACKED, full_tree, unstacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pikos.live.scene import Scene, Style
    from pikos.live.state import ViewState
    from pikos.model import Context, Snapshot

    Fits = Callable[[int], bool]

DEPTH_MAX = 500
"""Calls within one another that are looked at; a terminal has fewer lines."""

COLOURS: tuple[Style, ...] = ("flame 0", "flame 1", "flame 2", "flame 3")
"""Styles of neighbours; which one a function has is always the same."""

NAME_MIN = 4
"""Columns below which a name would be an ellipsis and little else."""

EDGE = "▏"
"""Begins each call, so that neighbours are told apart without colours, too."""


class Node(NamedTuple):
    """All calls of one function by one path of calls, all threads together."""

    path: tuple[int, ...]
    """Functions from the outermost to this one."""
    contexts: tuple[Context, ...]
    """What it is made of."""
    value_ns: int
    """Time in it and in all it called."""

    @property
    def calls(self) -> int:
        """Calls that have returned."""
        return sum(context.callcount for context in self.contexts)

    @property
    def open(self) -> int:
        """Calls that have not returned."""
        return sum(context.open for context in self.contexts)

    @property
    def key(self) -> str:
        """The path, as keys have it."""
        return "/" + "/".join(map(str, self.path))


class Tree:
    """The calling-context tree of a snapshot, for looking at its widest parts.

    Parameters
    ----------
    snapshot
        The session.

    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._below = full_tree(snapshot)
        self.cut = False
        """Whether calls were asked for that are deeper than ``DEPTH_MAX``."""
        # A thread's root is no call; the rest is what each thread called first.
        self._first = [
            context
            for root in self._below(0)
            if not root.folded
            for context in ((root,) if root.function else self._below(root.id))
        ]
        self.root = Node((), (), _sum(self._first))

    def _called_by(self, node: Node) -> Iterable[Context]:
        if not node.path:
            return self._first
        return (child for context in node.contexts for child in self._below(context.id))

    def children(self, node: Node, least_ns: int = 1) -> list[Node]:
        """Find what a node calls, in an order that stays while times change.

        Parameters
        ----------
        node
            A node of this tree.
        least_ns
            The least time of those that are wanted.

        Returns
        -------
        list of Node
            Those that took so long.

        """
        if len(node.path) >= DEPTH_MAX:
            self.cut |= any(True for _ in self._called_by(node))
            return []
        below: dict[int, list[Context]] = defaultdict(list)
        for context in self._called_by(node):
            below[context.function].append(context)
        values = [(_sum(contexts), number) for number, contexts in below.items()]
        return [
            Node((*node.path, number), tuple(below[number]), value_ns)
            for value_ns, number in sorted(values, key=itemgetter(1))
            if value_ns >= max(1, least_ns)
        ]

    def find(self, path: tuple[int, ...]) -> Node:
        """Go down a path as far as it leads.

        Parameters
        ----------
        path
            Functions from the outermost to an inner one.

        Returns
        -------
        Node
            The innermost one that is there, and took time.

        """
        node = self.root
        for number in path:
            contexts = tuple(c for c in self._called_by(node) if c.function == number)
            below = Node((*node.path, number), contexts, _sum(contexts))
            if not below.value_ns:
                break
            node = below
        return node


def _sum(contexts: Iterable[Context]) -> int:
    return sum(max(0, context.cumulative_ns) for context in contexts)


def flame(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the flame graph.

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
        What is chosen and its cost; below it a line for each depth, the outermost first.

    """
    try:
        fits = _filter(scene, state)
    except ValueError as error:
        why = f"filter {state.pattern!r} makes no sense: {error}"
        return Picture([Line(safe(why, width), "warning")][: max(0, room)])
    tree = Tree(scene.snapshot)
    zoomed, chosen = tree.find(state.zoom), tree.find(state.node)
    least_ns = zoomed.value_ns // (2 * max(1, width))
    if chosen.path[: len(zoomed.path)] != zoomed.path:
        chosen = zoomed
    rows: list[Line] = []
    # Those around what fills the line, so that the way back is in sight, and can be clicked.
    around = [tree.find(zoomed.path[:depth]) for depth in range(len(zoomed.path))]
    shown_around = around[max(0, len(zoomed.path) - room // 3) :]
    rows += [_line(scene, [(node, 0, width)], chosen, width, fits) for node in shown_around]
    level = [(zoomed, 0, width)]
    while level and len(rows) < room - 1:
        rows.append(_line(scene, level, chosen, width, fits))
        level = [
            place for node, at, wide in level for place in _places(tree, node, at, wide, least_ns)
        ]
    keys = _keys(tree, chosen, zoomed, least_ns)
    told = _told(scene, chosen, zoomed, width)
    if fits is not None:
        share = 100 * _fitting_ns(tree, zoomed, least_ns, fits) / max(1, zoomed.value_ns)
        told = f"{share:.1f} %{filtered(state)} · {told}"
    if tree.cut:
        told = f"calls more than {DEPTH_MAX} deep are not shown · {told}"
    heading = Line(left(safe(told, width), width), "heading")
    if chosen.path:
        keys |= source_key(scene.snapshot, chosen.path[-1])
    return Picture([heading, *rows][: max(0, room)], keys)


def _places(
    tree: Tree, node: Node, at: int, wide: int, least_ns: int
) -> Iterable[tuple[Node, int, int]]:
    """Share a node's columns among what it calls; what is narrower than one is not shown."""
    passed_ns = 0
    children = tree.children(node, least_ns)
    whole_ns = max(node.value_ns, sum(child.value_ns for child in children), 1)
    for child in children:
        begin = at + _nearest(wide * passed_ns, whole_ns)
        passed_ns += child.value_ns
        end = at + _nearest(wide * passed_ns, whole_ns)
        if end > begin:
            yield child, begin, end - begin


def _nearest(number: int, divisor: int) -> int:
    return (2 * number + divisor) // (2 * divisor)


def _filter(scene: Scene, state: ViewState) -> Fits | None:
    """Return whether a function passes the filter; None where there is no filter."""
    if not state.pattern:
        return None
    matches, functions = matcher(state.pattern), scene.snapshot.functions

    @cache
    def fits(number: int) -> bool:
        return matches(searched_text(functions.get(number), number))

    return fits


def _fitting_ns(tree: Tree, node: Node, least_ns: int, fits: Fits) -> int:
    """Sum the time in the calls that pass the filter, with all that they called."""
    waiting, total_ns = [node], 0
    while waiting:
        one = waiting.pop()
        if one.path and fits(one.path[-1]):
            total_ns += one.value_ns
        else:
            waiting += tree.children(one, least_ns)
    return total_ns


def _line(
    scene: Scene,
    level: list[tuple[Node, int, int]],
    chosen: Node,
    width: int,
    fits: Fits | None,
) -> Line:
    text, spans, reached = "", [], 0
    for node, at, wide in level:
        text += " " * (at - reached)
        name = safe(_name(scene, node), wide) if wide >= NAME_MIN else ""
        cell = left(cut(EDGE + name, wide), wide)
        style: Style = COLOURS[_colour(scene, node)]
        if node.path == chosen.path:
            style = "chosen"
        elif fits is not None and not (node.path and fits(node.path[-1])):
            style = "dim"
        spans.append(Span(len(text), len(text) + len(cell), style, _press(node, chosen)))
        text += cell
        reached = at + wide
    return Line(left(text, width), spans=tuple(spans))


def _press(node: Node, chosen: Node) -> str:
    """A click chooses a node, a second one zooms into it."""
    return f"{'zoom' if node.path == chosen.path else 'node'} {node.key}"


def _name(scene: Scene, node: Node) -> str:
    if not node.path:
        return "all calls"
    function = scene.snapshot.functions.get(node.path[-1])
    return label(None, node.path[-1]) if function is None else function.qualified_name


def _colour(scene: Scene, node: Node) -> int:
    """Choose by name, so that a function looks the same wherever it is."""
    return sum(map(ord, _name(scene, node)[:100])) % len(COLOURS)


def _told(scene: Scene, chosen: Node, zoomed: Node, width: int) -> str:
    share = 100 * chosen.value_ns / max(1, zoomed.value_ns)
    function = scene.snapshot.functions.get(chosen.path[-1] if chosen.path else 0)
    name = "all calls" if not chosen.path else label(function, chosen.path[-1])
    told = f"{duration(chosen.value_ns)} · {share:.1f} %"
    if chosen.path and chosen.path[-1] != UNSTACKED:
        told += f" · {calls_text(chosen.calls, chosen.open)}"
    folded = unstacked(scene.snapshot)
    if folded.calls:
        told += (
            f" · {counted(folded.calls, 'call')} with {duration(folded.self_ns)} not in full stacks"
        )
    return safe(f"{safe(name, max(8, width // 2))}: {told}", width)


def _keys(tree: Tree, chosen: Node, zoomed: Node, least_ns: int) -> dict[str, str]:
    """Tell where the arrows lead: to the caller, the widest callee, the calls beside."""
    stay = f"node {chosen.key}"
    keys = {"enter": f"zoom {chosen.key}", "up": stay, "down": stay, "left": stay, "right": stay}
    children = tree.children(chosen, least_ns)
    if children:
        keys["down"] = f"node {max(children, key=lambda child: child.value_ns).key}"
    if len(chosen.path) > len(zoomed.path):
        caller = tree.find(chosen.path[:-1])
        beside = [child.key for child in tree.children(caller, min(least_ns, chosen.value_ns))]
        at = beside.index(chosen.key)
        keys["up"] = f"node {caller.key}"
        keys["left"] = f"node {beside[at - 1]}"
        keys["right"] = f"node {beside[(at + 1) % len(beside)]}"
    keys["k"], keys["j"] = keys["up"], keys["down"]
    if chosen.path:
        keys["d"] = f"function {chosen.path[-1]}"
    return keys
