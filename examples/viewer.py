"""A viewer of one's own: python viewer.py PID shows what costs most, until the program ends."""

import sys

from pikos.live import subscribe
from pikos.model import Model

model = Model()
with subscribe(sys.argv[1], timeout=10) as messages:
    for message in messages:
        model.fold(message)
        now = model.snapshot()
        costly = sorted(now.stats.values(), key=lambda stat: stat.inline_ns, reverse=True)
        names = [
            now.functions[stat.function].name for stat in costly if stat.function in now.functions
        ]
        print(f"{now.time_ns / 1e9:.1f} s:", *map(ascii, names[:3]))
