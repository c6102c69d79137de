"""How much of a profile's time lies in full stacks: those that reach the root of their thread."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.viewer import ROOT
from pikos.model import Model
from pikos.recording.replay import Replay

if TYPE_CHECKING:
    from pikos.model import Snapshot

IMPORTING = "<frozen importlib."
"""How the names of the import machinery's files begin."""


class Stacks(NamedTuple):
    """What the tree of calling contexts holds."""

    contexts: int
    full: float
    """Share of the self time outside the import machinery that is in full stacks, 0 to 1."""
    folded_calls: int


def stacks_of(recording: Path) -> Stacks:
    """Read the last state of a recording.

    A process of its own does it: what the caller starts afterwards would inherit its peak of
    resident memory.
    """
    command = [sys.executable, "-m", "benchmarks.real.stacks", str(recording)]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return Stacks(*json.loads(done.stdout))


def _read(recording: Path) -> Snapshot:
    model = Model()
    with Replay(recording) as replay:
        for message in replay:
            model.fold(message)
    return model.snapshot()


def stacks_in(snapshot: Snapshot) -> Stacks:
    """Add up the self time of finished and open calls by how much is known of their stacks.

    Everything that an import calls belongs to the import machinery.  Of a folded call only
    function and caller are known: it is left out if one of them is the machinery's.
    """
    own = {ident: context.inline_ns for ident, context in snapshot.contexts.items()}
    for call in snapshot.open_calls:
        own[call.context] = own.get(call.context, 0) + call.own_ns
    kinds: dict[int, str] = {0: "full"}
    full = whole = 0
    for ident, own_ns in own.items():
        kind = _kind(snapshot, ident, kinds)
        if kind != "import":
            whole += own_ns
            full += own_ns * (kind == "full")
    session = snapshot.session
    folded = session.folded_calls if session is not None else 0
    return Stacks(len(snapshot.contexts), full / whole if whole else 1.0, folded)


def _kind(snapshot: Snapshot, ident: int, kinds: dict[int, str]) -> str:
    """Tell a full stack, a part of one, and one that an import is in; kinds is filled."""
    path = []
    while ident not in kinds:
        context = snapshot.contexts.get(ident)
        if context is None:  # its row did not come
            kinds[ident] = "part"
            break
        path.append(context)
        if context.folded:
            break
        ident = context.parent
    kind = kinds.get(ident, "part")
    for context in reversed(path):
        callers = (context.function, context.caller) if context.folded else (context.function,)
        if any(_imports(snapshot, function) for function in callers):
            kind = "import"
        elif context.folded:
            kind = "part"
        kinds[context.id] = kind
    return kind


def _imports(snapshot: Snapshot, function: int) -> bool:
    row = snapshot.functions.get(function)
    return row is not None and row.file.startswith(IMPORTING)


if __name__ == "__main__":
    print(json.dumps(stacks_in(_read(Path(sys.argv[1])))))
