"""Module texts and the stored text of their op ``f``. A plain module: tests and tools use it."""

from __future__ import annotations

from op_code_value_cases import VALUE_LAYOUT

# Module text, then the stored text of its op `f`.
LAYOUT = {
    **VALUE_LAYOUT,
    "the example of the contract": (
        """
        import math
        import weave_lite as weave
        PI = 3.14
        def half(x): return math.floor(x * PI) / 2
        @weave.op
        def f(x): return half(x)
        """,
        """
        import weave
        import math

        PI = 3.14

        def half(x): return math.floor(x * PI) / 2

        @weave.op()
        def f(x): return half(x)
        """,
    ),
    "nothing needed": (
        """
        from weave_lite import op
        @op
        def f(x):
            # a comment
            return [len(y) for y in x]

            # the last one

        # of the next block
        """,
        """
        import weave

        @weave.op()
        def f(x):
            # a comment
            return [len(y) for y in x]

            # the last one
        """,
    ),
    "aliased imports": (
        """
        import os.path as osp, json as j
        from math import floor as fl, ceil
        from collections import OrderedDict as OD
        from weave_lite import op
        @op
        def f(x): return fl(x), ceil(x), OD(), j.dumps(x)
        """,
        """
        import weave
        from math import floor as fl
        from math import ceil
        from collections import OrderedDict as OD
        import json as j

        @weave.op()
        def f(x): return fl(x), ceil(x), OD(), j.dumps(x)
        """,
    ),
    "submodules": (
        """
        import urllib.parse
        import collections.abc
        import xml.dom.minidom as md
        from concurrent import futures
        from weave_lite import op
        @op
        def f(x): return urllib.parse.quote(x), collections.abc.Mapping, md.parse, futures.wait
        """,
        """
        import weave
        import urllib.parse
        import collections.abc
        import xml.dom.minidom as md
        import concurrent.futures as futures

        @weave.op()
        def f(x): return urllib.parse.quote(x), collections.abc.Mapping, md.parse, futures.wait
        """,
    ),
    "names of ours": (
        """
        import weave_lite
        import weave_lite as wl
        from weave_lite import attributes, op
        @op
        def f(x): return attributes, weave_lite.ref, wl.get
        """,
        """
        import weave
        from weave import attributes
        import weave as weave_lite
        import weave as wl

        @weave.op()
        def f(x): return attributes, weave_lite.ref, wl.get
        """,
    ),
    "recursion and a ring of functions": (
        """
        from weave_lite import op
        def even(n): return n == 0 or odd(n - 1)
        def odd(n): return n != 0 and even(n - 1)
        @op
        def f(n): return f(n - 1) if n > 9 else even(n)
        """,
        """
        import weave

        def odd(n): return n != 0 and even(n - 1)

        def even(n): return n == 0 or odd(n - 1)

        @weave.op()
        def f(n): return f(n - 1) if n > 9 else even(n)
        """,
    ),
    "a ring that must run in one order": (
        """
        from weave_lite import op
        def make(): return K
        class K:
            made = make() if False else None
            def again(self, how=make): return how()
        @op
        def f(): return make()
        """,
        """
        import weave

        def make(): return K

        class K:
            made = make() if False else None
            def again(self, how=make): return how()

        @weave.op()
        def f(): return make()
        """,
    ),
    "wrapped and renamed functions": (
        """
        import functools
        from weave_lite import op
        @functools.lru_cache(maxsize=None)
        def cached(x): return x
        def _hidden(x): return x
        shown = _hidden
        square = lambda x: x * x
        @op
        def f(x): return cached(x) + shown(x) + square(x)
        """,
        """
        import weave
        import functools

        @functools.lru_cache(maxsize=None)
        def cached(x): return x

        def shown(x): return x

        def square(x):
            return x * x

        @weave.op()
        def f(x): return cached(x) + shown(x) + square(x)
        """,
    ),
    "decorators": (
        """
        import functools
        import weave_lite.trace.op as module
        from weave_lite import op as traced
        def twice(function):
            @functools.wraps(function)
            def inner(*args): return function(*args) * 2
            return inner
        @traced
        def helper(x): return x
        @module.op(
            name="other",
        )
        @twice
        def f(x): return helper(x)
        """,
        """
        import weave
        import functools

        def twice(function):
            @functools.wraps(function)
            def inner(*args): return function(*args) * 2
            return inner

        @weave.op()
        def helper(x): return x

        @weave.op(
            name="other",
        )
        @twice
        def f(x): return helper(x)
        """,
    ),
    "scopes of Python": (
        """
        from weave_lite import op
        a = b = c = d = e = g = h = 1
        @op
        def f(x, y=a, *, z: b = None) -> c:
            try:
                [d for d in x if (e := d)]
            except ValueError as g:
                print(g)
            match x:
                case [first, *h]:
                    return (lambda a: a + i)(first), h
        i = 2
        """,
        """
        import weave

        a = 1

        b = 1

        c = 1

        i = 2

        @weave.op()
        def f(x, y=a, *, z: b = None) -> c:
            try:
                [d for d in x if (e := d)]
            except ValueError as g:
                print(g)
            match x:
                case [first, *h]:
                    return (lambda a: a + i)(first), h
        """,
    ),
    "annotations of a type checker": (
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING, Any
        from weave_lite import op
        if TYPE_CHECKING:
            from decimal import Decimal
        @op
        def f(x: Decimal) -> Any: return x
        """,
        """
        from __future__ import annotations
        import weave
        from typing import Any

        @weave.op()
        def f(x: Decimal) -> Any: return x
        """,
    ),
    "no annotations": (
        """
        from __future__ import annotations
        from weave_lite import op
        @op
        def f(x): return x
        """,
        """
        import weave

        @weave.op()
        def f(x): return x
        """,
    ),
    "decorators that are no names": (
        """
        from weave_lite import op
        table = {"same": lambda function: function}
        @table["same"]
        @(op)
        @table["same"]
        def f(): pass
        """,
        """
        import weave

        table = {
            "same": (lambda function: function)
        }

        @table["same"]
        @(weave.op())
        @table["same"]
        def f(): pass
        """,
    ),
    "what cannot be resolved": (
        """
        from weave_lite import op
        @op
        def f(x): return not_there(x), __name__
        """,
        """
        import weave

        @weave.op()
        def f(x): return not_there(x), __name__
        """,
    ),
}
