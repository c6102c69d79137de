"""Whether an exception was raised by a signal handler of the program."""

from __future__ import annotations

import signal
import threading

from pikos.monitors.focus import FunctionSet


def comes_of_a_signal(error: BaseException) -> bool:
    """Tell whether the traceback passes through the code of a signal handler that is set.

    Parameters
    ----------
    error
        Just caught, in the thread where it was raised.

    Returns
    -------
    bool
        Whether it does; False in other threads than the main one, where no handler runs.

    """
    if threading.get_ident() != threading.main_thread().ident:
        return False
    handlers = FunctionSet(
        handler
        for number in signal.valid_signals()
        if callable(handler := signal.getsignal(number)) and _is_python(handler)
    )
    traceback = error.__traceback__
    while traceback is not None:
        if id(traceback.tb_frame.f_code) in handlers.idents:
            return True
        traceback = traceback.tb_next
    return False


def _is_python(handler: object) -> bool:
    return handler is not signal.default_int_handler and not isinstance(handler, signal.Handlers)
