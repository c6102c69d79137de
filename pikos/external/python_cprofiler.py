"""``cProfile.Profile`` as a monitor."""

from __future__ import annotations

import cProfile
import functools
import sys
from typing import TYPE_CHECKING, Any

from pikos.errors import ProfilerActive
from pikos.external.counted import Counted, Recorder, is_of_pikos, profile_hook, put_back
from pikos.external.records import FunctionProfileRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable

_NS = 1e9


class PythonCProfiler(cProfile.Profile, Counted):
    """The interpreter's own profiler, for ``with``, ``attach`` and nested use.

    It has all that ``cProfile.Profile`` has (``print_stats``, ``dump_stats``, ``runcall``, ...);
    as there, reading the statistics ends the counting.  Pikos's own functions are left out.

    Parameters
    ----------
    *args, **keywords
        Those of ``cProfile.Profile``: timer, timeunit, subcalls, builtins.
    recorder
        Gets a ``FunctionProfileRecord`` of each function whose statistics have changed, at the
        outermost ``disable``.

    Raises
    ------
    ProfilerActive
        From ``enable``, on Python 3.12 and later, while another profiler has the interpreter's
        place for profilers.

    Threads: as cProfile: on Python 3.11 the thread that enables; later all of them, whose times
    and callers cProfile mixes up
    """

    record_type = FunctionProfileRecord

    def __init__(self, *args: Any, recorder: Recorder | None = None, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._set_up(recorder)

    __enter__ = Counted.__enter__  # cProfile's own would be counted
    __exit__ = Counted.__exit__  # type: ignore[assignment]  # which has an inexact type

    def enable(self, *args: Any, **keywords: Any) -> None:
        """Count; when counting already, only nest.  If it fails, nothing is left on.

        Parameters
        ----------
        *args, **keywords
            subcalls and builtins, as for ``cProfile.Profile.enable``.

        """
        self._enter(lambda: self._start(*args, **keywords))

    def disable(self) -> None:
        """Stop counting if this answers the outermost ``enable``; else only un-nest."""
        Counted.disable(self)

    def create_stats(self) -> None:
        """End the counting, however deep it is nested, and take the statistics."""
        if self._depth:
            self._end()
        self.snapshot_stats()

    def getstats(self) -> list[Any]:
        """Return the entries of the functions that were called, but for Pikos's own."""
        return [entry for entry in super().getstats() if not _is_hidden(entry.code)]

    def clear(self) -> None:
        """Forget what was counted."""
        super().clear()
        self._recorded.clear()

    def _start(self, *args: Any, **keywords: Any) -> None:
        self._hook = profile_hook()
        switch_on: Callable[..., None] = super().enable
        try:
            switch_on(*args, **keywords)
        except ValueError as error:
            if sys.version_info < (3, 12):
                raise
            raise ProfilerActive(
                "cProfile", sys.monitoring.get_tool(sys.monitoring.PROFILER_ID)
            ) from error

    def _stop(self) -> None:
        functools.partial(super().disable)()
        put_back(self._hook)

    def _rows(self) -> Iterable[tuple[Hashable, tuple[Any, ...]]]:
        for entry in self.getstats():
            filename, line_number, name = cProfile.label(entry.code)
            yield (
                entry.code,
                (
                    name,
                    entry.callcount,
                    entry.reccallcount,
                    round(entry.inlinetime * _NS),
                    round(entry.totaltime * _NS),
                    line_number,
                    filename,
                ),
            )


def _is_hidden(code: Any) -> bool:
    return not isinstance(code, str) and is_of_pikos(code.co_filename)
