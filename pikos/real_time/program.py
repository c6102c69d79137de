"""Runs a script, a module or a text as the ``__main__`` of this process, as ``python`` would.

The program gets a ``__main__`` module of its own, so that what it defines there can be pickled
and is found again by the processes that multiprocessing starts.
"""

from __future__ import annotations

import builtins
import io
import os
import sys
import zipimport
from importlib._bootstrap_external import MAGIC_NUMBER  # importlib.util is slow to import
from importlib.machinery import (
    BuiltinImporter,
    PathFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)

from pikos.errors import ProgramNotFound
from pikos.pipes import is_pipe, read_pipe
from pikos.publishing.hello import name_module, name_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from typing import Any, Protocol

    Call = Callable[..., Any]
    """Calls what it is given, with arguments."""
    _Found = tuple[types.CodeType, types.ModuleType]
    """Code of a program's top level, and the ``__main__`` that it runs in."""

    class Program(Protocol):
        """A program that can be run as ``__main__``."""

        def load(self, arguments: Sequence[str]) -> Loaded:
            """Prepare this process for it, as far as that runs none of its code.

            Parameters
            ----------
            arguments
                What follows its name in ``sys.argv``.

            Returns
            -------
            Loaded
                What runs it when called; whatever the program raises comes through.

            Raises
            ------
            ProgramNotFound
                From here or from what runs it, if there is no such program.
            SyntaxError
                If its text is no Python.

            """


_OURS = (os.path.join(os.path.dirname(os.path.dirname(__file__)), ""), "<frozen ")
"""How the files begin whose frames stand between the interpreter and a program."""


def _call(function: Callable[..., Any], *arguments: object) -> Any:
    return function(*arguments)


class Loaded:
    """A program that this process is prepared for: called, it runs.

    Parameters
    ----------
    find
        Finds its code, and puts the ``__main__`` that it is to run in into ``sys.modules``.
        Called once, with what calls whatever is the program's own.

    """

    def __init__(self, find: Callable[[Call], _Found]) -> None:
        self._find = find
        self._found: _Found | None = None

    @property
    def code(self) -> types.CodeType:
        """Code of its top level; of a module in packages, these are imported to find it.

        Raises
        ------
        ProgramNotFound
            If there is no such program.

        """
        return self._once_found(_call)[0]

    def __call__(self, call: Call = _call) -> None:
        """Run it.

        Parameters
        ----------
        call
            Calls what is the program's own, and that alone: a profiler that counts it.

        """
        code, main = self._once_found(call)
        call(exec, code, vars(main))

    def _once_found(self, call: Call) -> _Found:
        if self._found is None:
            self._found = self._find(call)
        return self._found


class Text:
    """A program given as text, as with ``python -c``: the current directory is on its path.

    Parameters
    ----------
    text
        Python code.

    """

    def __init__(self, text: str) -> None:
        self.text = text

    def load(self, arguments: Sequence[str]) -> Loaded:
        """Prepare to run it."""
        sys.argv[:] = ["-c", *arguments]
        name_text(self.text)
        _put_first_on_path("")
        code = compile(self.text, "<string>", "exec", dont_inherit=True)
        main = _become_main(BuiltinImporter, None, None)
        return Loaded(lambda _: (code, main))


class Script:
    """A program in a file, or in a directory or archive with a ``__main__.py``: on its path.

    Parameters
    ----------
    path
        The file.

    """

    def __init__(self, path: str) -> None:
        self.path = path

    def load(self, arguments: Sequence[str]) -> Loaded:
        """Prepare to run it."""
        sys.argv[:] = [self.path, *arguments]
        path = os.path.abspath(self.path)
        if os.path.isdir(path) or _is_zip_file(path):
            return self._load_container(path)
        try:
            source = _read(path)
        except OSError as error:
            raise ProgramNotFound(self.path, error.strerror or "it cannot be read") from error
        if source is None:
            raise ProgramNotFound(self.path, "it is a pipe that nobody writes to")
        is_compiled = path.endswith(".pyc") or source.startswith(MAGIC_NUMBER)
        code = self._unmarshalled(path) if is_compiled else None
        _put_first_on_path(os.path.dirname(os.path.realpath(path)))
        if code is None:
            code = compile(source, path, "exec", dont_inherit=True)
        loader = SourcelessFileLoader if is_compiled else SourceFileLoader
        main = _become_main(loader("__main__", path), path, None)
        return Loaded(lambda _: (code, main))

    def _unmarshalled(self, path: str) -> types.CodeType:
        """The code of a compiled file."""
        try:
            code = SourcelessFileLoader("__main__", path).get_code("__main__")
        except (ImportError, EOFError, ValueError, TypeError):
            code = None
        if code is None:
            raise ProgramNotFound(
                self.path,
                "it was compiled by another version of Python, or is damaged: run its source",
            )
        return code

    def _load_container(self, path: str) -> Loaded:
        spec = PathFinder.find_spec("__main__", [path])
        if spec is None:
            raise ProgramNotFound(self.path, "there is no __main__.py in it")
        if sys.flags.safe_path:
            sys.path.insert(0, path)
        else:
            _put_first_on_path(path)
        return Loaded(lambda _: _found_by("__main__", spec))


