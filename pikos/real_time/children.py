"""The Python processes that this process starts, which are not profiled: counted, and named.

What was forked tells of itself, in memory that it shares with this process.  What is started as
another program is seen by stand-ins for the built-ins that start it.  Others than Python programs
do not count, and neither do those that Pikos runs.
"""

from __future__ import annotations

import _imp
import os
import sys
from os import getpid  # whatever the program puts in its place

from pikos.publishing.lifetime import LIFETIME
from pikos.real_time.unseen import unseen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import ModuleType
    from typing import Any

_KEPT = 500
"""Processes that are named, at most; all are counted."""
_SHOWN = 6
_NAME_MAX = 40
_HEAD_BYTES = 128
_SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh"})
_TAKE_A_WORD = frozenset({"-W", "-X", "--check-hash-based-pycs"})
_OWN = frozenset({"pikos", "pikos-run", "pikos.runner", "pikos.real_time"})
"""Programs that profile themselves, or are viewers."""
_OF_MULTIPROCESSING = (
    ("from multiprocessing.spawn import", "multiprocessing"),
    ("from multiprocessing.forkserver import", "fork server of multiprocessing, and its workers"),
    ("from multiprocessing.resource_tracker import", ""),
)
"""How the code begins that it runs, and what that is; nothing: no work of the program's."""


class Children:
    """The child processes of the program.

    Parameters
    ----------
    extension
        The module in C: ``pikos._lsprof`` or ``pikos._events``.
    tell
        Called with the number of those that are other programs, whenever it changes.

    Threads: made in the main thread; children may be started in any
    Fork: a child tells of itself, and of what it starts
    """

    def __init__(self, extension: ModuleType, tell: Callable[[int], None] | None = None) -> None:
        self._extension = extension
        self._tell = tell
        self._process = getpid()
        self._started: dict[int, str] = {}
        self._more = 0
        self._not_forked: set[int] = set()
        self._replaced: list[tuple[Any, str, object, object]] = []
        self._watches = False

    def watch(self) -> None:
        """Count from now on."""
        if sys.platform == "win32":
            return
        self._watches = True
        try:
            unseen(self._extension.forked_begin)
        except OSError:  # there is no memory: those forked are not counted
            pass
        posix = sys.modules.get(os.name)
        for name in ("posix_spawn", "posix_spawnp"):
            if hasattr(os, name):
                self._stand_in(getattr(os, name), self._spawn, (os, name), (posix, name))
        if "_posixsubprocess" in sys.modules:
            self._watch_fork_exec(sys.modules["_posixsubprocess"])
        else:
            for make in (_imp.create_builtin, _imp.create_dynamic):
                self._stand_in(make, self._create, (_imp, make.__name__))
        LIFETIME.watch(self, self._extension)

    def end(self) -> None:
        """Count no more."""
        self._watches = False
        for module, name, original, stand_in in self._replaced:
            if getattr(module, name, None) is stand_in:
                setattr(module, name, original)

    def summary(self, missed: str) -> str:
        """Tell which children were missed: one line, or nothing.

        Parameters
        ----------
        missed
            What they were not: ``"profiled"``.

        """
        forked, more = unseen(self._extension.forked)
        names = dict.fromkeys(set(forked) - self._not_forked, "forked") | self._started
        more += self._more
        count = len(names) + more
        if not count:
            return ""
        shown = [f"{pid} ({name})" for pid, name in sorted(names.items())[:_SHOWN]]
        if count > len(shown):
            shown.append(f"and {count - len(shown)} more")
        what = "child process was" if count == 1 else "child processes were"
        return f"{count} {what} not {missed}: {', '.join(shown)}"

    def becomes(self, arguments: Sequence[Any]) -> None:
        """Take note that this process may become another program: ``arguments`` of ``execv``."""
        if unseen(getpid) != self._process:
            self._unobserved(self._become, arguments)

    def before_fork(self) -> None:
        """Nothing has to be stopped."""

    def after_fork_in_parent(self) -> None:
        """Nothing was stopped."""

    def after_fork_in_child(self) -> None:
        """Tell the parent of this process."""
        if self._watches:
            unseen(self._extension.forked_add, unseen(getpid))

    def at_exit(self) -> None:
        """Nothing is to be done."""

    def _unobserved(self, function: Callable[..., Any], *arguments: object) -> None:
        try:
            unseen(self._extension.unobserved, function, *arguments)
        except Exception:  # noqa: BLE001, S110 - the program has broken Python, say: it goes on
            pass

    def _become(self, arguments: Sequence[Any]) -> None:
        if not _python_program(arguments[:1], arguments[1]):
            self._extension.forked_remove(getpid())

    def _stand_in(
        self, original: Any, instead: Callable[..., Any], *places: tuple[Any, str]
    ) -> None:
        made = self._extension.look_alike(original, instead)
        for module, name in places:
            if module is not None and getattr(module, name, None) is original:
                self._replaced.append((module, name, original, made))
                setattr(module, name, made)

    def _create(self, original: Callable[..., Any], spec: Any, *rest: Any) -> Any:
        """Stand in for what makes a module in C: the one that starts processes is watched."""
        module = unseen(original, spec, *rest)
        self._unobserved(self._see_module, module)
        return module

    def _see_module(self, module: Any) -> None:
        if getattr(module, "__name__", None) == "_posixsubprocess":
            self._watch_fork_exec(module)

    def _watch_fork_exec(self, module: Any) -> None:
        places = [(module, "fork_exec"), (sys.modules.get("subprocess"), "_fork_exec")]
        self._stand_in(module.fork_exec, self._fork_exec, *places)

    def _fork_exec(self, original: Callable[..., int], *args: Any) -> int:
        pid = unseen(original, *args)
        self._unobserved(self._note, pid, args[1], args[0], args[2:])
        return pid

    def _spawn(self, original: Callable[..., int], *args: Any, **keywords: Any) -> int:
        pid = unseen(original, *args, **keywords)
        if args[1:]:
            self._unobserved(self._note, pid, args[:1], args[1], ())
        return pid

    def _note(
        self, pid: int, files: Iterable[Any], words: Iterable[Any], more: Sequence[object]
    ) -> None:
        """Count a process if it runs a Python program.

        Where a function is among the other arguments, the child ran it before, and told of itself.
        """
        if any(map(callable, more)):
            self._not_forked.add(pid)
        name = _python_program(files, words)
        if getpid() != self._process:
            if name:
                self._extension.forked_add(pid)
            return
        if name and len(self._started) < _KEPT:
            self._started[pid] = name
        elif name:
            self._more += 1
        if self._tell is not None:
            self._tell(len(self._started) + self._more - len(self._not_forked))


