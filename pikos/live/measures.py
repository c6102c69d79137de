"""Which fields of records are measures, and when each record was made."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.model import Records

SIZES = ("RSS", "VMS")
"""Fields that are numbers of bytes."""

IDENTIFIERS = frozenset({"index", "lineNo", "thread_id"})
"""Fields whose numbers name something: their size means nothing."""

CLOCK = "time_ns"
"""Field with the time of a record: ns of a clock that starts anywhere."""

_CLOCKS = frozenset({CLOCK, "last_exit_ns"})
_NS_PER_S = 1e9


def numeric(records: Records) -> list[str]:
    """Return the fields that are numbers in the newest record."""
    if not records.rows:
        return []
    return [
        field
        for field, value in zip(records.fields, records.rows[-1], strict=True)
        if isinstance(value, int | float)
    ]


def measures(records: Records) -> list[str]:
    """Return the numeric fields that measure something; memory comes first.

    Identifiers and readings of a clock are left out.
    """
    fields = [name for name in numeric(records) if name not in IDENTIFIERS | _CLOCKS]
    memory = [name for name in SIZES if name in fields]
    return memory + [name for name in fields if name not in SIZES]


def times_s(records: Records) -> Sequence[float] | None:
    """Return when each record was made, in seconds since the first one that is kept.

    None if the records have no time.
    """
    if CLOCK not in records.fields or not records.rows:
        return None
    times = records.column(CLOCK)
    if not all(isinstance(at, int | float) and math.isfinite(at) for at in times):
        return None
    return [(time_ns - times[0]) / _NS_PER_S for time_ns in times]
