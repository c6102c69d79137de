"""What Pikos keeps for a second after its last use, so that bare runs would pay for it."""

from __future__ import annotations

import sys
from typing import Any

from pikos.monitors import sources


def let_go() -> None:
    """Let go of it now."""
    if not hasattr(sys, "monitoring"):
        return
    chosen: list[Any] = [sources.monitoring()]
    if sources.native_is_chosen():
        chosen.append(sources.native())
    for each in chosen:
        each.functions._tool.let_go()  # noqa: SLF001 - as the tests do
    profiler = sys.modules.get("pikos._lsprof")
    if profiler is not None:
        profiler.let_go()
