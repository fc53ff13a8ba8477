"""Module texts with globals of many kinds, and the stored text of their op ``f``. A plain module: tests and tools use it."""

from __future__ import annotations

VALUE_LAYOUT = {
    "values are Python": (
        """
        import datetime, pathlib, re
        from weave_lite import op
        A = {"k": [1, None, True], "empty": {}, "t": (1,), 2: float("nan")}
        S = {"b", "a"}
        B = b"x"
        P = re.compile("a+", re.I)
        D = datetime.date(2024, 1, 2)
        W = pathlib.Path("a/b")
        T = 'quote " and \\n \\u2028 é'
        @op
        def f(): return A, S, B, P, D, W, T
        """,
        """
        import weave

        A = {
            "k": [
                1,
                None,
                True
            ],
            "empty": {},
            "t": (
                1,
            ),
            2: float("nan")
        }

        S = {
            "a",
            "b"
        }

        B = b'x'

        P = __import__("re").compile("a+", 34)

        D = __import__("datetime").date(2024, 1, 2)

        W = __import__("pathlib").Path("a/b")

        T = "quote \\" and \\n \\u2028 é"

        @weave.op()
        def f(): return A, S, B, P, D, W, T
        """,
    ),
    "functions in values": (
        """
        import math
        from weave_lite import op
        def add(a, b): return a + b + OFFSET
        OFFSET = 1
        TOOLS = {"add": add, "mul": lambda a, b: a * b, "sqrt": math.sqrt, "len": len}
        @op
        def f(): return TOOLS
        """,
        """
        import weave

        OFFSET = 1

        def add(a, b): return a + b + OFFSET

        TOOLS = {
            "add": add,
            "mul": (lambda a, b: a * b),
            "sqrt": __import__("math").sqrt,
            "len": len
        }

        @weave.op()
        def f(): return TOOLS
        """,
    ),
    "a table of functions that use it": (
        """
        from weave_lite import op
        def step(n): return TABLE["step"](n - 1) if n else 0
        TABLE = {"step": step}
        @op
        def f(n): return step(n)
        """,
        """
        import weave

        def step(n): return TABLE["step"](n - 1) if n else 0

        TABLE = {
            "step": step
        }

        @weave.op()
        def f(n): return step(n)
        """,
    ),
    "instances of known kinds": (
        """
        import collections, dataclasses, enum
        from weave_lite import op
        Point = collections.namedtuple("Point", ["x", "y"])
        class Color(enum.Enum):
            RED = 1
        @dataclasses.dataclass
        class Cfg:
            n: int
            color: Color = Color.RED
        P, C, M = Point(1, 2), Cfg(3), Color.RED
        @op
        def f(): return P, C, M
        """,
        """
        import weave
        import dataclasses
        import enum

        Point = __import__("collections").namedtuple("Point", ["x", "y"], rename=True)

        P = Point(
            x=1,
            y=2
        )

        class Color(enum.Enum):
            RED = 1

        @dataclasses.dataclass
        class Cfg:
            n: int
            color: Color = Color.RED

        C = Cfg(
            n=3,
            color=Color.RED
        )

        M = Color.RED

        @weave.op()
        def f(): return P, C, M
        """,
    ),
    "types": (
        """
        import typing, logging
        from typing import Optional
        from weave_lite import op
        T = typing.TypeVar("T")
        Rows = list[dict[str, int]]
        Maybe = Optional[typing.Callable[[int], str]]
        Either = int | None
        log = logging.getLogger("my.log")
        @op
        def f(x: Rows, y: Maybe, z: Either, t: Optional[T] = None): log.debug("%s", x)
        """,
        """
        import weave
        from typing import Optional

        Rows = list[dict[str, int]]

        Maybe = __import__("typing").Optional[__import__("typing").Callable[[int], str]]

        Either = int | None

        T = __import__("typing").TypeVar("T")

        log = __import__("logging").getLogger("my.log")

        @weave.op()
        def f(x: Rows, y: Maybe, z: Either, t: Optional[T] = None): log.debug("%s", x)
        """,
    ),
    "classes under other names": (
        """
        from weave_lite import op
        class Base:
            @property
            def size(self): return SIZE
        SIZE = 2
        Alias = Base
        class Far:
            pass
        Near, Far = Far, 7
        @op
        def f(): return Alias().size, Near, Far
        """,
        """
        import weave

        SIZE = 2

        class Base:
            @property
            def size(self): return SIZE

        Alias = Base

        class Near:
            pass

        Far = 7

        @weave.op()
        def f(): return Alias().size, Near, Far
        """,
    ),
    "modules and class methods in values": (
        """
        import json, xml.dom
        from weave_lite import op
        class K:
            @classmethod
            def make(cls): return cls()
        MAKERS = [K.make, json, xml.dom, dict.fromkeys, [].append]
        @op
        def f(): return MAKERS
        """,
        """
        import weave

        class K:
            @classmethod
            def make(cls): return cls()

        MAKERS = [
            K.make,
            __import__("importlib").import_module("json"),
            __import__("importlib").import_module("xml.dom"),
            dict.fromkeys,
            "<built-in method append of list object at 0xADDR>"
        ]

        @weave.op()
        def f(): return MAKERS
        """,
    ),
    "a lambda over lines in a value": (
        """
        from weave_lite import op
        STEPS = [lambda x: [
            x, END
        ]]
        END = 1
        @op
        def f(): return STEPS
        """,
        """
        import weave

        END = 1

        STEPS = [
            (lambda x: [
            x, END
        ])
        ]

        @weave.op()
        def f(): return STEPS
        """,
    ),
}
