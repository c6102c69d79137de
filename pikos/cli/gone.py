"""Says once that the last state of a program that ended abruptly is there."""

from __future__ import annotations

from pikos.cli.streams import print_error
from pikos.live.dead_sessions import kept, must_report
from pikos.live.runtime import session_directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def report_gone(verb: str | None, arguments: Sequence[str]) -> None:
    """Print one line on stderr about processes that are gone and were not reported before.

    Viewers that ``pikos run`` starts say nothing: they are given an address.

    Parameters
    ----------
    verb
        The verb; ``pikos ps`` lists the processes itself.
    arguments
        The command line: a process that it names is not reported again.

    """
    if any("://" in word for word in arguments):
        return
    gone = [pid for _, pid, path in reversed(kept(session_directories())) if must_report(path)]
    pids = [pid for pid in gone if str(pid) not in arguments]
    if verb == "ps" or not pids:
        return
    if len(pids) == 1:
        print_error(
            f"pikos: process {pids[0]} ended abruptly (killed, crashed or _exit); to see what it "
            f"had counted, run: pikos top {pids[0]}"
        )
    else:
        print_error(
            f"pikos: {len(pids)} processes ended abruptly (killed, crashed or _exit); to see what "
            "they had counted, run: pikos ps"
        )
