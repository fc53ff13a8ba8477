"""Odd callables. A plain module: several test files use it.

``NASTY_CALLABLES`` is a list of :class:`NastyCallable`. ``make()`` gives a fresh callable, and
``call(make())`` calls it once in the right way; undecorated, that gives ``result``. ``result`` is
``RAISES`` where a call raises ``ZeroDivisionError``.
"""

from __future__ import annotations

import asyncio
import functools
import math
import operator
import types
import unittest.mock
from typing import Any, Callable, NamedTuple

RAISES: Any = object()


class NastyCallable(NamedTuple):
    """A callable that could go wrong.

    Args:
        name: What is nasty about it; unique.
        make: Makes a fresh one.
        args: What to call it with.
        result: What the call gives.
    """

    name: str
    make: Callable[[], Any]
    args: tuple[Any, ...] = ()
    result: Any = None

    def call(self, function: Any) -> Any:
        """Call a callable to its end: await it, or list what it yields."""
        result = function(*self.args)
        if hasattr(result, "__await__"):
            return asyncio.run(_awaited(result))
        if hasattr(result, "__anext__"):
            return asyncio.run(_listed(result))
        return list(result) if isinstance(result, types.GeneratorType) else result


async def _awaited(result: Any) -> Any:
    return await result


async def _listed(result: Any) -> list[Any]:
    return [item async for item in result]


def add(a: int, b: int = 2, *rest: int, scale: float = 1.0, **more: Any) -> float:
    """Add."""
    return (a + b + sum(rest)) * scale


async def add_later(a: int, b: int) -> int:
    return a + b


def count(n: int) -> Any:
    yield from range(n)


async def count_later(n: int) -> Any:
    for i in range(n):
        yield i


class Adder:
    """An instance that can be called."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __call__(self, x: int) -> int:
        return self.n + x

    def method(self, x: int) -> int:
        return self.n + x

    @classmethod
    def of_class(cls, x: int) -> tuple[str, int]:
        return cls.__name__, x

    @staticmethod
    def static(x: int) -> int:
        return x


class Endless(Adder):
    """It has every attribute that anybody asks for, and none is what it should be."""

    def __getattr__(self, name: str) -> Any:
        return Endless(1)


class Unreadable(Adder):
    """Every attribute raises, ``__class__`` too."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __call__(self, x: int) -> int:
        return x


class Slotted:
    __slots__ = ()

    def __call__(self, x: int) -> int:
        return x


class Incomparable(Adder):
    """Neither equal to anything, nor hashable, nor true."""

    __hash__ = None

    def __eq__(self, other: object) -> bool:
        raise ValueError("no")

    def __bool__(self) -> bool:
        raise ValueError("neither")

    def __repr__(self) -> str:
        raise ValueError("no text")


class CallableType(type):
    def __call__(cls, x: int) -> int:
        return x


class MadeByMeta(metaclass=CallableType):
    pass


def _executed(source: str, name: str, **names: Any) -> Any:
    exec(source, names)
    return names[name]


def _with(function: Any, **attributes: Any) -> Any:
    for name, value in attributes.items():
        setattr(function, name, value)
    return function


def _copy() -> Any:
    def copied(x: int) -> int:
        return x * 2

    return copied


def _wrapped_ring() -> Any:
    function = _copy()
    function.__wrapped__ = function
    return function


def _wrapped_pair() -> Any:
    first, second = _copy(), _copy()
    first.__wrapped__, second.__wrapped__ = second, first
    return first


def _empty_cell() -> Any:
    def closed(x: int) -> int:
        return later if x < 0 else x

    if False:
        later = 1
    return closed


def _recursive() -> Any:
    def factorial(n: int) -> int:
        return 1 if n < 2 else n * factorial(n - 1)

    return factorial


def _deep_closure() -> Any:
    function = _copy()
    for _ in range(50):
        function = _around(function)
    return function


def _around(function: Any) -> Any:
    def around(x: int) -> int:
        return function(x)

    return around


def _counter() -> Any:
    n = 0

    def counter(step: int) -> int:
        nonlocal n
        n += step
        return n

    return counter


@functools.singledispatch
def dispatched(x: Any) -> str:
    return "any"


@dispatched.register
def _(x: int) -> str:
    return "int"


@functools.lru_cache
def cached(x: int) -> int:
    return x + 1


def _loop_lambda() -> Any:
    return [lambda x, i=i: x * i for i in range(3)][2]


def _dead_lines() -> Any:
    function = _copy()
    return types.FunctionType(
        function.__code__.replace(co_firstlineno=10**6), function.__globals__, "dead"
    )


def _no_globals() -> Any:
    return types.FunctionType(compile("x", "<x>", "eval").replace(co_name="bare"), {"x": 5})


