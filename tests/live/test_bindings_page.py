"""The page about the terminal has the keys that there are."""

from __future__ import annotations

import re
from pathlib import Path

from pikos.live.bindings import BINDINGS, press
from pikos.live.state import ViewState
from pikos.live.view import TABS

PAGE = Path(__file__).parents[2] / "docs" / "terminal.md"


def test_the_page_and_the_help_have_the_same_keys():
    section = PAGE.read_text(encoding="utf-8").split("## Keys")[1].split("## ")[0]
    rows = re.findall(r"^\| `(.*)` \| (.*) \|$", section, re.MULTILINE)

    assert rows == [(binding.shown, binding.meaning) for binding in BINDINGS]


def test_no_key_has_two_meanings():
    keys = [key for binding in BINDINGS for key in binding.actions]

    assert len(keys) == len(set(keys))


def test_what_the_last_line_says_is_what_its_keys_do():
    for key, _, panel in TABS:
        after = press(ViewState(panel="source"), key)

        assert after != ViewState(panel="source")
        assert panel is None or after.panel == panel
