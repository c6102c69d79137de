"""A page of HTML that stands alone: nothing is fetched, and nothing runs but its own script."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def page(title: str, body: Iterable[str]) -> Iterator[str]:
    """Make a page.

    Parameters
    ----------
    title
        Printable text.
    body
        Pieces of HTML in which all that is a stranger's is escaped.

    Yields
    ------
    str
        HTML.

    """
    style, script = _own("page.css"), _own("page.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    yield (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<h1>{escape(title)}</h1>\n"
    )
    yield from body
    yield f"<script>{script}</script>\n</body>\n</html>\n"


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Make a list of facts.

    Parameters
    ----------
    rows
        Names and values: printable text.

    Returns
    -------
    str
        HTML.

    """
    cells = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in rows)
    return f"<dl>\n{cells}</dl>\n"


def search_box() -> str:
    """Make the box that finds bars and rows by name.

    Returns
    -------
    str
        HTML.

    """
    return (
        '<input id="search" type="search" placeholder="find by name" aria-label="find by name">\n'
    )


def _own(name: str) -> str:
    return resources.files("pikos.export").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
