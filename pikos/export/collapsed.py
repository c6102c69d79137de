"""Collapsed stacks, as ``flamegraph.pl`` and most tools for flame graphs read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.export.labels import label_of, short_names
from pikos.export.tree import thread_trees
from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.model import Snapshot


def collapsed(snapshot: Snapshot, *, full_paths: bool = False) -> Iterator[str]:
    """Write a line for each calling context: thread and functions, then the time in the last, ns.

    Parameters
    ----------
    snapshot
        The session.
    full_paths
        Whether each frame has the whole path of its file, not only the end.

    Yields
    ------
    str
        A line.

    """
    names = {} if full_paths else short_names(snapshot)
    for tree in thread_trees(snapshot):
        path = [_frame(safe(tree.name))]
        for node in tree.nodes:
            del path[node.depth + 1 :]
            name = names.get(node.function) or str(label_of(snapshot, node.function))
            path.append(_frame(name))
            if node.self_ns:
                yield f"{';'.join(path)} {node.self_ns}\n"


def _frame(name: str) -> str:
    """A semicolon would be the end of the frame."""
    return name.replace(";", ":") or "?"
