"""Objects that act when they are asked for their name."""

from __future__ import annotations

import contextlib
import gc
import threading

from support.counted import Calls, calls_of, record
from support.deadlines import DEADLINE_S

from hazards.evils import CALLS, LEVER, with_acts
from hazards.harness import (
    Unraisable,
    check_off,
    check_usable,
    fresh_function,
    leaf,
    scenario,
)
from pikos._lsprof import Profiler


class EvilMeta(type):
    def __getattribute__(cls, name):
        LEVER()
        return super().__getattribute__(name)

    def __repr__(cls):
        LEVER()
        return "evil"


class EvilList(list, metaclass=EvilMeta):
    def __getattribute__(self, name):
        LEVER()
        return super().__getattribute__(name)

    def __repr__(self):
        LEVER()
        return "evil"


class EvilKey(str):
    __slots__ = ()

    def __eq__(self, other):
        LEVER()
        return str.__eq__(self, other)

    __hash__ = str.__hash__


@scenario(*CALLS)
def descriptor_and_repr(evil):
    def program():
        evil_list = EvilList()
        evil_list.append(1)
        list.append(evil_list, 2)
        evil_list.extend([3])
        append = list.append.__get__(evil_list)
        append(4)
        EvilList.mro()
        list.sort(evil_list)

    with_acts(evil, program)


@scenario(*CALLS)
def key_in_the_dictionary_of_a_type(evil):
    def program():
        holder = type("Holder", (list,), {EvilKey("append"): 1, EvilKey("sort"): 2})
        for call in (list.append, list.sort, list.extend, list.clear):
            with contextlib.suppress(TypeError):
                call(holder(), [1])
        list.sort(holder())

    with_acts(evil, program)


@scenario()
def key_that_changes_the_bases_of_its_type():
    class Other(list):
        pass

    class Middle(list):
        pass

    holder = type("Holder", (Middle,), {EvilKey("append"): 1})

    def rebase():
        holder.__bases__ = (Other,) if holder.__bases__ == (Middle,) else (Middle,)
        gc.collect()

    profiler = Profiler()
    profiler.enable()
    LEVER.act = rebase
    list.append(holder(), 1)
    LEVER.act = None
    profiler.disable()
    check_usable()


@scenario()
def names_that_utf_8_cannot_hold():
    names = {}
    exec(compile("def f\u00e9(): return 1", "\udcff\udc00/\x1b[2J.py", "exec"), names)
    function = names["f\u00e9"]
    function.__code__ = function.__code__.replace(co_name="\ud800" * 50_000)
    profiler = Profiler()
    record(profiler, function)
    assert calls_of(profiler, function) == Calls(1)
    check_usable()


@scenario()
def builtins_first_called_where_recursion_ends():
    profiler = Profiler()
    counted = 0

    def descend():
        nonlocal counted
        counted += 1
        try:
            "x".isidentifier()
            "x".isprintable()
            b"x".isalnum()
        finally:
            descend()

    profiler.enable()
    with contextlib.suppress(RecursionError):
        descend()
    profiler.disable()  # raises if a call could not be counted
    assert calls_of(profiler, descend).calls in (counted, counted + 1)
    check_off(profiler)


@scenario()
def recursion_error_inside():
    profiler = Profiler()

    def descend(depth):
        nonlocal deepest
        deepest = depth
        try:
            descend(depth + 1)
        except RecursionError:
            fresh_function(leaf)

    for _ in range(3):
        deepest = 0
        profiler.enable()
        with contextlib.suppress(RecursionError):
            descend(1)
        profiler.disable()
        assert calls_of(profiler, descend).calls == deepest
        check_off(profiler)
        profiler.clear()
    check_usable()


@scenario(*CALLS)
def thread_whose_name_acts(evil):
    class Thread(threading.Thread):
        @property
        def _name(self):
            threading._active.pop(threading.get_ident(), None)
            LEVER()
            return "gone"

        @_name.setter
        def _name(self, name):
            pass

    def program():
        thread = Thread(target=lambda: [fresh_function(leaf)() for _ in range(3)])
        thread.start()
        thread.join(DEADLINE_S)

    with Unraisable():
        with_acts(evil, program)
