"""The set of functions that a monitor is focused on, told apart by the identity of their code."""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from _thread import RLock
from collections.abc import Callable, Iterable, Iterator, MutableSet
from types import CodeType
from typing import TYPE_CHECKING, Any

from pikos.hidden import hidden_thread
from pikos.monitors.new_code import AskingIdents

if TYPE_CHECKING:
    from pikos.monitors.per_code import PerCode


class FunctionSet(MutableSet[Any]):
    """Functions, as the keys of their code.

    Taken are functions, bound, static and class methods, properties, partials, objects with a
    ``__call__`` in Python, what ``functools.wraps`` marks (the innermost function is meant), code
    objects, and classes: each function that the class's body defines, in nested classes too.
    A built-in one, or anything else without code, is left out with a ``UserWarning``.

    Parameters
    ----------
    functions
        What is in it from the beginning.

    Threads: any; a hook reads ``idents`` without a lock, as each change replaces it
    """

    idents: frozenset[int] = frozenset()
    """The ids of the code objects, for hooks."""
    asking: PerCode[None] | None = None
    """What is asked about code that is not in it, before hooks are told so."""

    def __init__(self, functions: Iterable[object] = ()) -> None:
        self._lock = RLock()
        self._watchers: tuple[Callable[[], None], ...] = ()
        self._functions: dict[int, tuple[CodeType, object]] = {}
        for function in functions:
            self.add(function)

    def add(self, value: object) -> None:
        """Put a function in, or warn that it has no code."""
        found = _found_in(value)
        if not found:
            self._warn(value)
        with self._lock:
            functions = dict(self._functions)
            for code, function in found:
                functions.setdefault(id(code), (code, function))
            self._replace(functions)

    @staticmethod
    def takes(value: object) -> bool:
        """Tell whether a value stands for functions that can be put in."""
        return bool(_found_in(value))

    def discard(self, value: object) -> None:
        """Take a function out if it is there; warn if it has no code."""
        found = _found_in(value)
        if not found:
            self._warn(value)
        with self._lock:
            functions = dict(self._functions)
            for code, _ in found:
                functions.pop(id(code), None)
            self._replace(functions)

    @property
    def codes(self) -> list[CodeType]:
        """The code objects."""
        return [code for code, _ in self._functions.values()]

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call watcher after each change from now on."""
        self._watchers = (*self._watchers, watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call it no more."""
        self._watchers = tuple(one for one in self._watchers if one != watcher)

    def ask(self, asking: PerCode[None] | None) -> None:
        """Have it asked about code that is not in it, from now on; None: it is not."""
        with self._lock:
            self.asking = asking
            self._replace(self._functions)

    def __contains__(self, value: object) -> bool:
        codes = [id(code) for code, _ in _found_in(value)]
        return bool(codes) and self.idents.issuperset(codes)

    def __iter__(self) -> Iterator[Any]:
        return iter([function for _, function in self._functions.values()])

    def __len__(self) -> int:
        return len(self._functions)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"

    def _replace(self, functions: dict[int, tuple[CodeType, object]]) -> None:
        self._functions = functions
        self.idents = self._idents_of(functions)
        for watcher in self._watchers:
            watcher()

    def _idents_of(self, functions: Iterable[int]) -> frozenset[int]:
        if self.asking is None:
            return frozenset(functions)
        idents = AskingIdents(functions)
        idents.functions = self
        return idents

    @staticmethod
    def _warn(value: object) -> None:
        if isinstance(value, types.BuiltinFunctionType):
            reason = f"Built-in functions are not supported for: {value!r}"
        else:
            reason = f"Could not extract a code object for: {value!r}"
        warnings.warn(reason, UserWarning, stacklevel=3)


def _found_in(value: object) -> list[tuple[CodeType, object]]:
    with hidden_thread():
        return list(_functions_in(value))


def _functions_in(value: object) -> Iterator[tuple[CodeType, object]]:
    """Give the code of each function that value stands for, with what to call it."""
    if isinstance(value, property):
        for part in (value.fget, value.fset, value.fdel):
            if part is not None:
                yield from _functions_in(part)
    elif inspect.isclass(value):
        for name, part in vars(value).items():
            if not inspect.isclass(part):
                if name not in {"__dict__", "__weakref__"}:
                    yield from _functions_in(part)
            elif part.__qualname__ == f"{value.__qualname__}.{name}":
                yield from _functions_in(part)
    elif (code := _code_of(value)) is not None:
        yield code, value


def _code_of(value: object) -> CodeType | None:
    seen: set[int] = set()
    while value is not None and id(value) not in seen:
        seen.add(id(value))
        if isinstance(value, CodeType):
            return value
        if isinstance(
            value, functools.partial | functools.partialmethod | functools.cached_property
        ):
            value = value.func
        elif isinstance(value, types.MethodType | classmethod | staticmethod):
            value = value.__func__
        elif not inspect.isclass(value) and _wrapped(value) is not None:
            value = _wrapped(value)
        elif isinstance(value, types.FunctionType):
            return value.__code__
        else:
            value = inspect.getattr_static(type(value), "__call__", None)
            if not isinstance(value, types.FunctionType | staticmethod | classmethod):
                return None
    return value.__code__ if isinstance(value, types.FunctionType) else None


def _wrapped(value: object) -> Callable[..., Any] | None:
    try:
        return getattr(value, "__wrapped__", None)
    except Exception:  # noqa: BLE001 - an object of the program that does not let itself be read
        return None
