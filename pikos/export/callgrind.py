"""A profile for KCachegrind and ``callgrind_annotate``, in the Callgrind format."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from pikos import __version__
from pikos.export.labels import Label, label_of, title_of
from pikos.model.recursion import levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.model import Edge, Snapshot
    from pikos.model.recursion import Levels


OUTSIDE = "(below main)"
"""What calls the outermost functions, as Valgrind has it."""

INNER = "'2"
"""Ends the name of a function for calls that found it open already, as Valgrind has it.

Readers sum up the calls of a function: those within one another would count twice.
"""


def callgrind(snapshot: Snapshot) -> Iterator[str]:
    """Write what each function and each of its calls cost, in ns.

    An open call counts with its time so far; it is no finished call, but readers take 0 calls for
    none: a function that has nothing but open calls from one place has 1.

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
        if edge.callcount or edge.open:
            callees[edge.caller].append(edge)
    numbers = sorted(
        {n for n, stat in snapshot.stats.items() if stat.callcount or stat.open} | callees.keys()
    )
    total_ns = sum(snapshot.stats[n].inline_ns for n in numbers if n in snapshot.stats)
    yield "# callgrind format\nversion: 1\n"
    yield f"creator: pikos {__version__}\npid: {int(snapshot.facts.get('pid', 0))}\n"
    yield f"cmd: {title_of(snapshot)}\npart: 1\n\n"
    yield f"positions: line\nevents: ns\nsummary: {total_ns}\n"
    names, split = _Names(), levels(snapshot)
    for number in numbers:
        label = label_of(snapshot, number) if number else Label(OUTSIDE, "", 0)
        stat = snapshot.stats.get(number)
        yield f"\nfl={names.file(label)}\nfn={names.function(label)}\n"
        yield f"{label.line} {0 if stat is None else stat.inline_ns}\n"
        for edge in callees[number]:
            callee = label_of(snapshot, edge.callee)
            for calls, ns, end in _calls(split[edge.caller, edge.callee]):
                if callee.file != label.file:  # callgrind_annotate shortens the caller's alone
                    yield f"cfi={names.file(callee)}\n"
                yield f"cfn={names.function(callee, end)}\n"
                yield f"calls={calls} {callee.line}\n{label.line} {ns}\n"
    yield f"\ntotals: {total_ns}\n"


def _calls(split: Levels) -> Iterator[tuple[int, int, str]]:
    """Give the calls of an edge, their cumulative time, and the end of the callee's name."""
    is_inner = bool(split.inner_calls or split.inner_ns)
    if split.outer_calls or split.outer_ns or not is_inner:
        yield max(1, split.outer_calls), split.outer_ns, ""
    if is_inner:
        yield max(1, split.inner_calls), split.inner_ns, INNER


class _Names:
    """Names are written once, and called by a number after that."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._functions: dict[tuple[Label, str], int] = {}

    def file(self, label: Label) -> str:
        file = label.file or "???"
        if file in self._files:
            return f"({self._files[file]})"
        self._files[file] = len(self._files) + 1
        return f"({self._files[file]}) {file}"

    def function(self, label: Label, end: str = "") -> str:
        key = label, end
        if key in self._functions:
            return f"({self._functions[key]})"
        self._functions[key] = len(self._functions) + 1
        # Readers tell functions of a file apart by name alone.
        name = f"{label.name}:{label.line}" if label.line else label.name
        return f"({self._functions[key]}) {name or '?'}{end}"
