"""What no monitor records: the code of Pikos itself, and the threads that it starts."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import CodeType

DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "")
"""The directory of the package, with the separator after it."""

THREADS: dict[int, int] = {}
"""How many ``hidden_thread`` blocks each thread is in, by its ident; threads in none are absent."""


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
    return code.co_filename.startswith(DIRECTORY)


class hidden_thread:  # noqa: N801 - used as a function is: with hidden_thread():
    """Have no monitor record what the running thread does inside the ``with`` block.

    A class, not a generator: its own frames are Pikos's, those of ``contextlib`` would be seen.
    """

    def __enter__(self) -> None:
        ident = threading.get_ident()
        THREADS[ident] = THREADS.get(ident, 0) + 1

    def __exit__(self, *failure: object) -> None:
        ident = threading.get_ident()
        THREADS[ident] -= 1
        if not THREADS[ident]:
            del THREADS[ident]


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
    return ident in THREADS
