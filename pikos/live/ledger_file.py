"""The file of a profiler's ledger, as bytes that name their own fields.

``ext/ledger_file.h`` says what is in it.  The file is untrusted: it is opened read-only, must be
this user's plain file, is copied before anything in it is believed, and every pointer in it is
checked against its size.
"""

from __future__ import annotations

import os
import struct
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from pikos.errors import LedgerError
from pikos.live.session_lock import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

MAGIC = b"pikosLGR"
VERSION = 1
SIZE_MAX = 2 << 30
"""Bytes that a ledger's file may have."""
TEXT_MAX = 64 * 1024
"""Bytes that its description, or a text of a row, may have."""
ROWS_MAX = 1 << 24
"""Rows that one kind may have."""
CHUNK_ROWS_MAX = 4096
"""Rows that may be one behind another; they are decoded together."""

_START = struct.Struct("<8sIIQQ")
_POINTER = struct.Struct("<Q")
_NUMBER = struct.Struct("<I")
_NUMBERS = frozenset("iIqQ")
_TYPES = _NUMBERS | {"?"}
_OTHER_TYPES = {"ns_per_tick": "d", "stream": "16s"}
_NS_PER_TICK_MAX = 1e9
_TEXTS_PER_BYTE = 8
"""Bytes of texts that are read for each byte of the file: each text has a place of its own."""
_LINKS_PER_ROW = 4
"""Links that are followed for each row that the file has room for: most rows are in one list."""


class Layout(NamedTuple):
    """One kind of row."""

    size: int
    """Bytes of a row."""
    fields: Mapping[str, tuple[int, str]]
    """Offset and type of each field."""


