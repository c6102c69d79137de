"""Turns one column of a table into bytes and back."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal, TypeVar, cast, overload

from pikos.errors import WireError
from pikos.wire.tables import STRING_MAX, Type

LITTLE_ENDIAN = sys.byteorder == "little"
"""Whether this machine's numbers are in the wire's order."""

ARRAY_CODES: dict[str, Literal["q", "d"]] = {"i64": "q", "f64": "d"}
"""The ``array`` type code of each column type of fixed width."""

Numbers = TypeVar("Numbers", "array[int]", "array[float]")


class Strings(Sequence[str]):
    """A column of strings that is still UTF-8, and turned into ``str`` where it is looked at.

    Text that is not UTF-8 shows U+FFFD in place of what is wrong with it.

    Parameters
    ----------
    ends
        Where each string ends in ``utf8``, never falling.
    utf8
        The strings, one after another.

    """

    __slots__ = ("_ends", "_utf8")

    def __init__(self, ends: array[int], utf8: bytes) -> None:
        self._ends = ends
        self._utf8 = utf8

    @property
    def size_bytes(self) -> int:
        """Bytes of all strings together."""
        return len(self._utf8)

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        begin = self._ends[at - 1] if at else 0
        return self._utf8[begin : self._ends[at]].decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        utf8, begin = self._utf8, 0
        for end in self._ends:
            yield utf8[begin:end].decode("utf-8", "replace")
            begin = end

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as a list: compared by value

    def __repr__(self) -> str:
        return f"Strings({list(self)!r})"


def aligned(size: int) -> int:
    """Round up to the next multiple of 8.

    Parameters
    ----------
    size
        A size or an offset in bytes.

    Returns
    -------
    int
        The same, or up to 7 more.

    """
    return (size + 7) & ~7


def cut(text: str) -> bytes:
    """Encode a string for the wire, cut at a character if it is too long for it.

    Parameters
    ----------
    text
        Any string; lone surrogates become backslash escapes.

    Returns
    -------
    bytes
        At most ``STRING_MAX`` bytes of UTF-8.

    """
    utf8 = text.encode("utf-8", "backslashreplace")
    if len(utf8) <= STRING_MAX:
        return utf8
    end = STRING_MAX
    while utf8[end] & 0xC0 == 0x80:  # noqa: PLR2004  # UTF-8's mark of a following byte
        end -= 1
    return utf8[:end]


def encode_column(kind: Type, values: Sequence[int | float | str]) -> bytes:
    """Encode one column.

    Parameters
    ----------
    kind
        What the column holds.
    values
        One value per row.

    Returns
    -------
    bytes
        The column, padded to a multiple of 8 bytes.

    """
    if kind == "str":
        texts = cast("Sequence[str]", values)
        told = {text: cut(text) for text in frozenset(texts)}  # names of functions and files recur
        strings = [told[text] for text in texts]
        ends = _to_wire(array("I", accumulate(map(len, strings))))
        return _padded(ends) + _padded(b"".join(strings))
    return _to_wire(array(ARRAY_CODES[kind], cast("Sequence[float]", values)))


def decode_column(
    kind: Type, message: memoryview, offset: int, end: int, rows: int
) -> tuple[Sequence[int] | Sequence[float] | Sequence[str], int]:
    """Decode one column; nothing is allocated for rows that are not there.

    Parameters
    ----------
    kind
        What the column holds.
    message
        The message.
    offset
        Where in it the column begins, a multiple of 8.
    end
        Where what the column may reach into ends.
    rows
        How many values there should be.

    Returns
    -------
    tuple
        The values, and where the next column begins.

    Raises
    ------
    WireError
        If the column is longer than what there is, or a string is too long.

    """
    if kind == "str":
        return _decode_strings(message, offset, end, rows)
    after = _room(offset, rows * 8, end)
    return _from_wire(array(ARRAY_CODES[kind]), message[offset:after]), after


def _decode_strings(message: memoryview, offset: int, end: int, rows: int) -> tuple[Strings, int]:
    begin = _room(offset, aligned(rows * 4), end)
    ends = _from_wire(array("I"), message[offset : offset + rows * 4])
    before = 0
    for index, at in enumerate(ends):
        if not 0 <= at - before <= STRING_MAX:
            raise WireError(
                offset + index * 4,
                f"a string from {before} to {at} of its column's bytes; "
                f"one may have {STRING_MAX} bytes",
            )
        before = at
    after = _room(begin, aligned(before), end)
    return Strings(ends, bytes(message[begin : begin + before])), after


def _room(offset: int, size: int, end: int) -> int:
    if size > end - offset:
        raise WireError(offset, f"a column needs {size} bytes and {end - offset} are left")
    return offset + size


def _from_wire(values: Numbers, wire: memoryview) -> Numbers:
    values.frombytes(wire)
    if not LITTLE_ENDIAN:
        values.byteswap()
    return values


def _to_wire(values: array[int] | array[float]) -> bytes:
    if not LITTLE_ENDIAN:
        values.byteswap()
    return values.tobytes()


def _padded(wire: bytes) -> bytes:
    return wire + bytes(aligned(len(wire)) - len(wire))
