"""Nasty values, and the form in which each is stored. A plain module: several test files use it.

``NASTY`` is a list of :class:`Nasty`. ``make()`` gives a fresh value; ``stored`` is the exact JSON
value that is stored for it, or a function that tells whether a stored JSON value is right. Both
hold for op inputs and outputs as for published values, at the top and some levels down.
"""

from __future__ import annotations

import collections
import contextvars
import datetime as dt
import decimal
import fractions
import functools
import io
import pathlib
import re
import socket
import sys
import threading
import types
import unittest.mock
import uuid
import weakref
from typing import Any, Callable, NamedTuple

from nasty_classes import (
    AddressInRepr,
    BadTimezone,
    EndlessAttributes,
    EndlessToDict,
    FakeClass,
    Flags,
    HasHostileMeta,
    HasUnhashableMeta,
    HostileDict,
    HostileInt,
    HostileList,
    HostileStr,
    HostileTuple,
    KeyWithoutStr,
    Level,
    LongRepr,
    NeverSet,
    OnlyStr,
    Pair,
    Plain,
    Point,
    RaisingBool,
    RaisingClass,
    RaisingDict,
    RaisingEq,
    RaisingGetattr,
    RaisingGetattribute,
    RaisingHash,
    RaisingProperty,
    RaisingRepr,
    RaisingReprAndStr,
    RaisingToDict,
    RaisingValue,
    RecursiveRepr,
    ReprExits,
    ReprIsNoText,
    SlotsOnly,
    SurrogateRepr,
    ToDictNeedsMore,
    ToDictOfItself,
)

MAX_DEPTH = 200


class Nasty(NamedTuple):
    """A value that could go wrong.

    Args:
        name: What is nasty about it; unique.
        make: Makes a fresh one.
        stored: The JSON value it is stored as, or a predicate on that.
    """

    name: str
    make: Callable[[], Any]
    stored: Any

    def is_stored_as(self, value: Any) -> bool:
        """Tell whether a stored JSON value is the stated form."""
        if isinstance(self.stored, types.FunctionType):
            return bool(self.stored(value))
        return type(value) is type(self.stored) and value == self.stored


def nested(depth: int, wrap: Callable[[Any], Any], leaf: Any = 1) -> Any:
    """Wrap a leaf ``depth`` times."""
    value = leaf
    for _ in range(depth):
        value = wrap(value)
    return value


def cyclic_list() -> list[Any]:
    value: list[Any] = [1]
    value.append(value)
    return value


def cyclic_dict() -> dict[str, Any]:
    value: dict[str, Any] = {"a": 1}
    value["me"] = {"deep": [value]}
    return value


def cyclic_dataclass() -> Point:
    value = Point(1, [])
    value.y.append(value)
    return value


def shared_twice() -> list[Any]:
    part = {"plain": [1, dt.date(2024, 1, 2)]}
    return [part, part]


def closed_file() -> io.StringIO:
    file = io.StringIO("content")
    file.close()
    return file


def half_used_generator():
    generator = (number for number in range(3))
    next(generator)
    return generator


def coroutine():
    async def work():
        return 1

    made = work()
    made.close()
    return made


def unbound_socket() -> socket.socket:
    made = socket.socket()
    made.close()
    return made


def depth_of(value: Any) -> int:
    """Count the levels of lists and dicts, down the first item of each."""
    levels = 0
    while isinstance(value, (list, dict)) and value:
        levels += 1
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return levels


def innermost(value: Any) -> Any:
    """Go down the first item of each list and dict."""
    while isinstance(value, (list, dict)) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return value


def cut(kind: str) -> Callable[[Any], bool]:
    """Tell whether a value goes to the depth limit, or some levels less, and says what was cut."""

    def is_cut(value: Any) -> bool:
        return 190 < depth_of(value) <= MAX_DEPTH and innermost(value) == f"<depth: {kind}>"

    return is_cut


def text_like(pattern: str) -> Callable[[Any], bool]:
    """Tell whether a value is a text of this form, whole."""

    def is_like(value: Any) -> bool:
        return type(value) is str and re.fullmatch(pattern, value, re.DOTALL) is not None

    return is_like


