"""In which context each call is counted, whatever was called before it, and what merging keeps."""

from __future__ import annotations

import collections
import itertools
import random

import pytest
from heard import tables_of

LIMIT = 60
"""Contexts of the tree in which contexts are merged."""
GREENLETS = THREADS = 3
FUNCTIONS = 5


def told(tables):
    """The calls that a keyframe tells, by the path of functions."""
    rows = {row["id"]: row for row in tables["context"]}

    def path(row):
        return (*path(rows[row["parent"]]), row["function"]) if row["function"] else ()

    return {
        path(row): row["callcount"]
        for row in rows.values()
        if row["callcount"] and not row["folded"]
    }


def steps(seed, functions):
    """Calls and returns: in circles, again and again, or anything; None is a return."""
    chance = random.Random(seed)
    depth = 0
    for _ in range(400):
        circle = chance.sample(functions, chance.randint(1, len(functions)))
        for _ in range(chance.randint(1, 3)):
            for function in circle:
                yield function
                depth += 1
                while depth > 0 and chance.random() < (0.9 if depth > 2 else 0.5):
                    yield None
                    depth -= 1
    yield from [None] * depth


@pytest.mark.parametrize("seed", range(8))
def test_each_call_is_counted_in_its_context(ledger, publish, viewers, seed):
    functions = [ledger.function(f"function_{number}") for number in range(FUNCTIONS)]
    stack, calls = [], collections.Counter()
    for now, function in enumerate(steps(seed, functions)):
        if function is None:
            ledger.leave(now)
            calls[tuple(stack)] += 1
            stack.pop()
        else:
            ledger.call(function, now)
            stack.append(function)

    assert told(tables_of(viewers(publish(ledger).endpoint).keyframe())) == calls


class Frame:
    """An open call."""

    def __init__(self, function, caller, start, resumed):
        self.function, self.caller, self.start, self.resumed = function, caller, start, resumed
        self.inner = 0


class Stack:
    """The calls of a greenlet, and when it was left."""

    def __init__(self):
        self.frames = []
        self.left_at = 0


class Program:
    """A random program, and what is to be counted of it.

    Sums are calls, recursive calls, own and cumulative time, and resumes.
    """

    def __init__(self, ledger, seed):
        self.ledger = ledger
        self.chance = random.Random(seed)
        self.functions = [ledger.function(f"function_{number}") for number in range(FUNCTIONS)]
        self.now = 0
        self.sums = collections.defaultdict(lambda: [0] * 5)
        self.calls = collections.Counter()
        self.running = [0] * THREADS
        self.stacks = [[Stack() for _ in range(GREENLETS)] for _ in range(THREADS)]
        self.row = {}
        self.thread = 0
        self.use(0)

    @property
    def stack(self):
        return self.stacks[self.thread][self.running[self.thread]]

    def use(self, thread):
        self.thread = thread
        self.row[thread] = self.ledger.use_thread(thread)

    def call(self):
        frames = self.stack.frames
        caller = frames[-1].function if frames else 0
        resumed = self.chance.random() < 0.3
        function = self.chance.choice(self.functions)
        enter = self.ledger.resume if resumed else self.ledger.call
        enter(function, self.now)
        frames.append(Frame(function, caller, self.now, resumed))

    def leave(self):
        frames = self.stack.frames
        path = tuple(frame.function for frame in frames)
        frame = frames.pop()
        self.ledger.leave(self.now)
        spent = self.now - frame.start
        if frames:
            frames[-1].inner += spent
        edges = [(below.caller, below.function) for below in frames]
        edge = (frame.caller, frame.function)
        for key, recursive in (
            (frame.function, frame.function in path[:-1]),
            (edge, edge in edges),
        ):
            more = (1, recursive, spent - frame.inner, 0 if recursive else spent, frame.resumed)
            self.sums[key] = [old + new for old, new in zip(self.sums[key], more, strict=True)]
        self.calls[self.row[self.thread], path] += 1

    def switch(self):
        """Go on with another greenlet; the time that it was away is nobody's."""
        self.stack.left_at = self.now
        self.running[self.thread] = self.chance.randrange(GREENLETS)
        away = self.now - self.stack.left_at
        for frame in self.stack.frames:
            frame.start += away
        self.ledger.switch(self.running[self.thread], self.now)

    def end_thread(self):
        """Let the thread end in the middle of calls, and let another one have its row."""
        self.ledger.end_thread(self.thread)
        self.stacks[self.thread] = [Stack() for _ in range(GREENLETS)]
        self.running[self.thread] = 0
        self.use(self.thread)

    def step(self):
        self.now += self.chance.randint(1, 9)
        kind = self.chance.random()
        if kind < 0.02:
            self.switch()
        elif kind < 0.04:
            self.use(self.chance.randrange(THREADS))
        elif kind < 0.043:
            self.end_thread()
        elif not self.stack.frames or (kind < 0.55 and len(self.stack.frames) < 12):
            self.call()
        else:
            self.leave()


