"""The definition of the wire protocol, as plain data: envelope, kinds, tables and limits.

This is the only place where the protocol is written down as code.  ``codec.py`` reads it to
encode and decode, ``header.py`` prints it as ``ext/wire_tables.h`` for the C side, and the hello
message carries the tables to the viewer.  ``docs/wire-protocol.md`` draws it.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

MAGIC = b"PKOS"
"""The first four bytes of every message."""

VERSION = 2
"""Version of the envelope, the layout of the body and the meaning of the tables, as written."""

VERSIONS_READ = (1, 2)
"""Versions that a reader takes: version 1 has no own time of open calls and no merged contexts."""

ENVELOPE = "<4sHBB16sQqII"
"""``struct`` layout of the envelope: magic, version, kind, flags, stream id (128 random bits),
sequence number, time (ns since the session began, monotonic clock), epoch, size of the whole
message in bytes."""

ENVELOPE_SIZE = 48
"""Bytes of the envelope; the body follows."""

KIND_HELLO = 1
"""UTF-8 JSON that describes the session and its tables."""
KIND_ROWS = 2
"""Rows of one or more tables."""
KIND_BYE = 3
"""The session ended in order; the body is the reason, UTF-8."""

FLAG_KEYFRAME = 1
"""The message is part of a keyframe: the whole state, not only what changed."""
FLAG_KEYFRAME_END = 2
"""The message is the last one of a keyframe: the reader now has the whole state."""

BLOCK = "<IIIIQ"
"""``struct`` layout at the start of each table block of a rows message: table id, rows, columns,
zero, bytes of the columns that follow.  The body itself starts with one ``<II``: number of
blocks, zero."""

BLOCK_SIZE = 24
"""Bytes of a block's start."""

BODY_SIZE = 8
"""Bytes before the first block of a rows message."""

MESSAGE_MAX = 16 * 1024 * 1024
"""Bytes that a message may have, envelope included."""
BLOCKS_MAX = 64
"""Table blocks that one message may have."""
ROWS_MAX = 200_000
"""Rows that one block may have."""
COLUMNS_MAX = 64
"""Columns that one table may have."""
STRING_MAX = 4096
"""UTF-8 bytes that one string may have; an encoder cuts longer ones at a character."""
JSON_MAX = 256 * 1024
"""Bytes that the JSON of a hello may have."""

Type = Literal["i64", "f64", "str"]
"""What a column holds: 64-bit integers, doubles, or UTF-8 strings."""

Mode = Literal["append", "upsert", "replace"]
"""What a row means: one more (``append``), the present value of its key (``upsert``), or a part
of the whole table as it is now (``replace``: rows that are absent are gone)."""


class Column(NamedTuple):
    """One column of a table."""

    name: str
    """Name of the field, as records and viewers show it."""
    type: Type
    """What the column holds."""


class Table(NamedTuple):
    """One declared table."""

    id: int
    """Number on the wire, from 1."""
    name: str
    """Name of the table."""
    mode: Mode
    """What a row of it means."""
    key: tuple[str, ...]
    """Columns that identify a row; empty for ``append`` and ``replace``."""
    columns: tuple[Column, ...]
    """The columns, in the order in which they are sent."""


FUNCTION = Table(
    1,
    "function",
    "upsert",
    ("id",),
    (
        Column("id", "i64"),  # from 1; 0 stands for "outside every profiled call"
        Column("kind", "i64"),  # 0 Python function, 1 built-in
        Column("line", "i64"),  # first line; 0 for a built-in
        Column("name", "str"),
        Column("qualified_name", "str"),
        Column("file", "str"),  # as compiled; "~" for a built-in
    ),
)
"""Functions seen, one row each."""

STAT = Table(
    2,
    "stat",
    "upsert",
    ("function",),
    (
        Column("function", "i64"),
        Column("callcount", "i64"),  # calls and resumes that have left
        Column("reccallcount", "i64"),  # those of them that found the function open already
        Column("resumecount", "i64"),  # those of them that were resumes of a generator or coroutine
        Column("inline_ns", "i64"),
        Column("cumulative_ns", "i64"),  # outermost calls only
    ),
)
"""What each function cost, all threads together."""

EDGE = Table(
    3,
    "edge",
    "upsert",
    ("caller", "callee"),
    (
        Column("caller", "i64"),  # 0: called from outside every profiled call
        Column("callee", "i64"),
        Column("callcount", "i64"),
        Column("reccallcount", "i64"),
        Column("inline_ns", "i64"),
        Column("cumulative_ns", "i64"),
    ),
)
"""What each caller → callee pair cost, all threads together."""

