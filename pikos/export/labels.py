"""How functions are named in exported files."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from pikos.live.text import calls_text, duration, safe
from pikos.model.rows import BUILTIN
from pikos.model.unstacked import UNSTACKED, UNSTACKED_NAME, unstacked

if TYPE_CHECKING:
    from pikos.model import Snapshot

NAME_MAX = 500
"""Columns of a terminal that a name may take; a longer one is cut."""


class Label(NamedTuple):
    """A function's name and place, harmless to show on one line."""

    name: str
    """Qualified name."""
    file: str
    """Its file; ``~`` for a built-in, empty if not known."""
    line: int
    """Its first line; 0 for a built-in."""

    def __str__(self) -> str:
        return f"{self.name} ({self.file}:{self.line})" if self.line else self.name

    @property
    def short(self) -> str:
        """Its name and the end of its file's path; of an ``__init__.py`` with its package."""
        if not self.line:
            return self.name
        parts = self.file.replace("\\", "/").split("/")
        end = "/".join(parts[-2:] if parts[-1].startswith("__") else parts[-1:])
        return f"{self.name} ({end}:{self.line})"


def label_of(snapshot: Snapshot, number: int) -> Label:
    """Name a function.

    Parameters
    ----------
    snapshot
        The session.
    number
        Id of the function.

    Returns
    -------
    Label
        Its name and place; what can be told of it, if it is not known.

    """
    if number == UNSTACKED:
        return Label(UNSTACKED_NAME, "", 0)
    function = snapshot.functions.get(number)
    if function is None:
        return Label(f"function {number}", "", 0)
    name = safe(function.qualified_name or function.name, NAME_MAX)
    line = 0 if function.kind == BUILTIN else max(0, function.line)
    return Label(name, safe(function.file, NAME_MAX), line)


def short_names(snapshot: Snapshot) -> dict[int, str]:
    """Name the functions of a session without the directories of their files.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    dict
        Names by the function's id; with the whole path where two functions would have one name.

    """
    labels = {number: label_of(snapshot, number) for number in snapshot.functions}
    users = Counter(label.short for label in set(labels.values()))
    return {
        number: label.short if users[label.short] == 1 else str(label)
        for number, label in labels.items()
    }


def title_of(snapshot: Snapshot) -> str:
    """Name a session.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    str
        Its process and command line, or its file, and how many open calls its times include.

    """
    facts = snapshot.facts
    command = " ".join(str(word) for word in facts.get("argv", ()))
    process = f"process {facts['pid']}: " if "pid" in facts else ""
    title = safe(f"{process}{command}", NAME_MAX)
    if not snapshot.open_count:
        return title
    return f"{title} ({calls_text(0, snapshot.open_count)} counted so far)"


def unstacked_text(snapshot: Snapshot) -> str:
    """Say how much of a session is in no full stack.

    Parameters
    ----------
    snapshot
        The session.

    Returns
    -------
    str
        How many calls with how much time; empty if all calls are in full stacks.

    """
    calls, self_ns = unstacked(snapshot)
    if not calls and not self_ns:
        return ""
    return f"{calls:,} calls with {duration(self_ns)} are not in full stacks (folded)"
