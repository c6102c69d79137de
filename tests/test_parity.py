"""The page of parity has tests for each feature and each fault of the original."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "parity.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([SB]\d+) \| .* \| (.*) \|$", PAGE, re.MULTILINE))
FEATURES = [f"S{number:02}" for number in range(1, 69)]
FAULTS = [f"B{number}" for number in range(1, 29)]


@cache
def texts_in(path):
    """What the documentation of each test in a file says."""
    tree = ast.parse((ROOT / path).read_bytes())
    tests = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {test.name: ast.get_docstring(test) or "" for test in tests}


def test_each_feature_and_each_fault_of_the_original_has_a_row():
    assert list(ROWS) == FEATURES + FAULTS


@pytest.mark.parametrize("row", ROWS)
def test_the_tests_in_a_row_are_there_and_bear_its_name(row):
    tests = re.findall(r"`(tests/\S+\.py)::(\w+)`", ROWS[row])

    assert tests
    for path, name in tests:
        assert re.search(rf"\b{row}\b", texts_in(path)[name]), f"{path}::{name}"
