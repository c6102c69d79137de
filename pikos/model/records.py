"""The records of one type, as a recorder publishes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one type at one moment.

    Threads: may be handed to any thread
    """

    fields: tuple[str, ...]
    """Names of the fields: data from a stranger."""
    rows: tuple[tuple[Any, ...], ...]
    """The newest records that were received, the newest one last; each has the fields' values."""
    received: int
    """Records that were received, those included that are not kept any more."""
    published: int
    """Records that were published since the session began."""
    dropped: int
    """Records that came too fast to be published."""
    misfits: int
    """Values that did not fit their column, and were changed."""
    heard_at: float
    """When the newest record arrived, by the viewer's clock, in seconds."""

    @property
    def missed(self) -> int:
        """Records that were published and never received: too early, or lost on the way."""
        return max(0, self.published - self.received)

    def named(self) -> Iterator[dict[str, Any]]:
        """Go through the records.

        Returns
        -------
        Iterator
            For each record its values by the field's name.

        """
        return (dict(zip(self.fields, row, strict=True)) for row in self.rows)

    def column(self, field: str) -> list[Any]:
        """Take one field of all records.

        Parameters
        ----------
        field
            Name of the field.

        Returns
        -------
        list
            Its values.

        Raises
        ------
        ValueError
            If there is no such field.

        """
        at = self.fields.index(field)
        return [row[at] for row in self.rows]
