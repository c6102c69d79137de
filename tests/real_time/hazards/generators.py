"""Generators and coroutines that end in every way."""

from __future__ import annotations

import asyncio
import contextlib
import gc

from support.counted import Calls, calls_of, open_calls

from hazards.harness import check_off, check_usable, leaf, scenario, turn_off, work
from pikos._lsprof import Profiler


def patient():
    while True:
        try:
            yield
        except ValueError:
            leaf()
        finally:
            leaf()


def drop(generator):
    """Leave it to the collector."""
    cycle = [generator]
    cycle.append(cycle)


def started(generator):
    next(generator)
    return generator


ENDS = {
    "dropped unstarted": lambda: patient() and None,
    "failed unstarted": lambda: patient().throw(KeyError),
    "thrown": lambda: started(patient()).throw(ValueError),
    "failed": lambda: started(patient()).throw(KeyError),
    "closed": lambda: started(patient()).close(),
    "dropped": lambda: started(patient()) and None,
    "collected": lambda: drop(started(patient())),
}


@scenario(*ENDS)
def generator_that_is(ended):
    profiler = Profiler(builtins=False)
    profiler.enable()
    for _ in range(50):
        with contextlib.suppress(KeyError):
            ENDS[ended]()
        gc.collect()
        threads = profiler.thread_stats()
        assert open_calls(threads) == 0
    profiler.disable()
    check_usable()


@scenario()
def coroutines_that_are_cancelled_and_dropped():

    async def naps():
        try:
            await asyncio.sleep(3600)
        finally:
            leaf()

    async def fails():
        await asyncio.sleep(0)
        raise ValueError

    async def main():
        tasks = [asyncio.ensure_future(naps()) for _ in range(20)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, fails(), return_exceptions=True)
        assert len(results) == 21
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(naps(), 0.001)

    profiler = Profiler(builtins=False)
    profiler.enable()
    asyncio.run(main())
    coroutine = naps()
    with contextlib.suppress(RuntimeError):
        coroutine.send(None)  # no loop is running
    threads = profiler.thread_stats()
    profiler.disable()
    assert open_calls(threads) == 0
    assert calls_of(profiler, leaf) == Calls(22)
    check_usable()


@scenario()
def generators_enabled_in_the_middle():
    profiler = Profiler()

    def toggles():
        for _ in range(10):
            profiler.enable()
            yield
            profiler.disable()
            yield

    for _ in toggles():
        work()
    turn_off(profiler)
    check_off(profiler)
    check_usable()