NASTY_CALLABLES = [
    NastyCallable("plain", lambda: add, (1,), 3.0),
    NastyCallable("coroutine", lambda: add_later, (1, 2), 3),
    NastyCallable("generator", lambda: count, (3,), [0, 1, 2]),
    NastyCallable("async generator", lambda: count_later, (3,), [0, 1, 2]),
    NastyCallable("partial", lambda: functools.partial(add, 1, scale=2.0), (2,), 6.0),
    NastyCallable("partial of a partial", lambda: functools.partial(functools.partial(add, 1), 2), (), 3.0),
    NastyCallable("partial of a builtin", lambda: functools.partial(int, base=2), ("11",), 3),
    NastyCallable("partial of a coroutine", lambda: functools.partial(add_later, 1), (2,), 3),
    NastyCallable("builtin", lambda: len, ([1],), 1),
    NastyCallable("builtin without a signature", lambda: getattr, ("a", "nothing", 3), 3),
    NastyCallable("C function", lambda: math.sqrt, (4,), 2.0),
    NastyCallable("bound C method", lambda: "-".join, (["a", "b"],), "a-b"),
    NastyCallable("C method descriptor", lambda: str.upper, ("a",), "A"),
    NastyCallable("slot wrapper", lambda: int.__add__, (1, 2), 3),
    NastyCallable("itemgetter", lambda: operator.itemgetter(0), ([7],), 7),
    NastyCallable("builtin class", lambda: int, ("7",), 7),
    NastyCallable("class with a calling metaclass", lambda: MadeByMeta, (1,), 1),
    NastyCallable("callable instance", lambda: Adder(1), (2,), 3),
    NastyCallable("instance with endless attributes", lambda: Endless(1), (2,), 3),
    NastyCallable("instance whose attributes raise", lambda: object.__new__(Unreadable), (2,), 2),
    NastyCallable("instance without attributes", Slotted, (2,), 2),
    NastyCallable("instance without equality", lambda: Incomparable(1), (2,), 3),
    NastyCallable("bound method", lambda: Adder(1).method, (2,), 3),
    NastyCallable("bound class method", lambda: Adder.of_class, (2,), ("Adder", 2)),
    NastyCallable("static method", lambda: Adder.static, (2,), 2),
    NastyCallable("static method object", lambda: Adder.__dict__["static"], (2,), 2),
    NastyCallable("bound dunder call", lambda: Adder(1).__call__, (2,), 3),
    NastyCallable("lru_cache", lambda: cached, (1,), 2),
    NastyCallable("singledispatch", lambda: dispatched, (1,), "int"),
    NastyCallable("mock", lambda: unittest.mock.Mock(return_value=4), (1,), 4),
    NastyCallable("mock that passes for a function", lambda: unittest.mock.create_autospec(add, return_value=4), (1,), 4),
    NastyCallable("made by exec", lambda: _executed("def f(a, b=[], *, c: int = 2): return a", "f"), (1,), 1),
    NastyCallable("made by exec, without a module", lambda: _executed("def f(a): return a", "f", __name__=None), (1,), 1),
    NastyCallable("lambda made by eval", lambda: eval("lambda a: a + 1"), (1,), 2),
    NastyCallable("lambda", lambda: lambda x: x + 1, (1,), 2),
    NastyCallable("lambda that yields", lambda: lambda: (yield 1), (), [1]),
    NastyCallable("lambda of a loop", _loop_lambda, (3,), 6),
    NastyCallable("name is no identifier", lambda: _with(_copy(), __name__="a b-c"), (2,), 4),
    NastyCallable("name is empty", lambda: _with(_copy(), __name__=""), (2,), 4),
    NastyCallable("name is a keyword", lambda: _with(_copy(), __name__="class"), (2,), 4),
    NastyCallable("qualified name is odd", lambda: _with(_copy(), __qualname__="..<locals>.."), (2,), 4),
    NastyCallable("module is None", lambda: _with(_copy(), __module__=None), (2,), 4),
    NastyCallable("module is a number", lambda: _with(_copy(), __module__=5), (2,), 4),
    NastyCallable("module is not there", lambda: _with(_copy(), __module__="no.such"), (2,), 4),
    NastyCallable("wraps itself", _wrapped_ring, (2,), 4),
    NastyCallable("two that wrap each other", _wrapped_pair, (2,), 4),
    NastyCallable("wraps a number", lambda: _with(_copy(), __wrapped__=7), (2,), 4),
    NastyCallable("wraps an endless object", lambda: _with(_copy(), __wrapped__=Endless(1)), (2,), 4),
    NastyCallable("annotations are odd", lambda: _with(_copy(), __annotations__={"x": Incomparable(1)}), (2,), 4),
    NastyCallable("default cannot be shown", lambda: _with(_copy(), __defaults__=(Incomparable(1),)), (2,), 4),
    NastyCallable("empty closure cell", _empty_cell, (1,), 1),
    NastyCallable("recursive closure", _recursive, (4,), 24),
    NastyCallable("fifty closures", _deep_closure, (2,), 4),
    NastyCallable("nonlocal", _counter, (2,), 2),
    NastyCallable("lines are not there", _dead_lines, (2,), 4),
    NastyCallable("globals without a name", _no_globals, (), 5),
    NastyCallable("raises", lambda: lambda: 1 // 0, (), RAISES),
]  # fmt: skip