class LedgerFile:
    """A copy of a ledger's file.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    LedgerError
        If it is not this user's plain file, has no state, or contradicts itself.

    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._bytes = self._read()
        magic, version, text_size, self._base, text = self._unpack(_START, 0)
        if magic != MAGIC:
            raise LedgerError(path, "it has no state: it was given up, or is no ledger")
        if version != VERSION:
            raise LedgerError(path, f"its version is {version}; this Pikos reads {VERSION}")
        described = self.bytes_at(text, text_size).decode("ascii", "replace")
        self._texts_left = _TEXTS_PER_BYTE * len(self._bytes)
        self.layouts = self._layouts(described)
        self._links_left: dict[str, int] = {}
        self._parts: dict[tuple[str, str], struct.Struct] = {}
        if not 0 < self.get("clock", self.header("clock"), "ns_per_tick") < _NS_PER_TICK_MAX:
            raise LedgerError(path, "its clock makes no sense")

    def header(self, field: str) -> Any:
        """Return a field of the header, or the offset of one that is a row itself."""
        return self.get("header", 0, field)

    def get(self, row: str, at: int, field: str) -> Any:
        """Return a field of the row at an offset; of a row inside it, the offset of that.

        Raises
        ------
        LedgerError
            If there is no such field, or it lies outside of the file.

        """
        offset, code = self._field(row, field)
        if code in self.layouts:
            return at + offset
        part = self._parts.get((row, field))
        if part is None:
            part = self._parts[row, field] = struct.Struct(f"<{code}")
        return self._unpack(part, at + offset)[0]

    def reader(self, row: str, *fields: str) -> Callable[[int], tuple[Any, ...]]:
        """Return what reads these fields of the row at an offset, quicker than one by one.

        Raises
        ------
        LedgerError
            From both, as ``get``.

        """
        try:
            parts = sorted((*self.layouts[row].fields[field], field) for field in fields)
        except KeyError as error:
            raise LedgerError(self.path, f"it has no field {error} in {row}") from None
        form, end = "<", 0
        for offset, code, _ in parts:
            if not end <= offset < self.layouts[row].size or code not in _TYPES:
                raise LedgerError(self.path, "its description makes no sense")
            form += f"{offset - end}x{code}"
            end = offset + struct.calcsize(f"<{code}")
        part = struct.Struct(form)
        names = [field for _, _, field in parts]
        ordered = itemgetter(*map(names.index, fields))

        def read(at: int) -> tuple[Any, ...]:
            values: tuple[Any, ...] = ordered(self._unpack(part, at))
            return values

        return read

    def read_again(self, *places: tuple[int, int]) -> None:
        """Copy some places of the file once more, each an offset and a size.

        Raises
        ------
        LedgerError
            If the file is not there, or is shorter now.

        """
        with opened(self.path) as descriptor:
            for at, size in places:
                part = b"" if descriptor is None else os.pread(descriptor, size, at)
                if len(part) != size:
                    raise LedgerError(self.path, "it went away, or grew shorter, while it was read")
                self._bytes[at : at + size] = part

    def offset(self, pointer: int) -> int:
        """Return the offset that a pointer means; -1 for NULL."""
        if pointer == 0:
            return -1
        at: int = pointer - self._base
        if not 0 <= at < len(self._bytes):
            raise LedgerError(self.path, "a pointer leaves the file")
        return at

    def bytes_at(self, pointer: int, size: int) -> bytes:
        """Return what a pointer points to."""
        at = self.offset(pointer)
        if at < 0 or not 0 <= size <= TEXT_MAX or at + size > len(self._bytes):
            raise LedgerError(self.path, "a text leaves the file, or is too long")
        return bytes(self._bytes[at : at + size])

    def text(self, row: str, at: int, field: str) -> str:
        """Return a field that is a text."""
        inside = self.get(row, at, field)
        size = self.get("text", inside, "size")
        if size == 0:
            return ""
        self._texts_left -= size
        if self._texts_left < 0:
            raise LedgerError(self.path, "its texts share their places")
        return self.bytes_at(self.get("text", inside, "bytes"), size).decode("utf-8", "replace")

    def refuse(self, reason: str) -> NoReturn:
        """Raise what says that the file contradicts itself."""
        raise LedgerError(self.path, reason)

    def hello(self) -> bytes:
        """Return the session's hello."""
        return self.bytes_at(self.header("hello"), self.header("hello_size"))

    def rows(self, kind: str, row: str) -> Iterator[int]:
        """Give the offsets of the rows of one kind, beginning with number 1."""
        return chain.from_iterable(self.chunks(kind, row))

    def chunks(self, kind: str, row: str) -> Iterator[range]:
        """Give the same offsets, those of rows that are one behind another together."""
        at = self.get("ledger", 0, kind)
        length = self.get("rows", at, "length")
        step = self.layouts["chunk_rows"].size
        size = self.get("rows", at, "row_size")
        chunks = at + self._field("rows", "chunks")[0]
        if size != self._size(row) or not (0 < step <= CHUNK_ROWS_MAX and 0 < length <= ROWS_MAX):
            raise LedgerError(self.path, f"its {kind} make no sense")
        if length * size > len(self._bytes):
            raise LedgerError(self.path, f"its {kind} leave the file")
        for first in range(0, length if length > 1 else 0, step):
            start = self.offset(self._unpack(_POINTER, chunks + 8 * (first // step))[0])
            end = start + min(step, length - first) * size
            if start < 0 or end > len(self._bytes):
                raise LedgerError(self.path, f"its {kind} leave the file")
            yield range(start + (size if first == 0 else 0), end, size)

    def column(self, row: str, field: str, places: range) -> list[int]:
        """Return a field of rows that are one behind another, by their offsets.

        Raises
        ------
        LedgerError
            If there is no such field, or one lies outside of the file.

        """
        offset, code = self._field(row, field)
        size = self._size(row)
        width = struct.calcsize(code) if code in _NUMBERS else 0
        if not width or offset % width or size % width or not 0 <= offset <= size - width:
            raise LedgerError(self.path, "its description makes no sense")
        if not 0 <= places.start <= places.stop <= len(self._bytes) or places.step != size:
            raise LedgerError(self.path, "it is too short")
        part = memoryview(self._bytes)[places.start : places.start + len(places) * size]
        numbers = part.cast(cast("Any", code))
        values: list[int] = numbers[offset // width :: size // width].tolist()
        return values

    def follow(self, pointers: Sequence[int], row: str, field: str) -> list[int]:
        """Return a number in each of the rows that are pointed to; 0 for NULL.

        Raises
        ------
        LedgerError
            As ``get``.

        """
        numbers = {
            pointer: self.get(row, self.offset(pointer), field) if pointer else 0
            for pointer in set(pointers)
        }
        return [numbers[pointer] for pointer in pointers]

    def free_rows(self) -> frozenset[int]:
        """Return the numbers of nodes whose contexts were merged into others."""
        at = self.get("ledger", 0, "free")
        ids, mask, freed, reused = (
            self.get("free_rows", at, field) for field in ("ids", "mask", "freed", "reused")
        )
        count = (freed - reused) & 0xFFFFFFFF  # reused counts modulo 2^32
        if count == 0:
            return frozenset()
        start = self.offset(ids)
        if start < 0 or count > mask + 1 or start + 4 * (mask + 1) > len(self._bytes):
            raise LedgerError(self.path, "its free rows make no sense")
        places = (((reused + number) & 0xFFFFFFFF) & mask for number in range(count))
        return frozenset(self._unpack(_NUMBER, start + 4 * place)[0] for place in places)

    def pointers(self, field: str, first: int, count: int) -> Iterator[int]:
        """Give the offsets in an array of pointers that a field of the ledger begins."""
        at = self._field("ledger", field)[0]
        if count > ROWS_MAX:
            raise LedgerError(self.path, f"its {field} make no sense")
        for number in range(first, first + count):
            yield self.offset(self._unpack(_POINTER, at + 8 * number)[0])

    def linked(self, row: str, at: int, link: str) -> Iterator[int]:
        """Give the offsets of rows of which each points to the next."""
        left = self._links_left
        left.setdefault(row, _LINKS_PER_ROW * (len(self._bytes) // self._size(row)))
        while at >= 0:
            left[row] -= 1
            if left[row] < 0:
                raise LedgerError(self.path, "a list in it has no end, or many are the same")
            yield at
            at = self.offset(self.get(row, at, link))

    def _field(self, row: str, field: str) -> tuple[int, str]:
        try:
            return self.layouts[row].fields[field]
        except KeyError:
            raise LedgerError(self.path, f"it has no field {field} in {row}") from None

    def _size(self, row: str) -> int:
        size = self.layouts[row].size if row in self.layouts else 0
        if size < 1:
            raise LedgerError(self.path, f"it has no {row}")
        return size

    def _unpack(self, part: struct.Struct, at: int) -> tuple[Any, ...]:
        if not 0 <= at <= len(self._bytes) - part.size:
            raise LedgerError(self.path, "it is too short")
        return part.unpack_from(self._bytes, at)

    def _read(self) -> bytearray:
        with opened(self.path) as descriptor:
            if descriptor is None:
                raise LedgerError(self.path, "no plain file of this user is there")
            size = os.fstat(descriptor).st_size
            if size > SIZE_MAX:
                raise LedgerError(self.path, f"it has {size} bytes; {SIZE_MAX} are read at most")
            whole, at = bytearray(size), 0
            with memoryview(whole) as view:
                while at < size and (count := os.readv(descriptor, [view[at:]])):
                    at += count
            del whole[at:]
            return whole

    def _layouts(self, text: str) -> dict[str, Layout]:
        layouts: dict[str, Layout] = {}
        try:
            for line in text.splitlines():
                name, size, *fields = line.split()
                split = (field.split(":") for field in fields)
                layouts[name] = Layout(
                    int(size), {field: (int(offset), code) for field, offset, code in split}
                )
        except ValueError:
            raise LedgerError(self.path, "its description cannot be read") from None
        if not {"rows", "chunk_rows"} <= set(layouts) or not all(
            code == _OTHER_TYPES[field] if field in _OTHER_TYPES else code in {*_TYPES, *layouts}
            for layout in layouts.values()
            for field, (_, code) in layout.fields.items()
        ):
            raise LedgerError(self.path, "its description makes no sense")
        return layouts
