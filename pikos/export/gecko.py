"""A profile for the Firefox Profiler (https://profiler.firefox.com), in its processed format."""

from __future__ import annotations

import json
from itertools import accumulate, islice, repeat
from typing import TYPE_CHECKING, Any

from pikos.export.json_pieces import json_pieces
from pikos.export.labels import label_of, title_of
from pikos.export.tree import thread_trees
from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pikos.export.tree import ThreadTree
    from pikos.model import Snapshot

PROCESSED_VERSION = 47
"""Version of the processed format; the Firefox Profiler brings older ones up to date."""

GECKO_VERSION = 27
"""Version of the format that Firefox itself writes, which the processed one is made from."""

CATEGORIES = (
    {"name": "Python", "color": "yellow", "subcategories": ["Other"]},
    {"name": "Built-in", "color": "blue", "subcategories": ["Other"]},
)
_PYTHON, _BUILTIN = range(len(CATEGORIES))


def gecko(snapshot: Snapshot) -> Iterator[str]:
    """Write each calling context as one sample, weighing the time in its last function.

    A profile does not know when its calls were: the samples stand one after another.  Times and
    weights are in ms, as the format has them; six decimals are exact ns.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        JSON.

    """
    yield '{"meta":' + json.dumps(_meta(snapshot)) + ',"libs":[],"pages":[],"threads":[\n'
    for at, tree in enumerate(thread_trees(snapshot)):
        yield ",\n" if at else ""
        yield from json_pieces(_thread(snapshot, tree, is_main=at == 0))
    yield "\n]}\n"


def _meta(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "version": GECKO_VERSION,
        "preprocessedProfileVersion": PROCESSED_VERSION,
        "product": title_of(snapshot),
        "importedFrom": "Pikos",
        "interval": 1,
        "startTime": snapshot.facts.get("started_unix_ns", 0) / 1e6,
        "processType": 0,
        "stackwalk": 0,
        "debug": False,
        "symbolicated": True,
        "categories": CATEGORIES,
        "markerSchema": [],
        "extensions": {"length": 0, "baseURL": [], "id": [], "name": []},
        "sampleUnits": {"time": "ms", "eventDelay": "ms", "threadCPUDelta": "ns"},
        "usesOnlyOneStackType": True,
        "doesNotUseFrameImplementation": True,
        "sourceCodeIsNotOnSearchfox": True,
    }


def _thread(snapshot: Snapshot, tree: ThreadTree, *, is_main: bool) -> dict[str, Any]:
    strings: dict[str, int] = {}
    numbers = list(dict.fromkeys(node.function for node in tree.nodes))
    frames = {number: at for at, number in enumerate(numbers)}
    labels = [label_of(snapshot, number) for number in numbers]
    categories = [_PYTHON if label.line else _BUILTIN for label in labels]
    stacks = len(tree.nodes)
    return {
        "name": safe(tree.name),
        "isMainThread": is_main,
        "processType": "default",
        "processName": title_of(snapshot),
        "processStartupTime": 0,
        "processShutdownTime": None,
        "registerTime": 0,
        "unregisterTime": None,
        "pausedRanges": [],
        "pid": str(snapshot.facts.get("pid", 0)),
        "tid": tree.thread,
        "samples": _samples(tree),
        "markers": _table(0, data=[], name=[], startTime=[], endTime=[], phase=[], category=[]),
        "stackTable": _table(
            stacks,
            frame=(frames[node.function] for node in tree.nodes),
            prefix=(None if node.parent < 0 else node.parent for node in tree.nodes),
            category=(categories[frames[node.function]] for node in tree.nodes),
            subcategory=repeat(0, stacks),
        ),
        "frameTable": _table(
            len(labels),
            address=[-1] * len(labels),
            inlineDepth=[0] * len(labels),
            category=categories,
            subcategory=[0] * len(labels),
            func=list(range(len(labels))),
            nativeSymbol=[None] * len(labels),
            innerWindowID=[0] * len(labels),
            implementation=[None] * len(labels),
            line=[label.line or None for label in labels],
            column=[None] * len(labels),
        ),
        "funcTable": _table(
            len(labels),
            name=[_string(strings, label.name) for label in labels],
            isJS=[False] * len(labels),
            relevantForJS=[False] * len(labels),
            resource=[-1] * len(labels),
            fileName=[_string(strings, label.file) if label.line else None for label in labels],
            lineNumber=[label.line or None for label in labels],
            columnNumber=[None] * len(labels),
        ),
        "resourceTable": _table(0, lib=[], name=[], host=[], type=[]),
        "nativeSymbols": _table(0, libIndex=[], address=[], name=[], functionSize=[]),
        "stringArray": list(strings),
    }


def _samples(tree: ThreadTree) -> dict[str, Any]:
    count = sum(1 for node in tree.nodes if node.self_ns)
    begins_ns = accumulate((node.self_ns for node in tree.nodes if node.self_ns), initial=0)
    return _table(
        count,
        stack=(at for at, node in enumerate(tree.nodes) if node.self_ns),
        time=(ns / 1e6 for ns in islice(begins_ns, count)),
        eventDelay=repeat(None, count),
        weight=(node.self_ns / 1e6 for node in tree.nodes if node.self_ns),
    ) | {"weightType": "tracing-ms"}


def _table(length: int, **columns: Iterable[Any]) -> dict[str, Any]:
    return {**columns, "length": length}


def _string(strings: dict[str, int], text: str) -> int:
    return strings.setdefault(text, len(strings))
