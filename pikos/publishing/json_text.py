"""JSON of plain values, written without the ``json`` package, which a program may not have."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Json = str | int | bool | Sequence[Any] | Mapping[str, Any] | None

_BASIC_PLANE = 0x10000


def json_text(value: Json) -> str:
    """Write a value as JSON.

    Parameters
    ----------
    value
        Text, an integer, a boolean, None, or lists, tuples and dicts of such values.

    Returns
    -------
    str
        ASCII, on one line.

    """
    if isinstance(value, str):
        return _quoted(value)
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, dict):
        members = [f"{_quoted(name)}: {json_text(member)}" for name, member in value.items()]
        return f"{{{', '.join(members)}}}"
    return f"[{', '.join([json_text(item) for item in value])}]"


def _quoted(text: str) -> str:
    if not (text.isascii() and text.isprintable() and '"' not in text and "\\" not in text):
        text = "".join(map(_escaped, text))
    return f'"{text}"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    if character.isascii() and character.isprintable():
        return character
    code = ord(character)
    if code < _BASIC_PLANE:
        return f"\\u{code:04x}"
    units = character.encode("utf-16-be").hex()
    return f"\\u{units[:4]}\\u{units[4:]}"