def sums_of(tables):
    """The sums that a keyframe tells; the functions' resumes are those of their contexts."""
    resumes = collections.Counter()
    for row in tables["context"]:
        resumes[row["function"]] += row["resumecount"]
        resumes[row["caller"], row["function"]] += row["resumecount"]
    names = ["callcount", "reccallcount", "inline_ns", "cumulative_ns"]
    rows = {row["function"]: row for row in tables["stat"]}
    rows |= {(row["caller"], row["callee"]): row for row in tables["edge"]}
    return {key: [*(row[name] for name in names), resumes[key]] for key, row in rows.items()}


def check(tables, program):
    """Functions and edges are exact; no context has too many calls; folds have the rest."""
    assert sums_of(tables) == program.sums
    calls = collections.Counter()
    rows = {row["id"]: row for row in tables["context"]}

    def path(row):
        return (*path(rows[row["parent"]]), row["function"]) if row["function"] else ()

    for row in rows.values():
        calls[row["function"]] += row["callcount"]
        if row["function"] and not row["folded"]:
            assert row["callcount"] <= program.calls[row["thread"], path(row)]
    assert all(program.sums[function][0] == calls[function] for function in program.functions)
    (session,) = tables["session"]
    assert session["contexts"] == len(rows)
    assert session["merged_contexts"] == sum(row["merged_contexts"] for row in rows.values())
    folded_ns = sum(row["inline_ns"] for row in rows.values() if row["folded"])
    merged_ns = sum(row["merged_ns"] for row in rows.values())
    assert merged_ns == folded_ns if session["folded_calls"] == 0 else merged_ns <= folded_ns


@pytest.mark.parametrize("seed", range(12))
def test_functions_and_edges_stay_exact_wherever_contexts_are_merged(
    ledger, publish, viewers, seed
):
    """R1: recursion, generators, greenlets and threads, also one that ends in the middle."""
    ledger.limit_tree(LIMIT)
    program = Program(ledger, seed)
    publisher = publish(ledger, interval_s=0.001 if seed % 2 else 0.2)
    rounds = 0
    while rounds < 3 or ledger.merged() <= 10 * LIMIT:  # not while the publisher looks
        for _ in range(1500):
            program.step()
        check(tables_of(viewers(publisher.endpoint).keyframe()), program)
        rounds += 1


def state_after(messages):
    """Rows by key, as a viewer has them: a keyframe has all contexts that there are."""
    state = collections.defaultdict(dict)
    keys = {"stat": ["function"], "edge": ["caller", "callee"], "context": ["id"]}
    sequence = None
    for message in messages:
        tables = tables_of([message])
        flags = getattr(message.envelope, "flags", 0)
        if flags & 1 and "context" in tables and sequence != message.envelope.time_ns:
            state["context"].clear()
            sequence = message.envelope.time_ns
        for name, rows in tables.items():
            key = keys.get(name)
            for row in rows:
                state[name][tuple(row[part] for part in key) if key else len(state[name])] = row
    return state


