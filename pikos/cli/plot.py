"""``pikos plot``: draw what a monitor wrote to a CSV file."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from typing import TYPE_CHECKING

from pikos.cli.execution import check_outfile
from pikos.cli.plot_data import MEMORY, read
from pikos.cli.streams import STDOUT, print_error
from pikos.cli.whole_file import whole_file
from pikos.errors import ExtraMissing, PlotError
from pikos.live.text import safe

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
        dest="outfile",
        metavar="PICTURE",
        help="write the picture to this file, .png or .svg, instead of opening a window; - for "
        "standard output, as PNG",
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
    parser.set_defaults(fail=parser.error)


def run(options: argparse.Namespace) -> int:
    """Draw; without a display into a file that is named after the first one.

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
    form = None if options.outfile is None else _form(options.outfile)
    check_outfile(options, is_binary=form == "png", inputs=options.files)
    files = [read(path) for path in options.files]
    ys = options.y or [_default(files[0])]
    if form is None and has_display():
        _show(files, options.x, ys)
        return 0
    if form is not None:
        _write(options.outfile, _picture(files, options.x, ys, form))
        return 0
    form = FORMATS[0]
    options.outfile = _named_after(options.files[0], form)
    check_outfile(options, inputs=options.files)
    _write(options.outfile, _picture(files, options.x, ys, form))
    print_error(f"pikos plot: no display for a window: wrote {safe(options.outfile)}")
    return 0


def _form(output: str) -> str:
    form = FORMATS[0] if output == STDOUT else os.path.splitext(output)[1].lower()[1:]
    if form not in FORMATS:
        raise PlotError(output, "a picture's name ends in .png or .svg")
    return form


def _named_after(path: str, form: str) -> str:
    if not os.path.isfile(path):
        raise PlotError(path, "there is no display to open a window on; give -o PICTURE")
    return f"{os.path.splitext(path)[0]}.{form}"


def has_display() -> bool:
    """Tell whether matplotlib can open a window here."""
    _matplotlib()
    from matplotlib import pyplot as plt

    return plt.get_backend().lower() not in _WINDOWLESS


def _default(recorded: Recorded) -> str:
    if MEMORY[0] not in recorded.columns:
        raise PlotError(
            recorded.path,
            f"the records have no {MEMORY[0]}; {recorded.offer('give --y with one of')}",
        )
    return MEMORY[0]


def _show(files: Sequence[Recorded], x: str, ys: Sequence[str]) -> None:
    from matplotlib import pyplot as plt

    from pikos.cli.plot_picture import draw

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
        with whole_file(path) as file:
            file.write(content)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PlotError(path, f"{error.strerror}; name another file") from None
