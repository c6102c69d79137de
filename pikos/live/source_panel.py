"""A source file, with what a line monitor recorded of each line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from pikos.live.layout import Column, Table, under, window
from pikos.live.scene import Line, Picture
from pikos.live.text import TAB, count, safe, size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.live.scene import Scene
    from pikos.live.state import ViewState
    from pikos.model import Snapshot


def source(scene: Scene, state: ViewState, room: int, width: int) -> Picture:
    """Draw the chosen source file.

    Parameters
    ----------
    scene
        What there is to see.
    state
        What the user has chosen.
    room
        Lines to fill at most.
    width
        Columns of the screen.

    Returns
    -------
    Picture
        A heading, and its lines; or why they cannot be shown.

    """
    text = scene.source
    if text.trouble:
        return Picture([Line(safe(f"no source: {text.trouble}", width), "warning")])
    counts, sizes = _lines(scene.snapshot, text.file)
    columns = [
        Column("line", 6),
        Column("records", 9),
        Column("RSS", 9),
        Column(text.file, 0, number=False),
    ]
    laid = Table([columns[0], *(columns[1:3] if counts else ()), columns[3]], width)

    def row(number: int) -> Line:
        cells = [str(number)]
        if counts:
            cells.append(count(counts[number]) if number in counts else "")
            cells.append(size(sizes[number]) if number in sizes else "")
        return laid.row([*cells, text.lines[number - 1].rstrip().expandtabs(TAB)])

    def make(first: int, last: int) -> list[Line]:
        return [row(number) for number in range(first + 1, last + 1)]

    return under([laid.heading()], window(state, len(text.lines), room - 1, make))


def _lines(snapshot: Snapshot, file: str) -> tuple[Mapping[int, int], Mapping[int, int]]:
    """Count the newest records of each line of a file, and find the memory at the last of them."""
    counts: Counter[int] = Counter()
    sizes: dict[int, int] = {}
    for told in snapshot.records.values():
        fields = told.fields
        if not {"lineNo", "line", "filename"}.issubset(fields):
            continue
        number_at, file_at = fields.index("lineNo"), fields.index("filename")
        rss_at = fields.index("RSS") if "RSS" in fields else None
        for row in told.rows:
            if row[file_at] == file:
                counts[row[number_at]] += 1
                if rss_at is not None:
                    sizes[row[number_at]] = row[rss_at]
    return counts, sizes
