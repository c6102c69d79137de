"""Collapsed stacks, as ``flamegraph.pl`` and most tools for flame graphs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.export.labels import label_of
from pikos.export.tree import thread_trees
from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.model import Snapshot


def collapsed(snapshot: Snapshot) -> Iterator[str]:
    """Write a line for each calling context: thread and functions, then the time in the last, ns.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        A line.

    """
    for tree in thread_trees(snapshot):
        path = [_frame(safe(tree.name))]
        for node in tree.nodes:
            del path[node.depth + 1 :]
            path.append(_frame(str(label_of(snapshot, node.function))))
            if node.self_ns:
                yield f"{';'.join(path)} {node.self_ns}\n"


def _frame(name: str) -> str:
    """A semicolon would be the end of the frame."""
    return name.replace(";", ":") or "?"
