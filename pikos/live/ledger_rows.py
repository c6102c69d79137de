"""The rows of the wire's tables, made of the rows of a ledger's file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from pikos.wire.tables import CONTEXT, EDGE, FUNCTION, OPEN_CALL, SESSION, STAT, THREAD, Table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from pikos.live.ledger_file import LedgerFile

READINGS_MAX = 100
"""How often a row is read again that the process is changing."""

_RECURSIVE, _EDGE_RECURSIVE, _FOLDED = 1, 2, 4  # flags of a node
_LEFT = 32  # flag of a frame whose call is being left, or that has none
_TSC, _MONOTONIC = 0, 1  # kinds of clocks that give the time of day
_SEQUENCE = 0xFFFFFFFF


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
        self._functions = list(ledger.rows("functions", "function"))
        nodes = ledger.get("ledger", 0, "nodes")
        self.contexts: int = ledger.get("rows", nodes, "length") - 1
        """Contexts; what comes after them is left out."""
        self._read_node = ledger.reader(
            "node",
            *("id", "flags", "parent", "thread", "function", "edge", "calls", "resumes"),
            *("inline_time", "total", "fold"),
        )
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

    def tables(self, stacks: LedgerRows) -> Iterator[tuple[Table, Iterable[tuple[object, ...]]]]:
        """Give the rows of each table.

        Parameters
        ----------
        stacks
            What has the threads and the open calls: these rows, or those of a later copy.

        """
        threads, open_calls = stacks.threads()
        stats, edges = self._sums
        yield FUNCTION, self._function_rows
        yield STAT, stats
        yield EDGE, edges
        yield CONTEXT, (self._context(self._node(at)) for at in self._nodes())
        yield THREAD, threads
        yield OPEN_CALL, open_calls
        yield SESSION, [self._session()]

    def counts(self, stacks: LedgerRows) -> Iterator[tuple[Table, int]]:
        """Give the number of rows of each table, for which contexts are not made."""
        for table, rows in self.tables(stacks):
            yield table, self.contexts if table is CONTEXT else sum(1 for _ in rows)

    def threads(self) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
        """Return the rows of threads, and of open calls."""
        open_calls: list[tuple[object, ...]] = []
        threads = [self._thread(at, open_calls) for at in self._threads()]
        return threads, open_calls

    def read_torn_rows_again(self) -> None:
        """Replace the copies of contexts that were made while their counters changed."""
        size, fold_size = self._ledger.layouts["node"].size, self._ledger.layouts["fold"].size
        for at in self._nodes():
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

    def _nodes(self) -> Iterator[int]:
        return self._ledger.rows("nodes", "node")

    def _node(self, at: int) -> _Node:
        number, flags, parent, thread, function, edge, calls, resumes, own, total, pointer = (
            self._read_node(at)
        )
        if edge >= len(self._edges) or function > len(self._functions):
            self._ledger.refuse("a context names an edge or a function that is not there")
        fold = self._ledger.offset(pointer)
        recursive, edge_recursive, edge_total = (0, 0, total) if fold < 0 else self._read_fold(fold)
        parent = self._ledger.offset(parent)
        return _Node(
            number,
            flags,
            0 if parent < 0 else self._read_id(parent)[0],
            thread,
            function,
            edge,
            calls,
            calls if flags & _RECURSIVE else recursive,
            resumes,
            own,
            total,
            calls if flags & _EDGE_RECURSIVE else edge_recursive,
            edge_total,
        )

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
        functions: dict[int, list[int]] = {}
        edges: dict[int, list[int]] = {}
        for at in self._nodes():
            node = self._node(at)
            if not node.calls:
                continue
            if node.function:
                total = 0 if node.flags & _RECURSIVE else node.total
                _add(functions, node.function, node, node.recursive_calls, total)
            if node.edge:
                total = 0 if node.flags & _EDGE_RECURSIVE else node.edge_total
                _add(edges, node.edge, node, node.edge_recursive_calls, total)
        stats = [self._stat(number, sums) for number, sums in sorted(functions.items())]
        return stats, [self._edge(number, sums) for number, sums in sorted(edges.items())]

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
            if node_at < 0 or depth == 0 or not 0 < self._read_id(node_at)[0] <= self.contexts:
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
        return (
            1,
            0,
            len(self._functions),
            len(self._edges) - 1,
            self.contexts,
            get("ledger", 0, "folded_calls"),
            get("ledger", 0, "lost_calls"),
            *[0] * (len(SESSION.columns) - 7),
        )


def _add(
    sums: dict[int, list[int]], number: int, node: _Node, recursive_calls: int, total: int
) -> None:
    row = sums.setdefault(number, [0] * 5)
    row[0] += node.calls
    row[1] += recursive_calls
    row[2] += node.resumes
    row[3] += node.own
    row[4] += total
