"""The leaf library as ctypes sees it: every structure and every prototype that the tests use."""

from __future__ import annotations

import ctypes as c
from types import SimpleNamespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

POINTER = c.c_void_p


class Buf(c.Structure):
    """pk_buf."""

    _fields_ = [
        ("bytes", POINTER),
        ("size", c.c_size_t),
        ("capacity", c.c_size_t),
        ("failed", c.c_bool),
    ]

    def content(self) -> bytes:
        """What was written."""
        return c.string_at(self.bytes, self.size) if self.size else b""


class Text(c.Structure):
    """The str member of pk_value."""

    _fields_ = [("bytes", c.c_char_p), ("size", c.c_size_t)]


class Value(c.Union):
    """pk_value."""

    _fields_ = [("i64", c.c_int64), ("f64", c.c_double), ("str", Text)]


class Envelope(c.Structure):
    """pk_envelope."""

    _fields_ = [
        ("kind", c.c_uint8),
        ("flags", c.c_uint8),
        ("stream", c.c_uint8 * 16),
        ("sequence", c.c_uint64),
        ("time_ns", c.c_int64),
        ("epoch", c.c_uint32),
    ]


class Memory(c.Structure):
    """pk_memory."""

    _fields_ = [("descriptor", c.c_int), ("page_bytes", c.c_int64)]


class Clock(c.Structure):
    """pk_clock."""

    _fields_ = [
        ("kind", c.c_int),
        ("ns_per_tick", c.c_double),
        ("tsc_anchor", c.c_int64),
        ("monotonic_anchor", c.c_int64),
    ]


class Options(c.Structure):
    """pk_publisher_options."""

    _fields_ = [
        ("zmq", POINTER),
        ("endpoint", c.c_char_p),
        ("interval_ns", c.c_int64),
        ("stream", c.c_uint8 * 16),
        ("hello", c.c_char_p),
        ("hello_size", c.c_size_t),
        ("server_secret", c.c_char_p),
        ("clients", c.POINTER(c.c_char_p)),
        ("clock", Clock),
        ("began_ns", c.c_int64),
        ("first_sequence", c.c_uint64),
        ("epoch", c.c_uint32),
    ]


class Facts(c.Structure):
    """pk_publisher_facts."""

    _fields_ = [
        ("viewers", c.c_bool),
        ("sequence", c.c_uint64),
        ("messages", c.c_int64),
        ("walks", c.c_int64),
        ("walk_ns", c.c_int64),
        ("publisher_ns", c.c_int64),
        ("send_failures", c.c_int64),
    ]


class Region(c.Structure):
    """pk_region."""

    _fields_ = [
        ("base", POINTER),
        ("reserved", c.c_size_t),
        ("ready", c.c_size_t),
        ("used", c.c_size_t),
        ("backed", c.c_bool),
        ("file", c.c_int),
        ("device", c.c_uint64),
        ("inode", c.c_uint64),
    ]


MIRRORED = {
    "buf": Buf,
    "value": Value,
    "envelope": Envelope,
    "clock": Clock,
    "options": Options,
    "facts": Facts,
    "region": Region,
}

