"""Options of a command, declared once: read at once where that is simple, else by argparse.

argparse costs more to import than a profiler may add to the start of a program, and a program
must not find it imported already.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    Option = tuple[tuple[str, ...], dict[str, Any]]
    """The names of an option, and the keywords that argparse's ``add_argument`` takes."""

REMAINDER = "..."
"""argparse's ``nargs`` of an option that takes all words that follow."""


def option(*names: str, **keywords: Any) -> Option:
    """Declare an option, or without a dash the operand that all words from the first one are.

    Parameters
    ----------
    *names, **keywords
        As for argparse's ``add_argument``.  ``type`` raises ValueError, whose text is shown.

    Returns
    -------
    tuple
        The declaration.

    """
    return names, keywords


def add_options(
    options: Iterable[Option], add: Callable[..., argparse.Action]
) -> list[argparse.Action]:
    """Add options to a parser or a group of it.

    Parameters
    ----------
    options
        Their declarations.
    add
        Its ``add_argument``.

    Returns
    -------
    list of Action
        What was added.

    """
    return [add(*names, **_checked_by_argparse(keywords)) for names, keywords in options]


def read_simple(options: Iterable[Option], words: Sequence[str]) -> dict[str, Any] | None:
    """Read a command line that needs no argparse.

    Each word before the operand is the whole name of an option, or ``--name=value``.

    Parameters
    ----------
    options
        Their declarations.
    words
        The command line.

    Returns
    -------
    dict or None
        The values that argparse would give, by their destination; None where argparse has to
        read it, for it is not so simple, asks for help or makes no sense.

    """
    reader = _Reader(options, words)
    try:
        reader.read()
    except ValueError:
        return None
    return reader.values


class _Reader:
    """Reads one simple command line; ValueError where it is not one."""

    def __init__(self, options: Iterable[Option], words: Sequence[str]) -> None:
        self._words = list(words)
        self._options = {
            name: (_destination(names, keywords), keywords)
            for names, keywords in options
            for name in names
        }
        self.values = {
            destination: _default(name, keywords)
            for name, (destination, keywords) in self._options.items()
        }

    def read(self) -> None:
        while self._words and self._words[0].startswith("-"):
            name, equals, value = self._words.pop(0).partition("=")
            destination, keywords = self._options.get(name, ("", {}))
            if not destination or (equals and not name.startswith("--")):
                raise ValueError(name)
            if keywords.get("nargs") == REMAINDER:
                self._take_all(destination, given=equals + value)
                return
            if keywords.get("action") == "store_true":
                self._take_flag(destination, given=equals)
            else:
                self._take(destination, keywords, value if equals else self._next_word())
        (operand,) = [name for name in self._options if not name.startswith("-")]
        self._take_all(operand, given="")

    def _take_all(self, destination: str, *, given: str) -> None:
        if given or not self._words:
            raise ValueError(destination)
        self.values[destination] = self._words

    def _take_flag(self, destination: str, *, given: str) -> None:
        if given:
            raise ValueError(destination)
        self.values[destination] = True

    def _take(self, destination: str, keywords: dict[str, Any], text: str) -> None:
        value = keywords.get("type", str)(text)
        if value not in keywords.get("choices", (value,)):
            raise ValueError(text)
        if keywords.get("action") == "append":
            value = [*self.values[destination], value]
        self.values[destination] = value

    def _next_word(self) -> str:
        if not self._words or self._words[0].startswith("-"):
            raise ValueError(self._words)
        return self._words.pop(0)


def namespace(values: dict[str, Any]) -> argparse.Namespace:
    """Return values as attributes of an object, as argparse does."""
    simple: Any = type(sys.implementation)
    made: argparse.Namespace = simple(**values)
    return made


def _destination(names: tuple[str, ...], keywords: dict[str, Any]) -> str:
    long = next((name for name in names if name.startswith("--")), names[0])
    return keywords.get("dest") or long.lstrip("-").replace("-", "_")


def _default(name: str, keywords: dict[str, Any]) -> Any:
    if "default" in keywords:
        return keywords["default"]
    if not name.startswith("-"):
        return []
    return False if keywords.get("action") == "store_true" else None


def _checked_by_argparse(keywords: dict[str, Any]) -> dict[str, Any]:
    """The keywords with a ``type`` whose ValueError is shown as it is."""
    made = keywords.get("type")
    return keywords if made is None else {**keywords, "type": _shown(made)}


def _shown(made: Callable[[str], Any]) -> Callable[[str], Any]:
    from argparse import ArgumentTypeError

    def read(text: str) -> Any:
        try:
            return made(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return read


def size_in_bytes(text: str) -> int:
    """Understand a size given on the command line.

    Parameters
    ----------
    text
        A number of bytes, or of K, M, G (powers of 1024), as ``500M``.

    Returns
    -------
    int
        Bytes, at least 1 MiB.

    Raises
    ------
    ValueError
        If it is no such size.

    """
    number, unit = text.upper().removesuffix("B").removesuffix("I"), 1
    if number and number[-1] in "KMG":
        unit = 1024 ** (1 + "KMG".index(number[-1]))
        number = number[:-1]
    if not (number.isascii() and number.isdigit()) or int(number) * unit < 1 << 20:
        raise ValueError(f"{text!r} is not a size, at least 1M: bytes, or with K, M or G")
    return int(number) * unit


RECORD_MAX = option(
    "--record-max",
    type=size_in_bytes,
    metavar="SIZE",
    help="thin what is old in the recording where it grows larger (1G)",
)
"""The bound of a recording, for the verbs that make one."""
