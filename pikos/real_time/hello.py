"""What a real-time profiler says of itself when it begins to publish."""

from __future__ import annotations

from pikos.publishing.hello import facts_of_process
from pikos.publishing.json_text import json_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

_UNCUT_MAX = 4096
"""Bytes of facts of which nothing is ever cut; what may have to be cut is left to ``pikos.wire``,
which costs too much to import for every profiled program."""


def hello_of_profiler(
    extension: ModuleType,
    *,
    clock: str,
    interval_s: float,
    threads: bool,
    builtins: bool,
    started_unix_ns: int,
) -> tuple[dict[str, Any], bytes]:
    """Write the hello of a profiler's session.

    Parameters
    ----------
    extension
        The module ``pikos._lsprof``.
    clock
        What the times are of: ``"wall"``, or any other name, which is told as it is.
    interval_s
        Seconds between two looks at the statistics.
    threads
        Whether all threads are counted.
    builtins
        Whether calls of built-in functions are counted.
    started_unix_ns
        When the session begins, ns since 1970.

    Returns
    -------
    tuple
        The facts of it, and its JSON.

    """
    facts = {
        **facts_of_process(interval_s=interval_s, started_unix_ns=started_unix_ns),
        "clock": extension.clock()[0] if clock == "wall" else clock,
        "mechanism": extension.mechanism()[0],
        "threads": threads,
        "builtins": builtins,
    }
    if sum(map(len, facts["argv"])) > _UNCUT_MAX:
        from pikos.wire.hello import short_facts  # noqa: PLC0415 - see _UNCUT_MAX

        facts = short_facts(facts)
    text = json_text(facts)
    return facts, f'{text[:-1]}, "tables": {extension.TABLES_JSON}}}'.encode()
