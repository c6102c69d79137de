"""Runs a program under a monitor, for ``pikos-run`` and ``pikos run --monitor``."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from pikos.cli.execution import check_outfile, load, read_of, wait_for_threads
from pikos.cli.monitor_options import MONITORS, default_outfile, recorder_of
from pikos.cli.outputs import Outputs
from pikos.cli.streams import let_go_of_stdout, print_error, reason_of
from pikos.errors import HookTakenOff, PikosError, RecordingStopped
from pikos.hidden import DIRECTORY, hidden_thread
from pikos.monitors.file_names import NAMES
from pikos.native import EVENTS
from pikos.real_time.children import Children
from pikos.real_time.endings import Endings
from pikos.real_time.program import Script, leave, report

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import CodeType

    from pikos.cli.focus import NamedFunctions
    from pikos.monitors.new_code import NewCode
    from pikos.real_time.program import Loaded, Program

_RECORDING = tuple(
    os.path.join(DIRECTORY, *names)
    for names in (("monitors", ""), ("recorders", ""), ("filters", ""), ("native.py",))
)
"""Where the code is that records, called by the interpreter at an event."""
_ATTACHED = os.path.join(DIRECTORY, "monitors", "attach.py")
"""The code there that calls the program's."""


def run(options: argparse.Namespace, program: Program, arguments: Sequence[str]) -> int:
    """Run a program under the monitor that a command line asks for.

    No file is opened before it is known that the program and the functions to focus on are there.
    To know that of a module, the packages that it is in are imported, and not recorded.

    Parameters
    ----------
    options
        With ``monitor``, ``outfile``, ``fail``, ``prog`` and what ``monitor_options`` adds.
    program
        What to run.
    arguments
        What follows its name in ``sys.argv``.

    Returns
    -------
    int
        The status that the program ended with; 1 if it ended with 0 and recording failed, or if
        recording could not begin, and the program was not run.

    Raises
    ------
    ProgramNotFound
        If there is no such program.
    FunctionNotFound
        If it is to be focused on what cannot be a function.

    """
    with Outputs(options, default_outfile(options)):
        check_outfile(options, inputs=read_of(program))
        return _prepare_and_run(options, program, arguments)


def _prepare_and_run(
    options: argparse.Namespace, program: Program, arguments: Sequence[str]
) -> int:
    monitor = _monitor(options)
    if isinstance(program, Script):  # the names of files in records are as they were given
        NAMES[os.path.abspath(program.path)] = program.path
    try:
        loaded = load(program, arguments)
        focus = _focus(monitor, options.focused_on or (), loaded.code)
    except PikosError:
        raise
    except BaseException as error:  # noqa: BLE001 - of a program's packages, whatever
        return leave(error, report(error))
    return _run(loaded, monitor, options.prog, focus) if _enable(monitor, options, focus) else 1


def _monitor(options: argparse.Namespace) -> Any:
    from pikos import api

    factory = getattr(api, MONITORS[options.monitor])
    try:
        monitor = factory.monitor(
            recorder_of(options),
            focus_on=None if options.focused_on is None else (),
            fields=options.fields,
            threads=options.threads == "all",
        )
    except ValueError as error:
        options.fail(f"--fields: {error}")
        raise
    there = monitor.record_type._fields
    for text, field, _ in options.filters:
        if field not in there:
            options.fail(
                f"--filter {text}: the records have no field {field}; they have {', '.join(there)}"
            )
    return monitor


def _focus(monitor: Any, names: Sequence[str], code: CodeType) -> _Focus | None:
    """Put the named functions into the monitor's focus, now or when the program has them."""
    if not names:
        return None
    from pikos.cli.focus import NamedFunctions
    from pikos.monitors.new_code import NewCode

    named = NamedFunctions(names, code, monitor.functions)
    return _Focus(named, NewCode(monitor.functions, named.see))


class _Focus(NamedTuple):
    """What the focus is on, and what lets it grow."""

    named: NamedFunctions
    new_code: NewCode


