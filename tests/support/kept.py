"""What Pikos keeps for a second after its last use, for whoever comes again at once."""

from __future__ import annotations

import sys

from pikos.monitors import sources


def let_go():
    """Let go of it now."""
    if not hasattr(sys, "monitoring"):
        return
    for tool in tools():
        tool.let_go()
    profiler = sys.modules.get("pikos._lsprof")
    if profiler is not None:
        profiler.let_go()


def tools():
    """The monitors' tools: the one in Python, and the one of the extension if there is one."""
    chosen = [sources.monitoring()]
    if sources.native_is_chosen():
        chosen.append(sources.native())
    return [each.functions._tool for each in chosen]
