"""Names that are the same in every run: without addresses, and of one kind for built-ins."""

from __future__ import annotations

import re

BUILTIN_FILE = "~"
"""What stands for the file of a built-in."""

_ADDRESS = re.compile(r"(?: at )?0x[0-9a-fA-F]{6,16}(?![0-9a-zA-Z])")

_LABELS = (
    re.compile(r"<(?:method|slot wrapper) '(?P<name>.+)' of '(?P<owner>.+)' objects>"),
    re.compile(r"<built-in method (?P<name>\S+) of (?P<owner>.+) object>"),
    re.compile(r"<(?:built-in (?:method|function)|function) (?P<name>\S+)>"),
    re.compile(r"<(?P<name>[^\s<>]+)>"),
)
"""How cProfile, and recordings of older versions, write built-ins."""


def without_addresses(text: str) -> str:
    """Remove addresses, which differ in every run.

    Parameters
    ----------
    text
        The name or the file of a function.

    Returns
    -------
    str
        The text without them.

    """
    return _ADDRESS.sub("", text)


def plain_builtin(label: str) -> str:
    """Turn cProfile's label of a built-in into a plain name.

    Parameters
    ----------
    label
        For example ``<method 'upper' of 'str' objects>``, without addresses.

    Returns
    -------
    str
        For example ``str.upper``; the label itself if it is none of cProfile's.

    """
    for pattern in _LABELS:
        match = pattern.fullmatch(label)
        if match:
            owner = match.groupdict().get("owner")
            name = f"{owner}.{match['name']}" if owner else match["name"]
            return name.removeprefix("builtins.")
    return label
