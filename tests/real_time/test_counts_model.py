"""Counts of programs that nobody thought of are those that the programs keep themselves.

All functions and generators of a program take their steps from one list, so that a step decides
what is open when the next one is taken.  They tell a model where they begin, are suspended, go on
and end, which knows nothing but how calls are counted.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import operator
import threading

from hypothesis import given, settings, strategies as st
from support.counted import TREE_DEPTH_MAX, calls_of, edge_calls_of, entry_of, nest, open_calls

from pikos._lsprof import Profiler

BUILT_INS = {
    "next": "<built-in method builtins.next>",
    "throw": "<method 'throw' of 'generator' objects>",
    "close": "<method 'close' of 'generator' objects>",
}
"""By step, what goes on with a generator.  One that has not begun cannot tell what ends it."""

NUMBERS = range(3)  # so few functions that recursion is frequent
STEPS = [
    *["call"] * 6,
    *["caught"] * 3,
    *["return"] * 5,
    *["make"] * 4,
    *["next"] * 12,
    *["yield"] * 8,
    *["throw", "close"] * 2,
    *["map", "thread", "raise"],
    *["enable", "enable", "disable", "clear"],
]

TIMES = [
    {"clock": "wall"},
    {"clock": "cpu"},
    {"timer": itertools.count().__next__, "timeunit": 1.0},
]


class Failure(Exception):
    """Raised by a program, and caught somewhere in it."""


class Model:
    """What a profiler should have counted, by function and by pair of caller and function."""

    def __init__(self, profiler, left_out):
        self.profiler = profiler
        self.left_out = left_out
        self.enabled = False
        self.forget()

    def forget(self):
        self.calls = collections.Counter()
        self.recursive = collections.Counter()
        self.resumes = collections.Counter()
        self.let_go()

    def let_go(self):
        """Calls that are open are no longer followed."""
        self.open = collections.defaultdict(list)

    def enter(self, function, resumed=False):
        if not self.enabled or function in self.left_out:
            return
        chain = self.open[threading.get_ident()]
        names = [name for name, _ in chain]
        edge = (names[-1], function) if names else None
        self.calls[function] += 1
        self.recursive[function] += function in names
        self.resumes[function] += resumed
        if edge is not None:
            self.calls[edge] += 1
            self.recursive[edge] += edge in [edge for _, edge in chain]
        chain.append((function, edge))

    def leave(self, function):
        chain = self.open[threading.get_ident()]
        if any(name == function for name, _ in chain):
            while chain.pop()[0] != function:
                pass

    def switch(self, what):
        """Enable, disable or clear, as far as that may be done now."""
        if what == "clear":
            self.profiler.clear()
            self.forget()
        elif (what == "enable") != self.enabled:
            self.enabled = not self.enabled
            getattr(self.profiler, what)()
            self.let_go()


class Program:
    """Functions and generators, and the steps that they take."""

    def __init__(self, steps, model):
        self.steps = iter(steps)
        self.model = model
        self.suspended = []
        self.functions = [self.made(f"f{number}", "") for number in NUMBERS]
        self.generators = [self.made(f"g{number}", SUSPENDED) for number in NUMBERS]

    @staticmethod
    def made(name, suspended):
        names = {"BUILT_INS": BUILT_INS, "Failure": Failure}
        exec(compile((BODY + suspended + END).format(name=name), name, "exec"), names)
        return names[name]

    def run(self):
        """Take all steps."""
        while operator.length_hint(self.steps):
            with contextlib.suppress(Failure):
                self.functions[0](self)

    def thread(self, function):
        """Have a thread go on, and wait for it."""

        def run():
            with contextlib.suppress(Failure):
                function(self)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()


BODY = """
def {name}(program):
    program.model.enter("{name}")
    try:
        for kind, number in program.steps:
            if kind == "return":
                break
            if kind == "call":
                program.functions[number](program)
            elif kind == "caught":
                try:
                    program.functions[number](program)
                except Failure:
                    pass
            elif kind == "map":
                list(map(program.functions[number], [program] * 2))
            elif kind == "raise":
                raise Failure
            elif kind == "thread":
                program.thread(program.functions[number])
            elif kind == "make":
                program.suspended.append(program.generators[number](program))
            elif kind in BUILT_INS and program.suspended:
                generator = program.suspended[-1 - number % len(program.suspended)]
                if kind == "next" or generator.gi_suspended:
                    program.model.enter(BUILT_INS[kind])
                    try:
                        if kind == "next":
                            next(generator)
                        elif kind == "throw":
                            generator.throw(Failure)
                        else:
                            generator.close()
                    except (Failure, StopIteration, ValueError, RuntimeError):
                        pass
                    finally:
                        program.model.leave(BUILT_INS[kind])
            elif kind in ("enable", "disable", "clear"):
                program.model.switch(kind)
"""
SUSPENDED = """
            elif kind == "yield":
                program.model.leave("{name}")
                try:
                    yield
                finally:
                    program.model.enter("{name}", resumed=True)
"""
END = """
    finally:
        program.model.leave("{name}")
"""


@settings(max_examples=300)
@given(
    st.lists(
        st.tuples(st.sampled_from(STEPS), st.sampled_from(NUMBERS)), min_size=30, max_size=200
    ),
    st.booleans(),
    st.sampled_from([0, TREE_DEPTH_MAX - 4]),  # in the middle of the tree, or at its end
    st.sampled_from([0, 8]),  # bound of the contexts: none that matters, or merged all the time
    st.sampled_from(TIMES),
)
def test_a_program_is_counted_as_it_counts_itself(steps, builtins, depth, contexts, times):
    profiler = Profiler(builtins=builtins, depth=TREE_DEPTH_MAX, contexts=contexts, **times)
    model = Model(profiler, left_out=() if builtins else BUILT_INS.values())
    program = Program(steps, model)

    model.switch("enable")
    try:
        nest(depth, program.run)
    finally:
        model.switch("disable")

    entries = profiler.getstats()
    named = {function.__name__: function for function in (*program.functions, *program.generators)}
    named |= {label: label for label in BUILT_INS.values()}
    for name, function in named.items():
        assert calls_of(entries, function) == (model.calls[name], model.recursive[name]), name
        for caller, by in named.items():
            edge = (caller, name)
            counted = edge_calls_of(entries, by, function)
            assert counted == (model.calls[edge], model.recursive[edge]), edge
        if model.calls[name]:
            entry = entry_of(entries, function)
            assert entry.resumecount == model.resumes[name]
            assert 0 <= entry.inlinetime <= entry.totaltime
    assert open_calls(profiler.thread_stats()) == 0