CONTEXT = Table(
    4,
    "context",
    "upsert",
    ("id",),
    (
        Column("id", "i64"),
        Column("parent", "i64"),  # 0 for the root of a thread, and for folded rows
        Column("thread", "i64"),
        Column("function", "i64"),  # 0 for the root of a thread
        Column("caller", "i64"),  # function that called; 0 for none
        Column("folded", "i64"),  # 1: every call of caller → function past the tree's bound
        Column("callcount", "i64"),
        Column("reccallcount", "i64"),
        Column("resumecount", "i64"),
        Column("inline_ns", "i64"),
        Column("cumulative_ns", "i64"),  # of a folded row: outermost calls only
        Column("merged_contexts", "i64"),  # contexts below that were merged into this one
        Column("merged_ns", "i64"),  # their self time; their calls are in folded rows
    ),
)
"""The calling-context tree of each thread."""

OPEN_CALL = Table(
    5,
    "open_call",
    "replace",
    (),
    (
        Column("thread", "i64"),
        Column("depth", "i64"),  # 0 is the outermost profiled call
        Column("function", "i64"),
        Column("context", "i64"),
        Column("age_ns", "i64"),  # of several calls: of the outermost one
        Column("calls", "i64"),  # open calls of the context that the row adds up
        Column("own_ns", "i64"),  # their time so far, less their callees', finished or open
        Column("cumulative_ns", "i64"),  # ages of those that are outermost of their function
        Column("edge_cumulative_ns", "i64"),  # ages of those that are outermost of their edge
        Column("stack", "i64"),  # 0: the running stack; 1: stacks of suspended greenlets
    ),
)
"""Calls that have not returned.

A row is one call; the calls in the middle of a deep stack, and those of suspended greenlets, are
added up by context.  No call is both here and in the counters of one snapshot.
"""

THREAD = Table(
    6,
    "thread",
    "upsert",
    ("id",),
    (
        Column("id", "i64"),
        Column("ident", "i64"),  # threading.get_ident()
        Column("native_id", "i64"),  # threading.get_native_id()
        Column("alive", "i64"),
        Column("threads", "i64"),  # how many threads this row has stood for, one after another
        Column("depth", "i64"),  # calls open now
        Column("name", "str"),
    ),
)
"""Threads that have called something."""

SESSION = Table(
    7,
    "session",
    "upsert",
    ("id",),
    (
        Column("id", "i64"),  # always 1
        Column("enabled", "i64"),
        Column("functions", "i64"),
        Column("edges", "i64"),
        Column("contexts", "i64"),
        Column("folded_calls", "i64"),  # calls that the tree could not tell apart any more
        Column("lost_calls", "i64"),  # calls not counted for want of memory
        Column("messages", "i64"),  # sent so far
        Column("walks", "i64"),  # looks at the statistics so far
        Column("walk_ns", "i64"),  # the last of them
        Column("publisher_ns", "i64"),  # CPU time of the publishing thread so far
        Column("clock_drift_ppm", "i64"),  # time-stamp counter against the monotonic clock
        Column("rss_bytes", "i64"),
        Column("vms_bytes", "i64"),
        Column("merged_contexts", "i64"),  # contexts merged into others so far
        Column("children", "i64"),  # Python processes that it started, and that are not profiled
        Column("events_taken", "i64"),  # 1: the program took the profiler's events away
    ),
)
"""The session itself: one row."""

FUNCTION_TIME = Table(
    8,
    "function_time",
    "upsert",
    ("function",),
    (
        Column("function", "i64"),
        Column("waiting_ns", "i64"),  # self time that was spent waiting
        Column("longest_ns", "i64"),  # the longest call
        Column("longest_began_ns", "i64"),  # when it began, since the session began
    ),
)
"""More about the time of a function, where it is measured: no publisher sends it yet."""

TABLES = (FUNCTION, STAT, EDGE, CONTEXT, OPEN_CALL, THREAD, SESSION, FUNCTION_TIME)
"""The tables of a real-time profiler's session, in the order in which they are sent."""

RECORDING = Table(
    64,
    "recording",
    "upsert",
    ("id",),
    (
        Column("id", "i64"),  # id of the table that the records are rows of
        Column("published", "i64"),  # records of it so far; they are numbered from 1
        Column("last", "i64"),  # number of its last record in this message; if none: published
        Column("dropped", "i64"),  # records that came too fast and were never published
        Column("misfits", "i64"),  # values that did not fit their column, and were sent changed
    ),
)
"""What became of the records of each type: one row for each table of records."""

FIRST_RECORD_TABLE = 65
"""Id of the first table of records; what they are is told by the session's hello."""

KNOWN_TABLES = (*TABLES, RECORDING)
"""Every table whose rows this version knows."""