class Module:
    """A module or package, as with ``python -m``: the current directory is on its path.

    Parameters
    ----------
    name
        Its dotted name.

    """

    def __init__(self, name: str) -> None:
        self.name = name

    def load(self, arguments: Sequence[str]) -> Loaded:
        """Prepare to run it; the package it may be in is imported only when it runs."""
        sys.argv[:] = ["-m", *arguments]
        name_module(self.name, "-m")
        _put_first_on_path(os.getcwd())
        return Loaded(self._find)

    def _find(self, call: Call) -> _Found:
        name, spec = _find(self.name, call)
        sys.argv[0] = spec.origin or name
        name_module(self.name, sys.argv[0])
        return _found_by(name, spec)


def report(error: BaseException) -> int:
    """Tell of an error that ended a program, as ``python`` does, without our frames.

    Parameters
    ----------
    error
        What the program raised.

    Returns
    -------
    int
        The status that the process is to end with.

    """
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)  # noqa: T201 - as the interpreter does
        return 1
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code.co_filename.startswith(_OURS):
        traceback = traceback.tb_next
    sys.excepthook(type(error), error.with_traceback(traceback), traceback)
    return 1


def leave(error: BaseException, status: int) -> int:
    """End as a program does that raised error, which was reported.

    Returns
    -------
    int
        The status, for ``sys.exit``.

    Raises
    ------
    KeyboardInterrupt
        Silently, if error is one: the interpreter then ends the process by SIGINT.

    """
    if isinstance(error, KeyboardInterrupt):
        sys.excepthook = _say_nothing
        raise KeyboardInterrupt
    return status


def _say_nothing(*_: object) -> None:
    """Stand in for ``sys.excepthook`` when everything was said."""


def _read(path: str) -> bytes | None:
    """Read a script; None of a pipe that nobody writes to."""
    if is_pipe(path):
        return read_pipe(path)
    with io.open_code(path) as stream:
        return stream.read()


def _is_zip_file(path: str) -> bool:
    try:
        zipimport.zipimporter(path)
    except zipimport.ZipImportError:
        return False
    return True


def _find(name: str, call: Call) -> tuple[str, ModuleSpec]:
    """The module that runs as name, itself or the ``__main__`` in it, and its spec."""
    from importlib.util import find_spec  # noqa: PLC0415 - only python -m imports it, too

    try:
        package = name.rpartition(".")[0]
        if package and package not in sys.modules:
            call(__import__, package)
        spec = find_spec(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise ProgramNotFound(name, f"there is no module named {error.name}") from error
    except ValueError as error:
        raise ProgramNotFound(name, "it cannot be found by import") from error
    if spec is None:
        raise ProgramNotFound(name, f"there is no module named {name}")
    if spec.submodule_search_locations is None:
        return name, spec
    if name.endswith(".__main__"):
        raise ProgramNotFound(name, "a package cannot be a __main__")
    return _find(f"{name}.__main__", call)


def _found_by(name: str, spec: ModuleSpec) -> _Found:
    get_code = getattr(spec.loader, "get_code", None)
    code = None if get_code is None else get_code(name)
    if code is None:
        raise ProgramNotFound(name, "it has no Python code that could be run")
    return code, _become_main(spec.loader, spec.origin, spec)


def _become_main(loader: object, path: str | None, spec: ModuleSpec | None) -> types.ModuleType:
    """A new, empty ``__main__``, put in the place of the present one."""
    main = type(sys)("__main__")
    facts: dict[str, object] = {"__builtins__": builtins, "__loader__": loader, "__spec__": spec}
    if spec is not None:
        facts["__package__"] = spec.parent
        facts["__cached__"] = spec.cached
    if sys.version_info < (3, 14):
        facts["__annotations__"] = {}
    if path is not None:
        facts["__file__"] = path
        facts.setdefault("__cached__", None)
    vars(main).update(facts)
    sys.modules["__main__"] = main
    return main


def _put_first_on_path(place: str) -> None:
    """Put the program's place where ``python`` had put that of the profiler's command."""
    if not sys.flags.safe_path:
        sys.path[0] = place
