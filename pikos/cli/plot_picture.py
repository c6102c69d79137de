"""How ``pikos plot`` draws: steps, a strip of functions, and the greatest rises by number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.cli.plot_data import MEMORY, name_of
from pikos.cli.plot_marks import Mark, Span, left_out, readable, rises, shown, spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from pikos.cli.plot_data import Recorded, Series

INK = "#26323d"
MUTED = "#6b7a87"
GRID = "#e3e8ec"
LINES = ("#1f6fb4", "#d1571b", "#2b8a4b", "#8a4fb0", "#b3872a", "#16868c", "#b23a5e", "#566573")
"""Colours of the files."""
BANDS = ("#a9cbe8", "#f3c4a5", "#b2dcbf", "#d5bfe6", "#ecd9a6", "#a8d8da", "#ecb7c7", "#cfd6dc")
"""Colours of the functions in the strip; the last is for all that are left."""
ALERT = "#c0272d"

_WIDTH_IN = 10.0
_PANEL_IN = 3.4
_STRIP_IN = 0.3
_KEY_LINE_IN = 0.19
_EDGES_IN = 1.1
_MARKS_MAX = 6
_CHARACTER = 0.0085
"""Share of the width that a character of the strip takes."""


def draw(figure: Figure, files: Sequence[Recorded], x: str, ys: Sequence[str]) -> None:
    """Draw fields of records over one another: a panel for each field, a colour for each file.

    Functions and rises are marked where there is only one file.

    Parameters
    ----------
    figure
        An empty one.
    files
        The records.
    x, ys
        The fields.

    Raises
    ------
    PlotError
        If a file's records have no such field.

    """
    horizontal = [recorded.series(x) for recorded in files]
    vertical = [[recorded.series(y) for recorded in files] for y in ys]
    single = files[0] if len(files) == 1 else None
    found = spans(single, horizontal[0].values) if single else []
    bands = readable(found)
    marks = (
        rises(single, horizontal[0].values, vertical[0][0].values, _MARKS_MAX)
        if single and ys[0] in MEMORY
        else []
    )
    heights = [_STRIP_IN] * bool(bands) + [_PANEL_IN] * len(ys)
    key_in = _KEY_LINE_IN * len(marks) + 0.15 * bool(marks)
    total_in = sum(heights) + key_in + _EDGES_IN
    figure.set_size_inches(_WIDTH_IN, total_in)
    grid = figure.add_gridspec(
        len(heights),
        1,
        height_ratios=heights,
        hspace=0.08,
        left=0.085,
        right=0.975,
        top=1 - 0.42 / total_in,
        bottom=(0.62 + key_in) / total_in,
    )
    panels: list[Axes] = []
    for row in range(len(heights)):
        panels.append(figure.add_subplot(grid[row], sharex=panels[0] if panels else None))
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    if bands:
        _strip(panels[0], bands)
    if hidden := left_out(found, bands):
        figure.text(
            0.975,
            1 - 0.4 / total_in,
            hidden,
            ha="right",
            va="bottom",
            fontsize=7.5,
            color=MUTED,
        )
    for axes, series in zip(panels[-len(ys) :], vertical, strict=True):
        _panel(axes, horizontal, series)
    if single is None:
        _legend(panels[0], files)
    _mark(panels[-len(ys)], marks)
    _key(figure, marks, total_in)
    panels[-1].set_xlabel(horizontal[0].label, color=INK)
    _narrow(panels[-1], horizontal)
    figure.suptitle(
        shown(", ".join(name_of(recorded.path) for recorded in files)),
        x=0.085,
        y=1 - 0.12 / total_in,
        ha="left",
        va="top",
        fontsize=11,
        color=INK,
        parse_math=False,
    )


def _panel(axes: Axes, horizontal: Sequence[Series], vertical: Sequence[Series]) -> None:
    """The steps of one field: a value holds until the next record."""
    for place, (xs, ys) in enumerate(zip(horizontal, vertical, strict=True)):
        colour = LINES[place % len(LINES)]
        axes.plot(xs.values, ys.values, drawstyle="steps-post", color=colour, linewidth=1.3)
    axes.set_ylabel(vertical[0].label, color=INK, parse_math=False)
    axes.ticklabel_format(useOffset=False)
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(y=0.1)
    axes.tick_params(colors=MUTED, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(MUTED)


def _narrow(axes: Axes, horizontal: Sequence[Series]) -> None:
    least = min(min(series.values) for series in horizontal)
    most = max(max(series.values) for series in horizontal)
    margin = (most - least) * 0.01 or 0.5
    axes.set_xlim(least - margin, most + margin)


def _strip(axes: Axes, bands: Sequence[Span]) -> None:
    """Which function the records are of, its name where there is room."""
    widths: dict[str, float] = {}
    for band in bands:
        widths[band.function] = widths.get(band.function, 0.0) + band.end - band.begin
    ranked = sorted(widths, key=lambda function: -widths[function])
    colours = {function: BANDS[min(place, len(BANDS) - 1)] for place, function in enumerate(ranked)}
    whole = (bands[-1].end - bands[0].begin) or 1.0
    for function, colour in colours.items():
        own = [(b.begin, b.end - b.begin) for b in bands if b.function == function]
        axes.broken_barh(own, (0, 1), color=colour, linewidth=0)
    for band in bands:
        name = shown(band.function)
        if (band.end - band.begin) / whole > _CHARACTER * (len(name) + 1):
            axes.text(
                (band.begin + band.end) / 2,
                0.47,
                name,
                ha="center",
                va="center",
                fontsize=8.5,
                color=INK,
                parse_math=False,
            )
    axes.set_ylim(0, 1)
    axes.set_yticks([])
    axes.tick_params(bottom=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _mark(axes: Axes, marks: Sequence[Mark]) -> None:
    """A number at each rise; the key says what it is."""
    for number, mark in enumerate(marks, 1):
        axes.plot([mark.x], [mark.y], marker="o", markersize=3.5, color=ALERT, linestyle="")
        axes.annotate(
            str(number),
            (mark.x, mark.y),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=9,
            fontweight="bold",
            color=ALERT,
        )


def _key(figure: Figure, marks: Sequence[Mark], total_in: float) -> None:
    """What is at the numbers, below the panels."""
    for number, mark in enumerate(marks, 1):
        figure.text(
            0.085,
            (_KEY_LINE_IN * (len(marks) - number) + 0.12) / total_in,
            f"{number}  {f'+{mark.rise:.2f} MiB':>12}  {mark.text}",
            family="monospace",
            fontsize=8.5,
            color=INK,
            va="bottom",
            parse_math=False,
        )


def _legend(axes: Axes, files: Sequence[Recorded]) -> None:
    legend = axes.legend(
        axes.get_lines(),
        [shown(recorded.path).replace("$", r"\$") for recorded in files],
        frameon=False,
        fontsize=9,
        loc="best",
    )
    for text in legend.get_texts():
        text.set_color(INK)
