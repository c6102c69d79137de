"""Programs that make every kind of function and line event."""

from __future__ import annotations

# ruff: noqa: B007, B015, B018, C400, C416, E401, E501, E701, E702, F841, I001, PLC3002, PYI024, SIM105, SIM905
# fmt: off

import argparse, ast, asyncio, collections, configparser, csv, dataclasses, decimal, difflib
import enum, io, json, re, string, textwrap, tokenize


def json_texts():
    for _ in range(2):
        json.dumps({"a": [1, 2.5, {"b": None}], "c": "x" * 10}, indent=2)
        json.loads('{"a": [1, 2, {"b": null}]}')
    json.JSONEncoder(indent=1).encode([1, [2, {"k": (1, 2)}]])


def syntax_trees():
    ast.unparse(ast.parse("def f(a, *b, c=1):\n  with x as y:\n    try: return [i for i in a if i]\n    except A: raise\n"))


def regular_expressions():
    re.purge()
    re.compile(r"(?P<a>\d+)|([a-z]+?)(?=x)|[^abc]{2,5}$").sub(lambda match: "x", "ab12cx")


def tokens():
    list(tokenize.generate_tokens(io.StringIO("a = 1\nif a:\n  b = '''x\ny'''\n").readline))


def differences():
    list(difflib.unified_diff("a b c d".split(), "a c d e".split()))


def generators():
    def counting(n):
        try:
            for i in range(n):
                x = yield i
        finally:
            y = 1
    one = counting(3); next(one); one.send(5); one.close()
    two = counting(3); next(two)
    try: two.throw(ValueError)
    except ValueError: pass
    def handing_on(): yield from counting(3)
    list(handing_on()); list(i for i in handing_on())
    three = counting(5); next(three); del three


def one_line_loops():
    x = 5
    while x: x -= 1
    for i in range(3): pass
    [i for i in range(3)]
    y = [
        i
        for i in range(3)
        if i
    ]
    for i in range(2):
        if i: continue
        z = (i,
             x,
             y)
    with io.StringIO() as stream: stream.write("a")
    def add(a=1,
            b=2): return a
    add(
        1,
        add(2),
    )
    (lambda: 1)()
    match x:
        case 1: pass
        case _: pass


def compiled_texts():
    exec("a = 1\nb = 2\nfor i in range(2): a\n")
    exec(compile("def f():\n    return len('abc')\nf()\n", "made.py", "exec"), {})


def coroutines():
    async def three():
        for i in range(3): yield i
    async def all_of_them():
        async for i in three(): pass
        await asyncio.sleep(0)
        return [i async for i in three()]
    running = all_of_them()
    try:
        while True: running.send(None)
    except StopIteration: pass


def classes():
    @dataclasses.dataclass
    class Point:
        x: int
        y: list = dataclasses.field(default_factory=list)
        @property
        def twice(self): return self.x * 2
    point = Point(1); point.twice; repr(point); point == Point(2)
    class Colour(enum.Enum):
        RED = 1
        BLUE = 2
    Colour.RED.name; Colour(2)
    collections.namedtuple("Pair", "a b")(1, 2)


def exceptions():
    def fall(n):
        if n == 0: raise KeyError(n)
        try: fall(n - 1)
        except ValueError: pass
        finally: n
    try: fall(3)
    except* KeyError as error: pass
    try: int("x")
    except ValueError: pass
    try: sorted([1, 2], key=lambda x: 1 / 0)
    except ZeroDivisionError: pass


def numbers_and_texts():
    str(decimal.Decimal("1.1") ** 5)
    textwrap.fill("a b c d e f" * 5, 10)
    string.Template("$a").substitute(a=1)


def settings():
    parsed = configparser.ConfigParser()
    parsed.read_string("[a]\nb=1\n")
    parsed["a"]["b"]
    parser = argparse.ArgumentParser(prog="x")
    parser.add_argument("--x", type=int)
    parser.parse_args(["--x", "3"])


def tables():
    rows = list(csv.DictReader(io.StringIO("a,b\n1,2\n3,4\n")))
    csv.writer(io.StringIO()).writerows([row.values() for row in rows])


WORKLOADS = [
    json_texts, syntax_trees, regular_expressions, tokens, differences, generators,
    one_line_loops, compiled_texts, coroutines, classes, exceptions, numbers_and_texts,
    settings, tables,
]
