"""What a program's processes write each has its own name, where a program runs itself again.

A reloader starts the command line of its process once more, and that names the same files.  What a
process writes is told to those that it starts, in the environment.
"""

from __future__ import annotations

import os

from pikos.cli.streams import STDOUT, print_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

VARIABLE = "PIKOS_OUTPUTS"
"""The environment's variable: a line for each output, a process id and the path or address."""


class Outputs:
    """Give this process names of its own for what another one writes, which began it, and say so.

    That is the block's effect on ``options``; inside it, what is written is told to the processes
    that this one starts.

    Parameters
    ----------
    options
        With ``prog``, and ``outfile``, ``record`` and ``address`` where there are such options.
    default
        What is written if no ``outfile`` is given; None: nothing.

    """

    def __init__(self, options: argparse.Namespace, default: str | None = None) -> None:
        self._before = os.environ.get(VARIABLE)
        self._writers = dict(map(_entry, (self._before or "").splitlines()))
        own = []
        for option, path in (
            ("outfile", getattr(options, "outfile", None) or default),
            ("record", getattr(options, "record", None)),
        ):
            if path is not None and _is_regular(path):
                own.append(self._own(options, option, path))
        address = getattr(options, "address", None)
        if address is not None and address in self._writers:
            print_error(
                f"{options.prog}: process {self._writers[address]} publishes at {address}; process "
                f"{os.getpid()} does so where pikos ps lists it"
            )
            options.address = None
        elif address is not None:
            own.append(address)
        lines = [f"{os.getpid()} {output}" for output in own if "\n" not in output]
        self._lines = [*(self._before or "").splitlines(), *lines]

    def __enter__(self) -> None:
        """Tell the processes that this one starts."""
        if self._lines:
            os.environ[VARIABLE] = "\n".join(self._lines)

    def __exit__(self, *failure: object) -> None:
        if self._before is not None:
            os.environ[VARIABLE] = self._before
        elif VARIABLE in os.environ:
            del os.environ[VARIABLE]

    def _own(self, options: argparse.Namespace, option: str, path: str) -> str:
        """Rename a file that another process writes; the whole path of it."""
        writer = self._writers.get(_whole(path))
        if writer is None:
            return _whole(path)
        root, ending = os.path.splitext(path)
        own = f"{root}.{os.getpid()}{ending}"
        setattr(options, option, own)
        print_error(
            f"{options.prog}: process {writer} writes {path}; process {os.getpid()} writes {own}"
        )
        return _whole(own)


def _entry(line: str) -> tuple[str, str]:
    process, _, output = line.partition(" ")
    return output, process


def _is_regular(path: str) -> bool:
    return path != STDOUT and (os.path.isfile(path) or not os.path.exists(path))


def _whole(path: str) -> str:
    directory, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(directory), name)
