"""The JSON of a hello: what a session says of itself, with its tables."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn, get_args

from pikos.errors import WireError
from pikos.wire.columns import cut
from pikos.wire.tables import (
    BLOCKS_MAX,
    COLUMNS_MAX,
    ENVELOPE_SIZE,
    JSON_MAX,
    KNOWN_TABLES,
    STRING_MAX,
    TABLES,
    Column,
    Mode,
    Table,
    Type,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FACTS: Mapping[str, type] = {
    "pikos": str,  # version of Pikos
    "pid": int,
    "host": str,
    "argv": list,  # of str
    "executable": str,
    "python": str,  # version of the interpreter
    "clock": str,
    "interval_ns": int,  # between two looks at the statistics
    "started_unix_ns": int,
    "mechanism": str,  # how calls are noticed
    "threads": bool,  # all threads, or only one
    "builtins": bool,  # whether calls of built-in functions are counted
    "publishes": str,  # "records"; a profile where nothing is said
    "parent": dict,  # of a process that another one started: its "pid" and "stream" (hex)
    "how": str,  # how it was started: "fork", "spawn" or "exec"
}
"""The facts that this version knows, and their types; any may be missing, others may be there."""

ARGV_MAX = 64 * 1024
"""UTF-8 bytes of the command line that are told; the rest is left out."""

_INTEGER_MAX = 2**63
_INTEGER_DIGITS = 20


def hello_json(facts: Mapping[str, Any], tables: Iterable[Table] = TABLES) -> bytes:
    """Write the JSON of a hello.

    Parameters
    ----------
    facts
        What the session says of itself: those of ``FACTS``, or others.  Long strings are cut.
    tables
        The tables of the session.

    Returns
    -------
    bytes
        ASCII, at most ``JSON_MAX`` bytes.

    Raises
    ------
    WireError
        If it would be longer.

    """
    shown = json.dumps(short_facts(facts), allow_nan=False)
    separator = "" if shown == "{}" else ", "
    text = f'{shown[:-1]}{separator}"tables": {tables_json(tables)}}}'
    if len(text) > JSON_MAX:
        raise WireError(ENVELOPE_SIZE, f"JSON of {len(text)} bytes; a hello may have {JSON_MAX}")
    return text.encode("ascii")


def tables_json(tables: Iterable[Table]) -> str:
    """Write the tables as a hello declares them.

    Parameters
    ----------
    tables
        The tables.

    Returns
    -------
    str
        A JSON list, ASCII.

    """
    return json.dumps([_declaration(table) for table in tables])


def short_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Cut the strings and lists of facts that are too long for a hello.

    Parameters
    ----------
    facts
        What a session says of itself.

    Returns
    -------
    dict
        The same, cut where need be.

    """
    return {name: _short(value) for name, value in facts.items()}


def _short(value: Any) -> Any:  # any JSON
    if isinstance(value, str):
        return cut(value).decode("utf-8")
    if not isinstance(value, list | tuple):
        return value
    told, size = [], 0
    for item in value:
        short = _short(item)
        size += len(str(short)) + 1
        if size > ARGV_MAX // 4:  # a character may take 4 bytes
            break
        told.append(short)
    return told


def _declaration(table: Table) -> dict[str, Any]:
    return {
        "id": table.id,
        "name": table.name,
        "mode": table.mode,
        "key": list(table.key),
        "columns": [list(column) for column in table.columns],
    }


def read_hello(body: bytes) -> tuple[dict[str, Any], tuple[Table, ...]]:
    """Read the JSON of a hello.

    Parameters
    ----------
    body
        What follows the envelope.

    Returns
    -------
    tuple
        The facts, without the tables, and the tables.

    Raises
    ------
    WireError
        If it is not such JSON, or breaks a limit.

    """
    if len(body) > JSON_MAX:
        _refuse(f"JSON of {len(body)} bytes; a hello may have {JSON_MAX}")
    try:
        facts = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except RecursionError:
        _refuse("JSON nested too deeply")
    except ValueError as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        raise WireError(ENVELOPE_SIZE + at, f"not the JSON of a hello: {error}") from error
    if not isinstance(facts, dict):
        _refuse("the JSON of a hello is an object")
    wrong = wrong_fact(facts)
    if wrong:
        _refuse(wrong)
    return facts, _tables(facts.pop("tables", None))


def wrong_fact(facts: Mapping[str, Any]) -> str:
    """Look for a known fact that is not of its type.

    Parameters
    ----------
    facts
        What a session says of itself.

    Returns
    -------
    str
        What is wrong with it; empty if there is none.

    """
    for name, kind in FACTS.items():
        if name in facts and type(facts[name]) is not kind:
            return f"{name} should be of type {kind.__name__}"
    if not all(isinstance(word, str) for word in facts.get("argv", ())):
        return "argv should be a list of strings"
    return ""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("a JSON object names a member twice")
    return members


def _integer(digits: str) -> int:
    if len(digits) > _INTEGER_DIGITS or not -_INTEGER_MAX <= int(digits) < _INTEGER_MAX:
        _refuse("an integer of more than 64 bits")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        _refuse("a number that is not finite")
    return number


def _tables(declared: object) -> tuple[Table, ...]:
    if not isinstance(declared, list) or len(declared) > BLOCKS_MAX:
        _refuse(f"tables should be a list of at most {BLOCKS_MAX}")
    tables = tuple(_table(declaration) for declaration in declared)
    for unique in ({table.id for table in tables}, {table.name for table in tables}):
        if len(unique) != len(tables):
            _refuse("two tables have one id or one name")
    return tables


def _table(declared: object) -> Table:
    match declared:
        case {
            "id": int(number),
            "name": str(name),
            "mode": str(mode),
            "key": [*key],
            "columns": [*pairs],
        } if (
            mode in get_args(Mode)
            and type(number) is int
            and 0 < number < 2**32
            and len(name) <= STRING_MAX
        ):
            table = Table(number, name, mode, tuple(key), _columns(name, pairs))  # type: ignore[arg-type]  # checked
        case _:
            _refuse("a table has an id, a name, a mode, a key and columns")
    names = [column.name for column in table.columns]
    if any(part not in names for part in table.key) or bool(key) != (mode == "upsert"):
        _refuse(f"the key of table {name!r} does not fit its columns and mode")
    for known in KNOWN_TABLES:
        if (known.id == number) != (known.name == name) or (
            known.id == number and not _serves_as(table, known)
        ):
            _refuse(f"table {name!r} is not what this version knows as {known.name!r}")
    return table


def _columns(table: str, pairs: list[object]) -> tuple[Column, ...]:
    if not 0 < len(pairs) <= COLUMNS_MAX:
        _refuse(f"table {table!r} should have 1 to {COLUMNS_MAX} columns")
    columns = []
    for pair in pairs:
        match pair:
            case [str(name), str(kind)] if kind in get_args(Type):
                columns.append(Column(name, kind))  # type: ignore[arg-type]  # checked
            case _:
                _refuse(f"a column of table {table!r} should be a name and a type")
    if len({column.name for column in columns}) != len(columns):
        _refuse(f"table {table!r} has two columns of one name")
    return tuple(columns)


def _serves_as(table: Table, known: Table) -> bool:
    """Tell whether a reader of ``known`` can read ``table``."""
    types = {column.name: column.type for column in table.columns}
    return (table.mode, table.key) == (known.mode, known.key) and all(
        types.get(column.name, column.type) == column.type for column in known.columns
    )


def _refuse(reason: str) -> NoReturn:
    raise WireError(ENVELOPE_SIZE, reason)
