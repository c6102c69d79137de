"""Encodes and decodes whole messages; knows no socket and no clock.

``docs/wire-protocol.md`` draws the layout, ``tables.py`` holds its numbers.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos.errors import WireError
from pikos.wire.columns import cut, decode_column, encode_column
from pikos.wire.hello import hello_json, read_hello
from pikos.wire.messages import Block, Bye, Envelope, Hello, Message, Rows, Unknown
from pikos.wire.tables import (
    BLOCK,
    BLOCK_SIZE,
    BLOCKS_MAX,
    BODY_SIZE,
    COLUMNS_MAX,
    ENVELOPE,
    ENVELOPE_SIZE,
    KIND_BYE,
    KIND_HELLO,
    KIND_ROWS,
    MAGIC,
    MESSAGE_MAX,
    ROWS_MAX,
    STRING_MAX,
    TABLES,
    VERSION,
    VERSIONS_READ,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_BODY = "<II"
_VERSION_OFFSET = 4
_SIZE_OFFSET = 44


class Stamp(NamedTuple):
    """What an encoder is told for the envelope."""

    stream: bytes
    """The session's 16 random bytes."""
    sequence: int
    """Number of the message in its session."""
    time_ns: int
    """Now: ns since the session began, monotonic clock."""
    epoch: int = 0
    """How often the statistics have been cleared."""
    flags: int = 0
    """Sum of ``tables.FLAG_…``."""


def encode_hello(stamp: Stamp, facts: Mapping[str, Any], tables: Iterable[Table] = TABLES) -> bytes:
    """Encode a hello.

    Parameters
    ----------
    stamp
        What the envelope says.
    facts
        What the session says of itself.
    tables
        The tables of the session.

    Returns
    -------
    bytes
        The message.

    """
    return _message(stamp, KIND_HELLO, hello_json(facts, tables))


def encode_rows(stamp: Stamp, blocks: Iterable[Block]) -> bytes:
    """Encode rows.

    Parameters
    ----------
    stamp
        What the envelope says.
    blocks
        The rows, by table; each has the columns of its table, or the first of them.

    Returns
    -------
    bytes
        The message.

    Raises
    ------
    WireError
        If it would break a limit, or a number does not fit its column.

    """
    encoded = [_encode_block(block) for block in blocks]
    if len(encoded) > BLOCKS_MAX:
        raise WireError(ENVELOPE_SIZE, f"{len(encoded)} blocks; a message may have {BLOCKS_MAX}")
    return _message(stamp, KIND_ROWS, struct.pack(_BODY, len(encoded), 0) + b"".join(encoded))


def encode_bye(stamp: Stamp, reason: str) -> bytes:
    """Encode a goodbye.

    Parameters
    ----------
    stamp
        What the envelope says.
    reason
        Why the session ends.

    Returns
    -------
    bytes
        The message.

    """
    return _message(stamp, KIND_BYE, cut(reason))


def _message(stamp: Stamp, kind: int, body: bytes) -> bytes:
    size = ENVELOPE_SIZE + len(body)
    if size > MESSAGE_MAX:
        raise WireError(_SIZE_OFFSET, f"{size} bytes; a message may have {MESSAGE_MAX}")
    stream, sequence, time_ns, epoch, flags = stamp
    try:
        envelope = struct.pack(
            ENVELOPE, MAGIC, VERSION, kind, flags, stream, sequence, time_ns, epoch, size
        )
    except struct.error as error:
        raise WireError(0, f"a number does not fit the envelope: {error}") from None
    return envelope + body


def _encode_block(block: Block) -> bytes:
    table, rows = block.table, block.row_count
    if rows > ROWS_MAX:
        raise WireError(ENVELOPE_SIZE, f"{rows} rows in a block; it may have {ROWS_MAX}")
    sent = table.columns[: len(block.columns)]
    try:
        parts = [encode_column(column.type, block.columns[column.name]) for column in sent]
    except OverflowError as error:
        raise WireError(
            ENVELOPE_SIZE, f"a number does not fit table {table.name}: {error}"
        ) from None
    columns = b"".join(parts)
    return struct.pack(BLOCK, table.id, rows, len(sent), 0, len(columns)) + columns


