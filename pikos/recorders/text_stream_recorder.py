"""A recorder that writes each record as a line of text."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pikos.recorders.escaping import encodable, one_line
from pikos.recorders.native_format import line_format
from pikos.recorders.stream_recorder import StreamRecorder, TextStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pikos.recorders.abstract_recorder import Accept


class TextStreamRecorder(StreamRecorder):
    r"""Write each record to a stream as one line that ends with ``\n``.

    The first `prepare` writes a header, the names of the fields, and under it a line of dashes;
    records without named fields, such as plain tuples, have no header.  A line consists of the
    values with a space between each two, or is made with the record's own format.  Characters
    that would break a line or disturb a terminal are written as escapes (``\n``, ``\x1b``), and
    so are those that the stream's encoding does not have.

    Parameters
    ----------
    text_stream
        Where to write.  It is flushed by the last `finalize`, and not closed.
    filter_
        A callable that takes a record, which is recorded if the answer is true; by default
        every record is.
    formatted
        Use the templates that the class of the records has as ``header`` and ``line``, if any.
    auto_flush
        Flush the stream after the header and after each record; else lines are gathered, and
        written within a second.  By default records on a terminal are flushed, others are not.

    """

    _template: str | None
    """The template of a line of the records last prepared for; None if values are joined."""

    def __init__(
        self,
        text_stream: TextStream,
        filter_: Accept | None = None,
        formatted: bool = False,
        auto_flush: bool | None = None,
    ) -> None:
        super().__init__(text_stream, filter_, auto_flush=auto_flush)
        self._formatted = formatted
        self._template = None
        self._templates: dict[type, str | None] = {}

    def _begin(self, record_type: type) -> None:
        self._template = self._template_of(record_type, "line")
        fields = getattr(record_type, "_fields", None)
        if not self._header_is_due or fields is None:
            return
        header = one_line(_filled(self._template_of(record_type, "header"), fields))
        self._put(f"{header}\n{'-' * len(header)}")

    def _native_format(self, record_type: type, fields: Sequence[str]) -> Any:
        template, encoding = self._template_of(record_type, "line"), self._encoding
        return self._kept_format(
            (template, encoding, *fields),
            lambda: line_format(fields, template, encoding=encoding),
        )

    def _write(self, record: Any) -> None:
        try:
            template = self._templates[type(record)]
        except KeyError:
            template = self._template_of(type(record), "line")
            self._templates[type(record)] = template
        self._put(one_line(_filled(template, record)))

    def _put(self, line: str) -> None:
        stream: Any = self._stream
        try:
            stream.write(f"{line}\n")
        except UnicodeEncodeError as error:
            stream.write(f"{encodable(line, error.encoding)}\n")

    def _template_of(self, record_type: type, name: str) -> str | None:
        """Return the class's template, if it is to be used; a field of that name is none."""
        template = getattr(record_type, name, None) if self._formatted else None
        return template if isinstance(template, str) else None


def screen_recorder(
    filter_: Accept | None = None, formatted: bool = True, auto_flush: bool | None = None
) -> TextStreamRecorder:
    """Make a recorder that writes lines to what ``sys.stdout`` is now: every monitor's default.

    Parameters
    ----------
    filter_, formatted, auto_flush
        Those of `TextStreamRecorder`.

    """
    return TextStreamRecorder(sys.stdout, filter_, formatted, auto_flush)


def _filled(template: str | None, values: Any) -> str:
    if template is None:
        return " ".join(map(str, values))
    try:
        return template.format(*values)
    except (TypeError, ValueError):
        return template.format(*map(str, values))  # None cannot be aligned, its text can
