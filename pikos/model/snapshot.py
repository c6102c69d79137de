"""One session as it was at one moment, frozen: what views and exports are made from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pikos.model.records import Records
    from pikos.model.rows import Context, Edge, Function, OpenCall, SessionRow, Stat, Thread

STALE_INTERVALS = 3
"""Intervals of silence after which a session is stale."""

STALE_MIN_S = 0.25
"""Seconds of silence that never make a session stale, however short its interval."""


class Counters(NamedTuple):
    """What has returned, without open calls."""

    stats: Mapping[int, Stat]
    """What each function cost, by its id."""
    edges: Mapping[tuple[int, int], Edge]
    """What calls cost, by caller and callee."""
    contexts: Mapping[int, Context]
    """Calling contexts by id."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One session at one moment.

    It holds counts; rates come from two snapshots, where they are drawn.  Times of functions,
    edges and contexts are those of open calls too, up to that moment: ``returned`` leaves them out.
    A row may name a function, thread or context that is not there (yet): every look-up takes that
    into account.

    Threads: may be handed to any thread
    """

    stream: bytes = b""
    """The session's 16 random bytes; empty if nothing was heard."""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the session's hello said: ``wire.hello.FACTS`` and maybe others."""
    functions: Mapping[int, Function] = field(default_factory=dict)
    """Functions by id."""
    stats: Mapping[int, Stat] = field(default_factory=dict)
    """What each function cost, by its id."""
    edges: Mapping[tuple[int, int], Edge] = field(default_factory=dict)
    """What calls cost, by caller and callee; caller 0 is outside every profiled call."""
    contexts: Mapping[int, Context] = field(default_factory=dict)
    """Calling contexts by id."""
    open_calls: tuple[OpenCall, ...] = ()
    """Calls that have not returned; they are counted in ``stats``, ``edges`` and ``contexts``."""
    threads: Mapping[int, Thread] = field(default_factory=dict)
    """Threads by id."""
    session: SessionRow | None = None
    """What the session counts of itself: its size, its own cost, the memory of the process."""
    others: Mapping[str, tuple[tuple[Any, ...], ...]] = field(default_factory=dict)
    """Rows of tables that are not a profiler's, by the table's name."""
    records: Mapping[str, Records] = field(default_factory=dict)
    """Records that a recorder publishes, by the name of their type."""
    epoch: int = 0
    """How often the statistics have been cleared."""
    time_ns: int = 0
    """When the last message was made: ns since the session began."""
    heard_at: float = 0.0
    """When it arrived, by the viewer's clock, in seconds."""
    messages: int = 0
    """Messages received."""
    dropped: int = 0
    """Messages sent and never received."""
    refused_rows: int = 0
    """Rows that the model had no room for."""
    complete: bool = False
    """Whether the whole state has been received, and nothing dropped since."""
    ended: str | None = None
    """Why the session ended; None while it has not said goodbye."""
    counters: Counters | None = field(default=None, compare=False)
    """What has returned; None where no call is open."""

    @property
    def counted(self) -> Counters:
        """What has returned, without open calls."""
        return self.counters or Counters(self.stats, self.edges, self.contexts)

    @property
    def open_count(self) -> int:
        """How many calls have not returned."""
        return sum(call.calls for call in self.open_calls)

    def returned(self) -> Snapshot:
        """Leave out open calls.

        Returns
        -------
        Snapshot
            The session, with what has returned alone.

        """
        stats, edges, contexts = self.counted
        return replace(
            self, stats=stats, edges=edges, contexts=contexts, open_calls=(), counters=None
        )

    @property
    def of_recorder(self) -> bool:
        """Whether a recorder publishes here, not a profiler."""
        return self.facts.get("publishes") == "records"

    @property
    def interval_s(self) -> float:
        """Seconds between two messages, as the session says; 0.1 if it does not."""
        return float(self.facts.get("interval_ns", 100_000_000)) / 1e9

    def age_s(self, now: float) -> float:
        """Tell how old the data is.

        Parameters
        ----------
        now
            The viewer's clock, in seconds.

        Returns
        -------
        float
            Seconds since the last message arrived.

        """
        return max(0.0, now - self.heard_at)

    def stale(self, now: float) -> bool:
        """Tell whether the session has been silent for too long without a goodbye.

        Parameters
        ----------
        now
            The viewer's clock, in seconds.

        Returns
        -------
        bool
            Whether nothing came for ``STALE_INTERVALS``.

        """
        patience_s = max(STALE_MIN_S, STALE_INTERVALS * self.interval_s)
        return self.ended is None and self.age_s(now) > patience_s

    def callers(self, function: int) -> tuple[Edge, ...]:
        """Find who called a function.

        Parameters
        ----------
        function
            Its id.

        Returns
        -------
        tuple of Edge
            One for each caller.

        """
        return tuple(edge for edge in self.edges.values() if edge.callee == function)

    def callees(self, function: int) -> tuple[Edge, ...]:
        """Find whom a function called.

        Parameters
        ----------
        function
            Its id.

        Returns
        -------
        tuple of Edge
            One for each callee.

        """
        return tuple(edge for edge in self.edges.values() if edge.caller == function)
