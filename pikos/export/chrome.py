"""A trace for ``chrome://tracing`` and Perfetto, in the Trace Event Format."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pikos.export.labels import label_of, title_of
from pikos.export.tree import side_by_side, thread_trees
from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.export.tree import ThreadTree
    from pikos.model import Snapshot


def chrome(snapshot: Snapshot) -> Iterator[str]:
    """Write each calling context as one complete event as long as all its calls together.

    A profile does not know when its calls were: they stand one after another, within their
    callers.  ``ts`` and ``dur`` are in µs, as the format has them; ``args`` have exact ns.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        JSON.

    """
    pid = int(snapshot.facts.get("pid", 0))
    yield '{"displayTimeUnit":"ns","traceEvents":[\n'
    yield _line(_told("process_name", pid, 0, title_of(snapshot)))
    for tree in thread_trees(snapshot):
        yield ",\n" + _line(_told("thread_name", pid, tree.thread, safe(tree.name)))
        for event in _events(snapshot, tree, pid):
            yield ",\n" + _line(event)
    yield "\n]}\n"


def _events(snapshot: Snapshot, tree: ThreadTree, pid: int) -> Iterator[dict[str, Any]]:
    begins_ns = side_by_side((node.depth, node.total_ns) for node in tree.nodes)
    for node, begin_ns in zip(tree.nodes, begins_ns, strict=True):
        label = label_of(snapshot, node.function)
        yield {
            "name": label.name,
            "cat": "python" if label.line else "builtin",
            "ph": "X",
            "pid": pid,
            "tid": tree.thread,
            "ts": begin_ns / 1e3,
            "dur": node.total_ns / 1e3,
            "args": {
                "calls": node.calls,
                "open_calls": node.open,
                "self_ns": node.self_ns,
                "total_ns": node.total_ns,
                "file": label.file,
                "line": label.line,
            },
        }


def _told(what: str, pid: int, thread: int, name: str) -> dict[str, Any]:
    return {"name": what, "ph": "M", "pid": pid, "tid": thread, "args": {"name": name}}


def _line(event: dict[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"))
