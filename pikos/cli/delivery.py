"""What becomes of a profile when the program has ended: it is printed, and saved."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from typing import Any

    from pikos.real_time.profile import Profile


def deliver(profiler: Profile, options: argparse.Namespace) -> int:
    """Print and save what was asked for.

    Parameters
    ----------
    profiler
        Disabled.
    options
        With ``sort``, ``outfile`` and ``prog``.

    Returns
    -------
    int
        1 where that fails, else 0.

    """
    if options.sort is not None:
        import pstats

        statistics: Any = profiler
        pstats.Stats(statistics, stream=sys.stderr).strip_dirs().sort_stats(
            options.sort
        ).print_stats()
    if options.outfile is None:
        return 0
    from pikos.cli.whole_file import whole_file

    try:
        with whole_file(options.outfile) as beside:
            profiler.dump_stats(beside)
    except OSError as error:
        reason = error.strerror or error
        print(f"{options.prog}: the profile is lost: {options.outfile}: {reason}", file=sys.stderr)
        return 1
    return 0
