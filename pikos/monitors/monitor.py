"""The base class of everything that can be switched on around code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self, overload

from pikos.monitors.attach import Function, MonitorAttach

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Monitor(ABC):
    """Something that watches code from ``enable`` to ``disable``.

    Used by calling the two, as a context manager, or as a decorator through ``attach``.
    """

    def __new__(cls, *_: object, **__: object) -> Self:  # noqa: D102 - says what to do instead
        if cls is Monitor:
            raise TypeError(
                "Monitor is what all monitors have in common and records nothing: make one of "
                "them, such as FunctionMonitor(recorder=screen())"
            )
        return super().__new__(cls)

    @abstractmethod
    def enable(self) -> None:
        """Begin to watch."""

    @abstractmethod
    def disable(self) -> None:
        """Watch no more."""

    def __enter__(self) -> Self:
        self.enable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.disable()

    @overload
    def attach(self, function: Function, /) -> Function: ...

    @overload
    def attach(self, function: None = None, /) -> MonitorAttach: ...

    def attach(
        self, function: Callable[..., Any] | None = None, /
    ) -> Callable[..., Any] | MonitorAttach:
        """Watch a function whenever its body runs: ``@monitor.attach``, or with ``()``.

        Parameters
        ----------
        function
            A function, method, static or class method, generator or coroutine function, or any
            other callable but a class.

        Returns
        -------
        callable
            The function that is watched; called with no function, the decorator that makes it.

        Raises
        ------
        TypeError
            If it is not such a callable.

        """
        decorator = MonitorAttach(self)
        return decorator if function is None else decorator(function)
