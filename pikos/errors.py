"""The errors of Pikos: each carries its facts as attributes and makes its message of them."""

from __future__ import annotations


class PikosError(Exception):
    """Any error that Pikos raises on its own account."""


class ExtensionMissing(PikosError, ImportError):
    """The real-time profiler is asked for, but its extension cannot be imported.

    Parameters
    ----------
    reason
        Why the import failed.

    """

    remedy = (
        "build it with a C compiler at hand, in Pikos's source directory: "
        "PIKOS_REAL_TIME_LSPROF=1 pip install . "
        "(or python setup.py --with-real-time-lsprof install)"
    )
    """What to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"pikos._lsprof, the extension of the real-time profiler, is not there ({reason}): "
            f"{self.remedy}",
            name="pikos._lsprof",
        )
        self.reason = reason


class WireError(PikosError):
    """Bytes that are not a message of the wire protocol, or break one of its limits.

    Parameters
    ----------
    offset
        Where in the message the fault is, in bytes.
    reason
        What is wrong there.

    """

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(f"byte {offset} of the message: {reason}")
        self.offset = offset
        self.reason = reason


class AddressError(PikosError, ValueError):
    """An address that Pikos will not publish on or subscribe to.

    Parameters
    ----------
    address
        The address as it was given.
    reason
        What is wrong with it, and what to do instead.

    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"address {address!r}: {reason}")
        self.address = address
        self.reason = reason


class SessionNotFound(PikosError, LookupError):
    """No live session answers to what was asked for.

    Parameters
    ----------
    target
        The process id or address that was asked for.
    reason
        Where was looked, and what to do.

    """

    def __init__(self, target: str | int, reason: str) -> None:
        super().__init__(f"no live session {target}: {reason}")
        self.target = target
        self.reason = reason


class TargetUnclear(PikosError, LookupError):
    """Nothing was named to look at, and there are several things that could be meant, or none.

    Parameters
    ----------
    reason
        What there is, and what to do.

    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChoiceError(PikosError, ValueError):
    """A page asks for something that there is not.

    Parameters
    ----------
    name
        What of it makes no sense.
    value
        What it is.
    reason
        What was expected.

    """

    def __init__(self, name: str, value: str, reason: str) -> None:
        super().__init__(f"{name} is {value[:100]!r}: {reason} was expected")
        self.name = name
        self.value = value
        self.reason = reason


class WebMissing(PikosError, ImportError):
    """A page is asked for, but what serves it is not installed.

    Parameters
    ----------
    reason
        Why it cannot be imported.

    """

    remedy = "pip install 'pikos[web]'"
    """What to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"what serves the page is not installed ({reason}): {self.remedy}")
        self.reason = reason


class KeyFileError(PikosError):
    """A key file that is not there, not readable only by its owner, or not a key.

    Parameters
    ----------
    path
        The file.
    reason
        What is wrong with it.

    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"key file {path}: {reason}")
        self.path = path
        self.reason = reason


class ProgramNotFound(PikosError):
    """A program that was to be run is not there.

    Parameters
    ----------
    program
        The script or module as it was given.
    reason
        What is missing.

    """

    def __init__(self, program: str, reason: str) -> None:
        super().__init__(f"cannot run {program}: {reason}")
        self.program = program
        self.reason = reason


class FunctionNotFound(PikosError, LookupError):
    """A name that was to be focused on stands for no function.

    Parameters
    ----------
    name
        As it was given.
    reason
        What it stands for instead, or which names there are.

    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"cannot focus on {name}: {reason}")
        self.name = name
        self.reason = reason


class LibzmqUnusable(PikosError):
    """There is no libzmq that the real-time profiler could publish with.

    Parameters
    ----------
    path
        The library, or None if none was found.
    reason
        What is wrong with it, or where was looked.

    """

    def __init__(self, path: str | None, reason: str) -> None:
        super().__init__(
            f"libzmq {path or 'was not found'}: {reason}; install pyzmq (pip install pyzmq), "
            "or profile without publishing (publish=False)"
        )
        self.path = path
        self.reason = reason


class SessionSilent(PikosError, TimeoutError):
    """Nothing was heard from a session for as long as the caller wanted to wait.

    Parameters
    ----------
    address
        Where it should publish.
    waited_s
        How long was waited, in seconds.
    reason
        What is known of the connection.

    """

    def __init__(self, address: str, waited_s: float, reason: str) -> None:
        super().__init__(f"nothing heard from {address} for {waited_s:g} s: {reason}")
        self.address = address
        self.waited_s = waited_s
        self.reason = reason


