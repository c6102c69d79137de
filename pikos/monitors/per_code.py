"""A value for each code object, made when it is first asked for."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

Value = TypeVar("Value")


class PerCode(Generic[Value]):
    """What a function makes of each code object, kept for as long as the code lives.

    By identity: code objects of one text are equal, whatever file they are of, and hashing one
    reads all of it.

    Parameters
    ----------
    make
        Given a frame, makes the value for its code.

    """

    def __init__(self, make: Callable[[FrameType], Value]) -> None:
        self._make = make
        self._values: dict[int, tuple[weakref.ref[CodeType], Value]] = {}

    def of(self, frame: FrameType) -> Value:
        """Give the value for the frame's code."""
        code = frame.f_code
        ident = id(code)
        known = self._values.get(ident)
        if known is not None and known[0]() is code:
            return known[1]
        value = self._make(frame)
        values = self._values

        def forget(dead: weakref.ref[CodeType]) -> None:
            if (kept := values.get(ident)) is not None and kept[0] is dead:
                values.pop(ident, None)

        values[ident] = (weakref.ref(code, forget), value)
        return value
