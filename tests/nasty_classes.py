"""Classes whose instances are nasty to look at. Used by ``nasty`` and by tests of single modules."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import Any, NamedTuple


class RaisingRepr:
    def __repr__(self):
        raise ValueError("no repr")


class RaisingReprAndStr(RaisingRepr):
    def __str__(self):
        raise RuntimeError("no str either")


class OnlyStr(RaisingRepr):
    def __str__(self):
        return "only str"


class ReprIsNoText:
    def __repr__(self):
        return 42


class ReprExits:
    def __repr__(self):
        raise SystemExit(3)


class RecursiveRepr:
    def __repr__(self):
        return repr(self)


class SurrogateRepr:
    def __repr__(self):
        return "bad \ud800 text"


class LongRepr:
    def __repr__(self):
        return "L" * 100_000


class AddressInRepr:
    pass


class RaisingEq:
    def __eq__(self, other):
        raise ValueError("no eq")

    def __hash__(self):
        return 1

    def __repr__(self):
        return "RaisingEq()"


class RaisingBool:
    def __bool__(self):
        raise ValueError("no truth")

    def __len__(self):
        raise ValueError("no len")

    def __iter__(self):
        raise ValueError("no iter")

    def __repr__(self):
        return "RaisingBool()"


class RaisingHash:
    def __hash__(self):
        raise ValueError("no hash")

    def __repr__(self):
        return "RaisingHash()"


class EndlessAttributes:
    """Has every attribute one asks for, at any depth."""

    def __getattr__(self, name):
        return EndlessAttributes()

    def __call__(self, *args, **kwargs):
        return EndlessAttributes()

    def __repr__(self):
        return "EndlessAttributes()"


class RaisingGetattribute:
    def __getattribute__(self, name):
        raise ValueError(f"no {name}")


class RaisingGetattr:
    def __getattr__(self, name):
        raise ValueError(f"no {name}")

    def __repr__(self):
        return "RaisingGetattr()"


class FakeClass:
    """Says that it is a dict."""

    @property
    def __class__(self):
        return dict

    def __repr__(self):
        return "FakeClass()"


class RaisingClass:
    @property
    def __class__(self):
        raise ValueError("no class")

    def __repr__(self):
        return "RaisingClass()"


class RaisingDict:
    @property
    def __dict__(self):
        raise ValueError("no dict")

    def __repr__(self):
        return "RaisingDict()"


class HostileMeta(type):
    def __getattribute__(cls, name):
        raise ValueError(f"no {name}")

    def __instancecheck__(cls, instance):
        raise ValueError("no isinstance")

    def __subclasscheck__(cls, subclass):
        raise ValueError("no issubclass")

    def __eq__(cls, other):
        raise ValueError("no eq")

    __hash__ = None

    def __repr__(cls):
        raise ValueError("no repr")


class HasHostileMeta(metaclass=HostileMeta):
    def __repr__(self):
        return "HasHostileMeta()"


class UnhashableMeta(type):
    __hash__ = None


class HasUnhashableMeta(metaclass=UnhashableMeta):
    def __repr__(self):
        return "HasUnhashableMeta()"


class HostileDict(dict):
    def __iter__(self):
        raise ValueError("no iter")

    def __len__(self):
        raise ValueError("no len")

    def items(self):
        raise ValueError("no items")

    keys = values = __getitem__ = __bool__ = items


class HostileList(list):
    def __iter__(self):
        raise ValueError("no iter")

    def __len__(self):
        raise ValueError("no len")

    __bool__ = __getitem__ = __iter__


class HostileStr(str):
    __slots__ = ()

    def __str__(self):
        raise ValueError("no str")

    __repr__ = __len__ = isascii = encode = lower = __str__


class HostileInt(int):
    def __int__(self):
        raise ValueError("no int")

    __repr__ = __str__ = __index__ = __le__ = __bool__ = __int__


class RaisingToDict:
    def to_dict(self):
        raise ValueError("no dict")

    def __repr__(self):
        return "RaisingToDict()"


class ToDictNeedsMore:
    def to_dict(self, orient):
        return {"orient": orient}

    def __repr__(self):
        return "ToDictNeedsMore()"


class ToDictOfItself:
    def to_dict(self):
        return {"me": self}


class EndlessToDict:
    def to_dict(self):
        return {"next": EndlessToDict()}


class KeyWithoutStr:
    def __str__(self):
        raise ValueError("no str")

    def __hash__(self):
        return 7


class SlotsOnly:
    __slots__ = ("x",)

    def __repr__(self):
        return "SlotsOnly()"


class Plain(enum.Enum):
    TEXT = "text"
    WIDE = 2**70
    INSTANT = dt.date(2024, 1, 2)


class RaisingValue(enum.Enum):
    """Its ``value`` raises: the C writer would end the process."""

    A = 1

    @property
    def value(self):
        raise ValueError("no value")


class Level(enum.IntEnum):
    LOW = 1


class Flags(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = None


@dataclasses.dataclass
class NeverSet:
    x: int
    hidden: int = dataclasses.field(init=False)


@dataclasses.dataclass
class RaisingProperty:
    x: int = 1

    @property
    def boom(self):
        raise ValueError("boom")

    def __getattr__(self, name):
        raise ValueError(f"no {name}")


class Pair(NamedTuple):
    left: Any
    right: Any = "r"


class BadTimezone(dt.tzinfo):
    def utcoffset(self, moment):
        raise ValueError("no offset")

    def __repr__(self):
        return "BadTimezone()"


class HostileTuple(tuple):
    __slots__ = ()
    _fields = "not a tuple"

    def __iter__(self):
        raise ValueError("no iter")
