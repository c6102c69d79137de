"""Attaching a monitor: entered whenever the body of a function runs, and never else."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import inspect
import pickle
import sys
import weakref

import pytest

from pikos.monitors.attach import MonitorAttach
from pikos.monitors.monitor import Monitor


class Watch(Monitor):
    """A monitor that tells whether it is on, and how often it went on."""

    def __init__(self):
        self.depth = 0
        self.entered = 0

    def enable(self):
        self.depth += 1
        self.entered += 1

    def disable(self):
        self.depth -= 1

    @property
    def on(self):
        return self.depth > 0


@pytest.fixture
def watch():
    made = Watch()
    yield made
    assert made.depth == 0


def run(coroutine):
    """Drive a coroutine by hand: what it yields, then what it returns."""
    yielded = []
    try:
        while True:
            yielded.append(coroutine.send(None))
    except StopIteration as stop:
        return [*yielded, stop.value]


class Pause:
    """An awaitable that suspends once; what is sent at the resume is its value."""

    def __init__(self, value=None):
        self.value = value

    def __await__(self):
        return (yield self.value)


def test_a_monitor_without_enable_and_disable_cannot_be_made():
    with pytest.raises(TypeError):
        Monitor()


def test_entering_a_monitor_enables_it_and_gives_it(watch):
    """B28."""
    with watch as given:
        assert given is watch
        assert watch.on

    assert not watch.on


def test_leaving_a_monitor_lets_an_exception_through(watch):
    with pytest.raises(KeyError), watch:
        raise KeyError

    assert not watch.on


def test_a_function_is_watched_while_it_runs(watch):
    @watch.attach
    def function(a, *, b):
        assert watch.on
        return a, b

    assert function(1, b=2) == (1, 2)
    assert watch.entered == 1


def test_an_exception_comes_through_and_ends_the_watch(watch):
    @watch.attach
    def function():
        raise KeyError("k")

    with pytest.raises(KeyError, match="k"):
        function()

    assert not watch.on


def test_with_parentheses_it_is_the_same(watch):
    @watch.attach()
    def function():
        return watch.on

    assert function() is True


def test_recursion_enters_once_more_each_time_and_leaves_as_often(watch):
    @watch.attach
    def factorial(n):
        return n * factorial(n - 1) if n else watch.depth

    assert factorial(4) == 24 * 5


def test_name_documentation_and_signature_are_kept(watch):
    """B4."""

    def function(a: int, b: str = "x") -> float:
        """What it does."""

    watched = watch.attach(function)

    assert watched.__name__ == "function"
    assert watched.__qualname__ == function.__qualname__
    assert watched.__module__ == __name__
    assert watched.__doc__ == "What it does."
    assert inspect.signature(watched) == inspect.signature(function)
    assert watched.__wrapped__ is function


def test_the_monitor_is_reached_through_the_function(watch):
    @watch.attach
    def function():
        pass

    assert function.monitor is watch


def test_methods_of_every_kind_are_watched(watch):
    class Things:
        @watch.attach
        def plain(self):
            return watch.on, self

        @watch.attach
        @staticmethod
        def static_below(value):
            return watch.on, value

        @staticmethod
        @watch.attach
        def static_above(value):
            return watch.on, value

        @watch.attach
        @classmethod
        def of_class_below(cls):
            return watch.on, cls

        @classmethod
        @watch.attach
        def of_class_above(cls):
            return watch.on, cls

        @property
        @watch.attach
        def attribute(self):
            return watch.on, self

    things = Things()

    assert things.plain() == (True, things)
    assert things.static_below(1) == Things.static_above(1) == (True, 1)
    assert things.of_class_below() == Things.of_class_above() == (True, Things)
    assert things.attribute == (True, things)
    assert isinstance(vars(Things)["static_below"], staticmethod)
    assert isinstance(vars(Things)["of_class_below"], classmethod)


def test_bound_methods_partials_builtins_and_callable_objects_are_watched(watch):
    class Callable:
        def __call__(self, value):
            return watch.on, value

        method = __call__

    assert watch.attach(Callable())(1) == (True, 1)
    assert watch.attach(Callable().method)(1) == (True, 1)
    assert watch.attach(functools.partial(Callable(), 1))() == (True, 1)
    assert watch.attach(lambda: watch.on)() is True
    assert watch.attach(len)("abc") == 3
    assert watch.entered == 5


@pytest.mark.parametrize(
    "thing", [1, "function", None.__class__, int, property(lambda self: 1), []]
)
def test_what_is_no_function_is_refused_by_name(watch, thing):
    with pytest.raises(TypeError, match="cannot attach to"):
        watch.attach(thing)


def test_more_than_one_function_is_refused(watch):
    """B4."""
    with pytest.raises(TypeError):
        watch.attach(len, len)


def test_keywords_that_mean_nothing_are_refused(watch):
    with pytest.raises(TypeError):
        watch.attach(focus=True)


@pytest.mark.parametrize("missing", ["__enter__", "__exit__"])
def test_what_is_no_context_manager_cannot_be_attached(missing):
    """B4."""
    methods = {"__enter__": lambda self: None, "__exit__": lambda self, *failure: None}
    del methods[missing]

    with pytest.raises(ValueError, match=missing):
        MonitorAttach(type("Half", (), methods)())


def test_any_context_manager_can_be_attached():
    class Other:
        on = False

        def __enter__(self):
            Other.on = True

        def __exit__(self, *failure):
            Other.on = False

    assert MonitorAttach(Other())(lambda: Other.on)() is True
    assert Other.on is False


def test_a_generator_is_watched_from_each_resume_to_the_suspension(watch):
    @watch.attach
    def count(n):
        for i in range(n):
            assert watch.on
            yield i
        assert watch.on

    for value in count(3):
        assert not watch.on, value

    assert watch.entered == 4


def test_a_generator_stays_a_generator_function(watch):
    @watch.attach
    def count():
        """Documented."""
        yield

    assert inspect.isgeneratorfunction(count)
    assert inspect.isgenerator(count())
    assert (count.__name__, count.__doc__, count().__name__) == ("count", "Documented.", "count")


def test_making_a_generator_runs_nothing(watch):
    @watch.attach
    def count():
        raise AssertionError
        yield

    count().close()

    assert watch.entered == 0


def test_everything_sent_into_a_generator_arrives_the_first_value_too(watch):
    """S67, B4: and so it is with throw, close and return, below."""

    @watch.attach
    def echo():
        received = []
        while len(received) < 3:
            received.append((yield len(received)))
        return received

    body = echo()
    yielded = [next(body), body.send("a"), body.send("b")]

    with pytest.raises(StopIteration) as stop:
        body.send("c")

    assert yielded == [0, 1, 2]
    assert stop.value.value == ["a", "b", "c"]


def test_the_value_that_a_generator_returns_comes_through_yield_from(watch):
    """B4."""

    @watch.attach
    def inner():
        yield 1
        return "result"

    def outer():
        return (yield from inner())

    assert run(outer()) == [1, "result"]


@pytest.mark.parametrize("value", [(1, 2), KeyError("k"), StopIteration(3), None])
def test_a_generator_may_return_anything(watch, value):
    @watch.attach
    def inner():
        return value
        yield

    with pytest.raises(StopIteration) as stop:
        next(inner())

    assert stop.value.value is value


def test_what_is_thrown_into_a_generator_arrives_where_it_is_suspended(watch):
    """B4."""

    @watch.attach
    def patient():
        try:
            yield "first"
        except KeyError as error:
            assert watch.on
            yield error.args[0]

    body = patient()
    next(body)

    assert body.throw(KeyError("thrown")) == "thrown"
    assert not watch.on


def test_what_a_generator_does_not_catch_comes_out_again(watch):
    @watch.attach
    def impatient():
        yield

    body = impatient()
    next(body)
    error = KeyError("thrown")

    with pytest.raises(KeyError) as raised:
        body.throw(error)

    assert raised.value is error
    assert list(body) == []


def test_an_error_of_a_generator_has_the_context_that_it_would_have_alone(watch):
    @watch.attach
    def body():
        with contextlib.suppress(KeyError):
            yield
        assert sys.exc_info() == (None, None, None)
        yield
        raise ValueError("later")

    made = body()
    next(made)
    made.throw(KeyError)

    with pytest.raises(ValueError, match="later") as raised:
        next(made)

    assert raised.value.__context__ is None


def test_a_stop_iteration_raised_in_a_generator_is_an_error(watch):
    @watch.attach
    def body():
        raise StopIteration("not the end")  # noqa: PLR1708 - what it is about
        yield

    with pytest.raises(RuntimeError, match="generator raised StopIteration"):
        next(body())


def test_closing_a_generator_runs_its_finally_watched(watch):
    ended = []

    @watch.attach
    def body():
        try:
            yield
        finally:
            ended.append(watch.on)

    made = body()
    next(made)
    made.close()

    assert ended == [True]


def test_closing_a_generator_gives_what_python_gives(watch):
    def body():
        try:
            yield
        except GeneratorExit:
            return "result"

    alone, watched = body(), watch.attach(body)()
    next(alone)
    next(watched)

    assert watched.close() == alone.close()


def test_a_generator_that_refuses_to_close_is_an_error(watch):
    @watch.attach
    def body():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    made = body()
    next(made)

    with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
        made.close()


def test_a_generator_that_is_dropped_is_closed(watch):
    ended = []

    @watch.attach
    def body():
        try:
            yield
        finally:
            ended.append(watch.on)

    made = body()
    next(made)
    del made
    gc.collect()

    assert ended == [True]


def test_a_suspended_generator_keeps_nothing_that_it_handed_on(watch):
    class Value:
        pass

    @watch.attach
    def body():
        yield Value()

    made = body()
    value = weakref.ref(next(made))

    assert value() is None
    made.close()


def test_a_suspended_async_generator_keeps_nothing_that_it_handed_on(watch):
    class Value:
        pass

    @watch.attach
    async def body():
        yield Value()

    async def main():
        made = body()
        value = weakref.ref(await made.asend(None))
        assert value() is None
        await made.aclose()

    run(main())


def test_a_coroutine_is_watched_but_not_while_it_waits(watch):
    @watch.attach
    async def wait():
        assert watch.on
        got = await Pause("suspended")
        assert watch.on
        return got

    body = wait()

    assert body.send(None) == "suspended"
    assert not watch.on
    with pytest.raises(StopIteration) as stop:
        body.send("sent")
    assert stop.value.value == "sent"
    assert watch.entered == 2


def test_a_coroutine_stays_a_coroutine_function(watch):
    @watch.attach
    async def wait():
        """Documented."""

    assert inspect.iscoroutinefunction(wait)
    assert (wait.__name__, wait.__doc__) == ("wait", "Documented.")
    made = wait()
    assert inspect.iscoroutine(made)
    assert made.__name__ == "wait"
    made.close()


def test_a_coroutine_that_is_closed_runs_its_finally(watch):
    ended = []

    @watch.attach
    async def wait():
        try:
            await Pause()
        finally:
            ended.append(watch.on)

    body = wait()
    body.send(None)
    body.close()

    assert ended == [True]


def test_a_coroutine_hears_that_its_task_is_cancelled(watch):
    @watch.attach
    async def wait():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "cancelled"

    async def main():
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        assert not watch.on
        task.cancel()
        return await task

    assert asyncio.run(main()) == "cancelled"


def test_many_coroutines_at_once_are_each_watched_in_their_turn(watch):
    @watch.attach
    async def step(n):
        for _ in range(n):
            assert watch.depth == 1
            await asyncio.sleep(0)
        return n

    async def main():
        return await asyncio.gather(*map(step, range(10)))

    assert asyncio.run(main()) == list(range(10))
    assert watch.entered == sum(range(10)) + 10


def test_an_async_generator_is_watched_but_neither_at_yields_nor_at_waits(watch):
    @watch.attach
    async def count(n):
        for i in range(n):
            assert watch.on
            await Pause("waiting")
            assert watch.on
            yield i

    async def main():
        seen = []
        async for i in count(2):
            assert not watch.on
            seen.append(i)
        return seen

    assert run(main()) == ["waiting", "waiting", [0, 1]]
    assert watch.entered == 5


def test_an_async_generator_stays_one(watch):
    @watch.attach
    async def count():
        yield

    assert inspect.isasyncgenfunction(count)
    assert inspect.isasyncgen(count())


def test_asend_hands_on_what_is_sent(watch):
    @watch.attach
    async def echo():
        got = yield "ready"
        yield got

    async def main():
        body = echo()
        return [await body.asend(None), await body.asend("sent"), [x async for x in body]]

    assert run(main()) == [["ready", "sent", []]]


def test_athrow_raises_where_the_async_generator_is_suspended(watch):
    @watch.attach
    async def patient():
        try:
            yield
        except KeyError as error:
            assert watch.on
            yield error.args[0]

    async def main():
        body = patient()
        await body.asend(None)
        return await body.athrow(KeyError("thrown"))

    assert run(main()) == ["thrown"]


def test_athrow_comes_out_of_an_async_generator_that_does_not_catch_it(watch):
    @watch.attach
    async def impatient():
        yield

    async def main():
        body = impatient()
        await body.asend(None)
        with pytest.raises(KeyError):
            await body.athrow(KeyError)

    run(main())


def test_aclose_runs_the_finally_which_may_wait(watch):
    ended = []

    @watch.attach
    async def body():
        try:
            yield
        finally:
            await Pause("closing")
            ended.append(watch.on)

    async def main():
        made = body()
        await made.asend(None)
        await made.aclose()

    assert run(main()) == ["closing", None]
    assert ended == [True]


def test_an_async_generator_that_refuses_to_close_is_an_error(watch):
    @watch.attach
    async def body():
        try:
            yield 1
        except GeneratorExit:
            yield 2

    async def main():
        made = body()
        await made.asend(None)
        with pytest.raises(RuntimeError, match="ignored GeneratorExit"):
            await made.aclose()

    run(main())


@pytest.mark.parametrize("drop", [True, False])
def test_the_event_loop_closes_an_async_generator_left_behind_once(watch, drop):
    ended, complaints = [], []

    @watch.attach
    async def body():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            ended.append(watch.on)

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: complaints.append(context))
        kept = body()
        await kept.asend(None)
        if drop:
            del kept
            while not ended:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0)
        else:
            loop.kept = kept

    asyncio.run(main())
    gc.collect()

    assert ended == [True]
    assert complaints == []


def test_the_hooks_of_the_event_loop_are_those_that_were(watch):
    @watch.attach
    async def body():
        yield

    async def main():
        hooks = sys.get_asyncgen_hooks()
        async for _ in body():
            assert sys.get_asyncgen_hooks() == hooks

    asyncio.run(main())


def test_a_monitor_that_fails_to_go_on_keeps_the_body_from_running():
    class Broken(Watch):
        def enable(self):
            raise OSError("broken")

    ran = []

    with pytest.raises(OSError, match="broken"):
        Broken().attach(lambda: ran.append(1))()

    assert ran == []


def test_attributes_of_a_cached_function_stay(watch):
    """P20: an lru_cache is no function, and its methods are in no dictionary."""

    @watch.attach
    @functools.lru_cache(maxsize=2)
    def square(number):
        """Say so."""
        return number * number

    assert [square(3), square(3)] == [9, 9]
    assert square.cache_info().hits == 1
    assert square.cache_parameters()["maxsize"] == 2
    square.cache_clear()
    assert square.cache_info().currsize == 0
    assert (square.__name__, square.__doc__) == ("square", "Say so.")
    assert inspect.signature(square).parameters.keys() == {"number"}
    assert watch.entered == 2


def test_a_cached_method_stays_one(watch):
    """P20."""

    class Squares:
        @watch.attach
        @functools.cache  # noqa: B019 - nothing is kept for long
        def of(self, number):
            return self, number * number

    squares = Squares()

    assert squares.of(3) == (squares, 9)
    assert squares.of.cache_info().misses == Squares.of.cache_info().misses == 1


def test_attributes_of_a_generic_function_stay(watch):
    """P20: singledispatch."""

    @watch.attach
    @functools.singledispatch
    def kind(_value):
        return "any"

    @kind.register
    def _of_numbers(_value: int):
        return "int"

    assert [kind("x"), kind(1)] == ["any", "int"]
    assert int in kind.registry


def test_attributes_of_a_callable_object_are_those_of_now(watch):
    """P20: as the objects are that click makes of functions."""

    class Command:
        calls = 0

        def __call__(self):
            self.calls += 1

        @property
        def twice(self):
            return 2 * self.calls

        def main(self):
            return "main"

    class Group:
        command = watch.attach(Command())

    watched = watch.attach(Command())
    watched()
    Group().command()

    assert (watched.calls, watched.twice, watched.main()) == (1, 2, "main")
    assert watched.monitor is watch
    with pytest.raises(AttributeError, match="nothing"):
        watched.nothing  # noqa: B018 - asking for it is the test


def test_attributes_of_partials_and_of_methods_without_an_object_stay(watch):
    """P20."""

    def values(first, last):
        yield from range(first, last)

    def plain(value):
        return value

    part = watch.attach(functools.partial(values, 1))
    whole = watch.attach(functools.partial(plain, 1))
    static = staticmethod(plain)
    static.mark = "here"

    assert inspect.isgeneratorfunction(part)
    assert list(part(3)) == [1, 2]
    assert (part.func, part.args, whole.func, whole()) == (values, (1,), plain, 1)
    assert watch.attach(static).mark == "here"
    assert watch.attach(static).__func__.monitor is watch


@functools.cache
def cached(value):
    return value


def test_a_watched_object_is_pickled_by_its_name(watch, monkeypatch):
    """P20: as the cache itself is."""
    monkeypatch.setitem(globals(), "cached", watch.attach(cached))

    assert pickle.loads(pickle.dumps(cached)) is cached
