"""Lays out what panels are made of: rows in columns, and the window through which they are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pikos.live.scene import Line, Picture, Span
from pikos.live.text import cut, left, right, safe, width_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pikos.live.scene import Style
    from pikos.live.state import ViewState

GAP = "  "
"""Stands between two columns."""

TEXT_MIN = 16
"""Columns of the terminal below which no text is cut to make room for other columns."""


class Column(NamedTuple):
    """A column of a table on the screen."""

    title: str
    """What stands above it."""
    width: int
    """Columns of the terminal that it takes; 0 for the rest of the line."""
    number: bool = True
    """Whether it is set to the right."""
    key: str = ""
    """The key that a click on its title presses."""
    style: Style | None = None
    """How its cells are shown; None for as the row."""
    gives_way: int = 0
    """Its place among the columns that are left out, from 1, where the rest of the line would be
    narrow; 0 for one that stays."""


class Table(NamedTuple):
    """Columns laid out over a width."""

    columns: Sequence[Column]
    """The columns, from the left."""
    width: int
    """Columns of the terminal."""

    def heading(self) -> Line:
        """Draw the titles."""
        spans, at = [], 0
        kept, cells = self._kept(), self._cells([column.title for column in self.columns])
        for column, cell in zip(kept, cells, strict=True):
            spans.append(Span(at, at + len(cell), key=column.key))
            at += len(cell) + len(GAP)
        text = GAP.join(cells)
        return Line(cut(left(text, self.width), self.width), "heading", _within(spans, self.width))

    def row(self, cells: Sequence[str], style: Style = "plain", key: str = "") -> Line:
        """Draw a row.

        Parameters
        ----------
        cells
            The text of each column; made safe here.
        style
            How it is shown.
        key
            The key that a click on it presses.

        Returns
        -------
        Line
            One line, as wide as the screen.

        """
        laid = self._cells(cells)
        spans, at = [], 0
        for column, cell in zip(self._kept(), laid, strict=True):
            if column.style is not None:
                spans.append(Span(at, at + len(cell), column.style))
            at += len(cell) + len(GAP)
        text = cut(left(GAP.join(laid), self.width), self.width)
        return Line(text, style, _within(spans, len(text)), key)

    def _cells(self, texts: Sequence[str]) -> list[str]:
        kept, rest = self._kept(), self.rest()
        return [
            (right if column.number else left)(safe(text, width), width)
            for column, text in zip(self.columns, texts, strict=True)
            if column in kept
            for width in [column.width or rest]
        ]

    def _kept(self) -> list[Column]:
        """Find the columns that there is room for beside the rest of the line."""
        kept = list(self.columns)
        for column in sorted(self.columns, key=lambda column: column.gives_way):
            if column.gives_way and _rest(kept, self.width) < TEXT_MIN:
                kept.remove(column)
        return kept

    def rest(self) -> int:
        """Tell how wide the column is that takes the rest of the line."""
        return _rest(self._kept(), self.width)


def _rest(columns: Sequence[Column], width: int) -> int:
    taken = sum(column.width for column in columns)
    return max(0, width - taken - len(GAP) * (len(columns) - 1))


def _within(spans: list[Span], end: int) -> tuple[Span, ...]:
    return tuple(span._replace(end=min(span.end, end)) for span in spans if span.begin < end)


def fitted(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> Table:
    """Lay out columns that are as wide as what is in them.

    Parameters
    ----------
    columns
        The columns; their widths are not looked at.
    rows
        The cells of each row.
    width
        Columns of the terminal.

    Returns
    -------
    Table
        The columns, the last one over the rest of the line.

    """
    widths = [
        max(width_of(safe(cell)) for cell in column)
        for column in zip([c.title for c in columns], *rows, strict=True)
    ]
    _make_room(widths, columns, width)
    laid = [column._replace(width=wide) for column, wide in zip(columns, widths, strict=True)]
    if laid and not laid[-1].number:
        laid[-1] = laid[-1]._replace(width=0)
    return Table(laid, width)


def _make_room(widths: list[int], columns: Sequence[Column], width: int) -> None:
    """Make columns of text narrower, the widest first, so that the last one is to be seen, too."""
    texts = [at for at, column in enumerate(columns[:-1]) if not column.number]
    last = min(widths[-1], TEXT_MIN) if widths else 0
    over = sum(widths[:-1]) + len(GAP) * (len(widths) - 1) + last - width
    for at in sorted(texts, key=lambda at: -widths[at]):
        cut_off = max(0, min(over, widths[at] - TEXT_MIN))
        widths[at] -= cut_off
        over -= cut_off


def window(
    state: ViewState, total: int, room: int, make: Callable[[int, int], Sequence[Line]]
) -> Picture:
    """Draw those rows of a panel that are seen, the chosen one among them.

    Parameters
    ----------
    state
        What the user has chosen.
    total
        How many rows there are.
    room
        Lines to fill at most.
    make
        Draws the rows from one to before another.

    Returns
    -------
    Picture
        The rows, and what the keys that move among them press.

    """
    row = max(0, min(state.row, total - 1))
    first = _first(state.first, row, total, room)
    drawn = list(make(first, min(total, first + room))) if room > 0 else []
    lines = [
        line._replace(
            style="chosen" if at == row and total > 1 else line.style,
            key=f"row {at} {first}" if at != row else line.key,
        )
        for at, line in enumerate(drawn, first)
    ]
    keys: dict[str, str] = {}
    if 0 <= row - first < len(drawn) and drawn[row - first].key:
        keys["enter"] = drawn[row - first].key
    moves = {
        "up": row - 1,
        "down": row + 1,
        "page up": row - max(1, room - 1),
        "page down": row + max(1, room - 1),
        "home": 0,
        "end": total - 1,
    }
    for key, to in moves.items():
        there = max(0, min(to, total - 1))
        keys[key] = f"row {there} {_first(first, there, total, room)}"
    keys["k"], keys["j"] = keys["up"], keys["down"]
    return Picture(lines, keys)


def listed(state: ViewState, rows: Sequence[Line], room: int) -> Picture:
    """Draw those rows of a list that are seen.

    Parameters
    ----------
    state
        What the user has chosen.
    rows
        All rows.
    room
        Lines to fill at most.

    Returns
    -------
    Picture
        As ``window`` gives it.

    """
    return window(state, len(rows), room, lambda first, last: rows[first:last])


def newest(state: ViewState, total: int, room: int) -> tuple[slice, dict[str, str]]:
    """Choose what is seen of rows of which the last ones are the newest.

    Parameters
    ----------
    state
        What the user has chosen; the chosen row tells how far back to look.
    total
        How many rows there are.
    room
        Lines to fill at most.

    Returns
    -------
    tuple
        The rows, and what the keys press that lead back and forth.

    """
    end = max(min(room, total), total - state.row)
    back = total - end
    page = max(1, room - 1)
    steps = {
        "up": back + 1,
        "down": back - 1,
        "page up": back + page,
        "page down": back - page,
        "home": total,
        "end": 0,
    }
    keys = {key: f"row {max(0, min(to, total))} 0" for key, to in steps.items()}
    keys["k"], keys["j"] = keys["up"], keys["down"]
    return slice(max(0, end - max(0, room)), end), keys


def _first(first: int, row: int, total: int, room: int) -> int:
    """Choose the first row that is seen: never past the end, the chosen one in sight."""
    first = max(row - room + 1, min(first, row))
    return max(0, min(first, total - room))


def under(heading: Sequence[Line], below: Picture) -> Picture:
    """Put lines that stay above what moves.

    Parameters
    ----------
    heading
        The lines.
    below
        What moves.

    Returns
    -------
    Picture
        Both.

    """
    return Picture([*heading, *below.lines], below.keys)
