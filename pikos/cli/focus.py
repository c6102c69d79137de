"""Finds the functions that are named on the command line, when the program has them.

No module is imported for it.  The program's own functions are known by its code, before it runs.
Those of a module are known by the module's code, when the program imports it; what a module only
binds (another module's function, a partial) is looked for in the module whenever code runs that
did not run before.
"""

from __future__ import annotations

import builtins
import inspect
import os
import sys
import sysconfig
import types
from typing import TYPE_CHECKING, NamedTuple

from pikos.cli.program_code import (
    functions_called,
    functions_defined,
    functions_in,
    readable_name,
    source_of,
)
from pikos.cli.recognition import is_module
from pikos.errors import FunctionNotFound
from pikos.hidden import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType, FrameType

    from pikos.monitors.focus import FunctionSet

_NOTHING = object()
_NAMES_SHOWN = 12
"""How many of the program's functions are listed, at most."""
_IN_A_FILE = ".py:"
_PARTS = {"<locals>", "<module>", "<lambda>"}
"""What parts of a qualified name may be besides identifiers."""
_LIBRARIES = tuple(
    {os.path.join(os.path.realpath(sysconfig.get_path(name)), "") for name in ("stdlib", "purelib")}
    | {DIRECTORY}
)


class _Name(NamedTuple):
    """A name of the command line."""

    text: str
    file: str
    """Path that a file's path ends with; empty: it is in any file."""
    function: str
    """Qualified name, behind the dotted name of a module if no file is given."""
    anywhere: bool
    """Whether it may be in any module of the program, whatever the module is called."""


class NamedFunctions:
    """Puts the functions of some names into a focus, as soon as they are there.

    Parameters
    ----------
    names
        ``function``, ``Class.method`` or ``Class`` (all its methods) of the program, or the same
        behind the dotted name of a module (``package.module.function``) or a file
        (``file.py:function``).  A name that the program itself does not define or import may be
        of any module of its own: none of the standard library or of installed packages.
    program
        Code of the program's top level, which has not run.
    functions
        Where they are put.

    Raises
    ------
    FunctionNotFound
        If a name cannot be one of a function that is written in Python.

    Threads: any
    """

    def __init__(self, names: Sequence[str], program: CodeType, functions: FunctionSet) -> None:
        self._functions = functions
        self._program = program
        self._found: set[str] = set()
        self._names = [self._begin(name) for name in names]
        for module in list(sys.modules.values()):
            self._look_into(module)
        self._look_for_bound()

    def see(self, frame: FrameType) -> None:
        """Look for functions, as a frame begins whose code did not run before."""
        code = frame.f_code
        if code.co_name == "<module>":
            module = frame.f_globals.get("__name__")
            for name in self._names:
                for function in _defined(name, module, code):
                    self._add(name, function)
        self._look_for_bound()

    def missing(self) -> str:
        """Tell of the names that stand for nothing, now that the program has ended; or nothing."""
        self._look_for_bound()
        absent = [self._why(name.text) for name in self._names if name.text not in self._found]
        return "; ".join(absent)

    def _begin(self, text: str) -> _Name:
        """Check a name's form, and put in what the program itself defines."""
        file, in_a_file, function = text.rpartition(_IN_A_FILE)
        parts = function.split(".")
        if not all(part.isidentifier() or part in _PARTS for part in parts):
            raise FunctionNotFound(
                text, "it is not of the form function, package.module.function or file.py:function"
            )
        if in_a_file:
            name = _Name(text, os.path.normpath(f"{file}.py"), function, anywhere=False)
            if _is_file(name.file, self._program.co_filename):
                for code in functions_called(function, self._program):
                    self._add(name, code)
            return name
        if text.endswith(".py"):
            raise FunctionNotFound(text, f"it is a file; name a function in it: {text}:function")
        codes = functions_called(text, self._program) or functions_called(
            _within_program(text, self._program), self._program
        )
        source = None if codes else source_of(text, self._program)
        name = _Name(text, "", source or text, anywhere=not codes and source is None)
        for code in codes:
            self._add(name, code)
        if not codes and _is_loaded_module(name.function):
            raise FunctionNotFound(text, _module_reason(text))
        return name

    def _add(self, name: _Name, function: object) -> None:
        if self._functions.takes(function):
            self._functions.add(function)
            self._found.add(name.text)

    def _look_into(self, module: object) -> None:
        """Look into a module that is there already, for what may be in any or in its file."""
        names = vars(module) if isinstance(module, types.ModuleType) else {}
        file = names.get("__file__")
        for name in self._names:
            if isinstance(file, str) and (
                _is_file(name.file, file) if name.file else name.anywhere and _is_own(file)
            ):
                found = _attribute(module, name.function.split("."))
                if found is not _NOTHING:
                    self._add(name, found)

    def _look_for_bound(self) -> None:
        """Look for the names that are not found yet in the modules that they begin with."""
        for name in self._names:
            if name.text not in self._found and not name.file:
                for found in _bound(name.function):
                    self._add(name, found)

    def _why(self, text: str) -> str:
        if _is_loaded_module(text):
            return f"{text}: {_module_reason(text)}"
        if hasattr(builtins, text) or any(True for _ in _bound(text)):
            return f"{text}: it is no function that is written in Python"
        names = list(dict.fromkeys(map(readable_name, functions_in(self._program))))
        if "." in text or not names:
            return f"{text}: the program has imported no function of that name"
        more = f" and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else ""
        shown = ", ".join(names[:_NAMES_SHOWN])
        return f"{text}: it is none of the program's functions: {shown}{more}"


