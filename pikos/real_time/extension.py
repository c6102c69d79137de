"""The extension's type Profiler, or where the extension is not built, a stand-in that says so."""

from __future__ import annotations

import os

import pikos
from pikos.errors import ExtensionMissing

__all__ = ["Profiler"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from pikos._lsprof import Profiler
else:
    try:
        from pikos import _lsprof
    except ImportError as error:
        _reason = str(error)

        class Profiler:
            """Stands where the extension's type would; cannot be made.

            Raises
            ------
            ExtensionMissing
                Always, from the constructor.

            """

            def __new__(cls, *_: object, **__: object) -> NoReturn:
                """Say what to do."""
                raise ExtensionMissing(_reason)

    else:
        Profiler = _lsprof.Profiler
        _lsprof.hide(os.path.join(os.path.dirname(pikos.__file__), ""))
