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
        Where to; ``-`` for standard output.
    prog
        The command, for the message.

    Returns
    -------
    int
        1 where the file cannot be written, else 0.

    """
    import marshal

    from pikos.cli.streams import STDOUT
    from pikos.cli.whole_file import whole_file
    from pikos.live.text import safe

    profiler.create_stats()
    content = marshal.dumps(profiler.portable().stats)
    try:
        with whole_file(outfile) as file:
            file.write(content)
    except BrokenPipeError:  # nobody reads it any more
        return 0
    except OSError as error:
        reason = error.strerror or error
        where = "standard output" if outfile == STDOUT else safe(outfile)
        write_error(f"{prog}: the profile is lost: {where}: {reason}\n")
        return 1
    return 0


def stats_text(stats: Any, sort: str) -> str:
    """Format a profile as pstats prints it, with escapes for what would disturb a terminal.

    Parameters
    ----------
    stats
        What ``pstats.Stats`` takes.
    sort
        A sort key of pstats.

    """
    import io
    import pstats

    from pikos.real_time.profile import PortableStats

    text = io.StringIO()
    shown: Any = PortableStats(_printable(stats.stats))
    pstats.Stats(shown, stream=text).strip_dirs().sort_stats(sort).print_stats()
    return text.getvalue()


def _printable(rows: dict[Any, Any]) -> dict[Any, Any]:
    """The same rows, and those of their callers, under labels that can be printed."""
    return {
        _label(label): (*counts, {_label(caller): its for caller, its in callers.items()})
        for label, (*counts, callers) in rows.items()
    }


def _label(label: tuple[str, int, str]) -> tuple[str, int, str]:
    from pikos.live.text import safe

    file, line, name = label
    return safe(file), line, safe(name)