def is_bytes_record(size: int) -> Callable[[Any], bool]:
    def is_record(value: Any) -> bool:
        return (
            list(value) == ["_weave_lite", "digest", "size_bytes", "mimetype"]
            and value["_weave_lite"] == "bytes"
            and value["size_bytes"] == size
            and len(value["digest"]) == 43
        )

    return is_record


_CLASSES = Point.__module__

NASTY: list[Nasty] = [
    # --- texts, numbers, bytes ---
    Nasty("nan", lambda: float("nan"), None),
    Nasty("infinity", lambda: [float("inf"), float("-inf")], [None, None]),
    Nasty("negative zero", lambda: -0.0, lambda v: str(v) == "-0.0"),
    Nasty("largest of 64 bits", lambda: [2**64 - 1, -(2**63)], [2**64 - 1, -(2**63)]),
    Nasty("beyond 64 bits", lambda: [2**64, -(2**63) - 1], [2**64, -(2**63) - 1]),
    Nasty("2**200", lambda: 2**200, 2**200),
    Nasty("4300 digits", lambda: 10**4299, 10**4299),
    Nasty("5000 digits", lambda: 10**4999, "1" + "0" * 4999),
    Nasty("-5000 digits", lambda: [-(10**4999)], ["-1" + "0" * 4999]),
    Nasty("lone surrogate", lambda: "a\ud800b", "a\\ud800b"),
    Nasty("surrogate in a key", lambda: {"\udfff": 1}, {"\\udfff": 1}),
    Nasty("null character", lambda: "a\0b\x1f\u2028", "a\0b\x1f\u2028"),
    Nasty("long text", lambda: "x" * 5_000_000, lambda v: v == "x" * 5_000_000),
    Nasty("text of brackets", lambda: "[{" * 5000, "[{" * 5000),
    Nasty("empty", lambda: [{}, [], (), "", set()], [{}, [], [], "", []]),
    Nasty("bytes", lambda: b"\x00\xff", is_bytes_record(2)),
    Nasty("bytearray", lambda: bytearray(b"abc"), is_bytes_record(3)),
    Nasty("memoryview", lambda: memoryview(b"m"), "<memory at 0xADDR>"),
    Nasty("hostile str", lambda: HostileStr("text"), "text"),
    Nasty("hostile int", lambda: HostileInt(7), 7),
    Nasty("complex", lambda: complex(1, 2), "(1+2j)"),
    Nasty("fraction", lambda: fractions.Fraction(1, 3), "1/3"),
    Nasty("decimal nan", lambda: decimal.Decimal("sNaN"), "sNaN"),
    Nasty("uuid", lambda: uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    Nasty("path", lambda: pathlib.PurePosixPath("/a/b"), "/a/b"),
    Nasty("timedelta", lambda: dt.timedelta(days=1, microseconds=1), 86400.000001),
    Nasty(
        "bad time zone",
        lambda: dt.datetime(2024, 1, 1, tzinfo=BadTimezone()),
        "datetime.datetime(2024, 1, 1, 0, 0, tzinfo=BadTimezone())",
    ),
    # --- enums ---
    Nasty("enum", lambda: [Plain.TEXT, Level.LOW, Flags.A | Flags.B], ["text", 1, 3]),
    Nasty("enum of odd values", lambda: [Plain.WIDE, Plain.INSTANT], [2**70, "2024-01-02"]),
    Nasty("enum whose value raises", lambda: {"a": RaisingValue.A}, {"a": 1}),
    # --- keys ---
    Nasty(
        "keys of any type",
        lambda: {1: 0, None: 1, 2.5: 2, (1, "a"): 3, b"b": 4, Plain.TEXT: 5, 2**70: 6, False: 7},
        {
            "1": 0,
            "null": 1,
            "2.5": 2,
            "(1, 'a')": 3,
            "b'b'": 4,
            "Plain.TEXT": 5,
            str(2**70): 6,
            "false": 7,
        },
    ),
    Nasty("nan as key", lambda: {float("nan"): 1, float("inf"): 2}, {"NaN": 1, "Infinity": 2}),
    Nasty("key without str", lambda: {KeyWithoutStr(): 1}, {"<KeyWithoutStr: 0xADDR>": 1}),
    Nasty("hostile str as key", lambda: {HostileStr("k"): 1}, {"k": 1}),
    Nasty("object as key", lambda: {object(): 1}, {"<object object at 0xADDR>": 1}),
    # --- containers ---
    Nasty("cyclic list", cyclic_list, [1, "<cycle: list>"]),
    Nasty("cyclic dict", cyclic_dict, {"a": 1, "me": {"deep": ["<cycle: dict>"]}}),
    Nasty(
        "cyclic dataclass",
        cyclic_dataclass,
        {"_type": "Point", "x": 1, "y": ["<cycle: Point>"], "_class_name": "Point", "_bases": []},
    ),
    Nasty(
        "shared, not cyclic",
        shared_twice,
        [{"plain": [1, "2024-01-02"]}, {"plain": [1, "2024-01-02"]}],
    ),
    Nasty(
        "190 lists",
        lambda: nested(190, lambda v: [v]),
        lambda v: v == nested(190, lambda v: [v]),
    ),
    Nasty("201 lists", lambda: nested(201, lambda v: [v]), cut("list")),
    Nasty("depth 10,000, lists", lambda: nested(10_000, lambda v: [v]), cut("list")),
    Nasty(
        "depth 10,000, dicts",
        lambda: nested(10_000, lambda v: {"k": v}),
        cut("dict"),
    ),
    Nasty(
        "depth 10,000, tuples",
        lambda: nested(10_000, lambda v: (v,)),
        cut("tuple"),
    ),
    Nasty("depth 1,000, tuples", lambda: nested(1_000, lambda v: (v,)), cut("tuple")),
    Nasty(
        "depth 10,000, deques",
        lambda: nested(10_000, lambda v: collections.deque([v])),
        cut("deque"),
    ),
    Nasty(
        "depth 10,000, dataclasses",
        lambda: nested(10_000, lambda v: [Point(v)]),
        lambda v: "<depth: " in str(v),
    ),
    Nasty("hostile dict", lambda: HostileDict(a=1), {"a": 1}),
    Nasty("hostile list", lambda: HostileList([1, 2]), [1, 2]),
    Nasty("hostile tuple", lambda: HostileTuple((1, 2)), [1, 2]),
    Nasty("namedtuple", lambda: [Pair(1)], [{"left": 1, "right": "r"}]),
    Nasty("ordered dict", lambda: collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    Nasty("counter", lambda: collections.Counter("aab"), {"a": 2, "b": 1}),
    Nasty("set", lambda: {3, 1, 2}, [1, 2, 3]),
    Nasty("set of mixed", lambda: {"b", 1, "a", None}, [None, 1, "a", "b"]),
    Nasty("set of sets", lambda: {frozenset({2}), frozenset({1})}, [[1], [2]]),
    Nasty("set of raising eq", lambda: {RaisingEq()}, ["RaisingEq()"]),
    Nasty("deque", lambda: collections.deque([1, [2]]), [1, [2]]),
    Nasty("range", lambda: range(0, 10, 3), [0, 3, 6, 9]),
    Nasty("range without end", lambda: range(10**30), f"range(0, {10**30})"),
    Nasty("mapping proxy", lambda: types.MappingProxyType({"a": 1}), "mappingproxy({'a': 1})"),
    # --- objects with hostile methods ---
    Nasty(
        "repr raises",
        RaisingRepr,
        text_like(rf"<{re.escape(_CLASSES)}\.RaisingRepr object at 0xADDR>|<RaisingRepr: 0xADDR>"),
    ),
    Nasty("repr and str raise", RaisingReprAndStr, "<RaisingReprAndStr: 0xADDR>"),
    Nasty("repr raises, str works", OnlyStr, "only str"),
    Nasty("repr is no text", ReprIsNoText, "<ReprIsNoText: 0xADDR>"),
    Nasty("repr exits", ReprExits, "<ReprExits: 0xADDR>"),
    Nasty("repr without end", RecursiveRepr, "<RecursiveRepr: 0xADDR>"),
    Nasty("repr with a surrogate", SurrogateRepr, "bad \\ud800 text"),
    Nasty("long repr", LongRepr, "L" * 100_000),
    Nasty("address in repr", AddressInRepr, f"<{_CLASSES}.AddressInRepr object at 0xADDR>"),
    Nasty("eq raises", RaisingEq, "RaisingEq()"),
    Nasty("bool, len and iter raise", RaisingBool, "RaisingBool()"),
    Nasty("hash raises", RaisingHash, "RaisingHash()"),
    Nasty("endless attributes", EndlessAttributes, "EndlessAttributes()"),
    Nasty(
        "getattribute raises",
        RaisingGetattribute,
        f"<{_CLASSES}.RaisingGetattribute object at 0xADDR>",
    ),
    Nasty("getattr raises", RaisingGetattr, "RaisingGetattr()"),
    Nasty("fake class", FakeClass, "FakeClass()"),
    Nasty("class raises", RaisingClass, "RaisingClass()"),
    Nasty("dict raises", RaisingDict, "RaisingDict()"),
    Nasty("hostile metaclass", HasHostileMeta, "HasHostileMeta()"),
    Nasty("hostile class", lambda: HasHostileMeta, "<HostileMeta: 0xADDR>"),
    Nasty("unhashable metaclass", HasUnhashableMeta, "HasUnhashableMeta()"),
    Nasty("slots only", SlotsOnly, "SlotsOnly()"),
    Nasty("to_dict raises", RaisingToDict, "RaisingToDict()"),
    Nasty("to_dict needs more", ToDictNeedsMore, "ToDictNeedsMore()"),
    Nasty("to_dict of itself", ToDictOfItself, {"me": "<cycle: ToDictOfItself>"}),
    Nasty("to_dict without end", EndlessToDict, cut("EndlessToDict")),
    Nasty(
        "dataclass with a field never set",
        lambda: NeverSet(1),
        {"_type": "NeverSet", "x": 1, "_class_name": "NeverSet", "_bases": []},
    ),
    Nasty(
        "dataclass with raising getattr",
        RaisingProperty,
        {"_type": "RaisingProperty", "x": 1, "_class_name": "RaisingProperty", "_bases": []},
    ),
    Nasty("mock", unittest.mock.MagicMock, text_like(r"<MagicMock id='0xADDR'>")),
    Nasty(
        "mock with a name", lambda: [unittest.mock.Mock(name="m")], ["<Mock name='m' id='0xADDR'>"]
    ),
    # --- things that must not be touched ---
    Nasty("lock", threading.Lock, "<unlocked _thread.lock object at 0xADDR>"),
    Nasty("event", threading.Event, text_like(r"<threading\.Event.* at 0xADDR.*>")),
    Nasty("socket", unbound_socket, text_like(r"<socket\.socket \[closed\].*>")),
    Nasty("closed file", closed_file, "<_io.StringIO object at 0xADDR>"),
    Nasty(
        "generator",
        half_used_generator,
        text_like(r"<generator object half_used_generator\.<locals>\.<genexpr> at 0xADDR>"),
    ),
    Nasty("iterator", lambda: iter([1, 2]), "<list_iterator object at 0xADDR>"),
    Nasty(
        "coroutine",
        coroutine,
        text_like(r"<coroutine object coroutine\.<locals>\.work at 0xADDR>"),
    ),
    Nasty("builtin", lambda: len, "<built-in function len>"),
    Nasty("function", lambda: nested, "<function nested at 0xADDR>"),
    Nasty("lambda", lambda: lambda: 1, text_like(r"<function .*<lambda> at 0xADDR>")),
    Nasty("bound method", lambda: [].append, "<built-in method append of list object at 0xADDR>"),
    Nasty(
        "partial",
        lambda: functools.partial(nested, 1),
        "functools.partial(<function nested at 0xADDR>, 1)",
    ),
    Nasty("class", lambda: [int, Point], ["<class 'int'>", f"<class '{_CLASSES}.Point'>"]),
    Nasty("module", lambda: sys, "<module 'sys' (built-in)>"),
    Nasty(
        "weak reference",
        lambda: weakref.ref(Point),
        text_like(r"<weakref at 0xADDR; to 'type' at 0xADDR.*>"),
    ),
    Nasty(
        "context variable", lambda: contextvars.ContextVar("v"), "<ContextVar name='v' at 0xADDR>"
    ),
    Nasty("ellipsis", lambda: [..., NotImplemented], ["Ellipsis", "NotImplemented"]),
    Nasty("slice", lambda: slice(1, 2), "slice(1, 2, None)"),
    Nasty("exception", lambda: KeyError("k"), {"type": "KeyError", "message": "'k'"}),
    Nasty("exit", lambda: SystemExit(3), {"type": "SystemExit", "message": "3"}),
]
