"""``pikos run``: run a program under the real-time profiler, as if ``python`` ran it.

Nothing is imported here that the program would then find imported already, unless an option needs
it.
"""

from __future__ import annotations

import os
import sys

from pikos.cli import monitor_options
from pikos.cli.execution import (
    check_outfile,
    hint_at_options,
    load,
    program_of,
    read_of,
    wait_for_threads,
)
from pikos.cli.monitor_options import MONITORS, PROFILER
from pikos.cli.options import RECORD_MAX, REMAINDER, add_options, option
from pikos.cli.outputs import Outputs
from pikos.cli.streams import STDOUT, flush, keep_stdout, print_error
from pikos.errors import AddressError, ProgramNotFound
from pikos.real_time.children import Children
from pikos.real_time.endings import Endings, run_and_wait, write_error
from pikos.real_time.profile import EVENTS_TAKEN
from pikos.real_time.program import leave, report
from pikos.real_time.unseen import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from pikos.cli.own_viewers import OwnViewers
    from pikos.real_time.program import Program
    from pikos.real_time.publication import PublishedProfile

HELP = "run a program under the profiler, its profile published while it runs"

SORTS = (
    "calls",
    "cumtime",
    "cumulative",
    "filename",
    "line",
    "module",
    "name",
    "ncalls",
    "nfl",
    "pcalls",
    "stdname",
    "time",
    "tottime",
)
"""The orders that pstats knows, which is imported only to print."""

_PROFILER_DEFAULTS = {
    "sort": None,
    "interval": 0.1,
    "address": None,
    "keys": None,
    "live": False,
    "record": None,
    "record_max": None,
    "clock": "wall",
    "no_builtins": False,
    "wait_for_viewer": None,
}
"""Of the options that the profiler alone has."""


def _seconds(text: str) -> float:
    """A time given on the command line."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ValueError(f"{text!r} is not a number of seconds above 0")
    return seconds


_PROFILER_OPTIONS = (
    option(
        "-o",
        dest="outfile",
        metavar="FILE",
        help="save the profile to FILE, for pstats; or records; - for standard output, what the "
        "program prints then goes to standard error",
    ),
    option(
        "-s",
        dest="sort",
        metavar="SORT",
        choices=SORTS,
        help="print the profile on stderr at the end, in this order (of pstats): cumtime, …",
    ),
    option(
        "--interval",
        type=_seconds,
        metavar="SECONDS",
        default=_PROFILER_DEFAULTS["interval"],
        help="time between two snapshots (0.1)",
    ),
    option("--address", help="where to publish: ipc://PATH or tcp://127.0.0.1:PORT"),
    option("--keys", metavar="DIR", help="CURVE keys that pikos keygen made"),
    option("--live", action="store_true", help="show the live table on stderr's terminal"),
    option("--record", metavar="FILE", help="record what is published, for pikos replay"),
    RECORD_MAX,
    option(
        "--clock",
        choices=("wall", "cpu"),
        default=_PROFILER_DEFAULTS["clock"],
        help="what is measured (wall)",
    ),
    option("--no-builtins", action="store_true", help="do not count calls of built-in functions"),
    option(
        "--wait-for-viewer",
        type=_seconds,
        metavar="SECONDS",
        help="before the program starts wait for a viewer, so long at most",
    ),
    option(
        "--monitor",
        choices=(*MONITORS, PROFILER),
        default=PROFILER,
        help=f"what watches the program ({PROFILER}, the profiler)",
    ),
)
_PROGRAM = (
    option(
        "-m", dest="module", nargs=REMAINDER, metavar="MODULE", help="run a module, with arguments"
    ),
    option(
        "-c", dest="text", nargs=REMAINDER, metavar="CODE", help="run Python code, with arguments"
    ),
    option("script", nargs=REMAINDER, metavar="SCRIPT", help="run a script, with arguments"),
)
OPTIONS = (*_PROFILER_OPTIONS, *monitor_options.OPTIONS, *_PROGRAM)
"""All options, for the quick reader of simple command lines."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser."""
    parser.usage = "pikos run [options] SCRIPT | -m MODULE | -c CODE  [ARGUMENT ...]"
    add_options(_PROFILER_OPTIONS, parser.add_argument)
    records = parser.add_argument_group("with another --monitor", "as for pikos-run")
    add_options(monitor_options.OPTIONS, records.add_argument)
    add_options(_PROGRAM, parser.add_argument)
    parser.set_defaults(fail=parser.error, prog="pikos run")