def _enable(monitor: Any, options: argparse.Namespace, focus: _Focus | None) -> bool:
    """Begin to record; whether that succeeds, else it is told."""
    from pikos.recorders.api import RecorderError

    try:
        if focus is not None:
            focus.new_code.watch()
        monitor.enable()
        monitor.recorder.flush()  # the header, to know now if it cannot be written
    except RecorderError as error:
        options.fail(str(error))
    except BrokenPipeError:  # the screen's reader has gone: as where it goes later
        return True
    except (PikosError, OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else error
        print_error(f"{options.prog}: nothing can be recorded: {reason}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RecordingStopped)
            monitor.disable()
        return False
    if options.debug:
        with hidden_thread():
            print_error(f"{options.prog}: records are made by {monitor.mechanism}")
    return True


def _run(loaded: Loaded, monitor: Any, command: str, focus: _Focus | None) -> int:
    with hidden_thread():
        children = None if EVENTS is None else Children(EVENTS)
        ending = _Ending(monitor, command, focus, children)
        endings = None if children is None else Endings(ending, EVENTS, children)
        if endings is not None and children is not None:
            endings.watch()
            children.watch()
    process = os.getpid()
    raised: BaseException | None = None
    try:
        loaded()
    except BaseException as error:  # noqa: BLE001 - whatever a program may raise
        raised = error
        ending.struck = isinstance(error, KeyboardInterrupt) and _leave_hook_out(error)
    with hidden_thread():  # the program's other threads go on
        try:
            status = 0 if raised is None else report(raised)
            wait_for_threads()
        finally:
            if endings is not None:
                endings.end()
            elif os.getpid() == process:
                ending.finish()
    status = status or int(ending.failed)
    return status if raised is None else leave(raised, status)


class _Ending:
    """What is done before the process ends: the last records are written."""

    def __init__(
        self, monitor: Any, command: str, focus: _Focus | None, children: Children | None
    ) -> None:
        self._monitor = monitor
        self._command = command
        self._focus = focus
        self._children = children
        text = (
            f"{command}: a signal ended the program during a C call that did not return; records "
            "of the half second before the call may be missing\n"
        )
        write = "import sys; sys.stderr.write(sys.argv[1])"
        say = (sys.executable, "-I", "-S", "-c", write, text) if sys.executable else ()
        self._say = tuple(map(os.fsencode, say))
        self.struck = False
        """Whether an interrupt struck in a hook and ended the program."""
        self.failed = False
        """Whether recording failed."""

    def finish(self) -> None:
        """Write the last records."""
        with hidden_thread():
            self.failed = _stop(self._monitor, self._command, struck=self.struck)
            if self._focus is not None:
                self._focus.new_code.end()
                missing = self._focus.named.missing()
                if missing:
                    print_error(f"{self._command}: not found to focus on: {missing}")
            if self._children is not None:
                self._children.end()
                missed = self._children.summary("recorded")
                if missed:
                    print_error(f"{self._command}: {missed}")

    def command(self) -> tuple[bytes, ...]:
        """Return what says that records may be missing."""
        return self._say

    def go_on(self) -> None:
        """Record again, in the same place."""
        with hidden_thread():
            self._monitor.enable()


def _leave_hook_out(error: BaseException) -> bool:
    """Let the traceback end in the program, as without a hook; whether it ended in one."""
    traceback = error.__traceback__
    while traceback is not None and (inner := traceback.tb_next) is not None:
        filename = inner.tb_frame.f_code.co_filename
        if filename.startswith(_RECORDING) and filename != _ATTACHED:
            traceback.tb_next = None
            return True
        traceback = inner
    return False


def _stop(monitor: Any, command: str, *, struck: bool) -> bool:
    """Have the last records written; whether recording failed, which is told.

    Where an interrupt struck in a hook and ended the program, the interpreter may have taken the
    hook off: nothing failed.  Nor did it where the reader of the screen's records has gone, as
    ``head`` does.
    """
    from pikos.recorders.file_recorder import FileRecorder

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        monitor.disable()
    told = [
        warning
        for warning in caught
        if not (struck and isinstance(getattr(warning.message, "error", None), HookTakenOff))
    ]
    if isinstance(monitor.error, BrokenPipeError) and not isinstance(
        monitor.recorder, FileRecorder
    ):
        let_go_of_stdout()
        return False
    for warning in told:
        print_error(f"{command}: {warning.message}")
    return any(issubclass(warning.category, RecordingStopped) for warning in told)
