"""The page of parity with the original names, for each of its features, tests that there are."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "parity.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| (S\d\d) \| .* \| (.*) \|$", PAGE, re.MULTILINE))


@cache
def names_in(path):
    tree = ast.parse((ROOT / path).read_bytes())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_each_feature_has_a_row():
    assert list(ROWS) == [f"S{number:02}" for number in range(1, 69)]


@pytest.mark.parametrize("row", ROWS)
def test_the_names_in_a_row_are_there(row):
    tests = re.findall(r"`(tests/\S+\.py)::(\w+)`", ROWS[row])

    assert tests
    for path, name in tests:
        assert name in names_in(path)
