"""Reads the plain part of what ``marshal`` writes, of which a file for pstats is made.

``marshal`` itself trusts what it reads; this takes nothing but dictionaries, tuples, texts and
numbers, and no more memory than the file has bytes for.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEPTH_MAX = 8
"""Dictionaries and tuples within one another; pstats has five."""

DIGITS_MAX = 16
"""Digits of 15 bits that a long number may have."""

_REFERENCE = 0x80
_NULL = object()


def unmarshalled(content: bytes) -> Any:
    """Read a value.

    Parameters
    ----------
    content
        What ``marshal.dumps`` has made, or bytes from a stranger.

    Returns
    -------
    dict, tuple, str, int, float or None
        The value.

    Raises
    ------
    ValueError
        If there is anything else in it; the message says where.

    """
    return _Reader(content).value(0)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0
        self._known: list[Any] = []

    def value(self, depth: int) -> Any:
        """Read one value; ``_NULL`` for what ends a dictionary."""
        code = self._take(1)[0]
        kind = chr(code & ~_REFERENCE)
        if kind in "({)" and depth >= DEPTH_MAX:
            self._refuse("values within one another too deep")
        if kind not in _READERS:
            self._refuse(f"a value of kind {kind!r}")
        place = None
        if code & _REFERENCE:  # a value that is referred to is numbered before what is in it
            place = len(self._known)
            self._known.append(_NULL)
        value = _READERS[kind](self, depth)
        if place is not None:
            self._known[place] = value
        return value

    def refer(self) -> Any:
        number = self._number("<I")
        if number >= len(self._known) or self._known[number] is _NULL:
            self._refuse("a reference to nothing")
        return self._known[number]

    def integer(self) -> int:
        return self._number("<i")

    def float(self) -> float:
        (value,) = struct.unpack("<d", self._take(8))
        return float(value)

    def long(self) -> int:
        digits = self._number("<i")
        if abs(digits) > DIGITS_MAX:
            self._refuse("a number that is too long")
        value = sum(self._number("<H") << (15 * place) for place in range(abs(digits)))
        return -value if digits < 0 else value

    def text(self, size: int) -> str:
        return self._take(size).decode("utf-8", "surrogatepass")

    def size(self, *, short: bool) -> int:
        return self._number("<B" if short else "<I")

    def tuple(self, size: int, depth: int) -> tuple[Any, ...]:
        if size > len(self._content) - self._at:
            self._refuse(f"a tuple of {size} values")
        return tuple(self._item(depth) for _ in range(size))

    def dictionary(self, depth: int) -> dict[Any, Any]:
        read: dict[Any, Any] = {}
        while (key := self.value(depth + 1)) is not _NULL:
            value = self._item(depth)
            try:
                read[key] = value
            except TypeError:
                self._refuse("a key that is none")
        return read

    def _item(self, depth: int) -> Any:
        value = self.value(depth + 1)
        if value is _NULL:
            self._refuse("an end of nothing")
        return value

    def _number(self, layout: str) -> int:
        (value,) = struct.unpack(layout, self._take(struct.calcsize(layout)))
        return int(value)

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._content):
            self._refuse("the end")
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def _refuse(self, what: str) -> NoReturn:
        raise ValueError(f"byte {self._at}: {what}")


_READERS: Mapping[str, Callable[[_Reader, int], Any]] = {
    "0": lambda _reader, _depth: _NULL,
    "N": lambda _reader, _depth: None,
    "i": lambda reader, _depth: reader.integer(),
    "l": lambda reader, _depth: reader.long(),
    "g": lambda reader, _depth: reader.float(),
    "r": lambda reader, _depth: reader.refer(),
    **dict.fromkeys("utaA", lambda reader, _depth: reader.text(reader.size(short=False))),
    **dict.fromkeys("zZ", lambda reader, _depth: reader.text(reader.size(short=True))),
    ")": lambda reader, depth: reader.tuple(reader.size(short=True), depth),
    "(": lambda reader, depth: reader.tuple(reader.size(short=False), depth),
    "{": lambda reader, depth: reader.dictionary(depth),
}
