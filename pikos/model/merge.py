"""Several sessions as one: what the same code cost in all processes together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pikos.model.open_calls import include_open_calls
from pikos.model.rows import Context, Edge, SessionRow, Stat
from pikos.model.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.model.rows import Function, OpenCall, Thread

STREAM = b"several sessions"
"""Stream id of what is merged."""

KNOWN_MAX = 1_000_000
"""Functions and sessions that are known by number; past them numbering begins anew."""

_APART = 1 << 40  # ids of one session do not reach those of the next, and fit 64 bits together

_MADE_HERE = {"pid", "argv", "host", "interval_ns"}


class Merge:
    """Merges sessions, and calls a function by the same id whenever it is asked.

    Functions are the same if their kind, file, first line and qualified name are.  Contexts and
    threads stay apart.

    Threads: one at a time
    """

    def __init__(self) -> None:
        self._functions: dict[tuple[Any, ...], int] = {}
        self._streams: dict[bytes, int] = {}

    def of(self, snapshots: Sequence[Snapshot]) -> Snapshot:
        """Merge sessions.

        Parameters
        ----------
        snapshots
            The sessions, at the same moment.

        Returns
        -------
        Snapshot
            All of them together; the only one if there is one.

        """
        if len(self._functions) + len(self._streams) > KNOWN_MAX:
            self._functions.clear()
            self._streams.clear()
        parts = [self._renumbered(snapshot) for snapshot in snapshots]
        if not parts:
            return Snapshot()
        functions: dict[int, Function] = {}
        threads: dict[int, Thread] = {}
        contexts: dict[int, Context] = {}
        open_calls: list[OpenCall] = []
        for part in parts:
            functions.update(part.functions)
            threads.update(part.threads)
            contexts.update(part.contexts)
            open_calls += part.open_calls
        ended = [part.ended for part in parts if part.ended is not None]
        returned = Snapshot(
            stream=STREAM,
            facts=_facts(parts),
            functions=functions,
            stats=_added([row for part in parts for row in part.stats.values()], 1),
            edges=_added([row for part in parts for row in part.edges.values()], 2),
            contexts=contexts,
            open_calls=tuple(open_calls),
            threads=threads,
            session=_session([part.session for part in parts if part.session is not None]),
            epoch=sum(part.epoch for part in parts),
            time_ns=max(part.time_ns for part in parts),
            heard_at=max(part.heard_at for part in parts),
            messages=sum(part.messages for part in parts),
            dropped=sum(part.dropped for part in parts),
            refused_rows=sum(part.refused_rows for part in parts),
            complete=all(part.complete for part in parts),
            ended=ended[-1] if len(ended) == len(parts) else None,
        )
        return include_open_calls(returned)

    def _renumbered(self, snapshot: Snapshot) -> Snapshot:
        """Give what has returned, and the open calls, numbers that are their own."""
        apart = _APART * (1 + self._streams.setdefault(snapshot.stream, len(self._streams)))
        numbers = {0: 0}
        for number, function in snapshot.functions.items():
            identity = function[1:3] + function[4:]
            numbers[number] = self._functions.setdefault(identity, len(self._functions) + 1)

        def own(number: int) -> int:
            return apart + number % _APART

        def known(number: int) -> int:
            return numbers.get(number, own(number))

        pid = snapshot.facts.get("pid", "?")
        stats, edges, contexts = snapshot.counted
        return replace(
            snapshot,
            functions={
                known(f.id): f._replace(id=known(f.id)) for f in snapshot.functions.values()
            },
            stats={
                known(row.function): Stat(known(row.function), *row[1:]) for row in stats.values()
            },
            edges={
                key: Edge(*key, *row[2:])
                for row in edges.values()
                for key in [(known(row.caller), known(row.callee))]
            },
            contexts={
                own(row.id): row._replace(
                    id=own(row.id),
                    parent=row.parent and own(row.parent),
                    thread=own(row.thread),
                    function=known(row.function),
                    caller=known(row.caller),
                )
                for row in contexts.values()
            },
            open_calls=tuple(
                call._replace(
                    thread=own(call.thread),
                    function=known(call.function),
                    context=own(call.context),
                )
                for call in snapshot.open_calls
            ),
            threads={
                own(row.id): row._replace(id=own(row.id), name=f"{pid} {row.name}")
                for row in snapshot.threads.values()
            },
        )


def _added(rows: Sequence[Any], names: int) -> dict[Any, Any]:
    """Add up rows of the same key; the first columns only name what is counted."""
    sums: dict[Any, Any] = {}
    for row in rows:
        key = row[0] if names == 1 else row[:names]
        before = sums.get(key)
        if before is not None:
            counted = (a + b for a, b in zip(row[names:], before[names:], strict=True))
            row = type(row)(*row[:names], *counted)  # noqa: PLW2901  # the sum takes its place
        sums[key] = row
    return sums


def _session(rows: Sequence[SessionRow]) -> SessionRow | None:
    if not rows:
        return None
    sums = [sum(column) for column in zip(*rows, strict=True)]
    return SessionRow(*sums)._replace(id=1)


def _facts(parts: Sequence[Snapshot]) -> dict[str, Any]:
    """Tell of several sessions what they have in common, and list what they have not."""
    first = parts[0].facts
    return {
        **{
            name: fact
            for name, fact in first.items()
            if name not in _MADE_HERE and all(part.facts.get(name) == fact for part in parts)
        },
        "argv": [
            f"{part.facts.get('pid', '?')}: {' '.join(part.facts.get('argv') or ['?'])}"
            for part in parts
        ],
        "host": ", ".join(sorted({str(part.facts.get("host", "?")) for part in parts})),
        "interval_ns": max(part.facts.get("interval_ns", 100_000_000) for part in parts),
    }
