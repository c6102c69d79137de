"""The exact profiler with the face of ``cProfile.Profile``."""

from __future__ import annotations

import marshal
import sys

from pikos.real_time.extension import Profiler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import CodeType, TracebackType
    from typing import Any, ParamSpec, Self, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

    Label = tuple[str, int, str]
    """File, first line and name, as pstats identifies a function."""
    Counts = tuple[int, int, float, float]
    """Primitive calls, calls, seconds in it alone, seconds in it and what it called."""
    Rows = dict[Label, tuple[int, int, float, float, dict[Label, Counts]]]

EVENTS_TAKEN = (
    "the program took the profiler's events away (sys.setprofile, cProfile or another profiler); "
    "from then on not everything was counted"
)
"""Says what ``Profile.events_taken`` means."""
BUILT_IN = "~"
"""What pstats has for the file of a built-in."""


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
        return PortableStats(_without_addresses(self.stats))

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
        entries = self.getstats()
        labels = [label(entry.code) for entry in entries]
        stats: Rows = {}
        for entry, of_entry in zip(entries, labels, strict=True):
            calls, inner, own, total, callers = stats.get(of_entry, (0, 0, 0.0, 0.0, {}))
            stats[of_entry] = (
                calls + entry.callcount - entry.reccallcount,
                inner + entry.callcount,
                own + entry.inlinetime,
                total + entry.totaltime,
                callers,
            )
        entries.reverse()
        for of_entry in labels:
            for callee in entries.pop().calls or ():  # they need not stay until all rows are made
                row = stats.get(label(callee.code))
                if row is not None:
                    counts = (
                        callee.callcount,
                        callee.callcount - callee.reccallcount,
                        callee.inlinetime,
                        callee.totaltime,
                    )
                    _add(row[4], of_entry, counts)
        self.stats = stats

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
        return (BUILT_IN, 0, code)
    return (code.co_filename, code.co_firstlineno, code.co_name)


def portable_label(of_function: Label) -> Label:
    """Label of a function without the address that cProfile gives to some built-ins.

    Parameters
    ----------
    of_function
        What ``label`` gives.

    Returns
    -------
    tuple
        The same one where it contains no address.

    """
    file, line, name = of_function
    start, found, _ = name.rpartition(" at 0x")
    return (file, line, f"{start}>") if found and file == BUILT_IN else of_function


class PortableStats:
    """What ``pstats.Stats`` takes for a profiler.

    Parameters
    ----------
    stats
        As pstats keeps them.

    """

    def __init__(self, stats: Rows) -> None:
        self.stats = stats

    def create_stats(self) -> None:
        """Do nothing: they are there."""


def _without_addresses(stats: Rows) -> Rows:
    """Give the same rows by portable labels; what has none to change is not copied."""
    rows: Rows = {}
    for of_function, row in stats.items():
        callers = row[4]
        if any(portable_label(caller) is not caller for caller in callers):
            callers = {}
            for caller, counts in row[4].items():
                _add(callers, portable_label(caller), counts)
        known = rows.get(portable_label(of_function))
        if known is None:
            rows[portable_label(of_function)] = row if callers is row[4] else (*row[:4], callers)
            continue
        merged = dict(known[4])
        for caller, counts in callers.items():
            _add(merged, caller, counts)
        rows[portable_label(of_function)] = (*_sum(known, row), merged)
    return rows


def _add(callers: dict[Label, Counts], caller: Label, counts: Counts) -> None:
    known = callers.get(caller)
    callers[caller] = counts if known is None else _sum(known, counts)


def _sum(one: Sequence[Any], other: Sequence[Any]) -> Counts:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


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