def _python_program(files: Iterable[Any], words: Iterable[Any]) -> str:
    """Name the Python program that a command line starts; nothing if it is none that counts.

    Parameters
    ----------
    files
        Paths, of which the first that there is is the program.
    words
        Its name, and its arguments.

    """
    try:
        path = next((file for file in map(_text, files) if os.path.isfile(file)), "")
        argv = list(map(_text, words))
    except Exception:  # noqa: BLE001 - what the program gave was refused, or is used up
        return ""
    if os.path.basename(path) in _SHELLS and argv[1:2] == ["-c"] and len(argv) > 2:  # noqa: PLR2004 - the shell, its option, the code
        argv = argv[2].split()
        path = argv[0] if argv else ""
        return _name(argv[1:]) if _is_python(path) else ""
    if path and _is_python(path):
        return _name(argv[1:])
    return _shown(os.path.basename(path)) if path and _is_script(path) else ""


def _text(word: Any) -> str:
    return os.fsdecode(word)


def _is_python(path: str) -> bool:
    return os.path.basename(path).startswith(("python", "pypy")) or path == sys.executable


def _is_script(path: str) -> bool:
    """Whether a file is run by Python, as its first line says."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            first, _, _ = os.read(descriptor, _HEAD_BYTES).partition(b"\n")
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first


def _name(arguments: list[str]) -> str:
    """Name what Python runs, given its arguments."""
    words = iter(arguments)
    for word in words:
        if word in _TAKE_A_WORD:
            next(words, None)
        elif word.startswith("-c"):
            return _name_of_code(word[2:] or next(words, ""))
        elif word.startswith("-m"):
            module = word[2:] or next(words, "")
            return "" if module.partition(" ")[0] in _OWN else _shown(f"-m {module}")
        elif not word.startswith("-"):
            return _shown(os.path.basename(word))
    return "python"


def _name_of_code(code: str) -> str:
    for begin, name in _OF_MULTIPROCESSING:
        if code.startswith(begin):
            return name
    return "-c"


def _shown(name: str) -> str:
    """Make a name fit for a line; nothing for Pikos's own."""
    if name in _OWN:
        return ""
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable if len(printable) <= _NAME_MAX else f"{printable[: _NAME_MAX - 1]}…"
