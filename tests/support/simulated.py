"""A simulated program and its publisher: every call is known, and the clock is the test's.

The publisher counts as the real one does, by what begins and ends.  ``spent`` is found otherwise:
whenever time passes, it goes to all that is open then.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from support.session import MadeUpSession

from pikos.model import Model
from pikos.wire.codec import decode

TREE_DEPTH_MAX = 5
"""So many open calls have contexts of their own; what is deeper is folded."""

ENDS = 2
"""Calls at each end of a stack that have a row of their own; those between are added up."""


@dataclass
class Frame:
    """A call that is open."""

    function: int
    caller: int
    context: int
    began_ns: int
    resumed: bool
    recursive: bool
    edge_recursive: bool
    callees_ns: int = 0


@dataclass
class Stack:
    """The open calls of a thread, or of one of its greenlets."""

    frames: list[Frame] = field(default_factory=list)


@dataclass
class Spent:
    """Time that passed while something was open, ns."""

    self_ns: Counter = field(default_factory=Counter)
    cumulative_ns: Counter = field(default_factory=Counter)


class Simulation:
    """Threads that call, and what a publisher says of them."""

    def __init__(self, threads=(1, 2), stream=bytes(16)):
        self.threads = threads
        self.model = Model()
        self.session = MadeUpSession(stream)
        self.now_ns = 0
        self.forget()
        self._say(self.session.hello())

    def forget(self):
        """Begin anew, as ``clear()`` does: calls that are open are let go."""
        self.stacks = {thread: [Stack()] for thread in self.threads}
        self.running = dict.fromkeys(self.threads, 0)
        self.suspended = defaultdict(list)
        self.functions, self.edges, self.contexts = Spent(), Spent(), Spent()
        self.open_ns = Counter()
        self._stats = defaultdict(lambda: [0] * 5)
        self._edges = defaultdict(lambda: [0] * 4)
        self._contexts = {
            at: [0, thread, 0, 0, 0, 0, 0, 0, 0, 0] for at, thread in enumerate(self.threads, 1)
        }
        self._numbers = {}
        self._changed = set(self._contexts)

    # What the program does

    def stack(self, thread):
        return self.stacks[thread][self.running[thread]].frames

    def pass_time(self, ns):
        self.now_ns += ns
        for thread, stacks in self.stacks.items():
            for frames in (stack.frames for stack in stacks if stack.frames):
                self.open_ns[thread] += ns
                innermost = frames[-1]
                self.functions.self_ns[innermost.function] += ns
                self.edges.self_ns[innermost.caller, innermost.function] += ns
                self.contexts.self_ns[innermost.context] += ns
                for function in {frame.function for frame in frames}:
                    self.functions.cumulative_ns[function] += ns
                for edge in {(frame.caller, frame.function) for frame in frames}:
                    self.edges.cumulative_ns[edge] += ns
                for frame in frames:
                    if not self.is_folded(frame.context) or not frame.recursive:
                        self.contexts.cumulative_ns[frame.context] += ns

    def enter(self, thread, function, *, resumed=False):
        frames = self.stack(thread)
        caller = frames[-1].function if frames else 0
        outer = {frame.function for frame in frames}
        edges = {(frame.caller, frame.function) for frame in frames}
        frames.append(
            Frame(
                function,
                caller,
                self._context(thread, frames, caller, function),
                self.now_ns,
                resumed,
                function in outer,
                (caller, function) in edges,
            )
        )

    def leave(self, thread):
        """Return, raise, or be suspended: the function, or 0 where nothing is open."""
        frames = self.stack(thread)
        if not frames:
            return 0
        frame = frames.pop()
        ns = self.now_ns - frame.began_ns
        own_ns = ns - frame.callees_ns
        if frames:
            frames[-1].callees_ns += ns
        stat = self._stats[frame.function]
        edge = self._edges[frame.caller, frame.function]
        context = self._contexts[frame.context]
        _count(stat, [1, frame.recursive, frame.resumed, own_ns, ns * (not frame.recursive)])
        _count(edge, [1, frame.edge_recursive, own_ns, ns * (not frame.edge_recursive)])
        outermost = not self.is_folded(frame.context) or not frame.recursive
        counts = [1, frame.recursive, frame.resumed, own_ns, ns * outermost]
        context[5:] = [a + b for a, b in zip(context[5:], counts, strict=True)]
        self._changed |= {("stat", frame.function), (frame.caller, frame.function), frame.context}
        return frame.function

    def suspend(self, thread):
        """Yield from a generator, or await in a coroutine."""
        function = self.leave(thread)
        if function:
            self.suspended[thread].append(function)

    def resume(self, thread):
        if self.suspended[thread]:
            self.enter(thread, self.suspended[thread].pop(), resumed=True)

    def switch(self, thread, greenlet):
        """Go on with another greenlet of the thread; the one before stays where it is."""
        stacks = self.stacks[thread]
        if greenlet >= len(stacks):
            stacks.append(Stack())
        self.running[thread] = min(greenlet, len(stacks) - 1)

    def clear(self):
        self.forget()
        self.session.epoch += 1

    def _context(self, thread, frames, caller, function):
        parent = frames[-1].context if frames else self.threads.index(thread) + 1
        folded = len(frames) >= TREE_DEPTH_MAX
        key = (thread, caller, function) if folded else (parent, function)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self._contexts) + 1
            names = [0 if folded else parent, thread, function, caller, int(folded)]
            self._contexts[number] = [*names, 0, 0, 0, 0, 0]
            self._changed.add(number)
        return number

    def is_folded(self, context):
        return self._contexts[context][4] == 1

    # What its publisher says

    def look(self):
        """Publish what changed; what a viewer then sees."""
        changed, self._changed = self._changed, set()
        stats = [(key[1], *self._stats[key[1]]) for key in changed if _is_stat(key)]
        edges = [(*key, *self._edges[key]) for key in changed if _is_edge(key)]
        contexts = [(key, *self._contexts[key]) for key in changed if isinstance(key, int)]
        self._say(
            self.session.rows(
                stat=sorted(stats),
                edge=sorted(edges),
                context=sorted(contexts),
                open_call=self.open_calls(),
                thread=[(number, number, number, 1, 1, 0, "") for number in self.threads],
            )
        )
        return self.model.snapshot()

    def open_calls(self):
        rows = []
        for thread, stacks in self.stacks.items():
            for number, stack in enumerate(stacks):
                rows += self._stack_rows(thread, stack.frames, number != self.running[thread])
        return rows

    def _stack_rows(self, thread, frames, suspended):
        single, added = [], {}
        for depth, frame in enumerate(frames):
            age_ns = self.now_ns - frame.began_ns
            above_ns = self.now_ns - frames[depth + 1].began_ns if depth + 1 < len(frames) else 0
            row = [
                thread,
                depth,
                frame.function,
                frame.context,
                age_ns,
                1,
                age_ns - frame.callees_ns - above_ns,
                0 if frame.recursive else age_ns,
                0 if frame.edge_recursive else age_ns,
                int(suspended),
            ]
            if not suspended and (depth < ENDS or depth >= len(frames) - ENDS):
                single.append(row)
            elif frame.context in added:
                _count(added[frame.context], [0, 0, 0, 0, 0, 1, *row[6:9], 0])
            else:
                added[frame.context] = row
        return [tuple(row) for row in (*single, *added.values())]

    def _say(self, message):
        self.model.fold(decode(message), self.now_ns / 1e9)


def _count(row, more):
    row[:] = [a + b for a, b in zip(row, more, strict=True)]


def _is_stat(key):
    return isinstance(key, tuple) and key[0] == "stat"


def _is_edge(key):
    return isinstance(key, tuple) and key[0] != "stat"
