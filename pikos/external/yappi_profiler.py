"""yappi, the profiler of all threads, as a monitor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pikos.errors import ExtraMissing, PikosError
from pikos.external.counted import Counted, Recorder, is_of_pikos, profile_hook, put_back
from pikos.external.records import FunctionProfileRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from types import ModuleType

    from pikos.monitors.attach import MonitorAttach

_NS = 1e9


class YappiProfiler(Counted):
    """yappi, for ``with``, ``attach`` and nested use.

    yappi is one for the whole process, and so are its statistics: they are those of all
    profilers of this class.  One that finds yappi running leaves it running.

    Parameters
    ----------
    recorder
        Gets a ``FunctionProfileRecord`` of each function whose statistics have changed, at the
        outermost ``disable``.
    builtins
        Whether calls of built-in functions are counted.
    clock
        ``"cpu"`` or ``"wall"``; None for the one that yappi is set to (``"cpu"``, if nobody has
        set it).
    threads
        Whether all threads (or greenlets, where yappi is set to them) are counted, or only the
        one that enables.

    Raises
    ------
    ExtraMissing
        If yappi is not installed.
    ValueError
        If ``clock`` is none of these.
    PikosError
        From ``enable``, if yappi holds statistics taken with another clock.
    """

    record_type = FunctionProfileRecord

    def __init__(
        self,
        recorder: Recorder | None = None,
        builtins: bool = False,
        *,
        clock: Literal["cpu", "wall"] | None = None,
        threads: bool = True,
    ) -> None:
        if clock not in {None, "cpu", "wall"}:
            raise ValueError(f"clock is {clock!r}: give 'cpu', 'wall' or None")
        self._yappi = _yappi()
        self._set_up(recorder)
        self._builtins = builtins
        self._clock = clock
        self._threads = threads
        self._started = False

    def start(self) -> None:
        """Have yappi run, uncounted."""
        if self._clock is not None and self.clock_type() != self._clock:
            self._set_clock(self._clock)
        self._yappi.start(
            builtins=self._builtins, profile_threads=self._threads, profile_greenlets=self._threads
        )

    def stop(self) -> None:
        """Have yappi stop, uncounted."""
        self._yappi.stop()

    def is_running(self) -> bool:
        """Tell whether yappi runs, whoever started it."""
        return bool(self._yappi.is_running())

    def clock_type(self) -> str:
        """Return the clock that yappi is set to, ``"cpu"`` or ``"wall"``."""
        return str(self._yappi.get_clock_type()).lower()

    def get_stats(self) -> Any:
        """Return yappi's statistics of functions, a ``YFuncStats``; Pikos's own are left out."""
        return self._yappi.get_func_stats(
            filter_callback=lambda entry: not is_of_pikos(entry.module)
        )

    def get_thread_stats(self) -> Any:
        """Return yappi's statistics of threads, a ``YThreadStats``."""
        return self._yappi.get_thread_stats()

    def enum_stats(self, visit: Callable[[Any], object]) -> None:
        """Call a function with the statistics of each function."""
        for statistics in self.get_stats():
            visit(statistics)

    def enum_thread_stats(self, visit: Callable[[Any], object]) -> None:
        """Call a function with the statistics of each thread."""
        for statistics in self.get_thread_stats():
            visit(statistics)

    def print_stats(self, out: Any = None, **options: Any) -> None:
        """Print the statistics of functions.

        Parameters
        ----------
        out
            Stream to print to; stdout if it is not given.
        **options
            Further ones of ``YFuncStats.print_all``: columns, limit.

        """
        if out is not None:
            options["out"] = out
        self.get_stats().print_all(**options)

    def clear_stats(self) -> None:
        """Forget all statistics of yappi."""
        self._yappi.clear_stats()
        self._recorded.clear()

    def _start(self) -> None:
        if not self.is_running():
            self._hook = profile_hook()
            self.start()
            self._started = True

    def _stop(self) -> None:
        if self._started:
            self._started = False
            self.stop()
            put_back(self._hook)

    def _set_clock(self, clock: str) -> None:
        try:
            self._yappi.set_clock_type(clock)
        except Exception as error:  # _yappi.error, which is not published
            raise PikosError(
                f"yappi cannot change to the {clock} clock ({error}): call clear_stats() of the "
                "profiler first"
            ) from error

    def _rows(self) -> Iterable[tuple[Hashable, tuple[Any, ...]]]:
        for entry in self.get_stats():
            yield (
                entry.full_name,
                (
                    entry.name,
                    entry.ncall,
                    entry.ncall - entry.nactualcall,
                    round(entry.tsub * _NS),
                    round(entry.ttot * _NS),
                    entry.lineno,
                    entry.module,
                ),
            )


def yappi_profile(
    builtins: bool = False,
    *,
    recorder: Recorder | None = None,
    clock: Literal["cpu", "wall"] | None = None,
    threads: bool = True,
) -> MonitorAttach:
    """Return a decorator that has yappi run whenever the body of a function does.

    ``@yappi_profile()``; the decorated function has the profiler as its attribute ``monitor``.

    Parameters
    ----------
    builtins, recorder, clock, threads
        Those of ``YappiProfiler``.

    Returns
    -------
    MonitorAttach
        The decorator.

    """
    return YappiProfiler(recorder, builtins, clock=clock, threads=threads).attach()


def _yappi() -> ModuleType:
    try:
        import yappi  # noqa: PLC0415 - an extra, imported where it is used
    except ImportError as error:
        raise ExtraMissing("yappi", "yappi", str(error)) from error
    return yappi  # type: ignore[no-any-return]
