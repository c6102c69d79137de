"""Recognises what a word of a command line is: a process, an address, a module, a kind of file.

Every verb asks here, so that a wrong word is refused in the same words everywhere: what it is, what
was expected, and the command that takes it.
"""

from __future__ import annotations

import os
import shlex
import stat
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from pikos.errors import WrongInput
from pikos.live.dead_sessions import LEDGER_MAGIC
from pikos.live.runtime import process_id_in
from pikos.live.text import safe
from pikos.recording.container import RECORDING_MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HEAD_BYTES = 4096
"""Bytes of a file that are looked at."""

_OPENING = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_PYC_END = b"\r\n"  # of the magic number that a compiled file begins with
_PYTHON_SUFFIXES = (".py", ".pyw")


class Kind(Enum):
    """What a word can be; the value says so in a sentence about it."""

    PROCESS = "is a process id"
    ADDRESS = "is an address"
    SOCKET = "is a socket"
    SESSION = "is the directory of a session"
    RECORDING = "is a recording"
    PSTATS = "is a pstats file"
    STATE = "is a profile as JSON"
    RECORDS = "is a CSV file of records"
    LEDGER = "is the ledger of a session"
    SCRIPT = "is a Python script"
    ARCHIVE = "is a zip archive"
    PROGRAM = "is a directory with a __main__.py"
    MODULE = "is a Python module"
    DIRECTORY = "is a directory"
    PIPE = "is a pipe"
    DEVICE = "is a device"
    EMPTY = "is an empty file"
    TEXT = "is a text file"
    BINARY = "is a binary file of an unknown kind"
    UNREADABLE = "cannot be read"
    MISSING = "does not exist"


_BEGINNINGS = (
    (RECORDING_MAGIC, Kind.RECORDING),
    (LEDGER_MAGIC, Kind.LEDGER),
    # a marshalled dictionary whose first key is a tuple, or which is empty
    *((bytes((table, key)), Kind.PSTATS) for table in b"{\xfb" for key in b")\xa9(\xa80"),
    (b'{"format": "pikos snapshot"', Kind.STATE),
    (b"PK\x03\x04", Kind.ARCHIVE),
)

COMMANDS = {
    Kind.PROCESS: "pikos top {}",
    Kind.ADDRESS: "pikos top {}",
    Kind.SOCKET: "pikos top {}",
    Kind.SESSION: "pikos top {}",
    Kind.RECORDING: "pikos replay {}",
    Kind.PSTATS: "pikos report {} --html",
    Kind.STATE: "pikos diff {} OTHER",
    Kind.RECORDS: "pikos plot {}",
    Kind.LEDGER: "pikos ps",
    Kind.SCRIPT: "pikos run {}",
    Kind.ARCHIVE: "pikos run {}",
    Kind.PROGRAM: "pikos run {}",
    Kind.MODULE: "pikos run -m {}",
    Kind.MISSING: "pikos ps",
}
"""For each kind that a command takes, the command; for what is not there, how to look."""

_SESSIONS = frozenset({Kind.PROCESS, Kind.ADDRESS, Kind.SOCKET, Kind.SESSION})


class Expected(NamedTuple):
    """What a verb takes."""

    text: str
    """In words."""
    kinds: frozenset[Kind]
    """The same, as kinds."""


VERB = Expected("a verb, such as run or top", frozenset())
SESSION = Expected("a process or address", _SESSIONS)
VIEWABLE = Expected(
    "a process, address, recording or pstats file", _SESSIONS | {Kind.RECORDING, Kind.PSTATS}
)
COMPARABLE = Expected(
    "a process, address, recording, pstats file or JSON of pikos export",
    _SESSIONS | {Kind.RECORDING, Kind.PSTATS, Kind.STATE},
)
REPLAYABLE = Expected("a recording", frozenset({Kind.RECORDING}))
RECORDS = Expected(
    "a CSV file of records (pikos-run --recording csv)",
    frozenset({Kind.RECORDS, Kind.TEXT, Kind.PIPE}),
)
RUNNABLE = Expected(
    "a Python script",
    frozenset(Kind)
    - _SESSIONS
    - {
        Kind.RECORDING,
        Kind.PSTATS,
        Kind.STATE,
        Kind.RECORDS,
        Kind.LEDGER,
        Kind.MODULE,
        Kind.BINARY,
    },
)
"""All that is a program, or of which Python says best what is wrong with it."""


