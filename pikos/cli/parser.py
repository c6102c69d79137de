"""A parser of command lines whose errors have one line."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, NoReturn

from pikos.cli.streams import accept_all_characters, finish, print_error, reason_of
from pikos.live.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Parser(argparse.ArgumentParser):
    """A parser of command lines whose errors have one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and end with status 2."""
        self.exit(2, f"{self.prog}: {safe(message)} (see {self.prog} --help)")

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """End, with all that was printed written."""
        if message:
            print_error(message.rstrip("\n"))
        sys.exit(self._finish(lambda: status))

    def print_help(self, file: Any = None) -> None:
        """Print the help, in any encoding."""
        accept_all_characters()
        status = self._finish(lambda: print(self.format_help(), end="", file=file) or 0)
        if status:
            sys.exit(status)

    def _finish(self, call: Callable[[], int]) -> int:
        try:
            return finish(call)
        except OSError as error:
            print_error(f"{self.prog}: {reason_of(error)}")
            return 1
