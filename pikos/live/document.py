"""One session as a JSON document, for scripts."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pikos.live.functions import NO_STAT

if TYPE_CHECKING:
    from pikos.live.functions import FunctionRow
    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Records, Snapshot


def document(scene: Scene, state: ViewState, rows: int | None = None) -> str:
    """Write a session down as JSON; times are in ns unless their name says otherwise.

    Those of functions include open calls; how much of them is of open calls is told beside them.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen: sort and filter of the functions.
    rows
        Functions, and records of each type, to tell of at most; None for all.

    Returns
    -------
    str
        One line of ASCII.

    """
    snapshot = scene.snapshot
    functions, total = scene.functions.top(
        len(snapshot.stats) if rows is None else rows,
        sort=state.sort,
        descending=state.descending,
        pattern=state.pattern,
    )
    return json.dumps(
        {
            "stream": snapshot.stream.hex(),
            "hello": dict(snapshot.facts),
            "time_ns": snapshot.time_ns,
            "age_s": round(snapshot.age_s(scene.now), 3),
            "complete": snapshot.complete,
            "stale": snapshot.stale(scene.now),
            "ended": snapshot.ended,
            "messages": snapshot.messages,
            "dropped": snapshot.dropped,
            "refused": scene.refused,
            "disconnects": scene.disconnects,
            "session": None if snapshot.session is None else snapshot.session._asdict(),
            "functions_total": total,
            "functions": [_function(snapshot, row) for row in functions],
            "open_calls": [
                {**call._asdict(), "name": _name(snapshot, call.function)}
                for call in snapshot.open_calls
            ],
            "threads": [thread._asdict() for thread in snapshot.threads.values()],
            "records": {name: _records(told, rows) for name, told in snapshot.records.items()},
        }
    )


def _function(snapshot: Snapshot, row: FunctionRow) -> dict[str, Any]:
    function = snapshot.functions.get(row.function)
    stat = snapshot.stats.get(row.function, NO_STAT)
    returned = snapshot.counted.stats.get(row.function, NO_STAT)
    return {
        "id": row.function,
        "name": None if function is None else function.name,
        "qualified_name": None if function is None else function.qualified_name,
        "file": None if function is None else function.file,
        "line": None if function is None else function.line,
        "kind": None if function is None else function.kind,
        "calls": row.calls,
        "primitive_calls": row.primitive,
        "resumes": stat.resumecount,
        "starts": stat.starts,
        "self_ns": row.self,
        "cumulative_ns": row.cumulative,
        "open_calls": row.open,
        "open_self_ns": row.self - returned.inline_ns,
        "open_cumulative_ns": row.cumulative - returned.cumulative_ns,
        "calls_per_s": None if row.rate < 0 else row.rate,
    }


def _records(told: Records, rows: int | None) -> dict[str, Any]:
    newest = list(told.named())
    return {
        "fields": told.fields,
        "published": told.published,
        "dropped": told.dropped,
        "received": told.received,
        "missed": told.missed,
        "misfits": told.misfits,
        "rows": [
            {field: _finite(value) for field, value in row.items()}
            for row in (newest if rows is None else newest[-rows:])
        ],
    }


def _finite(value: Any) -> Any:
    """Give null for what JSON has no number for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _name(snapshot: Snapshot, number: int) -> str | None:
    function = snapshot.functions.get(number)
    return None if function is None else function.qualified_name