def _defined(name: _Name, module: object, code: CodeType) -> Iterator[CodeType]:
    """Give the functions of a name that a module's code defines."""
    if name.file:
        if _is_file(name.file, code.co_filename):
            yield from functions_called(name.function, code)
        return
    if isinstance(module, str) and name.function.startswith(f"{module}."):
        yield from functions_defined(name.function.removeprefix(f"{module}."), code)
    if name.anywhere and _is_own(code.co_filename):
        yield from functions_called(name.function, code)


def _bound(name: str) -> Iterator[object]:
    """Give what a dotted name stands for in the modules that are there; none of their code runs."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        module = sys.modules.get(".".join(parts[:end]))
        if module is not None:
            found = _attribute(module, parts[end:])
            if found is not _NOTHING:
                yield found


def _attribute(found: object, parts: Sequence[str]) -> object:
    for part in parts:
        if issubclass(type(found), types.ModuleType):
            found = vars(found).get(part, _NOTHING)
        else:
            found = inspect.getattr_static(found, part, _NOTHING)
    return found


def _is_file(end: str, path: str) -> bool:
    """Whether a path is that of a file, or ends with it."""
    path = os.path.abspath(path)
    return path == os.path.abspath(end) or path.endswith(os.path.join(os.sep, end))


def _is_own(path: str) -> bool:
    """Whether a module's file is the program's: not the standard library's, and not installed."""
    if path.startswith("<"):
        return False
    path = os.path.realpath(path)
    installed = {"site-packages", "dist-packages"}.intersection(path.split(os.sep))
    return not installed and not path.startswith(_LIBRARIES)


def _is_loaded_module(name: str) -> bool:
    return name in sys.modules or ("." not in name and is_module(name))


def _module_reason(name: str) -> str:
    return f"it is a module; name a function in it: {name}.function"


def _within_program(name: str, program: CodeType) -> str:
    """What is left of a name behind the name of the program's own module."""
    stem = os.path.splitext(os.path.basename(program.co_filename))[0]
    parts = name.split(".")
    for at, part in enumerate(parts):
        if part in {stem, "__main__"}:
            return ".".join(parts[at + 1 :])
    return ""
