"""A file for speedscope (https://www.speedscope.app), one profile for each thread."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pikos import __version__
from pikos.export.json_pieces import json_pieces
from pikos.export.labels import label_of, title_of
from pikos.export.tree import thread_trees
from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.export.tree import ThreadTree
    from pikos.model import Snapshot

SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def speedscope(snapshot: Snapshot) -> Iterator[str]:
    """Write each calling context as one stack, weighing the time in its last function, ns.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        JSON.

    """
    trees = thread_trees(snapshot)
    numbers = dict.fromkeys(node.function for tree in trees for node in tree.nodes)
    places = {number: at for at, number in enumerate(numbers)}
    head = {
        "$schema": SCHEMA,
        "exporter": f"pikos {__version__}",
        "name": title_of(snapshot),
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(snapshot, number) for number in numbers]},
    }
    yield json.dumps(head)[:-1] + ', "profiles": ['
    for at, tree in enumerate(trees):
        yield ",\n" if at else "\n"
        yield from json_pieces(_profile(tree, places))
    yield "]}"


def _frame(snapshot: Snapshot, number: int) -> dict[str, Any]:
    label = label_of(snapshot, number)
    if not label.line:
        return {"name": label.name}
    return {"name": label.name, "file": label.file, "line": label.line}


def _profile(tree: ThreadTree, places: dict[int, int]) -> dict[str, Any]:
    return {
        "type": "sampled",
        "name": safe(tree.name),
        "unit": "nanoseconds",
        "startValue": 0,
        "endValue": tree.total_ns,
        "samples": _samples(tree, places),
        "weights": (node.self_ns for node in tree.nodes if node.self_ns),
    }


def _samples(tree: ThreadTree, places: dict[int, int]) -> Iterator[list[int]]:
    path: list[int] = []
    for node in tree.nodes:
        del path[node.depth :]
        path.append(places[node.function])
        if node.self_ns:
            yield path.copy()