def run(options: argparse.Namespace) -> int:
    """Run the program; the answer is the status that it ended with."""
    program, arguments = program_of(options)
    if options.monitor != PROFILER:
        from pikos.cli import monitor_run

        _refuse_profiler_options(options)
        status = monitor_run.run(options, program, arguments)
        _hint(options, arguments, status)
        return status
    with Outputs(options):
        return _run(options, program, arguments)


def _run(options: argparse.Namespace, program: Program, arguments: list[str]) -> int:
    check_outfile(options, is_binary=True, inputs=read_of(program))
    if options.record is not None and _is_same(options.record, options.outfile):
        options.fail(f"--record {options.record}: -o names the same file; name another one")
    monitor_options.refuse_record_options(
        options, "there are no records; choose a monitor that makes some, with --monitor"
    )
    profiler = _profiler(options)
    from pikos import _lsprof  # it is there, as there is a profiler

    try:
        execute = load(program, arguments)
    except (SyntaxError, ValueError) as error:
        return report(error)
    if options.outfile == STDOUT:
        keep_stdout()
    own_path = _OwnPath()
    with own_path:
        viewers = _publish(profiler, options)
    children = Children(_lsprof, profiler.note_started)
    ending = _Ending(profiler, options, viewers, own_path, children)
    endings = Endings(ending, _lsprof, children)
    endings.watch()
    children.watch()
    raised: BaseException | None = None
    status = 0
    try:
        execute(profiler.execute)
    except ProgramNotFound:
        ending.delivers = False
        endings.end()
        children.end()
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a program may raise
        raised = error
        status = report(error)
    wait_for_threads()
    ending.in_order = True
    endings.end()
    children.end()
    _hint(options, arguments, status)
    status = ending.status or status
    return status if raised is None else leave(raised, status)


def _hint(options: argparse.Namespace, arguments: list[str], status: int) -> None:
    hint_at_options(options.prog, arguments, (*_PROFILER_OPTIONS, *monitor_options.OPTIONS), status)


class _OwnPath:
    """``sys.path`` without the program's place, so that no module of Pikos is the program's."""

    def __init__(self) -> None:
        self._path = sys.path[1:]  # the first is the program's place
        self._programs: list[str] = []

    def __enter__(self) -> None:
        self._programs = list(sys.path)
        sys.path[:] = self._path

    def __exit__(self, *failure: object) -> None:
        sys.path[:] = self._programs


_IN_A_C_CALL = "a signal ended the program during a C call that did not return"


