"""The decorator that enters a context manager whenever the body of a function runs.

A body that is suspended (at a ``yield`` or an ``await``) does not run: the context manager is
left at each suspension and entered again at each resume.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

from pikos.hidden import hidden_thread
from pikos.monitors.watched_callable import with_attributes_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Generator

    class _Resumable(Protocol):
        """A generator, a coroutine, or one step of an async generator."""

        def send(self, value: object, /) -> object: ...
        def throw(self, error: BaseException, /) -> object: ...


Parameters = ParamSpec("Parameters")
Function = TypeVar("Function", bound="Callable[..., Any]")
"""A callable, which decorating leaves of the same type."""


class ContextManager(Protocol):
    """What can be attached to a function."""

    def __enter__(self) -> object: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
        /,
    ) -> bool | None: ...


class MonitorAttach:
    """A decorator that enters a context manager around the body of a function.

    Name, documentation, signature and attributes are kept, and so is the kind: a generator
    function stays one, and a coroutine function.  The result has the context manager as its
    attribute ``monitor``.

    Parameters
    ----------
    monitor
        Entered and left again any number of times, also while it is entered already (recursion).

    Raises
    ------
    ValueError
        If it is not a context manager.

    """

    def __init__(self, monitor: ContextManager) -> None:
        for method in ("__enter__", "__exit__"):
            if not callable(getattr(type(monitor), method, None)):
                raise ValueError(  # noqa: TRY004 - as documented from the beginning
                    f"{monitor!r} is not a context manager: it has no {method}"
                )
        self.monitor = monitor

    def __call__(self, function: Function) -> Function:
        """Return function with its body watched.

        Raises
        ------
        TypeError
            If it is not a callable, or is a class.

        """
        if isinstance(function, staticmethod | classmethod):
            method = type(function)(self(function.__func__))
            for name, value in vars(function).items():
                vars(method).setdefault(name, value)
            return cast("Function", method)
        if inspect.isclass(function):
            raise TypeError(
                f"cannot attach to the class {function.__name__}: attach to its methods"
            )
        if not callable(function):
            raise TypeError(
                f"cannot attach to {function!r}: it is not callable (of a property, attach to "
                "the function below it)"
            )
        with hidden_thread():
            watched = with_attributes_of(function, _watched(self.monitor, function))
        watched.monitor = self.monitor
        return cast("Function", watched)


def _watched(
    monitor: ContextManager, function: Callable[Parameters, Any]
) -> Callable[Parameters, object]:
    if inspect.isgeneratorfunction(function):
        return _watched_generator(monitor, function)
    if inspect.iscoroutinefunction(function):
        return _watched_coroutine(monitor, function)
    if inspect.isasyncgenfunction(function):
        return _watched_async_generator(monitor, function)

    @functools.wraps(function)
    def watched(*args: Parameters.args, **keywords: Parameters.kwargs) -> object:
        with monitor:
            return function(*args, **keywords)

    return watched


def _watched_generator(
    monitor: ContextManager, function: Callable[Parameters, _Resumable]
) -> Callable[Parameters, Generator[object, object, object]]:
    """Watch what function makes, from each resume to the suspension after it.

    The loop hands on what is sent, thrown and returned.  ``yield from`` would too, but for the
    value that ``close()`` returns since Python 3.13.
    """

    @functools.wraps(function)
    def watched(
        *args: Parameters.args, **keywords: Parameters.kwargs
    ) -> Generator[object, object, object]:
        body = function(*args, **keywords)
        sent: object = None
        thrown: BaseException | None = None
        handed: list[object] = []  # emptied by each yield: the frame must keep nothing alive
        while True:
            try:
                with monitor:
                    handed.append(body.send(sent) if thrown is None else body.throw(thrown))
            except StopIteration as stop:
                return stop.value
            finally:
                sent = thrown = None
            try:
                sent = yield handed.pop()
            except BaseException as error:  # noqa: BLE001 - handed on, GeneratorExit too
                thrown = error

    return watched


def _watched_coroutine(
    monitor: ContextManager, function: Callable[Parameters, Coroutine[Any, Any, object]]
) -> Callable[Parameters, Coroutine[Any, Any, object]]:
    steps = types.coroutine(_watched_generator(monitor, function))

    @functools.wraps(function)
    async def watched(*args: Parameters.args, **keywords: Parameters.kwargs) -> object:
        return await steps(*args, **keywords)

    return watched


def _watched_async_generator(
    monitor: ContextManager, function: Callable[Parameters, AsyncGenerator[object, object]]
) -> Callable[Parameters, AsyncGenerator[object, object]]:
    def resumable(step: _Resumable) -> _Resumable:
        return step

    watched_step = types.coroutine(_watched_generator(monitor, resumable))

    @functools.wraps(function)
    async def watched(
        *args: Parameters.args, **keywords: Parameters.kwargs
    ) -> AsyncGenerator[object, object]:
        body = function(*args, **keywords)
        step = _first_step(body)
        sent: object = None
        thrown: BaseException | None = None
        handed: list[object] = []  # as above
        while True:
            try:
                handed.append(await watched_step(step))
            except StopAsyncIteration:
                return
            finally:
                sent = thrown = None
                del step
            try:
                sent = yield handed.pop()
            except BaseException as error:  # noqa: BLE001 - handed on, GeneratorExit too
                thrown = error
            step = body.asend(sent) if thrown is None else body.athrow(thrown)

    return watched


def _first_step(body: AsyncGenerator[object, object]) -> _Resumable:
    """Begin an async generator unseen by the event loop.

    The loop is to close only the generator around it, which closes this one: closing both at
    once is an error.
    """
    firstiter, finalizer = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(None, None)
    try:
        return body.asend(None)
    finally:
        sys.set_asyncgen_hooks(firstiter, finalizer)
