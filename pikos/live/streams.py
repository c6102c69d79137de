"""Follows the sessions whose frames one connection or one file carries: frames in, news out."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from pikos.errors import WireError
from pikos.wire.codec import Stamp, decode, encode_bye
from pikos.wire.messages import Bye, Hello
from pikos.wire.order import Order
from pikos.wire.tables import TABLES

if TYPE_CHECKING:
    from pikos.wire.messages import Envelope, Message
    from pikos.wire.tables import Table

STREAMS_MAX = 64
"""Sessions that are kept apart; past them the one heard least lately is forgotten."""

SEQUENCE_MAX = 2**64 - 1
"""The last number that a message may have."""

_STREAM = slice(8, 24)


class _Stream:
    """What is remembered of one session."""

    def __init__(self) -> None:
        self.tables: tuple[Table, ...] = TABLES
        self.order = Order()
        self.interval_s = 0.1
        self.ended = False
        self.pid: int | None = None
        self.last: Envelope


class Streams:
    """The sessions of one connection or file, kept apart.

    Threads: one at a time
    """

    def __init__(self) -> None:
        self._streams: OrderedDict[bytes, _Stream] = OrderedDict()
        self._forgotten_drops = 0
        self.refused = 0
        """Frames that were no message, or broke a limit."""
        self.last_error: WireError | None = None
        """What was wrong with the last one of them."""

    def __len__(self) -> int:
        return len(self._streams)

    @property
    def dropped(self) -> int:
        """Messages that were sent and never arrived here."""
        return self._forgotten_drops + sum(s.order.dropped for s in self._streams.values())

    @property
    def ended(self) -> bool:
        """Whether every session that was heard has said goodbye."""
        return bool(self._streams) and all(stream.ended for stream in self._streams.values())

    @property
    def interval_s(self) -> float:
        """The longest time between two messages that a session announces, in seconds."""
        return max((stream.interval_s for stream in self._streams.values()), default=0.1)

    def lacks_state(self, name: bytes) -> bool:
        """Tell whether a session goes on of which the whole state is not known.

        Parameters
        ----------
        name
            Its stream id.

        Returns
        -------
        bool
            Whether it would help to ask for its state.

        """
        stream = self._streams[name]
        return not (stream.order.complete or stream.order.in_keyframe or stream.ended)

    @property
    def pids(self) -> set[int]:
        """Processes of the sessions that have not ended, as far as they have named them."""
        streams = self._streams.values()
        return {one.pid for one in streams if one.pid is not None and not one.ended}

    def next_of(self, name: bytes) -> tuple[int, int]:
        """Return the number that a session's next message has, and the time of its last, in ns."""
        stream = self._streams.get(name)
        if stream is None:
            return 0, 0
        return min(stream.last.sequence + 1, SEQUENCE_MAX), stream.last.time_ns

    def goodbyes(self, reason: str, pid: int, *, alone: bool) -> list[bytes]:
        """Make the goodbyes that sessions have not said and never will.

        Parameters
        ----------
        reason
            What they say.
        pid
            The process that is gone.
        alone
            Whether sessions that have not named their process are its own, too.

        Returns
        -------
        list of bytes
            A message for each session that has not ended.

        """
        made = []
        for name, stream in self._streams.items():
            if not stream.ended and (stream.pid == pid or (alone and stream.pid is None)):
                _, _, _, sequence, time_ns, epoch, _ = stream.last
                following = min(sequence + 1, SEQUENCE_MAX)
                made.append(encode_bye(Stamp(name, following, time_ns, epoch), reason))
        return made

    def take(self, frame: bytes) -> Message | None:
        """Decode a frame.

        Parameters
        ----------
        frame
            Bytes from a stranger.

        Returns
        -------
        Hello, Rows, Bye, Unknown or None
            The message; None if it is none, or older than what was heard before.

        """
        stream = self._streams.get(frame[_STREAM])
        try:
            message = decode(frame, TABLES if stream is None else stream.tables)
        except WireError as error:
            self.refused += 1
            self.last_error = error
            return None
        stream = self._stream(message.envelope.stream)
        if not stream.order.note(message):
            return None
        stream.ended = isinstance(message, Bye)
        stream.last = message.envelope
        if isinstance(message, Hello):
            stream.tables = message.tables
            stream.interval_s = message.facts.get("interval_ns", 100_000_000) / 1e9
            stream.pid = message.facts.get("pid")
        return message

    def _stream(self, name: bytes) -> _Stream:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = _Stream()
            if len(self._streams) > STREAMS_MAX:
                self._forgotten_drops += self._streams.popitem(last=False)[1].order.dropped
        self._streams.move_to_end(name)
        return stream


class Heard:
    """What both a subscription and a replay tell of what they have heard."""

    def __init__(self) -> None:
        self._streams = Streams()
        self.unanswered = False
        """Whether the process does not answer, and its state was read from its ledger's file."""

    @property
    def dropped(self) -> int:
        """Messages that were sent and never received, or never recorded."""
        return self._streams.dropped

    @property
    def refused(self) -> int:
        """Messages that were none, or broke a limit."""
        return self._streams.refused

    @property
    def last_error(self) -> WireError | None:
        """What was wrong with the last one of them."""
        return self._streams.last_error
