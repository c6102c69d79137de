"""Comparing profiles: recordings, exported states and files for pstats, in exact differences."""

from pikos.comparison.counts import Counts
from pikos.comparison.difference import Row, differences
from pikos.comparison.profile import Compared, Name, profile_of_pstats, profile_of_snapshot

__all__ = [
    "Compared",
    "Counts",
    "Name",
    "Row",
    "differences",
    "profile_of_pstats",
    "profile_of_snapshot",
]
