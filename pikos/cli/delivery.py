"""What becomes of a profile when the program has ended: it is printed, and saved."""

from __future__ import annotations

from pikos.real_time.endings import write_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pikos.real_time.profile import Profile


def save(profiler: Profile, outfile: str, prog: str) -> int:
    """Save a profile for pstats.

    Parameters
    ----------
    profiler
        Disabled.
    outfile
        Where to.
    prog
        The command, for the message.

    Returns
    -------
    int
        1 where the file cannot be written, else 0.

    """
    from pikos.cli.whole_file import whole_file

    try:
        with whole_file(outfile) as beside:
            profiler.dump_stats(beside)
    except OSError as error:
        reason = error.strerror or error
        write_error(f"{prog}: the profile is lost: {outfile}: {reason}\n")
        return 1
    return 0


def stats_text(stats: Any, sort: str) -> str:
    """Format a profile as pstats prints it.

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
    return text.getvalue()
