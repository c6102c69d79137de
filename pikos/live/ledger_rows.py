"""The rows of the wire's tables, from a ledger's file whose process is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pikos.wire.codec import Stamp, encode_bye, encode_hello, encode_rows
from pikos.wire.hello import read_hello
from pikos.wire.messages import Block
from pikos.wire.tables import (
    CONTEXT,
    EDGE,
    FLAG_KEYFRAME,
    FLAG_KEYFRAME_END,
    FUNCTION,
    OPEN_CALL,
    SESSION,
    STAT,
    THREAD,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pikos.live.ledger_file import LedgerFile

ROWS_PER_MESSAGE = 4096
"""Rows that one message carries: so that texts of the longest size fit."""

REASON = "the process is gone"
"""The goodbye of a session that could say none."""

_RECURSIVE, _EDGE_RECURSIVE, _FOLDED = 1, 2, 4  # flags of a node
_LEFT = 32  # flag of a frame whose call is being counted
_EXTERNAL, _CPU = 3, 2  # kinds of clocks


class _Node(NamedTuple):
    """A calling context as the file has it; times in ticks."""

    id: int
    flags: int
    parent: int
    thread: int
    function: int
    edge: int
    calls: int
    recursive_calls: int
    resumes: int
    own: int
    total: int
    edge_recursive_calls: int
    edge_total: int


def frames_of(ledger: LedgerFile) -> Iterator[bytes]:
    """Encode the last state of a ledger as a session that says hello, all its rows and goodbye.

    Raises
    ------
    LedgerError
        If the file contradicts itself.
    WireError
        If its hello makes no sense.

    """
    facts, _ = read_hello(ledger.hello())
    state = _State(ledger)
    time_ns = max(0, state.now_ns - ledger.header("began_ns"))
    stream, epoch = ledger.header("stream"), ledger.header("epoch")
    sequence = 0

    def stamp(flags: int = 0) -> Stamp:
        nonlocal sequence
        sequence += 1
        return Stamp(stream, sequence - 1, time_ns, epoch, flags)

    yield encode_hello(stamp(), facts)
    for table, rows in state.tables():
        for begin in range(0, len(rows), ROWS_PER_MESSAGE):
            part = rows[begin : begin + ROWS_PER_MESSAGE]
            last = table is SESSION
            flags = FLAG_KEYFRAME | (FLAG_KEYFRAME_END if last else 0)
            yield encode_rows(stamp(flags), [Block.of(table, part)])
    yield encode_bye(stamp(), REASON)


class _State:
    """What the rows are made of, read once."""

    def __init__(self, ledger: LedgerFile) -> None:
        self._ledger = ledger
        clock = ledger.header("clock")
        self._ns_per_tick: float = ledger.get("clock", clock, "ns_per_tick")
        self._clock = clock
        self._seen: int = ledger.get("ledger", 0, "seen")
        get = ledger.get
        self._edges = [(0, 0)]
        for at in ledger.rows("edges", "edge"):
            self._edges.append((get("edge", at, "caller"), get("edge", at, "callee")))
        self._functions = list(ledger.rows("functions", "function"))
        self._node_at: dict[int, _Node] = {}
        for at in ledger.rows("nodes", "node"):
            self._node_at[at] = self._node(at)

    @property
    def now_ns(self) -> int:
        """When the process was seen last, monotonic."""
        get = self._ledger.get
        if get("clock", self._clock, "kind") != 0:
            return self._seen
        passed = self._seen - get("clock", self._clock, "tsc_anchor")
        return int(passed * self._ns_per_tick) + int(get("clock", self._clock, "monotonic_anchor"))

    def tables(self) -> Iterator[tuple[Table, Sequence[tuple[object, ...]]]]:
        """Give the rows of each table."""
        open_calls: list[tuple[object, ...]] = []
        threads = [self._thread(at, open_calls) for at in self._threads()]
        yield FUNCTION, self._function_rows()
        yield STAT, self._sums(lambda node: node.function, self._stat)
        yield EDGE, self._sums(lambda node: node.edge, self._edge)
        yield CONTEXT, [self._context(node) for node in self._node_at.values()]
        yield THREAD, threads
        yield OPEN_CALL, open_calls
        yield SESSION, [self._session()]

    def _ns(self, ticks: int) -> int:
        return int(ticks * self._ns_per_tick)

    def _node(self, at: int) -> _Node:
        get = self._ledger.get
        parent = self._ledger.offset(get("node", at, "parent"))
        fold = self._ledger.offset(get("node", at, "fold"))
        flags, calls = get("node", at, "flags"), get("node", at, "calls")
        total = get("node", at, "total")
        edge, function = get("node", at, "edge"), get("node", at, "function")
        if edge >= len(self._edges) or function > len(self._functions):
            self._ledger.refuse("a context names an edge or a function that is not there")
        return _Node(
            id=get("node", at, "id"),
            flags=flags,
            parent=0 if parent < 0 else get("node", parent, "id"),
            thread=get("node", at, "thread"),
            function=function,
            edge=edge,
            calls=calls,
            recursive_calls=self._recursive(flags & _RECURSIVE, calls, fold, "reccalls"),
            resumes=get("node", at, "resumes"),
            own=get("node", at, "inline_time"),
            total=total,
            edge_recursive_calls=self._recursive(
                flags & _EDGE_RECURSIVE, calls, fold, "edge_reccalls"
            ),
            edge_total=total if fold < 0 else get("fold", fold, "edge_total"),
        )

    def _recursive(self, flag: int, calls: int, fold: int, field: str) -> int:
        if flag:
            return calls
        return 0 if fold < 0 else int(self._ledger.get("fold", fold, field))

    def _function_rows(self) -> list[tuple[object, ...]]:
        get, text = self._ledger.get, self._ledger.text
        return [
            (
                number,
                get("function", at, "kind"),
                get("function", at, "line"),
                text("function", at, "name"),
                text("function", at, "qualified_name"),
                text("function", at, "file"),
            )
            for number, at in enumerate(self._functions, 1)
            if not get("function", at, "hidden")
        ]

    def _sums(
        self, key: Callable[[_Node], int], row: Callable[[int, list[int]], tuple[object, ...]]
    ) -> list[tuple[object, ...]]:
        sums: dict[int, list[int]] = {}
        edges = row == self._edge
        for node in self._node_at.values():
            if not node.calls or not key(node):
                continue
            total = sums.setdefault(key(node), [0] * 5)
            recursive = node.flags & (_EDGE_RECURSIVE if edges else _RECURSIVE)
            total[0] += node.calls
            total[1] += node.edge_recursive_calls if edges else node.recursive_calls
            total[2] += node.resumes
            total[3] += node.own
            total[4] += 0 if recursive else node.edge_total if edges else node.total
        return [row(number, total) for number, total in sorted(sums.items())]

    def _stat(self, function: int, total: list[int]) -> tuple[object, ...]:
        return (function, *total[:3], self._ns(total[3]), self._ns(total[4]))

    def _edge(self, edge: int, total: list[int]) -> tuple[object, ...]:
        return (*self._edges[edge], *total[:2], self._ns(total[3]), self._ns(total[4]))

    def _context(self, node: _Node) -> tuple[object, ...]:
        return (
            node.id,
            node.parent,
            node.thread,
            node.function,
            self._edges[node.edge][0],
            int(node.flags & _FOLDED != 0),
            node.calls,
            node.recursive_calls,
            node.resumes,
            self._ns(node.own),
            self._ns(node.total),
            0,
            0,
        )

    def _threads(self) -> Iterator[int]:
        count = self._ledger.get("ledger", 0, "threads_length")
        for at in self._ledger.pointers("threads", 1, count):
            if at >= 0:
                yield at

    def _thread(self, at: int, open_calls: list[tuple[object, ...]]) -> tuple[object, ...]:
        get, offset = self._ledger.get, self._ledger.offset
        number = get("thread", at, "id")
        running = offset(get("thread", at, "chain"))
        top = offset(get("thread", at, "top"))
        depth = self._stack(number, top, self._now(top), 0, open_calls)
        for chain in self._ledger.linked("chain", offset(get("thread", at, "chains")), "next"):
            if chain != running:
                suspended_at = get("chain", chain, "suspended_at")
                self._stack(number, offset(get("chain", chain, "top")), suspended_at, 1, open_calls)
        named = offset(get("thread", at, "name"))
        return (
            number,
            get("thread", at, "ident"),
            get("thread", at, "native_id"),
            0,
            get("thread", at, "threads"),
            depth,
            "" if named < 0 else self._ledger.text("named", named, "text"),
        )

    def _now(self, top: int) -> int:
        """When the running stack stood still: as late as anything in it that is known."""
        start = 0 if top < 0 else int(self._ledger.get("frame", top, "start"))
        kind = self._ledger.get("clock", self._clock, "kind")
        return start if kind in {_CPU, _EXTERNAL} else max(start, self._seen)

    def _stack(
        self, thread: int, top: int, now: int, stack: int, rows: list[tuple[object, ...]]
    ) -> int:
        get = self._ledger.get
        calls = []
        for at in self._ledger.linked("frame", top, "below"):
            node = self._node_at.get(self._ledger.offset(get("frame", at, "node")))
            if node is None or get("frame", at, "depth") == 0:
                continue
            flags = get("frame", at, "flags")
            counted = (node.calls << 8) & 0xFFFFFFFF != flags & 0xFFFFFF00
            if not (flags & _LEFT and counted):
                calls.append((node, get("frame", at, "start"), get("frame", at, "inner")))
        functions: set[int] = set()
        edges: set[int] = set()
        for depth, (node, start, inner) in enumerate(reversed(calls)):
            age = max(0, now - start)
            above = len(calls) - depth - 2
            inside = max(0, now - calls[above][1]) if above >= 0 else 0
            rows.append(
                (
                    thread,
                    depth,
                    node.function,
                    node.id,
                    self._ns(age),
                    1,
                    self._ns(max(0, age - inner - inside)),
                    0 if node.function in functions else self._ns(age),
                    0 if node.edge in edges else self._ns(age),
                    stack,
                )
            )
            functions.add(node.function)
            edges.add(node.edge)
        return len(calls)

    def _session(self) -> tuple[object, ...]:
        get = self._ledger.get
        return (
            1,
            0,
            len(self._functions),
            len(self._edges) - 1,
            len(self._node_at),
            get("ledger", 0, "folded_calls"),
            get("ledger", 0, "lost_calls"),
            *[0] * (len(SESSION.columns) - 7),
        )
