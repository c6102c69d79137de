"""Which of the interpreters that the suite runs on this one is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ENVIRONMENTS = Path(__file__).resolve().parents[2] / ".venv"


def version_of(environment: Path) -> tuple[int, ...]:
    return tuple(map(int, environment.name.split(".")))


def is_newest() -> bool:
    """Whether no environment that ``make`` has built Pikos in has a newer one."""
    if Path(sys.prefix).parent != ENVIRONMENTS:
        return True
    built = [stamp.parent for stamp in ENVIRONMENTS.glob("*/built")]
    return all(version_of(each) <= sys.version_info[:2] for each in built)


newest_only = pytest.mark.skipif(
    not is_newest(), reason="the same whatever the interpreter: the newest runs it"
)
"""For what takes long and tests no Python code of ours that runs in this interpreter."""
