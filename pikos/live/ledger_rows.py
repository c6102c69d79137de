"""The rows of the wire's tables, made of the rows of a ledger's file."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import compress
from operator import add
from typing import TYPE_CHECKING, NamedTuple

from pikos.wire.messages import Block
from pikos.wire.tables import CONTEXT, EDGE, FUNCTION, OPEN_CALL, SESSION, STAT, THREAD, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pikos.live.ledger_file import LedgerFile

BLOCK_ROWS = 4096
"""Rows of one block: so that texts of the longest size fit in one message."""

OPEN_CALLS_MAX = 100_000
"""Open calls that are shown; all are in one block, and fit in one message."""

READINGS_MAX = 100
"""How often a row is read again that the process is changing."""

_RECURSIVE, _EDGE_RECURSIVE, _FOLDED = 1, 2, 4  # flags of a node
_LEFT = 32  # flag of a frame whose call is being left, or that has none
_TSC, _MONOTONIC = 0, 1  # kinds of clocks that give the time of day
_SEQUENCE = 0xFFFFFFFF


class _Nodes(NamedTuple):
    """Calling contexts as the file has them, by columns; times in ticks."""

    id: list[int]
    flags: list[int]
    parent: list[int]  # pointers
    thread: list[int]
    function: list[int]
    edge: list[int]
    calls: list[int]
    recursive_calls: list[int]
    resumes: list[int]
    own: list[int]
    total: list[int]
    edge_recursive_calls: list[int]
    edge_total: list[int]
    merged: list[int]
    merged_own: list[int]

    def only(self, chosen: list[bool]) -> _Nodes:
        """Leave out the contexts that are not chosen."""
        return _Nodes(*(list(compress(column, chosen)) for column in self))

    def outermost(self, totals: list[int], recursive: int) -> list[int]:
        """Of a recursion leave the time of the outermost calls alone; a flag marks the others."""
        if not any(self.flags):
            return totals
        return [
            0 if flags & recursive else total
            for flags, total in zip(self.flags, totals, strict=True)
        ]


class _Node(NamedTuple):
    """What is needed of the context of an open call."""

    id: int
    function: int
    edge: int
    calls: int


class LedgerRows:
    """The rows of the wire's tables, made of those of a ledger's file."""

    def __init__(self, ledger: LedgerFile) -> None:
        self._ledger = ledger
        clock = ledger.header("clock")
        self._kind: int = ledger.get("clock", clock, "kind")
        self._ns_per_tick: float = ledger.get("clock", clock, "ns_per_tick")
        self._tsc_anchor: int = ledger.get("clock", clock, "tsc_anchor")
        self._monotonic_anchor: int = ledger.get("clock", clock, "monotonic_anchor")
        self.now: int = ledger.get("ledger", 0, "seen")
        """When the process was there, in ticks."""
        self.still_open: Collection[tuple[int, int, int]] | None = None
        """The calls that may be shown as open; None for all."""
        edge = ledger.reader("edge", "caller", "callee")
        self._edges = [(0, 0), *(edge(at) for at in ledger.rows("edges", "edge"))]
        self._callers = [caller for caller, _ in self._edges]
        self._functions = list(ledger.rows("functions", "function"))
        nodes = ledger.get("ledger", 0, "nodes")
        self.last: int = ledger.get("rows", nodes, "length") - 1
        """Id of the last context; what comes after it is left out."""
        self.free = ledger.free_rows()
        """Ids of no context, whose rows are free."""
        self.contexts: int = self.last - len(self.free)
        """How many contexts there are."""
        merging = ledger.get("ledger", 0, "merging")
        self._merged: int = ledger.get("free_rows", ledger.get("ledger", 0, "free"), "freed")
        self.merge = tuple(
            ledger.get("merging", merging, field) for field in ("number", "fold", "parent")
        )
        """Which context was merged last, or is being merged: other numbers for each."""
        under_way = self.merge[0] == self._merged
        self._fold, self._parent = (
            ledger.offset(pointer) if under_way else -1 for pointer in self.merge[1:]
        )
        read_merging = ledger.reader(
            "merging",
            *("calls", "reccalls", "resumes", "inline_time", "total"),
            *("edge_reccalls", "edge_total", "merged", "merged_time"),
        )
        self._before_merge = read_merging(merging)
        self._read_id = ledger.reader("node", "id", "seq")
        self._read_fold = ledger.reader("fold", "reccalls", "edge_reccalls", "edge_total")
        self._read_lock = ledger.reader("node", "seq", "calls", "fold")
        self._read_frame = ledger.reader("frame", "node", "start", "inner", "depth", "flags")

    def ns_of_clock(self, ticks: int) -> int:
        """Return the time of day of a moment, ns of the monotonic clock; 0 if it is not known."""
        if self._kind == _TSC:
            return self._ns(ticks - self._tsc_anchor) + self._monotonic_anchor if ticks else 0
        return ticks if self._kind == _MONOTONIC else 0

    def ticks(self, monotonic_ns: int) -> int:
        """Return a time of day in ticks; 0 if the clock does not count them."""
        if self._kind == _TSC:
            passed = (monotonic_ns - self._monotonic_anchor) / (self._ns_per_tick or 1.0)
            return int(passed) + self._tsc_anchor
        return monotonic_ns if self._kind == _MONOTONIC else 0

    def blocks(self, stacks: LedgerRows) -> Iterator[Block]:
        """Give the rows of each table, in blocks of ``BLOCK_ROWS``; open calls in one.

        Parameters
        ----------
        stacks
            What has the threads and the open calls: these rows, or those of a later copy.

        """
        for table, rows in self._tables(stacks):
            if table is CONTEXT:
                yield from self._context_blocks()
            elif table is OPEN_CALL:
                yield Block.of(table, rows[:OPEN_CALLS_MAX])
            else:
                for begin in range(0, len(rows), BLOCK_ROWS):
                    yield Block.of(table, rows[begin : begin + BLOCK_ROWS])

    def block_count(self, stacks: LedgerRows) -> int:
        """Return how many blocks there are, for which contexts are not made."""
        return math.ceil(self.contexts / BLOCK_ROWS) + sum(
            1 if table is OPEN_CALL else math.ceil(len(rows) / BLOCK_ROWS)
            for table, rows in self._tables(stacks)
        )

    def _tables(self, stacks: LedgerRows) -> Iterator[tuple[Table, list[tuple[object, ...]]]]:
        """Give the rows of each table, but those of contexts."""
        threads, open_calls = stacks.threads()
        stats, edges = self._sums
        yield FUNCTION, self._function_rows
        yield STAT, stats
        yield EDGE, edges
        yield CONTEXT, []
        yield THREAD, threads
        yield OPEN_CALL, open_calls
        yield SESSION, [self._session()]

    def threads(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        """Return the rows of threads, and of open calls."""
        open_calls: list[tuple[object, ...]] = []
        threads = [self._thread(at, open_calls) for at in self._threads()]
        return threads, open_calls

    def read_torn_rows_again(self) -> None:
        """Replace the copies of contexts that were made while their counters changed."""
        size, fold_size = self._ledger.layouts["node"].size, self._ledger.layouts["fold"].size
        column = self._ledger.column
        for places in self._ledger.chunks("nodes", "node"):
            sequences, calls = column("node", "seq", places), column("node", "calls", places)
            for at, sequence, count in zip(places, sequences, calls, strict=True):
                if count & _SEQUENCE != sequence:
                    self._read_again(at, size, fold_size)

    def _read_again(self, at: int, size: int, fold_size: int) -> None:
        for _ in range(READINGS_MAX):
            sequence, calls, pointer = self._read_lock(at)
            if calls & _SEQUENCE == sequence:
                break
            fold = self._ledger.offset(pointer)
            folds = () if fold < 0 else ((fold, fold_size),)
            self._ledger.read_again((at, size), *folds, (at, size))

    def steady(self) -> bool:
        """Whether no thread was just entering or leaving a call, whose time is then not known."""
        for at in self._threads():
            top = self._ledger.offset(self._ledger.get("thread", at, "top"))
            if top < 0:
                continue
            above = self._ledger.offset(self._ledger.get("frame", top, "above"))
            entering = above >= 0 and not self._ledger.get("frame", above, "flags") & _LEFT
            leaving = self._ledger.get("frame", top, "flags") & _LEFT
            if entering or (leaving and self._ledger.get("frame", top, "depth")):
                return False
        return True

    def open_frames(self) -> Iterator[tuple[int, int, int]]:
        """Give what tells each open call from all others: its frame, its context, its start."""
        for at in self._threads():
            top = self._ledger.offset(self._ledger.get("thread", at, "top"))
            for _, chain_top, _ in self._stacks(at, top):
                for frame in self._ledger.linked("frame", chain_top, "below"):
                    node, start, *_ = self._read_frame(frame)
                    yield frame, node, start

    def _ns(self, ticks: int) -> int:
        return int(ticks * self._ns_per_tick)

    def _all_nodes(self) -> Iterator[_Nodes]:
        number = 1
        for places in self._ledger.chunks("nodes", "node"):
            nodes = self._nodes(places)
            numbers = range(number, number + len(places))
            number += len(places)
            if self.free:
                nodes = nodes.only([number not in self.free for number in numbers])
            yield nodes

    def _node(self, at: int) -> _Node:
        size = self._ledger.layouts["node"].size
        nodes = self._nodes(range(at, at + size, size))
        return _Node(nodes.id[0], nodes.function[0], nodes.edge[0], nodes.calls[0])

    def _nodes(self, places: range) -> _Nodes:
        def column(field: str) -> list[int]:
            return self._ledger.column("node", field, places)

        flags, functions, edges = column("flags"), column("function"), column("edge")
        if max(edges, default=0) >= len(self._edges) or (
            max(functions, default=0) > len(self._functions)
        ):
            self._ledger.refuse("a context names an edge or a function that is not there")
        calls, totals = column("calls"), column("total")
        recursive, edge_recursive, edge_totals = [0] * len(calls), [0] * len(calls), totals[:]
        folds = column("fold")
        if any(folds) or any(flags):
            for at, (pointer, flag) in enumerate(zip(folds, flags, strict=True)):
                if pointer:
                    fold = self._read_fold(self._ledger.offset(pointer))
                    recursive[at], edge_recursive[at], edge_totals[at] = fold
                if flag & _RECURSIVE:
                    recursive[at] = calls[at]
                if flag & _EDGE_RECURSIVE:
                    edge_recursive[at] = calls[at]
        nodes = _Nodes(
            column("id"),
            flags,
            column("parent"),
            column("thread"),
            functions,
            edges,
            calls,
            recursive,
            column("resumes"),
            column("inline_time"),
            totals,
            edge_recursive,
            edge_totals,
            column("merged"),
            column("merged_time"),
        )
        self._take_back(nodes, places)
        return nodes

    def _take_back(self, nodes: _Nodes, places: range) -> None:
        """Give a fold and a context what they had before a merge that was not finished."""
        if self._fold in places:
            at = places.index(self._fold)
            for column, value in zip(
                (
                    nodes.calls,
                    nodes.recursive_calls,
                    nodes.resumes,
                    nodes.own,
                    nodes.total,
                    nodes.edge_recursive_calls,
                    nodes.edge_total,
                ),
                self._before_merge,
                strict=False,
            ):
                column[at] = value
        if self._fold >= 0 and self._parent in places:
            at = places.index(self._parent)
            nodes.merged[at], nodes.merged_own[at] = self._before_merge[-2:]

    @cached_property
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

    @cached_property
    def _sums(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        """Add up what contexts have counted, by function and by edge."""
        sums: dict[tuple[int, int], list[int]] = {}
        for nodes in self._all_nodes():
            for key, calls, recursive, edge_recursive, resumes, own, total, edge_total in zip(
                zip(nodes.function, nodes.edge, strict=True),
                nodes.calls,
                nodes.recursive_calls,
                nodes.edge_recursive_calls,
                nodes.resumes,
                nodes.own,
                nodes.outermost(nodes.total, _RECURSIVE),
                nodes.outermost(nodes.edge_total, _EDGE_RECURSIVE),
                strict=True,
            ):
                if not calls:
                    continue
                row = sums.get(key)
                if row is None:
                    row = sums[key] = [0] * 7
                row[0] += calls
                row[2] += resumes
                row[3] += own
                row[4] += total
                row[6] += edge_total
                if recursive or edge_recursive:
                    row[1] += recursive
                    row[5] += edge_recursive
        functions: dict[int, list[int]] = {}
        edges: dict[int, list[int]] = {}
        for (function, edge), row in sums.items():
            calls, recursive, resumes, own, total, edge_recursive, edge_total = row
            if function:
                _add(functions, function, calls, recursive, resumes, own, total)
            if edge:
                _add(edges, edge, calls, edge_recursive, resumes, own, edge_total)
        stats = [self._stat(number, sums) for number, sums in sorted(functions.items())]
        return stats, [self._edge(number, sums) for number, sums in sorted(edges.items())]

    def _stat(self, function: int, total: list[int]) -> tuple[object, ...]:
        return (function, *total[:3], self._ns(total[3]), self._ns(total[4]))

    def _edge(self, edge: int, total: list[int]) -> tuple[object, ...]:
        return (*self._edges[edge], *total[:2], self._ns(total[3]), self._ns(total[4]))

    def _context_blocks(self) -> Iterator[Block]:
        names = [column.name for column in CONTEXT.columns]
        columns: list[list[int]] = [[] for _ in names]
        for nodes in self._all_nodes():
            for column, more in zip(columns, self._contexts(nodes), strict=True):
                column.extend(more)
            while len(columns[0]) >= BLOCK_ROWS:
                first = [column[:BLOCK_ROWS] for column in columns]
                columns = [column[BLOCK_ROWS:] for column in columns]
                yield Block(CONTEXT, dict(zip(names, first, strict=True)))
        if columns[0]:
            yield Block(CONTEXT, dict(zip(names, columns, strict=True)))

    def _contexts(self, nodes: _Nodes) -> tuple[Iterable[int], ...]:
        """Make the columns of the wire's table."""
        ns_per_tick = self._ns_per_tick
        nothing = [0] * len(nodes.id)
        return (
            nodes.id,
            self._ledger.follow(nodes.parent, "node", "id"),
            nodes.thread,
            nodes.function,
            map(self._callers.__getitem__, nodes.edge),
            [int(flags & _FOLDED != 0) for flags in nodes.flags] if any(nodes.flags) else nothing,
            nodes.calls,
            nodes.recursive_calls,
            nodes.resumes,
            [int(ticks * ns_per_tick) for ticks in nodes.own],
            [int(ticks * ns_per_tick) for ticks in nodes.total],
            nodes.merged,
            [int(ticks * ns_per_tick) for ticks in nodes.merged_own],
        )

    def _threads(self) -> Iterator[int]:
        count = self._ledger.get("ledger", 0, "threads_length")
        for at in self._ledger.pointers("threads", 1, count):
            if at >= 0:
                yield at

    def _thread(self, at: int, open_calls: list[tuple[object, ...]]) -> tuple[object, ...]:
        get, offset = self._ledger.get, self._ledger.offset
        number = get("thread", at, "id")
        depth, before = 0, len(open_calls)
        for suspended, top, now in self._stacks(at, offset(get("thread", at, "top"))):
            calls = self._stack(number, top, now, suspended, open_calls)
            depth = depth if suspended else calls
        named = offset(get("thread", at, "name"))
        return (
            number,
            get("thread", at, "ident"),
            get("thread", at, "native_id"),
            int(len(open_calls) > before),  # it is not kept which threads have ended
            get("thread", at, "threads"),
            depth,
            "" if named < 0 else self._ledger.text("named", named, "text"),
        )

    def _stacks(self, thread: int, top: int) -> Iterator[tuple[int, int, int]]:
        """Give each stack of a thread: whether it is suspended, its top, and since when."""
        get, offset = self._ledger.get, self._ledger.offset
        yield 0, top, self._now(top)
        running = offset(get("thread", thread, "chain"))
        for chain in self._ledger.linked("chain", offset(get("thread", thread, "chains")), "next"):
            if chain != running:
                yield 1, offset(get("chain", chain, "top")), get("chain", chain, "suspended_at")

    def _now(self, top: int) -> int:
        """When the running stack stood still: as late as anything in it that is known."""
        if top < 0:
            start = last = 0
        else:
            start = last = int(self._ledger.get("frame", top, "start"))
            above = self._ledger.offset(self._ledger.get("frame", top, "above"))
            if above >= 0:  # it has the call that was left last
                last = max(start, self._ledger.get("frame", above, "start"))
        return max(last, self.now) if self._kind in {_TSC, _MONOTONIC} else start

    def _stack(
        self, thread: int, top: int, now: int, stack: int, rows: list[tuple[object, ...]]
    ) -> int:
        calls = []
        for at in self._ledger.linked("frame", top, "below"):
            pointer, start, inner, depth, flags = self._read_frame(at)
            node_at = self._ledger.offset(pointer)
            number = 0 if node_at < 0 else self._read_id(node_at)[0]
            if depth == 0 or not 0 < number <= self.last or number in self.free:
                continue
            if self.still_open is not None and (at, pointer, start) not in self.still_open:
                continue
            node = self._node(node_at)
            counted = (node.calls << 8) & 0xFFFFFFFF != flags & 0xFFFFFF00
            if not (flags & _LEFT and counted):
                calls.append((node, start, inner))
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
        known = {
            "id": 1,
            "functions": len(self._functions),
            "edges": len(self._edges) - 1,
            "contexts": self.contexts,
            "folded_calls": get("ledger", 0, "folded_calls"),
            "lost_calls": get("ledger", 0, "lost_calls"),
            "merged_contexts": self._merged,
        }
        return tuple(known.get(column.name, 0) for column in SESSION.columns)


def _add(sums: dict[int, list[int]], number: int, *more: int) -> None:
    row = sums.setdefault(number, [0] * len(more))
    row[:] = map(add, row, more)
