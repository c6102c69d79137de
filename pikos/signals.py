"""Whether an exception was raised by a signal handler of the program."""

from __future__ import annotations

import functools
import signal
import threading
from typing import TYPE_CHECKING

from pikos.hidden import code_is_hidden

if TYPE_CHECKING:
    from types import CodeType, FrameType, TracebackType

_HAS_VARARGS = 0x04  # inspect.CO_VARARGS


def comes_of_a_signal(error: BaseException) -> bool:
    """Tell whether a signal handler raised an exception while our code or a recorder's ran.

    Parameters
    ----------
    error
        Just caught, in the thread where it was raised.

    Returns
    -------
    bool
        Whether it did; False in other threads than the main one, where no handler runs.

    """
    return _raised_by_handler(error) is not None


def belongs_to_program(error: BaseException) -> bool:
    """Tell whether an exception is the program's, and leave our frames out of its traceback.

    Parameters
    ----------
    error
        What was raised while our code or a recorder's ran at an event.

    Returns
    -------
    bool
        Whether a signal handler raised it, or it is none that a recorder fails with, such as
        KeyboardInterrupt.

    """
    traceback = _raised_by_handler(error)
    if traceback is None and isinstance(error, Exception):
        return False
    error.__traceback__ = traceback
    return True


def _raised_by_handler(error: BaseException) -> TracebackType | None:
    """Give the part of the traceback that begins with a signal handler, None if there is none."""
    if threading.get_ident() != threading.main_thread().ident:
        return None
    traceback = error.__traceback__
    if traceback is None:
        return None
    handlers = {_code_of(signal.getsignal(number)) for number in signal.valid_signals()}
    while traceback is not None:
        frame = traceback.tb_frame
        if not code_is_hidden(frame.f_code) and (
            frame.f_code in handlers or _is_given_its_caller(frame)
        ):
            return traceback
        traceback = traceback.tb_next
    return None


def _code_of(handler: object) -> CodeType | None:
    """Give the code of a function, method, partial or object that is called; None: it has none."""
    while isinstance(handler, functools.partial):
        handler = handler.func
    method = getattr(handler, "__func__", handler)
    if not hasattr(method, "__code__"):
        method = getattr(type(method), "__call__", None)  # noqa: B004 - its code is wanted
    return getattr(method, "__code__", None)


def _is_given_its_caller(frame: FrameType) -> bool:
    """Whether a function got its caller's frame, as handlers do: it may be set no more."""
    caller, code = frame.f_back, frame.f_code
    values = [frame.f_locals.get(name) for name in code.co_varnames[: code.co_argcount]]
    if code.co_flags & _HAS_VARARGS:
        rest = frame.f_locals.get(code.co_varnames[code.co_argcount + code.co_kwonlyargcount])
        values += rest if isinstance(rest, tuple) else ()
    return caller is not None and any(value is caller for value in values)
