"""What the documentation says is there, and what is there is documented."""

from __future__ import annotations

import doctest
import importlib
import re
import warnings
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
EXAMPLES = [page for page in PAGES if ">>> " in page.read_text(encoding="utf-8")]
MODULES = re.findall(
    r"^\.\. automodule:: (\S+)$", (ROOT / "docs" / "reference.md").read_text(), re.MULTILINE
)
FRONT_DOORS = (
    "pikos.api",
    "pikos.comparison",
    "pikos.export",
    "pikos.external.api",
    "pikos.filters.api",
    "pikos.live",
    "pikos.model",
    "pikos.monitors.api",
    "pikos.recorders.api",
    "pikos.recording",
)


def name_of(path):
    return path.name


@pytest.mark.parametrize("page", EXAMPLES, ids=name_of)
def test_the_examples_of_a_page_do_what_it_says(page):
    """B27."""
    done = doctest.testfile(str(page), module_relative=False, encoding="utf-8")

    assert done.attempted > 0
    assert done.failed == 0


def public_names():
    for module in FRONT_DOORS:
        yield from ((module, name) for name in importlib.import_module(module).__all__)


@pytest.mark.parametrize(("module", "name"), list(public_names()))
def test_a_public_name_is_in_the_reference(module, name):
    """S64: the module that the reference is made from is the one that defines it."""
    thing = getattr(importlib.import_module(module), name)

    assert thing.__module__ in MODULES
    assert thing.__doc__


@pytest.mark.parametrize("module", MODULES)
def test_what_the_reference_is_made_from_is_there(module):
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert importlib.import_module(module).__doc__


def links(page):
    text = page.read_text(encoding="utf-8")
    return [link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link]


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "README.md", *(ROOT / "docs" / "decisions").glob("*.md")], ids=name_of
)
def test_a_link_leads_somewhere(page):
    dead = [link for link in links(page) if not (page.parent / link).exists()]

    assert not dead


def test_the_external_profilers_are_said_to_be_experimental():
    """S63: the note of the original's documentation."""
    assert "experimental" in (ROOT / "docs" / "externals.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "names"), [("README.md", ["programs"]), ("docs/costs.md", ["real", "calls"])]
)
def test_measured_figures_have_their_place(page, names):
    """``make figures`` replaces what stands between a mark and the next end."""
    marks = re.findall(r"<!-- (?:figures: (\w+)|end of figures) -->", (ROOT / page).read_text())
    assert marks == [mark for name in names for mark in (name, "")]
