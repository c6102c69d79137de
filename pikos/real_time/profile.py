"""The exact profiler with the face of ``cProfile.Profile``."""

from __future__ import annotations

import marshal
import sys

from pikos.real_time.extension import Profiler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType, TracebackType
    from typing import Any, ParamSpec, Self, TypeVar

    from pikos._lsprof import profiler_subentry

    P = ParamSpec("P")
    R = TypeVar("R")

    Label = tuple[str, int, str]
    """File, first line and name, as pstats identifies a function."""
    Counts = tuple[int, int, float, float]
    """Primitive calls, calls, seconds in it alone, seconds in it and what it called."""
    Rows = dict[Label, tuple[int, int, float, float, dict[Label, Counts]]]


class Profile(Profiler):
    """Count every call of every thread, exactly, and make statistics that pstats reads.

    It is used as ``cProfile.Profile`` is, and gives the same counts; what differs is wanted, and
    listed in ``docs/real-time-profiler.md``.

    Parameters
    ----------
    timer : callable, optional
        Gives the time: seconds, or with ``timeunit`` an int.
    timeunit : float, optional
        Seconds that one unit of the timer's int is worth.
    subcalls : bool, optional
        Whether to keep each caller's share apart.
    builtins : bool, optional
        Whether to count calls of built-ins.
    threads : bool, optional
        Whether to count in all threads, or only in the one that enables; by default as this
        interpreter's cProfile does: all from 3.12 on.
    clock : str, optional
        ``"wall"``, ``"monotonic"`` or ``"cpu"`` (of each thread); not used with a timer.

    Raises
    ------
    ExtensionMissing
        Where the extension has not been built.
    ValueError
        If ``clock`` is none of these.

    """

    stats: Rows
    """What ``create_stats`` made last, as pstats keeps it: the counts of each function, and of
    each of its callers (here calls come before primitive calls, as in cProfile)."""

    def __init__(
        self,
        timer: Callable[[], float] | None = None,
        timeunit: float | None = 0.0,
        subcalls: bool = True,
        builtins: bool = True,
        *,
        threads: bool | None = None,
        clock: str = "wall",
    ) -> None:
        if threads is None:
            threads = sys.version_info >= (3, 12)
        super().__init__(timer, timeunit, subcalls, builtins, threads=threads, clock=clock)

    def print_stats(self, sort: Any = -1) -> None:
        """Print the statistics to standard output.

        Parameters
        ----------
        sort
            A sort key of ``pstats.Stats.sort_stats``, or a tuple of them.

        """
        import pstats  # noqa: PLC0415 - slow, and not always needed

        keys = sort if isinstance(sort, tuple) else (sort,)
        self.create_stats()
        pstats.Stats(self.portable()).strip_dirs().sort_stats(*keys).print_stats()

    def portable(self) -> Any:
        """Give the statistics that ``stats`` has, by labels that are the same in every run.

        Returns
        -------
        object
            What ``pstats.Stats`` takes; no label in its ``stats`` contains an address.

        """
        return _Portable(self._rows(portable_label))

    def dump_stats(self, file: str) -> None:
        """Write the statistics to a file that ``pstats.Stats`` reads.

        No label contains an address: it would mean nothing in another process, and make files of
        equal runs differ.

        Parameters
        ----------
        file
            Path of the file; it is replaced.

        Raises
        ------
        OSError
            If it cannot be written.

        """
        self.create_stats()
        content = marshal.dumps(self.portable().stats)
        with open(file, "wb") as stream:
            stream.write(content)

    def create_stats(self) -> None:
        """Stop to count, and bring ``stats`` up to date."""
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self) -> None:
        """Bring ``stats`` up to date; counting goes on.

        Functions with one label (file, line and name) are added up: several code objects may
        bear it.
        """
        self.stats = self._rows(label)

    def _rows(self, label: Callable[[CodeType | str], Label]) -> Rows:
        stats: Rows = {}
        entries = self.getstats()
        for entry in entries:
            calls, inner, own, total, callers = stats.get(label(entry.code), (0, 0, 0.0, 0.0, {}))
            stats[label(entry.code)] = (
                calls + entry.callcount - entry.reccallcount,
                inner + entry.callcount,
                own + entry.inlinetime,
                total + entry.totaltime,
                callers,
            )
        for entry in entries:
            for callee in entry.calls or ():
                row = stats.get(label(callee.code))
                if row is not None:
                    _add(row[4], label(entry.code), callee)
        return stats

    def run(self, cmd: str) -> Self:
        """Profile a statement in the main module.

        Parameters
        ----------
        cmd
            What ``exec`` would take.

        Returns
        -------
        Profile
            This profiler.

        """
        names = sys.modules["__main__"].__dict__
        return self.runctx(cmd, names, names)

    def runctx(
        self,
        cmd: str | CodeType,
        globals: dict[str, Any],  # noqa: A002 - cProfile's name
        locals: Mapping[str, object] | None,  # noqa: A002 - cProfile's name
    ) -> Self:
        """Profile a statement with given names.

        Parameters
        ----------
        cmd, globals, locals
            What ``exec`` would take.

        Returns
        -------
        Profile
            This profiler.

        """
        self.enable()
        try:
            exec(cmd, globals, locals)  # noqa: S102 - this is what it is for
        finally:
            self.disable()
        return self

    def runcall(self, func: Callable[P, R], /, *args: P.args, **kw: P.kwargs) -> R:
        """Profile one call.

        Parameters
        ----------
        func, *args, **kw
            What to call, with what.

        Returns
        -------
        object
            What it returned.

        """
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()

    def __enter__(self) -> Self:
        """Enable, and give this profiler."""
        self.enable()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disable."""
        self.disable()


def label(code: CodeType | str) -> Label:
    """Label of a function as pstats writes it.

    Parameters
    ----------
    code
        ``code`` of an entry of ``getstats()``.

    Returns
    -------
    tuple
        File, first line and name; of a built-in ``"~"``, 0 and its label.

    """
    if isinstance(code, str):
        return ("~", 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


def portable_label(code: CodeType | str) -> Label:
    """Label of a function without the address that cProfile gives to some built-ins.

    Parameters
    ----------
    code
        ``code`` of an entry of ``getstats()``.

    Returns
    -------
    tuple
        As ``label`` gives it.

    """
    file, line, name = label(code)
    start, found, _ = name.rpartition(" at 0x")
    return (file, line, f"{start}>" if found and isinstance(code, str) else name)


class _Portable:
    """What ``pstats.Stats`` takes for a profiler."""

    def __init__(self, stats: Rows) -> None:
        self.stats = stats

    def create_stats(self) -> None:
        """Do nothing: they are there."""


def _add(callers: dict[Label, Counts], caller: Label, callee: profiler_subentry) -> None:
    calls, inner, own, total = callers.get(caller, (0, 0, 0.0, 0.0))
    callers[caller] = (
        calls + callee.callcount,
        inner + callee.callcount - callee.reccallcount,
        own + callee.inlinetime,
        total + callee.totaltime,
    )


def runctx(
    statement: str | CodeType,
    globals: dict[str, Any],  # noqa: A002 - cProfile's name
    locals: Mapping[str, object] | None,  # noqa: A002 - cProfile's name
    filename: str | None = None,
    sort: Any = -1,
) -> None:
    """Profile a statement with given names, then print or save the statistics.

    Parameters
    ----------
    statement, globals, locals
        What ``exec`` would take.
    filename
        Where to save the statistics; None prints them.
    sort
        A sort key of ``pstats.Stats.sort_stats``, or a tuple of them.

    """
    profile = Profile()
    try:
        profile.runctx(statement, globals, locals)
    except SystemExit:
        pass
    finally:
        if filename is None:
            profile.print_stats(sort)
        else:
            profile.dump_stats(filename)


def run(statement: str, filename: str | None = None, sort: Any = -1) -> None:
    """Profile a statement in the main module, then print or save the statistics.

    Parameters
    ----------
    statement
        What ``exec`` would take.
    filename
        Where to save the statistics; None prints them.
    sort
        A sort key of ``pstats.Stats.sort_stats``, or a tuple of them.

    """
    names = sys.modules["__main__"].__dict__
    runctx(statement, names, names, filename, sort)