class _Ending:
    """What is done before the process ends: the session is closed and the profile delivered."""

    def __init__(
        self,
        profiler: PublishedProfile,
        options: argparse.Namespace,
        viewers: OwnViewers | None,
        own_path: _OwnPath,
        children: Children,
    ) -> None:
        self._profiler = profiler
        self._options = options
        self._viewers = viewers
        self._own_path = own_path
        self._children = children
        self._ledger = profiler.ledger
        recording = "" if options.record is None else os.path.abspath(options.record)
        saver = (sys.executable or "", "-P", "-m", "pikos.cli.ledger_saver", options.prog)
        saved = (options.outfile or "", recording, options.sort or "")
        self._saver = tuple(map(os.fsencode, saver))
        self._saved = tuple(map(os.fsencode, saved))
        self.in_order = False
        """Whether the program has come to its end, and what Python keeps of its output is written.

        A process that ends otherwise loses it, as it would without a profiler.
        """
        self.delivers = True
        """Whether there is a profile."""
        self.status = 0
        """1 where something could not be saved."""

    def finish(self) -> None:
        """Deliver and close; another process delivers what this one cannot."""
        taken = self._profiler.events_taken
        try:
            unseen(self._profiler.disable)
        except MemoryError as error:  # it is disabled all the same
            write_error(f"{self._options.prog}: {error}\n")
        if self.in_order:
            flush()
        text = ""
        try:
            if self.delivers:
                text = self._deliver()
        except BaseException as error:
            self.status = 1
            why = f"the program has broken what saves its profile ({error!r})"
            if not run_and_wait(self._command(why)):
                raise
        finally:
            self._profiler.close()
            if self._viewers is not None:
                self._part_with(self._viewers)
        write_error(text + self._missed(events_taken=taken))

    def _missed(self, *, events_taken: bool) -> str:
        """Tell what is not in the profile: lines."""
        try:
            missed = (EVENTS_TAKEN if events_taken else "", self._children.summary("profiled"))
            return "".join([f"{self._options.prog}: {line}\n" for line in missed if line])
        except Exception:  # noqa: BLE001 - the program has broken Python, which is told already
            return ""

    def _deliver(self) -> str:
        """Save what is to be saved; the text that is to be printed when no table is there."""
        with self._own_path:
            from pikos.cli.delivery import save, stats_text

            text = ""
            if self._options.sort is not None:
                self._profiler.create_stats()
                text = stats_text(self._profiler.portable(), self._options.sort)
            if self._options.outfile is not None:
                self.status = save(self._profiler, self._options.outfile, self._options.prog)
            return text

    def _part_with(self, viewers: OwnViewers) -> None:
        with self._own_path:
            from pikos.cli.own_viewers import part_with

            self.status = part_with(viewers) or self.status

    def command(self) -> tuple[bytes, ...]:
        """Return what saves the profile from outside of the process."""
        return self._command(_IN_A_C_CALL)

    def _command(self, why: str) -> tuple[bytes, ...]:
        outfile, _, sort = self._saved
        if self._ledger is None or not self._saver[0] or not (outfile or sort):
            return ()
        return (*self._saver, why.encode("utf-8", "replace"), self._ledger, *self._saved)

    def go_on(self) -> None:
        """Count and publish again."""
        self._viewers = None
        self._profiler.begin_publishing()
        self._ledger = self._profiler.ledger
        unseen(self._profiler.enable)


def _is_same(path: str, outfile: str | None) -> bool:
    return outfile is not None and os.path.realpath(path) == os.path.realpath(outfile)


def _refuse_profiler_options(options: argparse.Namespace) -> None:
    for name, default in _PROFILER_DEFAULTS.items():
        if getattr(options, name) != default:
            given = "-s" if name == "sort" else f"--{name.replace('_', '-')}"
            options.fail(f"{given}: it is the profiler's; leave --monitor out, or {given}")


def _profiler(options: argparse.Namespace) -> PublishedProfile:
    from pikos.real_time.publication import PublishedProfile

    try:
        return PublishedProfile(
            address=options.address,
            interval=options.interval,
            clock=options.clock,
            builtins=not options.no_builtins,
            threads=options.threads == "all",
            keys=options.keys,
        )
    except AddressError:
        raise
    except ValueError as error:
        options.fail(str(error))
        raise


def _publish(profiler: PublishedProfile, options: argparse.Namespace) -> OwnViewers | None:
    """Begin to publish, with nothing counted yet, and see to it that somebody watches."""
    viewers = None
    if options.record is None and not options.live:
        profiler.begin_publishing()
    else:
        from pikos.cli import own_viewers

        own_viewers.check_recording(options)
        profiler.begin_publishing()
        viewers = own_viewers.start_viewers(profiler, options)
    if not options.live:
        if os.isatty(2):
            print_error(f"pikos: to watch this program, run: pikos top {os.getpid()}")
        if options.wait_for_viewer is not None:
            profiler.wait_for_viewer(options.wait_for_viewer)
    return viewers
