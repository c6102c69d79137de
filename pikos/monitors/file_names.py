"""The names of files in records, where they are not those in the code."""

from __future__ import annotations

NAMES: dict[str, str] = {}
"""By the file name in the code, the name that records have: a script's, as it was given."""