PROTOTYPES = {
    "pk_buf_put": (None, c.POINTER(Buf), c.c_char_p, c.c_size_t),
    "pk_buf_clear": (None, c.POINTER(Buf)),
    "pk_buf_free": (None, c.POINTER(Buf)),
    "pk_block_begin": (None, POINTER, c.c_uint32, c.c_char_p),
    "pk_block_add": (None, POINTER, c.POINTER(Value)),
    "pk_block_add_numbers": (None, POINTER, c.POINTER(c.c_int64)),
    "pk_block_free": (None, POINTER),
    "pk_message_begin": (None, c.POINTER(Buf), c.POINTER(Envelope)),
    "pk_message_add": (None, c.POINTER(Buf), POINTER),
    "pk_message_end": (None, c.POINTER(Buf)),
    "pk_forked_begin": (c.c_int,),
    "pk_forked_add": (None, c.c_int32),
    "pk_forked_remove": (None, c.c_int32),
    "pk_forked_read": (c.c_size_t, c.POINTER(c.c_int32), c.POINTER(c.c_size_t)),
    "pk_memory_open": (None, c.POINTER(Memory)),
    "pk_memory_read": (
        None,
        c.POINTER(Memory),
        c.POINTER(c.c_int64),
        c.POINTER(c.c_int64),
    ),
    "pk_memory_close": (None, c.POINTER(Memory)),
    "pk_region_open": (c.c_int, c.POINTER(Region), c.c_size_t),
    "pk_region_take": (POINTER, c.POINTER(Region), c.c_size_t, c.c_size_t),
    "pk_region_back": (c.c_int, c.POINTER(Region), c.c_char_p),
    "pk_region_replace": (c.c_int, c.POINTER(Region)),
    "pk_region_close": (None, c.POINTER(Region)),
    "pk_zmq_bind": (c.c_int, POINTER, c.c_char_p, c.c_char_p, c.c_size_t),
    "pk_zmq_has_curve": (c.c_bool, POINTER),
    "pk_clock_set": (None, c.POINTER(Clock), c.c_int, c.c_double),
    "pk_publisher_start": (
        POINTER,
        c.POINTER(Options),
        POINTER,
        c.c_char_p,
        c.c_size_t,
    ),
    "pk_publisher_start_patiently": (POINTER, c.POINTER(Options), POINTER, c.c_uint),
    "pk_publisher_bound": (c.c_bool, POINTER, c.c_char_p, c.c_size_t),
    "pk_publisher_show": (None, POINTER, POINTER, c.c_uint32),
    "pk_publisher_shown": (c.c_uint32, POINTER),
    "pk_publisher_set_enabled": (None, POINTER, c.c_bool),
    "pk_publisher_endpoint": (c.c_char_p, POINTER),
    "pk_publisher_read": (None, POINTER, c.POINTER(Facts)),
    "pk_publisher_stop": (
        c.c_int,
        POINTER,
        c.c_char_p,
        c.c_int64,
        c.POINTER(c.c_uint64),
    ),
    "driver_new": (POINTER, c.c_uint64),
    "driver_free": (None, POINTER),
    "driver_ledger": (POINTER, POINTER),
    "driver_limit_tree": (None, POINTER, c.c_uint32),
    "driver_function": (c.c_uint32, POINTER, c.c_char_p, c.c_int64),
    "driver_call": (c.c_int, POINTER, c.c_uint32, c.c_int64),
    "driver_resume": (c.c_int, POINTER, c.c_uint32, c.c_int64),
    "driver_use_thread": (c.c_uint32, POINTER, c.c_uint32),
    "driver_add_threads": (c.c_uint32, POINTER, c.c_uint32, c.c_char_p),
    "driver_end_thread": (None, POINTER, c.c_uint32),
    "driver_contexts": (c.c_uint32, POINTER),
    "driver_merged": (c.c_int64, POINTER),
    "driver_return": (None, POINTER, c.c_int64),
    "driver_call_many": (c.c_int, POINTER, c.c_uint32),
    "driver_return_partly": (None, POINTER, c.c_int64),
    "driver_return_rest": (None, POINTER),
    "driver_write_start": (c.c_int, POINTER, c.c_int),
    "driver_switch": (c.c_int, POINTER, c.c_uint32, c.c_int64),
    "driver_stacks": (c.c_uint32, POINTER),
    "driver_longest_search": (c.c_uint32, POINTER),
    "driver_depth": (c.c_uint32, POINTER),
    "driver_leave_all": (None, POINTER, c.c_int64),
    "driver_switch_start": (c.c_int, POINTER),
    "driver_write_stop": (None, POINTER),
    "driver_busy": (c.c_int64, POINTER),
    "driver_calls": (c.c_int64, POINTER),
    "driver_fail_allocation": (None, c.c_long),
    "driver_failure_pending": (c.c_int,),
    "driver_size_of": (c.c_size_t, c.c_char_p),
}


def load(path: Path) -> SimpleNamespace:
    """Load the library, with a prototype on everything that can be called."""
    library = c.CDLL(str(path))
    functions = {}
    for name, (answer, *arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype = answer
        function.argtypes = arguments
        functions[name] = function
    return SimpleNamespace(**functions)
