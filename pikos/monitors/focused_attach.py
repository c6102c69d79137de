"""How a monitor that has a focus is attached to functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pikos.monitors.attach import Function, MonitorAttach

if TYPE_CHECKING:
    from pikos.monitors.focus import FunctionSet
    from pikos.monitors.monitor import Monitor


class FocusedMonitorAttach(MonitorAttach):
    """The decorator of a focused monitor.

    Parameters
    ----------
    monitor
        Has the set ``functions`` of what it is focused on.
    include_decorated
        Whether each decorated function joins that set.

    """

    functions: FunctionSet | None = None

    def __init__(self, monitor: Any, *, include_decorated: bool = False) -> None:
        super().__init__(monitor)
        if include_decorated:
            self.functions = monitor.functions

    def __call__(self, function: Function) -> Function:
        """Return function with its body watched."""
        watched = super().__call__(function)
        if self.functions is not None:
            self.functions.add(function)
        return watched


def attach(monitor: Monitor, *arguments: Any, **keywords: Any) -> Any:
    """Attach a focused monitor by one of the four documented forms.

    ``@attach`` and ``@attach()`` watch the function and leave the focus as it is;
    ``@attach(include_decorated=True)`` puts the function into the focus, ``False`` does not.

    Returns
    -------
    callable
        The watched function, or the decorator that makes it.

    Raises
    ------
    TypeError
        If it is none of these forms.

    """
    name = f"{type(monitor).__name__}.attach"
    if arguments and keywords:
        raise TypeError(f"{name} takes a function or keywords, not both")
    if len(arguments) > 1:
        raise TypeError(f"{name} takes one function, not {len(arguments)}")
    if not arguments:
        return FocusedMonitorAttach(monitor, **keywords)
    return MonitorAttach(monitor)(arguments[0])
