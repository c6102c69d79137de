"""Callable objects that are watched, with the attributes of the object."""

from __future__ import annotations

import functools
import inspect
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_FUNCTIONS = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
)
"""Types whose attributes ``functools.wraps`` keeps."""


def with_attributes_of(function: Any, watched: Callable[..., Any]) -> Any:
    """Return watched, with the attributes of what it watches.

    Parameters
    ----------
    function
        What is watched: a function, or any callable object, such as a ``functools.lru_cache``.
    watched
        The function that watches it, made with ``functools.wraps``.

    """
    if isinstance(function, _FUNCTIONS):
        return watched
    if not _is_resumable(watched):
        return WatchedCallable(function, watched)
    if isinstance(function, functools.partial):  # only a function can be of such a kind
        vars(watched).update(func=function.func, args=function.args, keywords=function.keywords)
    return watched


class WatchedCallable:
    """A callable object that is watched: its attributes are those of the object, as they are now.

    In a class it becomes a method if the object would.
    """

    def __init__(self, function: Any, watched: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function, updated=())
        self._watched = watched

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the object while it is watched."""
        return self._watched(*args, **keywords)

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        if instance is None or not hasattr(type(self.__wrapped__), "__get__"):
            return self
        return types.MethodType(self, instance)

    def __getattr__(self, name: str) -> Any:
        return getattr(vars(self)["__wrapped__"], name)

    def __reduce__(self) -> str:
        """Be pickled and copied by name, as a function is."""
        name: str = self.__qualname__
        return name


def _is_resumable(function: Callable[..., Any]) -> bool:
    return (
        inspect.isgeneratorfunction(function)
        or inspect.iscoroutinefunction(function)
        or inspect.isasyncgenfunction(function)
    )
