"""Puts measured figures into the pages, in place of those between the marks.

Usage: python -m benchmarks.pages REAL FILE...

REAL is what ``python -m benchmarks.real`` printed, the other files are those of ``--json``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from benchmarks.table import Result, calls_of, machines, programs_of
from benchmarks.viewer import ROOT

PAGES = (ROOT / "README.md", ROOT / "docs" / "costs.md")
END = "<!-- end of figures -->"


def put(page: str, name: str, figures: str) -> str:
    """Replace the figures of a name in the text of a page.

    Parameters
    ----------
    page
        The text; it need not have figures of that name.
    name
        What the mark before them says: ``<!-- figures: NAME -->``.
    figures
        What stands there from now on.

    """
    mark = f"<!-- figures: {name} -->"
    whole = re.compile(f"{re.escape(mark)}.*?{re.escape(END)}", re.DOTALL)
    return whole.sub(lambda _: f"{mark}\n\n{figures}\n\n{END}", page)


def main() -> None:
    """Put them into all pages."""
    real, *files = (Path(name).read_text(encoding="utf-8") for name in sys.argv[1:])
    results = [Result.from_json(text) for text in files]
    programs = [result for result in results if result.programs]
    figures = {
        "programs": "\n\n".join([machines(programs), *map(programs_of, programs)]),
        "calls": f"{machines(results)}\n\n{calls_of(results)}",
        "real": f"{machines(results[-1:])}\n\n{real.strip()}",
    }
    pages = {path: path.read_text(encoding="utf-8") for path in PAGES}
    for name, text in figures.items():
        after = {path: put(page, name, text) for path, page in pages.items()}
        if after == pages:
            raise SystemExit(f"no page has a place for the figures of {name}")
        pages = after
    for path, page in pages.items():
        path.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
