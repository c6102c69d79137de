"""The programs that are measured: deterministic, and nearly all their work is calls."""

from __future__ import annotations

import argparse
import ast
import cProfile
import io
import tokenize
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.depot import deliver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MANY_FUNCTIONS = 2_000


class Workload(NamedTuple):
    """One program to measure."""

    name: str
    work: Callable[[], object]
    headline: bool = True
    """Whether it is in the geometric mean."""

    def calls(self) -> int:
        """How many calls it makes, as cProfile counts them."""
        profile = cProfile.Profile()
        profile.runcall(self.work)
        return sum(entry.callcount for entry in profile.getstats())


def _fib(number: int) -> int:
    return number if number <= 1 else _fib(number - 1) + _fib(number - 2)


def _recursion() -> int:
    return _fib(25)


def _builtins() -> int:
    items: list[int] = []
    total = 0
    for number in range(80_000):
        items.append(number)
        total += len(items) + abs(number)
        items.pop()
    return total


class _Account:
    """A little state behind methods that call one another."""

    def __init__(self) -> None:
        self.balance = 0
        self.bookings = 0

    def book(self, amount: int) -> None:
        self.add(amount)
        self.count()

    def add(self, amount: int) -> None:
        self.balance += amount

    def count(self) -> None:
        self.bookings += 1


def _methods() -> int:
    account = _Account()
    for number in range(100_000):
        account.book(number)
    return account.balance


def _numbers(limit: int) -> Iterator[int]:
    yield from range(limit)


def _doubled(numbers: Iterator[int]) -> Iterator[int]:
    for number in numbers:
        yield 2 * number


def _generators() -> int:
    return sum(sum(_doubled(_numbers(100))) for _ in range(1_500))


def _objects() -> int:
    return deliver(3_000)


_SOURCE = Path(argparse.__file__).read_text(encoding="utf-8")


def _syntax() -> int:
    text = ast.unparse(ast.parse(_SOURCE))
    return sum(1 for _ in tokenize.generate_tokens(io.StringIO(text).readline))


def _nothing() -> None:
    """Do nothing."""


def new_functions(
    prefix: str, count: int, like: Callable[..., object] = _nothing
) -> list[FunctionType]:
    """Make functions that differ in their names.

    Parameters
    ----------
    prefix
        What each name begins with; a number follows.
    count
        How many to make.
    like
        What each does; it uses no globals.

    """
    names = (f"{prefix}{number}" for number in range(count))
    code = like.__code__
    return [FunctionType(code.replace(co_name=name, co_qualname=name), {}) for name in names]


def many_functions(count: int, times: int) -> Callable[[], object]:
    """Make a function that calls each of many others in turn, so many times.

    Parameters
    ----------
    count
        How many others.
    times
        How often it calls them all.

    """
    functions = new_functions("function_", count)

    def call_all() -> None:
        for _ in range(times):
            for function in functions:
                function()

    return call_all


WORKLOADS = (
    Workload("fib", _recursion),
    Workload("builtins", _builtins),
    Workload("methods", _methods),
    Workload("generators", _generators),
    Workload("objects", _objects),
    Workload("syntax", _syntax),
    Workload("many-functions", many_functions(MANY_FUNCTIONS, times=150), headline=False),
)
"""The headline six, and one at which cProfile is at its worst."""


def nested(count: int, depth: int) -> Callable[[], None]:
    """Make a function that calls so many functions within one another, in every order."""
    every: list[FunctionType] = []

    def call_all(left: int) -> None:
        if left:
            for function in every:
                function(left - 1)

    for number in range(count):
        code = call_all.__code__.replace(co_name=f"nested_{number}", co_qualname=f"nested_{number}")
        every.append(FunctionType(code, {}, closure=call_all.__closure__))

    def fill() -> None:
        for function in every:
            function(depth - 1)

    return fill
