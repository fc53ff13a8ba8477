"""What the tracer keeps about one op besides its public attributes."""

from __future__ import annotations

from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from weave_lite.serialize.introspect import class_attribute, class_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from weave_lite.core.refs import OpRef
    from weave_lite.trace.bind import BindPlan

__all__ = [
    "OpKind",
    "OpSpec",
    "inferred_name",
    "is_instance",
    "is_left_out",
    "is_method",
    "kind_of",
    "mentions_content",
    "name_of",
]

_GENERATOR = 0x20
_COROUTINE = 0x80 | 0x100
_ASYNC_GENERATOR = 0x200


class OpKind:
    """The four ways in which a function gives its result."""

    SYNC = "sync"
    ASYNC = "async"
    GENERATOR = "generator"
    ASYNC_GENERATOR = "async generator"


class OpSpec:
    """The private side of an op.

    Args:
        function: The undecorated function.
        attributes: Attributes of all its calls.
    """

    __slots__ = ("attributes", "function", "plan", "publisher", "ref", "uri")

    def __init__(self, function: Callable[..., Any], attributes: Mapping[str, Any]) -> None:
        self.function = function
        self.attributes = attributes
        # Made at the first traced call.
        self.plan: BindPlan | None = None
        # The URI of the op as one publisher stored it.
        self.publisher: object = None
        self.ref: OpRef | None = None
        self.uri = ""


def is_instance(value: Any, cls: Any) -> bool:
    """Tell whether a value is an instance, by its true class; runs no code of the value."""
    return issubclass(type(value), cls)


def _code_of(function: Any) -> Any:
    """Find the code that runs when a callable is called, through partials and instances."""
    for _ in range(20):
        if is_instance(function, FunctionType):
            return function.__code__
        if is_instance(function, partial):
            function = partial.func.__get__(function)
        elif is_instance(function, MethodType):
            function = function.__func__
        else:
            function = class_attribute(type(function), "__call__")
    return None


def kind_of(function: Callable[..., Any]) -> str:
    """Tell in which way a callable gives its result."""
    flags = getattr(_code_of(function), "co_flags", 0)
    if flags & _ASYNC_GENERATOR:
        return OpKind.ASYNC_GENERATOR
    if flags & _COROUTINE:
        return OpKind.ASYNC
    return OpKind.GENERATOR if flags & _GENERATOR else OpKind.SYNC


def _takes_self(function: Any) -> bool:
    """Tell whether the first parameter is called ``self`` or ``cls``."""
    if not is_instance(function, FunctionType):
        return False
    code = function.__code__
    return code.co_argcount > 0 and code.co_varnames[0] in {"self", "cls"}


def is_method(function: Any) -> bool:
    """Tell whether a function was defined in the body of a class, to be bound to an object."""
    if not _takes_self(function):
        return False
    place = function.__qualname__.rpartition(".")[0]
    return bool(place) and not place.endswith("<locals>")


def _text_of(function: Any, attribute: str) -> str | None:
    """Read an attribute of a callable that ought to be a text."""
    try:
        text = getattr(function, attribute, None)
    except Exception:  # a callable may be any object of the user
        return None
    return text if type(text) is str else None


def name_of(function: Any) -> str:
    """Return the name of a callable, of its class if it has none itself."""
    if is_instance(function, partial):
        return name_of(partial.func.__get__(function))
    return _text_of(function, "__name__") or class_name(type(function))


def inferred_name(function: Any) -> str:
    """Work out the name of an op: ``K.m`` for a method, ``f`` for anything else.

    A function that is called ``_`` is ``unnamed``: no object can be stored under its own name.
    """
    qualified = _text_of(function, "__qualname__") if _takes_self(function) else None
    name = (qualified or name_of(function)).rpartition("<locals>.")[2]
    return name if any(map(str.isalnum, name)) else "unnamed"


def mentions_content(function: Any) -> bool:
    """Tell whether an annotation of a function names a type of media; most have none at all."""
    if not is_instance(function, FunctionType):
        return False
    try:
        annotations = function.__annotations__.values()
        texts = [
            hint if type(hint) is str else repr(hint)
            for hint in annotations
            if type(hint) is not type
        ]
        return any(word in text for text in texts for word in ("Content", "File", "Audio"))
    except Exception:  # annotations may be any object of the user
        return False


def is_left_out(rate: float) -> bool:
    """Decide whether a call is left out by the sampling rate of its op."""
    from random import random  # noqa: PLC0415 - most ops are never sampled

    return random() >= rate  # noqa: S311 - no secret
