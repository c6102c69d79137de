"""What no monitor records: the code of Pikos itself, and the threads that it starts."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
_THREADS: set[int] = set()


def code_is_hidden(code: CodeType) -> bool:
    """Tell whether code is a part of Pikos.

    Parameters
    ----------
    code
        Code of a function, class body or module.

    Returns
    -------
    bool
        Whether its file lies in the directory of the package.

    """
    return code.co_filename.startswith(_DIRECTORY)


@contextlib.contextmanager
def hidden_thread() -> Iterator[None]:
    """Have no monitor record what the running thread does inside the ``with`` block."""
    ident = threading.get_ident()
    _THREADS.add(ident)
    try:
        yield
    finally:
        _THREADS.discard(ident)


def thread_is_hidden(ident: int) -> bool:
    """Tell whether a thread runs a ``hidden_thread`` block.

    Parameters
    ----------
    ident
        As ``threading.get_ident`` gives it in that thread.

    Returns
    -------
    bool
        Whether it does.

    """
    return ident in _THREADS