def decode(message: bytes, tables: Iterable[Table] | None = None) -> Message:
    """Decode a message.

    Parameters
    ----------
    message
        The whole message.
    tables
        What the session's hello declared; by default the tables that this version knows.

    Returns
    -------
    Hello, Rows, Bye or Unknown
        What it says.  Tables that are not declared, and columns past the declared ones, are
        left out.

    Raises
    ------
    WireError
        If it is not a message, not a whole one, of another version, or breaks a limit.

    """
    envelope = _decode_envelope(message)
    if envelope.kind == KIND_HELLO:
        return Hello(envelope, *read_hello(message[ENVELOPE_SIZE:]))
    if envelope.kind == KIND_ROWS:
        declared = {table.id: table for table in (TABLES if tables is None else tables)}
        return Rows(envelope, _decode_blocks(memoryview(message), declared))
    if envelope.kind == KIND_BYE:
        if len(message) > ENVELOPE_SIZE + STRING_MAX:
            raise WireError(
                ENVELOPE_SIZE,
                f"a reason of {len(message) - ENVELOPE_SIZE} bytes; one may have {STRING_MAX}",
            )
        return Bye(envelope, message[ENVELOPE_SIZE:].decode("utf-8", "replace"))
    return Unknown(envelope)


def _decode_envelope(message: bytes) -> Envelope:
    if len(message) > MESSAGE_MAX:
        raise WireError(0, f"{len(message)} bytes; a message may have {MESSAGE_MAX}")
    if len(message) < ENVELOPE_SIZE:
        raise WireError(
            len(message), f"the message ends within its envelope of {ENVELOPE_SIZE} bytes"
        )
    magic, version, *rest = struct.unpack_from(ENVELOPE, message)
    envelope = Envelope(*rest)
    if magic != MAGIC:
        raise WireError(0, f"it begins with {magic!r}, not with {MAGIC!r}")
    if version not in VERSIONS_READ:
        known = " and ".join(map(str, VERSIONS_READ))
        raise WireError(_VERSION_OFFSET, f"version {version}; this reader knows {known}")
    if envelope.size != len(message):
        raise WireError(
            _SIZE_OFFSET, f"a size of {envelope.size} bytes in a message of {len(message)}"
        )
    return envelope


def _decode_blocks(message: memoryview, declared: Mapping[int, Table]) -> tuple[Block, ...]:
    if len(message) < ENVELOPE_SIZE + BODY_SIZE:
        raise WireError(ENVELOPE_SIZE, "rows without a number of blocks")
    count, _ = struct.unpack_from(_BODY, message, ENVELOPE_SIZE)
    if count > BLOCKS_MAX:
        raise WireError(ENVELOPE_SIZE, f"{count} blocks; a message may have {BLOCKS_MAX}")
    blocks = []
    offset = ENVELOPE_SIZE + BODY_SIZE
    for _ in range(count):
        block, offset = _decode_block(message, offset, declared)
        if block is not None:
            blocks.append(block)
    if offset != len(message):
        raise WireError(offset, f"{len(message) - offset} bytes after the last block")
    return tuple(blocks)


def _decode_block(
    message: memoryview, offset: int, declared: Mapping[int, Table]
) -> tuple[Block | None, int]:
    begin = offset + BLOCK_SIZE
    if begin > len(message):
        raise WireError(offset, f"{len(message) - offset} bytes left of a block's {BLOCK_SIZE}")
    number, rows, columns, _, size = struct.unpack_from(BLOCK, message, offset)
    if rows > ROWS_MAX:
        raise WireError(offset + 4, f"{rows} rows in a block; it may have {ROWS_MAX}")
    if not 0 < columns <= COLUMNS_MAX:
        raise WireError(offset + 8, f"{columns} columns in a block; it may have 1 to {COLUMNS_MAX}")
    if size % 8 or size > len(message) - begin:
        raise WireError(
            offset + 16, f"columns of {size} bytes in a message with {len(message) - begin} left"
        )
    end: int = begin + size
    table = declared.get(number)
    if table is None:
        return None, end
    values = {}
    for column in table.columns[:columns]:
        values[column.name], begin = decode_column(column.type, message, begin, end, rows)
    if begin != end and columns <= len(table.columns):
        raise WireError(begin, f"{end - begin} bytes after the last column of {table.name!r}")
    return Block(table, values), end
