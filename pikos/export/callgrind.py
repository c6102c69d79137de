"""A profile for KCachegrind and ``callgrind_annotate``, in the Callgrind format."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pikos import __version__
from pikos.export.labels import label_of, title_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.export.labels import Label
    from pikos.model import Edge, Snapshot


def callgrind(snapshot: Snapshot) -> Iterator[str]:
    """Write what each function and each of its calls cost, in ns.

    An open call counts with its time so far; it is no finished call, so there may be 0 of them.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        Lines.

    """
    callees: dict[int, list[Edge]] = defaultdict(list)
    for edge in snapshot.edges.values():
        if edge.caller and (edge.callcount or edge.open):
            callees[edge.caller].append(edge)
    numbers = sorted(
        {n for n, stat in snapshot.stats.items() if stat.callcount or stat.open} | callees.keys()
    )
    total_ns = sum(snapshot.stats[n].inline_ns for n in numbers if n in snapshot.stats)
    yield "# callgrind format\nversion: 1\n"
    yield f"creator: pikos {__version__}\npid: {int(snapshot.facts.get('pid', 0))}\n"
    yield f"cmd: {title_of(snapshot)}\npart: 1\n\n"
    yield f"positions: line\nevents: ns\nsummary: {total_ns}\n"
    names = _Names()
    for number in numbers:
        label = label_of(snapshot, number)
        stat = snapshot.stats.get(number)
        yield f"\nfl={names.file(label)}\nfn={names.function(label)}\n"
        yield f"{label.line} {0 if stat is None else stat.inline_ns}\n"
        for edge in callees[number]:
            callee = label_of(snapshot, edge.callee)
            yield f"cfi={names.file(callee)}\ncfn={names.function(callee)}\n"
            yield f"calls={edge.callcount} {callee.line}\n{label.line} {edge.cumulative_ns}\n"
    yield f"\ntotals: {total_ns}\n"


class _Names:
    """Names are written once, and called by a number after that."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._functions: dict[Label, int] = {}

    def file(self, label: Label) -> str:
        file = label.file or "???"
        if file in self._files:
            return f"({self._files[file]})"
        self._files[file] = len(self._files) + 1
        return f"({self._files[file]}) {file}"

    def function(self, label: Label) -> str:
        if label in self._functions:
            return f"({self._functions[label]})"
        self._functions[label] = len(self._functions) + 1
        # Readers tell functions of a file apart by name alone.
        name = f"{label.name}:{label.line}" if label.line else label.name
        return f"({self._functions[label]}) {name or '?'}"