def recognise(word: str) -> Kind:
    """Tell what a word of a command line is.

    Of a file only the beginning is read, and nothing is waited for.

    Parameters
    ----------
    word
        As it was given.

    """
    if "://" in word:
        return Kind.ADDRESS
    try:
        mode = stat.S_IFMT(os.stat(word).st_mode)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return _absent(word)
    except OSError:
        return Kind.UNREADABLE
    if mode != stat.S_IFREG and _is_process_id(word):
        return Kind.PROCESS
    return _BY_MODE[mode](word) if mode in _BY_MODE else Kind.DEVICE


def check(word: str, expected: Expected) -> Kind:
    """Refuse a word that a verb does not take.

    Parameters
    ----------
    word
        As it was given.
    expected
        What the verb takes.

    Returns
    -------
    Kind
        What the word is.

    Raises
    ------
    WrongInput
        If the verb does not take that.

    """
    kind = recognise(word)
    if kind not in expected.kinds:
        raise wrong(word, kind, expected)
    return kind


def wrong(word: str, kind: Kind, expected: Expected) -> WrongInput:
    """Make the error of a word that a verb does not take."""
    command = COMMANDS.get(kind, "").format(shlex.quote(safe(word)))
    return WrongInput(safe(word) or "''", kind.value, expected.text, command)


def _is_process_id(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _absent(word: str) -> Kind:
    if _is_process_id(word):
        return Kind.PROCESS
    return Kind.MODULE if is_module(word) else Kind.MISSING


def is_module(word: str) -> bool:
    """Whether a dotted name begins with a module; nothing is imported to find out."""
    from importlib.util import find_spec

    first, _, rest = word.partition(".")
    if not all(part.isidentifier() for part in word.split(".")):
        return False
    try:
        spec = find_spec(first)
    except (ImportError, ValueError):
        return False
    return spec is not None and (not rest or spec.submodule_search_locations is not None)


def _directory(path: str) -> Kind:
    if process_id_in(os.path.basename(os.path.abspath(path))):
        return Kind.SESSION
    has_main = os.path.isfile(os.path.join(path, "__main__.py"))
    return Kind.PROGRAM if has_main else Kind.DIRECTORY


def _file(path: str) -> Kind:
    try:
        with open(os.open(path, _OPENING), "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return Kind.UNREADABLE
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if path.endswith(_PYTHON_SUFFIXES) or (path.endswith(".pyc") and head[2:4] == _PYC_END):
        return Kind.SCRIPT
    if not head:
        return Kind.EMPTY
    return Kind.RECORDING if RECORDING_MAGIC.startswith(head) else _text(head)


def _text(head: bytes) -> Kind:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:  # else a character is cut in two
            return Kind.BINARY
        text = head[: error.start].decode("utf-8")
    if "\0" in text:
        return Kind.BINARY
    first = text.partition("\n")[0].rstrip("\r")
    if first.startswith("#!") and "python" in first:
        return Kind.SCRIPT
    names = [name.strip('"') for name in first.split(",")]
    return Kind.RECORDS if len(names) > 1 and all(map(str.isidentifier, names)) else Kind.TEXT


_BY_MODE: Mapping[int, Callable[[str], Kind]] = {
    stat.S_IFREG: _file,
    stat.S_IFDIR: _directory,
    stat.S_IFSOCK: lambda _: Kind.SOCKET,
    stat.S_IFIFO: lambda _: Kind.PIPE,
}