class StateIncomplete(PikosError):
    """Only a part of a session's state was heard.

    Parameters
    ----------
    target
        What was listened to, as the user called it.
    reason
        Why no more was heard.

    """

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"{target}: only a part of its state was heard: {reason}")
        self.target = target
        self.reason = reason


class SessionGone(PikosError):
    """The process that publishes is gone without a goodbye: killed, crashed, or another program.

    Parameters
    ----------
    target
        What was listened to, as the user called it.
    reason
        What became of what it published.

    """

    def __init__(self, target: str, reason: str) -> None:
        super().__init__(f"{target}: the process is gone without a goodbye; {reason}")
        self.target = target
        self.reason = reason


class ExtraMissing(PikosError, ImportError):
    """A package that only some parts of Pikos need cannot be imported.

    Parameters
    ----------
    package
        The package.
    extra
        Pikos's extra that installs it.
    reason
        Why the import failed.

    """

    def __init__(self, package: str, extra: str, reason: str) -> None:
        super().__init__(
            f"{package} cannot be imported ({reason}): install it (pip install 'pikos[{extra}]')",
            name=package,
        )
        self.package = package
        self.extra = extra
        self.reason = reason


class ProfilerActive(PikosError, ValueError):
    """A profiler cannot be enabled while another one has the interpreter's place for profilers.

    Parameters
    ----------
    profiler
        The profiler that was to be enabled.
    holder
        The tool that has the place, by the name it gave, or None if that is not known.

    """

    def __init__(self, profiler: str, holder: str | None) -> None:
        super().__init__(
            f"{profiler} cannot be enabled while {holder or 'another profiler'} is, as both use "
            "the interpreter's one place for profilers: disable that first, or use "
            "pikos.api.RealTimeProfiler, which has a place of its own"
        )
        self.profiler = profiler
        self.holder = holder


class RecordingStopped(UserWarning):
    """A recorder or filter failed: its monitor stopped recording, and the program went on.

    Parameters
    ----------
    monitor
        The monitor, by the name of its class.
    error
        The exception that it stopped for.

    """

    def __init__(self, monitor: str, error: Exception) -> None:
        super().__init__(
            f"{monitor} stopped recording: {type(error).__name__}: {error}; "
            "what was recorded before is kept"
        )
        self.monitor = monitor
        self.error = error


class HookTakenOff(PikosError, RuntimeError):
    """A monitor's hook was no longer there when the monitor was disabled."""

    def __init__(self) -> None:
        super().__init__(
            "its hook was taken off, by the program or by the interpreter (at the limit of "
            "recursion, or by KeyboardInterrupt in a hook)"
        )


class PlotError(PikosError, ValueError):
    """What is recorded in a file cannot be drawn as was asked for.

    Parameters
    ----------
    path
        The file: what was recorded, or the picture.
    reason
        What is wrong with it, and what to do instead.

    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class RecordingError(PikosError, ValueError):
    """A file that is no recording that can be read, or cannot become one.

    Parameters
    ----------
    path
        The file.
    reason
        What is wrong with it, and what to do instead.

    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class LedgerError(PikosError, ValueError):
    """A file that holds no state of a profiler that can be read.

    Parameters
    ----------
    path
        The file.
    reason
        What is wrong with it.

    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class WrongInput(PikosError, LookupError):
    """A word of a command line that names something else than the command takes.

    Parameters
    ----------
    name
        The word.
    found
        What it is, in a sentence about it: ``is a directory``.
    expected
        What the command takes.
    command
        The command that takes it, or an empty text if no command does.

    """

    def __init__(self, name: str, found: str, expected: str, command: str = "") -> None:
        use = f"; use: {command}" if command else ""
        super().__init__(f"{name} {found}; expected {expected}{use}")
        self.name = name
        self.found = found
        self.expected = expected
        self.command = command


class PstatsError(PikosError, ValueError):
    """A file that begins like a pstats file and cannot be read as one.

    Parameters
    ----------
    path
        The file.
    reason
        What is wrong with it.

    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: not a pstats file that can be read: {reason}")
        self.path = path
        self.reason = reason


class ExportError(PikosError, ValueError):
    """What is known of a session cannot be written in a format.

    Parameters
    ----------
    form
        The format.
    reason
        Why not, and what to do instead.

    """

    def __init__(self, form: str, reason: str) -> None:
        super().__init__(f"cannot export as {form}: {reason}")
        self.form = form
        self.reason = reason


class NotComparable(PikosError, ValueError):
    """Two profiles cannot be compared, or something is no profile at all.

    Parameters
    ----------
    reason
        What they are of, and what to do instead.

    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"cannot compare: {reason}")
        self.reason = reason