def test_a_viewer_that_saw_each_look_has_what_a_new_one_gets(ledger, publish, viewers):
    """What changed is found from what changed above it."""
    ledger.limit_tree(LIMIT)
    program = Program(ledger, 99)
    publisher = publish(ledger, interval_s=0.001)
    viewer = viewers(publisher.endpoint, rcvhwm=0)
    viewer.keyframe()
    for _ in range(12_000):
        program.step()
    publisher.stop()

    state = state_after(viewer.until_bye())
    tables = {name: list(rows.values()) for name, rows in state.items()}
    tables["session"] = tables["session"][-1:]
    check(tables, program)


def test_what_is_called_stays_and_what_is_not_called_goes(ledger, publish, viewers):
    """R1: contexts that nobody has called since contexts were merged last go first."""
    ledger.limit_tree(LIMIT)
    main, hot = ledger.function("main"), ledger.function("hot")
    now = itertools.count()
    ledger.call(main, next(now))
    for number in range(40 * LIMIT):
        ledger.call(ledger.function(f"once_{number}"), next(now))
        ledger.leave(next(now))
        ledger.call(hot, next(now))
        ledger.leave(next(now))
    assert ledger.contexts() <= LIMIT

    tables = tables_of(viewers(publish(ledger).endpoint).keyframe())
    assert told(tables)[main, hot] == 40 * LIMIT
    (row,) = [row for row in tables["context"] if row["function"] == main]
    assert row["merged_contexts"] == ledger.merged()
    assert row["merged_ns"] == ledger.merged()  # a tick each
    assert tables["session"][0]["folded_calls"] == 0


def test_a_new_loop_is_in_its_full_stack_after_many_contexts(ledger, publish, viewers):
    """R1: so it is after ten million of them, which benchmarks/ has."""
    ledger.limit_tree(1000)
    main = ledger.function("main")
    functions = [ledger.function(f"function_{number}") for number in range(100)]
    now = itertools.count()
    ledger.call(main, next(now))
    for path in itertools.product(functions, functions):
        for function in path:
            ledger.call(function, next(now))
        for _ in path:
            ledger.leave(next(now))
    hot = [ledger.function(name) for name in ("begin", "middle", "hot")]
    for function in hot[:-1]:
        ledger.call(function, next(now))
    for _ in range(5000):
        ledger.call(hot[-1], next(now))
        ledger.leave(next(now))
    ledger.leave(next(now))
    ledger.leave(next(now))

    tables = tables_of(viewers(publish(ledger).endpoint).keyframe())
    assert told(tables)[main, *hot] == 5000
    assert tables["session"][0]["folded_calls"] == 0
    assert ledger.contexts() <= 1000 < ledger.merged()


def test_no_failed_allocation_makes_merging_lose_a_call(ledgers, publish, viewers, leaf):
    """Where there is no memory to merge in, calls are folded."""
    leaf.driver_fail_allocation(1000)
    can_fail = leaf.driver_failure_pending()
    leaf.driver_fail_allocation(-1)
    if not can_fail:
        pytest.skip("this build's allocations cannot fail")
    for left in range(60):
        ledger = ledgers()
        ledger.limit_tree(40)
        program = Program(ledger, left)
        before = ledger.merged()
        while ledger.contexts() < 40:
            program.step()
        leaf.driver_fail_allocation(left)
        try:
            for _ in range(40):
                program.step()
        except AssertionError:  # the call was lost, which hooks count
            continue
        finally:
            leaf.driver_fail_allocation(-1)
        for _ in range(400):
            program.step()
        assert ledger.merged() > before
        check(tables_of(viewers(publish(ledger).endpoint).keyframe()), program)
