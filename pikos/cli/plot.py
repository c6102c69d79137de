"""``pikos plot``: draw what a monitor wrote to a CSV file."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from typing import TYPE_CHECKING

from pikos.cli.plot_data import MEMORY, read
from pikos.cli.whole_file import whole_file
from pikos.errors import ExtraMissing, PlotError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from matplotlib.figure import Figure

    from pikos.cli.plot_data import Recorded

HELP = "draw what a monitor wrote to a CSV file"

FORMATS = ("png", "svg")
_DPI = 150
_WINDOWLESS = {"agg", "cairo", "pdf", "pgf", "ps", "svg", "template"}
"""Backends of matplotlib that open no window."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options to the verb's parser.

    Parameters
    ----------
    parser
        The parser of ``pikos plot``.

    """
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="+",
        help="what pikos-run --recording csv wrote; several are drawn over one another",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="PICTURE",
        help="write the picture to this file, .png or .svg, instead of opening a window",
    )
    parser.add_argument(
        "--x",
        metavar="FIELD",
        default="index",
        help="what to draw against: index (the default), time_ns, or any field of numbers",
    )
    parser.add_argument(
        "--y",
        metavar="FIELD",
        action="append",
        help="what to draw, RSS by default; give it again for another panel",
    )


def run(options: argparse.Namespace) -> int:
    """Draw.

    Parameters
    ----------
    options
        The command line.

    Returns
    -------
    int
        0.

    Raises
    ------
    PlotError
        If there is no such picture to be made.
    ExtraMissing
        If matplotlib is not installed.

    """
    form = None if options.output is None else _form(options.output)
    files = [read(path) for path in options.files]
    ys = options.y or [_default(files[0])]
    if form is None:
        _show(files, options.x, ys)
    else:
        _write(options.output, _picture(files, options.x, ys, form))
    return 0


def _form(output: str) -> str:
    form = os.path.splitext(output)[1].lower().removeprefix(".")
    if form not in FORMATS:
        raise PlotError(output, "a picture's name ends in .png or .svg")
    return form


def _default(recorded: Recorded) -> str:
    if MEMORY[0] not in recorded.columns:
        raise PlotError(
            recorded.path,
            f"the records have no {MEMORY[0]}; {recorded.offer('give --y with one of')}",
        )
    return MEMORY[0]


def _show(files: Sequence[Recorded], x: str, ys: Sequence[str]) -> None:
    _matplotlib()
    from matplotlib import pyplot as plt

    from pikos.cli.plot_picture import draw

    if plt.get_backend().lower() in _WINDOWLESS:
        raise PlotError(files[0].path, "there is no display to open a window on; give -o PICTURE")
    with _quiet():
        draw(plt.figure(), files, x, ys)
        plt.show()


def _picture(files: Sequence[Recorded], x: str, ys: Sequence[str], form: str) -> bytes:
    mpl = _matplotlib()
    from matplotlib.figure import Figure

    from pikos.cli.plot_picture import draw

    figure: Figure = Figure(dpi=_DPI)
    written = io.BytesIO()
    with _quiet(), mpl.rc_context({"svg.fonttype": "none"}):
        draw(figure, files, x, ys)
        figure.savefig(written, format=form)
    return written.getvalue()


def _matplotlib() -> ModuleType:
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise ExtraMissing("matplotlib", "plot", str(error)) from error
    return mpl


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Say nothing of names that the font has no signs for."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def _write(path: str, content: bytes) -> None:
    try:
        with whole_file(path) as beside, open(beside, "wb") as file:
            file.write(content)
    except OSError as error:
        raise PlotError(path, f"{error.strerror}; name another file") from None
