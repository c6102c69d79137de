"""What a real program is: what to install, and the script that is run."""

from __future__ import annotations

from typing import NamedTuple


class Program(NamedTuple):
    """One real program, run as ``python script.py`` in an empty directory."""

    name: str
    requirements: tuple[str, ...]
    """What pip installs in the program's environment."""
    script: str
    """Its text.  What it prints on stdout must be the same in each run."""
    client: str = ""
    """Source of a script that runs beside it, neither profiled nor measured; may be empty."""
    python: str = ""
    """The only version that it is measured on, ``3.11``; empty: any."""
