"""What can be compared with what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikos.errors import NotComparable
from pikos.live.text import calls_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pikos.comparison.profile import Compared


def check_comparable(a: Compared, b: Compared) -> None:
    """Refuse to compare profiles that are not of one kind.

    Parameters
    ----------
    a, b
        The profiles.

    Raises
    ------
    NotComparable
        If they are of different clocks or modes, as far as that is known.

    """
    _check_one(
        "A is of the {} clock, B of the {} clock, and times of one say nothing about the other",
        "profile both with the same --clock",
        (a.clock, b.clock),
    )
    _check_one(
        "A is of {}, B of {}",
        "profile both in the same way",
        tuple(_said(side.threads, "all threads", "one thread") for side in (a, b)),
    )
    _check_one(
        "A counts {}, B {}",
        "profile both with --no-builtins, or neither",
        tuple(
            _said(side.builtins, "built-in functions, too", "no built-in functions")
            for side in (a, b)
        ),
    )


def notes(a: Compared, b: Compared) -> Iterator[str]:
    """Say what limits a comparison.

    Parameters
    ----------
    a, b
        The profiles.

    Yields
    ------
    str
        A sentence.

    """
    for name, profile in (("A", a), ("B", b)):
        if profile.clock is None:
            yield f"{name} does not tell its clock; its times are taken for wall time"
        if not profile.complete:
            yield f"{name} is not whole: messages were lost, or it was heard too late"
        if profile.open_calls:
            yield f"{name} has {calls_text(0, profile.open_calls)}: their time so far is counted"


def _check_one(difference: str, remedy: str, said: tuple[str | None, ...]) -> None:
    if None not in said and len(set(said)) > 1:
        raise NotComparable(f"{difference.format(*said)}; {remedy}")


def _said(value: bool | None, yes: str, no: str) -> str | None:
    if value is None:
        return None
    return yes if value else no
