"""``pikos run``: run a program under the real-time profiler, as if ``python`` ran it."""

from __future__ import annotations

import argparse
import math
import os
import pstats
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pikos.cli import monitor_options, monitor_run
from pikos.cli.execution import check_outfile, program_of, wait_for_threads
from pikos.cli.kept_output import KeptOutput, flush
from pikos.cli.monitor_options import MONITORS, PROFILER
from pikos.cli.whole_file import whole_file
from pikos.errors import AddressError, ProgramNotFound
from pikos.real_time.program import leave, report
from pikos.recording.writer import RecordingWriter

if TYPE_CHECKING:
    from pikos.external.real_time_profiler import RealTimeProfiler

HELP = "run a program under the profiler, its profile published while it runs"

_PROFILER_DEFAULTS = {
    "sort": None,
    "interval": 0.1,
    "address": None,
    "keys": None,
    "live": False,
    "record": None,
    "clock": "wall",
    "no_builtins": False,
    "wait_for_viewer": None,
}
"""Of the options that the profiler alone has."""
_OWN_VIEWER_S = 5.0
"""Seconds that the program waits, at most, for its own viewers to be there."""
_LOOK_S = 0.1
"""Seconds between two looks whether a viewer is still running."""
_FAREWELL_S = 3.0
"""Seconds that the program's own viewers have, at most, to tell the end and go."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser."""
    parser.usage = "pikos run [options] SCRIPT | -m MODULE | -c CODE  [ARGUMENT ...]"
    add = parser.add_argument
    add(
        "-o",
        dest="outfile",
        metavar="FILE",
        help="save the profile to FILE, for pstats; or records",
    )
    add(
        "-s",
        dest="sort",
        metavar="SORT",
        choices=sorted(pstats.Stats.sort_arg_dict_default),
        help="print the profile on stderr at the end, in this order (of pstats): cumtime, …",
    )
    add(
        "--interval",
        type=_seconds,
        metavar="SECONDS",
        help="time between two snapshots (0.1)",
    )
    add("--address", help="where to publish: ipc://PATH or tcp://127.0.0.1:PORT")
    add("--keys", metavar="DIR", help="CURVE keys that pikos keygen made")
    add("--live", action="store_true", help="show the live table on stderr's terminal")
    add("--record", metavar="FILE", help="record what is published, for pikos replay")
    add("--clock", choices=("wall", "cpu"), help="what is measured (wall)")
    add("--no-builtins", action="store_true", help="do not count calls of built-in functions")
    add(
        "--wait-for-viewer",
        type=_seconds,
        metavar="SECONDS",
        help="before the program starts wait for a viewer, so long at most",
    )
    add(
        "--monitor",
        choices=(*MONITORS, PROFILER),
        default=PROFILER,
        help=f"what watches the program ({PROFILER}, the profiler)",
    )
    records = parser.add_argument_group("with another --monitor", "as for pikos-run")
    monitor_options.add_to(records.add_argument)
    rest = argparse.REMAINDER
    add("-m", dest="module", nargs=rest, metavar="MODULE", help="run a module, with arguments")
    add("-c", dest="text", nargs=rest, metavar="CODE", help="run Python code, with arguments")
    add("script", nargs=rest, metavar="SCRIPT", help="run a script, with arguments")
    parser.set_defaults(fail=parser.error, prog="pikos run", **_PROFILER_DEFAULTS)


def run(options: argparse.Namespace) -> int:
    """Run the program; the answer is the status that it ended with."""
    program, arguments = program_of(options)
    check_outfile(options)
    if options.monitor != PROFILER:
        _refuse_profiler_options(options)
        return monitor_run.run(options, program, arguments)
    monitor_options.refuse_record_options(
        options, "there are no records; choose a monitor that makes some, with --monitor"
    )
    profiler = _profiler(options)
    try:
        execute = program.load(arguments)
    except (SyntaxError, ValueError) as error:
        return report(error)
    viewers = _publish(profiler, options)
    process = os.getpid()
    raised: BaseException | None = None
    status = 0
    profiler.enable()
    try:
        execute()
    except ProgramNotFound:
        profiler.close()
        _part_with(viewers)
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a program may raise
        raised = error
        status = report(error)
    wait_for_threads()
    if os.getpid() == process:
        profiler.disable()
        flush()
        profiler.close()
        status = _part_with(viewers) or status
        status = _deliver(profiler, options) or status
    return status if raised is None else leave(raised, status)


