"""The state of sessions, folded from their messages."""

from pikos.model.fold import Model
from pikos.model.records import Records
from pikos.model.rows import (
    Context,
    Edge,
    Function,
    OpenCall,
    Recording,
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
    "Recording",
    "Records",
    "SessionRow",
    "Snapshot",
    "Stat",
    "Thread",
]
