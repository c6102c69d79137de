"""The state of sessions, folded from their messages."""

from pikos.model.fold import Model
from pikos.model.rows import (
    Context,
    Edge,
    Function,
    OpenCall,
    SessionRow,
    Stat,
    Thread,
)
from pikos.model.snapshot import Snapshot

__all__ = [
    "Context",
    "Edge",
    "Function",
    "Model",
    "OpenCall",
    "SessionRow",
    "Snapshot",
    "Stat",
    "Thread",
]
