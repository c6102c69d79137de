"""What all focused monitors have in common: the functions, and how they are attached."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from pikos.monitors.focus import FunctionSet
from pikos.monitors.focused_attach import attach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pikos.monitors.event_monitor import EventMonitor

    _Base = EventMonitor
else:
    _Base = object


class Focused(_Base):
    """A monitor that records only what has to do with some functions.

    Parameters
    ----------
    *arguments, **keywords
        Those of the monitor that it is mixed into.
    functions
        What to focus on.

    """

    functions: FunctionSet
    """What is focused on; it may be changed at any time."""

    def __init__(self, *arguments: Any, functions: Iterable[object] = (), **keywords: Any) -> None:
        self.functions = FunctionSet(functions)
        self._focus_on(self.functions)
        super().__init__(*arguments, **keywords)

    @abstractmethod
    def _focus_on(self, functions: FunctionSet) -> None:
        """Record only what has to do with these from now on."""

    attach = attach
