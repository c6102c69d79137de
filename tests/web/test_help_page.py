"""The document about the page, and the page's own help, have the same keys."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class Terms(HTMLParser):
    """Collects what is in the ``dl`` of the help."""

    def __init__(self):
        super().__init__()
        self.rows = []
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag
        if tag == "dt":
            self.rows.append(["", ""])

    def handle_data(self, data):
        if self.inside in {"dt", "dd"}:
            self.rows[-1][self.inside == "dd"] += data

    def handle_endtag(self, tag):
        self.inside = ""


def test_the_document_and_the_help_have_the_same_keys(repository):
    page = (repository / "pikos" / "live" / "web" / "static" / "index.html").read_text()
    help_of_page = page[page.index('id="help"') : page.index('id="text"')]
    terms = Terms()
    terms.feed(help_of_page)
    document = (repository / "docs" / "browser.md").read_text(encoding="utf-8")
    section = document.split("## Keys")[1].split("## ")[0]

    rows = re.findall(r"^\| `(.*)` \| (.*) \|$", section, re.MULTILINE)

    assert [tuple(row) for row in terms.rows] == rows
    assert len(rows) > 15
