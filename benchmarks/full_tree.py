"""What the terminal viewer takes where the calling-context tree is full."""

from __future__ import annotations

import contextlib
import statistics

from benchmarks.figure import Figure
from benchmarks.processor import resident_peak_bytes
from benchmarks.terminal import FEW, INTERVAL_S, WARM_UP_S, Terminal, published
from benchmarks.workloads import many_functions, nested

FUNCTIONS, FOLDING_FUNCTIONS, QUICK_FUNCTIONS = 100, 104, 30
DEPTH = 3
"""Functions that call all of them so deep within one another: 100 + 100² + 100³ contexts.

With 104 of them it is past the bound, and calls are in no full stack.
"""


def measure(*, quick: bool) -> list[Figure]:
    """Measure the first picture, the memory, and pictures of which little or much changed.

    Parameters
    ----------
    quick
        Whether to be content with few readings, of a smaller tree.

    """
    if quick:
        return _measure(QUICK_FUNCTIONS, "", starts=1, seconds=3.0)
    return [
        *_measure(FUNCTIONS, "", starts=5, seconds=12.0),
        *_measure(FOLDING_FUNCTIONS, ", calls folded", starts=5, seconds=12.0),
    ]


def _measure(count: int, kind: str, *, starts: int, seconds: float) -> list[Figure]:
    fill, few = nested(count, DEPTH), many_functions(FEW, times=1)
    with published(fill) as address:
        firsts = []
        for _ in range(starts):
            with contextlib.closing(Terminal(address)) as terminal:
                firsts.append(terminal.first_picture_s())
        with contextlib.closing(Terminal(address)) as terminal:
            terminal.share(WARM_UP_S, few)
            shares = {"functions": terminal.share(seconds, few)}
            terminal.press("g")
            terminal.share(WARM_UP_S, few)
            shares["flame graph"] = terminal.share(seconds, few)
            peak_bytes = resident_peak_bytes(terminal.process.pid)
    what = f"pikos top, {sum(count**depth for depth in range(1, DEPTH + 1)):,} contexts{kind}"
    return [
        Figure(
            f"{what}: first picture after",
            statistics.median(firsts) * 1e3,
            "ms",
            goal=2000,
            note=f"up to {max(firsts) * 1e3:.0f} ms",
        ),
        Figure(f"{what}: most memory", peak_bytes / 2**20, "MiB", goal=400),
        *(
            Figure(f"{what}, {panel} at {1 / INTERVAL_S:.0f} Hz: share of a core", 100 * share, "%")
            for panel, share in shares.items()
        ),
    ]
