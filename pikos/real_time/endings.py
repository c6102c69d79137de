"""What is to be done before this process ends, however it ends.

``os._exit``, ``exec`` and a signal's default action skip everything that Python does at the end.
Stand-ins for the built-ins do it first; a signal whose default action ends the process is caught,
and raised again with its default action when it is done.  The program sees none of that: it is
shown ``SIG_DFL`` where it left or put it.  Where Python cannot handle such a signal, because a C
call does not return, the extension's watchdog has another process do what it can, and ends this
one.  ``kill -9`` and crashes cannot be seen.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident
from os import getpid, waitpid, write  # these, whatever the program puts in their places

from pikos.publishing.lifetime import LIFETIME
from pikos.real_time.unseen import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal as _signal
    from collections.abc import Callable
    from types import ModuleType, TracebackType
    from typing import Any, Protocol

    from pikos.real_time.children import Children

    class Ending(Protocol):
        """What is done before the process ends."""

        def finish(self) -> None:
            """Do it, whatever thread this is; nothing of the program runs any more."""

        def go_on(self) -> None:
            """The process could not end: the program goes on."""

        def command(self) -> tuple[bytes, ...]:
            """Return what another process runs where ``finish`` cannot be; empty: nothing."""

else:
    import _signal  # what signal is made of, which the program may not have imported

_SPAWN = getattr(os, "posix_spawn", None)
_ENVIRONMENT = getattr(sys.modules.get("posix"), "environ", {})
_POSIX = sys.modules.get(os.name, os)  # what os has its functions from
_LAST_CALLS = ("_exit", "execv", "execve")
"""The functions of ``os`` after which this process does nothing."""
_DESCRIPTORS = "/proc/self/fd"
_SIGNALS = frozenset(
    getattr(_signal, name)
    for name in (
        "SIGHUP",
        "SIGINT",
        "SIGUSR1",
        "SIGUSR2",
        "SIGALRM",
        "SIGTERM",
        "SIGVTALRM",
        "SIGPROF",
    )
    if hasattr(_signal, name)
)
"""Signals whose default action ends a process, without a core."""
_HANDLED = frozenset(
    number
    for name in dir(_signal)
    if name.startswith("SIG") and isinstance(number := getattr(_signal, name), int) and number > 0
    if name not in {"SIG_BLOCK", "SIG_UNBLOCK", "SIG_SETMASK", "SIGKILL", "SIGSTOP"}
)
"""Signals that a program may handle."""
_BETWEEN = (__name__, unseen.__module__)
_TRIES = 100
"""How often what a handler interrupts is done again."""


class Endings:
    """Does something once before this process ends, unless it was done in time.

    Parameters
    ----------
    ending
        What is done.
    extension
        The module in C that the ending uses: ``pikos._lsprof`` or ``pikos._events``.
    children
        Told when a forked child becomes another program.

    Threads: made in the main thread
    Fork: nothing is done in a child
    """

    def __init__(self, ending: Ending, extension: ModuleType, children: Children) -> None:
        self._ending = ending
        self._children = children
        self._extension = extension
        self._process = getpid()
        self._main = get_ident()
        self._begun = False
        self._late_signal = 0
        self._replaced: list[tuple[ModuleType, str, object, object]] = []
        self._handler = self._on_signal  # one object, which is known again
        self._set_signal: Callable[..., Any] = _signal.signal
        self._get_signal: Callable[..., Any] = _signal.getsignal

    def watch(self) -> None:
        """Do it from now on, when the process ends."""
        if sys.platform == "win32":
            return
        look_alike = self._extension.look_alike
        for name in _LAST_CALLS:
            original = getattr(os, name)
            self._replace(original, look_alike(original, self._call_last), os, _POSIX)
        self._replace(os.closerange, look_alike(os.closerange, self._close_range), os, _POSIX)
        self._arm()
        for number in _SIGNALS:
            if self._get_signal(number) == _signal.SIG_DFL:
                self._catch(number)
        for original, instead in (
            (self._set_signal, self._signal),
            (self._get_signal, self._getsignal),
        ):
            self._replace(original, look_alike(original, instead), _signal)
        LIFETIME.watch(self, self._extension)

    def end(self) -> None:
        """Do it now, in order, unless it has begun; from then on signals act as they are."""
        self._finish()
        self._let_go_of_signals()
        for module, name, original, stand_in in self._replaced:
            if getattr(module, name) is stand_in:
                setattr(module, name, original)
        if self._late_signal:
            self._die(self._late_signal)

    def before_fork(self) -> None:
        """Nothing has to be stopped."""

    def after_fork_in_parent(self) -> None:
        """Nothing was stopped."""

    def after_fork_in_child(self) -> None:
        """Let the child end as it would without this."""
        unseen(self._let_go_of_signals)

    def at_exit(self) -> None:
        """End in order, if that was not done."""
        self.end()

    def _replace(self, original: Any, stand_in: object, *modules: ModuleType) -> None:
        for module in modules:
            self._replaced.append((module, original.__name__, original, stand_in))
            setattr(module, original.__name__, stand_in)

    def _arm(self) -> None:
        unseen(self._extension.arm_watchdog, self._ending.command())

    def _go_on(self) -> None:
        """Do it again before the process ends, as it could not end now."""
        self._begun = False
        self._ending.go_on()
        self._arm()

    def _catch(self, number: int) -> None:
        unseen(self._set_signal, number, self._handler)
        self._cover(number)

    def _cover(self, number: int) -> None:
        """Have the watchdog see to a signal that is caught here."""
        try:
            unseen(self._extension.cover_signal, number)
        except OSError:  # there are no more timers: the signal waits for Python
            pass

    def _finish(self) -> None:
        """Do it, unless that has begun; an error is shown, and stops nothing."""
        if self._begun or unseen(getpid) != self._process:
            return
        unseen(self._extension.disarm_watchdog)
        self._begun = True
        kept = _KeptSignals(self._set_signal, self._get_signal, self._handler)
        if unseen(get_ident) == self._main:
            kept.keep()
        try:
            self._ending.finish()
        except BaseException as error:  # noqa: BLE001 - the process ends, whatever happens
            write_error(f"pikos: not everything could be saved: {error!r}\n")
        kept.hand_over()

    def _call_last(self, original: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Stand in for a call that does not return, unless it fails."""
        begun = self._begun
        self._finish()
        if args[1:]:  # exec's
            self._children.becomes(args)
        try:
            return unseen(original, *args, **keywords)
        except BaseException:
            if not begun and self._begun:
                self._go_on()
            raise

    def _close_range(self, original: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Stand in for ``os.closerange``: spare a session's files; its sockets are made anew.

        libzmq aborts the process when it finds a socket of its own closed.
        """
        if self._begun or keywords or unseen(getpid) != self._process:
            return unseen(original, *args, **keywords)
        try:
            LIFETIME.pause()
            for part in _around(_files_of_sessions(self._process), args):
                unseen(original, *part)
        finally:
            LIFETIME.resume()
        return None

    def _signal(self, original: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Stand in for ``signal.signal``: catch what is left to the default action again."""
        caught = None
        if len(args) == 2 and not self._begun and unseen(getpid) == self._process:  # noqa: PLR2004
            number, handler = args
            are_plain = isinstance(number, int) and isinstance(handler, int)
            if are_plain and number in _SIGNALS and handler == _signal.SIG_DFL:
                caught = number
                args = (number, self._handler)
        before = unseen(original, *args, **keywords)
        if caught is not None:
            self._cover(caught)
        return self._shown(before)

    def _getsignal(self, original: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Stand in for ``signal.getsignal``."""
        return self._shown(unseen(original, *args, **keywords))

    def _shown(self, handler: object) -> object:
        return _signal.SIG_DFL if handler is self._handler else handler

    def _on_signal(self, number: int, _: object) -> None:
        """A signal has come whose default action ends the process."""
        if self._begun and unseen(getpid) == self._process:
            self._late_signal = number  # what has begun is finished first
            return
        self._finish()
        self._die(number)
        # Still here: the first process of a container, whose signals have no default action.
        self._catch(number)
        self._go_on()

    def _die(self, number: int) -> None:
        unseen(self._set_signal, number, _signal.SIG_DFL)
        unseen(_signal.raise_signal, number)

    def _let_go_of_signals(self) -> None:
        """Have signals that are caught here act as the program was shown."""
        for number in _SIGNALS:
            if self._get_signal(number) is self._handler:
                try:
                    self._set_signal(number, _signal.SIG_DFL)
                except ValueError:  # not in the main thread
                    return


class _KeptSignals:
    """Signals that the program handles, kept from it until its profile is saved.

    Its handlers may raise, in the middle of anything that is Python.

    Parameters
    ----------
    set_signal, get_signal
        The interpreter's own.
    ours
        The handler that is not the program's.

    Threads: the main one, which alone handles signals

    """

    def __init__(
        self, set_signal: Callable[..., Any], get_signal: Callable[..., Any], ours: object
    ) -> None:
        self._set_signal = set_signal
        self._get_signal = get_signal
        self._ours = ours
        self._noter = self._note  # one object, which is known again
        self._handlers: dict[int, Any] = {}
        self._come: list[int] = []
        self._raised: list[BaseException] = []

    def keep(self) -> None:
        """Keep them from now on."""
        self._in_spite_of_handlers(self._keep)

    def hand_over(self) -> None:
        """Let the program handle them again, also those that have come; show what it raises."""
        self._in_spite_of_handlers(self._give_back)
        for error in self._raised:
            try:
                traceback = _programs_part(error.__traceback__)
                shown = error.with_traceback(traceback)
                unseen(sys.excepthook, type(error), shown, traceback)
            except BaseException:  # noqa: BLE001, S110 - a hook of the program's
                pass

    def _keep(self) -> None:
        for number in _HANDLED:
            handler = unseen(self._get_signal, number)
            kept = handler is self._ours or handler is self._noter
            if not kept and unseen(callable, handler):
                self._handlers[number] = handler
                unseen(self._set_signal, number, self._noter)

    def _give_back(self) -> None:
        for number in tuple(self._handlers):
            if unseen(self._get_signal, number) is self._noter:
                unseen(self._set_signal, number, self._handlers[number])
            del self._handlers[number]
        while self._come:
            number = self._come[-1]
            del self._come[-1]
            unseen(_signal.raise_signal, number)

    def _note(self, number: int, _: object) -> None:
        if number not in self._come:
            self._come += [number]

    def _in_spite_of_handlers(self, step: Callable[[], None]) -> None:
        """Do what can be done again until nothing is raised in it."""
        for _ in range(_TRIES):
            try:
                step()
            except BaseException as error:  # noqa: BLE001 - of a handler
                self._raised += [error]
            else:
                return


def _programs_part(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without what stands between the interpreter and the program's handler."""
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__") in _BETWEEN:
        traceback = traceback.tb_next
    return traceback


def _files_of_sessions(process: int) -> list[int]:
    """The descriptors of the files in a process's session directories, in their order."""
    try:
        opened = unseen(sorted, unseen(map, int, unseen(os.listdir, _DESCRIPTORS)))
    except OSError:  # only Linux says what is behind a descriptor
        return []
    found = []
    for descriptor in opened:
        try:
            path = unseen(os.readlink, f"{_DESCRIPTORS}/{descriptor}")
        except OSError:
            continue
        if "/pikos" in path and f"/{process}-" in path:
            found += [descriptor]
    return found


def _around(spared: list[int], arguments: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The arguments of calls of ``os.closerange`` that spare some descriptors."""
    calls: list[tuple[Any, ...]] = []
    try:
        low, high = arguments
        for descriptor in spared:
            if low <= descriptor < high:
                calls += [(low, descriptor)]
                low = descriptor + 1
    except (TypeError, ValueError):  # the call itself says what is wrong
        return [arguments]
    return [*calls, (low, high)]


def run_and_wait(command: tuple[bytes, ...]) -> bool:
    """Run another program until it ends, by nothing that a program usually breaks in Python.

    Parameters
    ----------
    command
        The program and its arguments; empty for none.

    Returns
    -------
    bool
        Whether it did what it is for.

    """
    if _SPAWN is None or not command:
        return False
    try:
        child = _SPAWN(command[0], command, _ENVIRONMENT)
    except OSError:
        return False
    try:
        return waitpid(child, 0)[1] == 0
    except OSError:  # the program ignores SIGCHLD, or waits for any child: it has ended
        return True


def write_error(text: str) -> None:
    """Write to standard error, past what Python keeps for it: that may have to stay unwritten.

    Parameters
    ----------
    text
        Lines.

    """
    left = text.encode("utf-8", "backslashreplace")
    try:
        while left:
            left = left[write(2, left) :]
    except OSError:  # nobody can be told
        pass
