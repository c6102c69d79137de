"""What becomes of a profile when the program has ended: it is printed, and saved."""

from __future__ import annotations

from pikos.real_time.endings import write_error

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
        profiler.create_stats()
        print_stats(profiler.portable(), options.sort)
    if options.outfile is None:
        return 0
    from pikos.cli.whole_file import whole_file

    try:
        with whole_file(options.outfile) as beside:
            profiler.dump_stats(beside)
    except OSError as error:
        reason = error.strerror or error
        write_error(f"{options.prog}: the profile is lost: {options.outfile}: {reason}\n")
        return 1
    return 0


def print_stats(stats: Any, sort: str) -> None:
    """Print a profile on stderr.

    Parameters
    ----------
    stats
        What ``pstats.Stats`` takes.
    sort
        A sort key of pstats.

    """
    import io
    import pstats

    text = io.StringIO()
    pstats.Stats(stats, stream=text).strip_dirs().sort_stats(sort).print_stats()
    write_error(text.getvalue())
