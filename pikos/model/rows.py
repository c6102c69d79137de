"""The rows of a real-time profiler's tables, as viewers use them."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

BUILTIN = 1
"""``Function.kind`` of a built-in function."""


class Function(NamedTuple):
    """A function that was called.

    Fields:  as in ``wire.tables.FUNCTION``
    """

    id: int
    kind: int
    line: int
    name: str
    qualified_name: str
    file: str


class Stat(NamedTuple):
    """What a function cost, all threads together.

    Fields:  as in ``wire.tables.STAT``, and ``open``: calls that have not returned.  They are not
    in ``callcount``; in a ``Snapshot`` their time so far is in ``inline_ns`` and ``cumulative_ns``
    """

    function: int
    callcount: int
    reccallcount: int
    resumecount: int
    inline_ns: int
    cumulative_ns: int
    open: int = 0

    @property
    def primitive_calls(self) -> int:
        """Calls that did not find the function open already."""
        return self.callcount - self.reccallcount

    @property
    def starts(self) -> int:
        """Calls that began the function, not a suspended generator's going on."""
        return self.callcount - self.resumecount


class Edge(NamedTuple):
    """What the calls of one function from one other cost, all threads together.

    Fields:  as in ``wire.tables.EDGE``, and ``open`` as in ``Stat``
    """

    caller: int
    callee: int
    callcount: int
    reccallcount: int
    inline_ns: int
    cumulative_ns: int
    open: int = 0

    @property
    def primitive_calls(self) -> int:
        """Calls that did not find the same call open already."""
        return self.callcount - self.reccallcount


class Context(NamedTuple):
    """What the calls from one place of one thread's calling-context tree cost.

    Fields:  as in ``wire.tables.CONTEXT``, and ``open`` as in ``Stat``
    """

    id: int
    parent: int
    thread: int
    function: int
    caller: int
    folded: int
    callcount: int
    reccallcount: int
    resumecount: int
    inline_ns: int
    cumulative_ns: int
    merged_contexts: int = 0
    merged_ns: int = 0
    open: int = 0


Counted = TypeVar("Counted", Stat, Edge, Context)


def rounded(row: Counted) -> Counted:
    """Raise cumulative time to self time, where sums of rounded times are some ns below it."""
    if row.cumulative_ns >= row.inline_ns or (isinstance(row, Context) and row.folded):
        return row  # a fold has the time of outermost calls alone
    return row._replace(cumulative_ns=row.inline_ns)


class OpenCall(NamedTuple):
    """A call that has not returned, or several of one context added up.

    Fields:  as in ``wire.tables.OPEN_CALL``
    """

    thread: int
    depth: int
    function: int
    context: int
    age_ns: int
    calls: int = 1
    own_ns: int = 0
    cumulative_ns: int = 0
    edge_cumulative_ns: int = 0
    stack: int = 0


class Thread(NamedTuple):
    """A thread that has called something.

    Fields:  as in ``wire.tables.THREAD``
    """

    id: int
    ident: int
    native_id: int
    alive: int
    threads: int
    depth: int
    name: str


class SessionRow(NamedTuple):
    """The session itself.

    Fields:  as in ``wire.tables.SESSION``
    """

    id: int
    enabled: int
    functions: int
    edges: int
    contexts: int
    folded_calls: int
    lost_calls: int
    messages: int
    walks: int
    walk_ns: int
    publisher_ns: int
    clock_drift_ppm: int
    rss_bytes: int
    vms_bytes: int
    merged_contexts: int = 0
    children: int = 0
    events_taken: int = 0


class FunctionTime(NamedTuple):
    """More about the time of a function, where the publisher measures it.

    Fields:  as in ``wire.tables.FUNCTION_TIME``
    """

    function: int
    waiting_ns: int
    longest_ns: int
    longest_began_ns: int


class Recording(NamedTuple):
    """What became of the records of one type.

    Fields:  as in ``wire.tables.RECORDING``
    """

    id: int
    published: int
    last: int
    dropped: int
    misfits: int


ROW_TYPES: dict[str, type[tuple[object, ...]]] = {
    "function": Function,
    "stat": Stat,
    "edge": Edge,
    "context": Context,
    "open_call": OpenCall,
    "thread": Thread,
    "session": SessionRow,
    "function_time": FunctionTime,
    "recording": Recording,
}
"""The row type of each table that has one; rows of other tables are plain tuples."""
