"""What tests of the publisher say and hear."""

from __future__ import annotations

from pikos.wire.messages import Rows

STREAM = bytes(range(16))
"""The publisher's session."""
EXTERNAL = 3
"""The clock of a Python timer: time stands still between two events."""


def tables_of(messages):
    """Rows by the name of their table."""
    found = {}
    for message in messages:
        for block in message.blocks if isinstance(message, Rows) else ():
            found.setdefault(block.table.name, []).extend(
                dict(zip(block.columns, row, strict=True)) for row in block.rows()
            )
    return found
