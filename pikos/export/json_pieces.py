"""JSON in pieces: a list may be an iterator, so that a large one is never held as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

VALUES = 10_000
"""Values of an iterator that are encoded together."""


def json_pieces(value: Any) -> Iterator[str]:
    """Encode a value.

    Parameters
    ----------
    value
        What ``json.dumps`` takes, or an iterator in place of a list, or a mapping of such values.

    Yields
    ------
    str
        JSON, ASCII.

    """
    if isinstance(value, Mapping):
        between = "{"
        for name, member in value.items():
            yield f"{between}{json.dumps(name)}: "
            yield from json_pieces(member)
            between = ", "
        yield "}" if value else "{}"
    elif isinstance(value, Iterator):
        between = "["
        while part := list(islice(value, VALUES)):
            yield between + json.dumps(part)[1:-1]
            between = ", "
        yield "]" if between == ", " else "[]"
    else:
        yield json.dumps(value)
