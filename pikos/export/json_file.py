"""A session's whole state as JSON, and back."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

from pikos.model.open_calls import exclude_open_calls, include_open_calls
from pikos.model.rows import (
    Context,
    Edge,
    Function,
    OpenCall,
    SessionRow,
    Stat,
    Thread,
)
from pikos.model.snapshot import Snapshot
from pikos.wire.hello import wrong_fact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

FORMAT = "pikos snapshot"
"""What the file says it is."""

VERSION = 1
"""Version of the layout; a reader refuses any other."""

_TABLES: dict[str, tuple[str, type[tuple[Any, ...]], Callable[[Any], Any] | None]] = {
    "function": ("functions", Function, lambda row: row.id),
    "stat": ("stats", Stat, lambda row: row.function),
    "edge": ("edges", Edge, lambda row: (row.caller, row.callee)),
    "context": ("contexts", Context, lambda row: row.id),
    "open_call": ("open_calls", OpenCall, None),
    "thread": ("threads", Thread, lambda row: row.id),
}
"""For each table the attribute of a snapshot, the type of its rows, and what they are found by."""

_STATE = {"epoch": int, "time_ns": int, "messages": int, "dropped": int, "complete": bool}
_INTEGER_MAX = 2**63
_TEXTS = frozenset({"name", "qualified_name", "file"})


def json_file(snapshot: Snapshot) -> Iterator[str]:
    """Write everything that is known of a session; times are in ns.

    Each table has its columns once, and a list for each row.  Functions, edges and contexts include
    the open calls, which are told apart in a table of their own.

    Parameters
    ----------
    snapshot
        The session.

    Yields
    ------
    str
        JSON, ASCII.

    """
    head = {
        "format": FORMAT,
        "version": VERSION,
        "stream": snapshot.stream.hex(),
        "hello": dict(snapshot.facts),
        "ended": snapshot.ended,
        **{name: getattr(snapshot, name) for name in _STATE},
        "session": None if snapshot.session is None else snapshot.session._asdict(),
    }
    yield json.dumps(head, allow_nan=False)[:-1] + ',\n"tables": {'
    for at, (name, (attribute, row_type, key)) in enumerate(_TABLES.items()):
        rows = getattr(snapshot, attribute)
        yield ",\n" if at else "\n"
        yield from _table(name, row_type._fields, rows if key is None else rows.values())  # type: ignore[attr-defined]  # a named tuple
    yield '\n},\n"records": {'
    for at, (name, records) in enumerate(snapshot.records.items()):
        yield ",\n" if at else "\n"
        yield from _table(name, records.fields, records.rows)
    yield "\n}}\n"


def _table(name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    yield f'{json.dumps(name)}: {{"columns": {json.dumps(list(columns))}, "rows": ['
    for at, row in enumerate(rows):
        yield (",\n" if at else "\n") + json.dumps([_finite(value) for value in row])
    yield "]}"


def _finite(value: Any) -> Any:
    """Give null for what JSON has no number for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json_file(text: bytes) -> Snapshot:
    """Read a profile's state back.

    Parameters
    ----------
    text
        What ``json_file`` has written.

    Returns
    -------
    Snapshot
        The state; without records.

    Raises
    ------
    ValueError
        If it is no such file; the message says what is wrong with it.

    """
    try:
        told = json.loads(text)
    except RecursionError:
        raise ValueError("its JSON is nested too deep") from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ValueError(f"it is no JSON of a {FORMAT}")
    if told.get("version") != VERSION:
        raise ValueError(f"it is of version {told.get('version')!r}; {VERSION} was expected")
    tables: dict[str, Any] = {}
    for name, (attribute, row_type, key) in _TABLES.items():
        rows = _rows(told, name, row_type)
        tables[attribute] = rows if key is None else {key(row): row for row in rows}
    facts = _checked(told, "hello", dict)
    wrong = wrong_fact(facts)
    if wrong:
        raise ValueError(f"its hello: {wrong}")
    state: dict[str, Any] = {name: _checked(told, name, kind) for name, kind in _STATE.items()}
    snapshot = Snapshot(
        stream=bytes.fromhex(_checked(told, "stream", str)),
        facts=facts,
        session=_session(told.get("session")),
        ended=None if told.get("ended") is None else _checked(told, "ended", str),
        **tables,
        **state,
    )
    if "open" in told["tables"]["stat"]["columns"]:
        snapshot = exclude_open_calls(snapshot)
    return include_open_calls(snapshot)


def _session(told: Any) -> SessionRow | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not _serves(list(told), SessionRow):
        raise ValueError("its session has other columns")
    return cast("SessionRow", _row("session", SessionRow, list(told), list(told.values())))


def _rows(told: dict[str, Any], name: str, row_type: type[Any]) -> tuple[Any, ...]:
    table = _checked(_checked(told, "tables", dict), name, dict)
    columns = table.get("columns")
    if not _serves(columns, row_type):
        raise ValueError(f"its table {name} has other columns")
    return tuple(_row(name, row_type, columns, row) for row in _checked(table, "rows", list))


def _serves(columns: Any, row_type: type[Any]) -> bool:
    """Check that the columns are the type's fields; an older file lacks the last of them."""
    fields, least = list(row_type._fields), len(row_type._fields) - len(row_type._field_defaults)
    return isinstance(columns, list) and columns == fields[: max(len(columns), least)]


def _row(name: str, row_type: type[Any], fields: list[str], values: Any) -> Any:
    if not isinstance(values, list) or len(values) != len(fields):
        raise ValueError(f"a row of its table {name} does not have {len(fields)} values")
    for field, value in zip(fields, values, strict=True):
        if type(value) is not (str if field in _TEXTS else int):
            raise ValueError(f"{field} of a row of its table {name} is {type(value).__name__}")
        if isinstance(value, int) and not -_INTEGER_MAX <= value < _INTEGER_MAX:
            raise ValueError(f"{field} of a row of its table {name} has more than 64 bits")
    return row_type(*values)


def _checked(told: dict[str, Any], name: str, kind: type) -> Any:
    value = told.get(name)
    if type(value) is not kind:
        raise ValueError(f"its {name} is no {kind.__name__}")
    return value