def _refuse_profiler_options(options: argparse.Namespace) -> None:
    for name, default in _PROFILER_DEFAULTS.items():
        if getattr(options, name) != default:
            option = "-s" if name == "sort" else f"--{name.replace('_', '-')}"
            options.fail(f"{option}: it is the profiler's; leave --monitor out, or {option}")


def _profiler(options: argparse.Namespace) -> RealTimeProfiler:
    from pikos.external.real_time_profiler import RealTimeProfiler

    try:
        return RealTimeProfiler(
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


class _Viewers(NamedTuple):
    """The program's own viewers, each a process that listens to it."""

    table: subprocess.Popen[bytes] | None
    """The live table."""
    recorder: subprocess.Popen[bytes] | None
    """What writes the recording."""
    kept: KeptOutput | None
    """What the program writes, if the table is where it would go."""


def _publish(profiler: RealTimeProfiler, options: argparse.Namespace) -> _Viewers:
    """Begin to publish, with nothing counted yet, and see to it that somebody watches."""
    if options.record is not None:
        RecordingWriter(options.record).close()  # so that it is known now if it cannot be written
    profiler.enable()
    profiler.disable()
    profiler.clear()
    recorder = table = kept = None
    wait_s = options.wait_for_viewer
    if options.record is not None:
        recorder = _viewer("record", profiler, options, "-o", options.record)
        _wait_for_viewer(profiler, recorder, _OWN_VIEWER_S)
        if recorder.poll() is not None:  # it has said why
            profiler.close()
            sys.exit(recorder.returncode)
    if options.live:
        kept = KeptOutput() if os.isatty(2) else None
        table = _viewer("top", profiler, options, kept=kept)
        wait_s = _OWN_VIEWER_S if wait_s is None else wait_s
    elif os.isatty(2):
        print(f"pikos: to watch this program, run: pikos top {os.getpid()}", file=sys.stderr)
    _wait_for_viewer(profiler, table, wait_s or 0.0)
    return _Viewers(table, recorder, kept)


def _viewer(
    verb: str,
    profiler: RealTimeProfiler,
    options: argparse.Namespace,
    *arguments: str,
    kept: KeptOutput | None = None,
) -> subprocess.Popen[bytes]:
    """Start a viewer on stderr's terminal; a recorder apart from it, so that no key ends it."""
    command = [sys.executable, "-P", "-m", "pikos", verb, str(profiler.address), *arguments]
    if options.keys is not None:
        command += ["--keys", options.keys]
    if kept is not None:
        command += ["--kept-output", str(kept.descriptor)]
        passed, screen = (kept.descriptor,), kept.terminal
        return subprocess.Popen(command, pass_fds=passed, stdout=screen, stderr=screen)
    apart = verb == "record"
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, start_new_session=apart)


def _wait_for_viewer(
    profiler: RealTimeProfiler, viewer: subprocess.Popen[bytes] | None, wait_s: float
) -> None:
    """Wait until somebody watches, though not for a viewer that could not start."""
    until = time.monotonic() + wait_s
    while (left_s := until - time.monotonic()) > 0:
        if profiler.wait_for_viewer(min(left_s, _LOOK_S)):
            return
        if viewer is not None and viewer.poll() is not None:
            return


def _part_with(viewers: _Viewers) -> int:
    """Let the viewers tell the end and go; the status is 1 where the recording failed."""
    table, recorder, kept = viewers
    for viewer in filter(None, (table, recorder)):
        try:
            viewer.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            viewer.terminate()
            viewer.wait()
    if kept is not None:
        kept.give_back(shown=table is not None and table.returncode == 0)
    return 0 if recorder is None or recorder.returncode == 0 else 1


def _deliver(profiler: RealTimeProfiler, options: argparse.Namespace) -> int:
    """Print and save what was asked for; the status is 1 where that fails."""
    if options.sort is not None:
        statistics = pstats.Stats(cast("Any", profiler), stream=sys.stderr)
        statistics.strip_dirs().sort_stats(options.sort).print_stats()
    if options.outfile is None:
        return 0
    try:
        with whole_file(options.outfile) as beside:
            profiler.dump_stats(beside)
    except OSError as error:
        reason = error.strerror or error
        print(f"{options.prog}: the profile is lost: {options.outfile}: {reason}", file=sys.stderr)
        return 1
    return 0


def _seconds(text: str) -> float:
    """A time given on the command line."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
