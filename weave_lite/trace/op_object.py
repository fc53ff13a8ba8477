"""Ops that are not plain functions: methods, class methods and generators.

A plain function cannot tell ``obj.m.call`` which ``obj`` it is, nor be a generator function that
begins its call before the first step. These objects can, and look like functions to everybody who
asks: ``inspect``, pydantic, pickle, type checks. They share the attributes of the wrapper function.
"""

from __future__ import annotations

from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BoundOp", "ClassOp", "OpObject", "StaticOp"]

# What is read from the undecorated function when somebody asks the op for it.
_OF_FUNCTION = frozenset(
    {
        "__annotations__",
        "__builtins__",
        "__closure__",
        "__code__",
        "__defaults__",
        "__globals__",
        "__kwdefaults__",
        "__type_params__",
    }
)


class OpObject:
    """An op that binds like a function and passes for one.

    Args:
        wrapper: The function that traces; its ``__dict__`` becomes that of this object, too.
    """

    def __init__(self, wrapper: Callable[..., Any]) -> None:
        state = wrapper.__dict__
        object.__setattr__(self, "__dict__", state)
        state["_weave_wrapper"] = wrapper
        # What a bound op calls: the function itself, for one frame less, except for generators.
        # For those it must be what inspect finds to be a generator function.
        is_stream = state["_is_generator"] or state["_is_async_generator"]
        state["_weave_bindable"] = self if is_stream else wrapper
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            state[name] = getattr(wrapper, name)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return FunctionType

    def __getattr__(self, name: str) -> Any:
        if name in _OF_FUNCTION:
            return getattr(self.__dict__["__wrapped__"], name)
        raise AttributeError(f"op {self.__dict__.get('name')!r} has no attribute {name!r}")

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Run the op."""
        return self.__dict__["_weave_wrapper"](*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else BoundOp(self.__dict__["_weave_bindable"], instance)

    def __repr__(self) -> str:
        return f"<op {self.__dict__['__qualname__']}>"

    def __reduce__(self) -> str:
        # Like a function: by its place in its module.
        return str(self.__dict__["__qualname__"])

    def __copy__(self) -> OpObject:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> OpObject:
        return self


class BoundOp(partial):  # type: ignore[type-arg]
    """A method that is an op, bound to its object. Calling it costs no frame of our own.

    Args:
        wrapper: The function that traces.
        instance: The object.
    """

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return MethodType

    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]
        # A bound method has the attributes of its function, and so the mark of an op.
        return self.func.__dict__

    @property
    def __self__(self) -> Any:
        return self.args[0]

    @property
    def __func__(self) -> Any:
        return self.func.__dict__["_weave_op_object"]

    @property
    def call(self) -> Callable[..., Any]:
        """Run the op and return its result and its Call; the object may be passed or left out."""
        return partial(self.func.__dict__["_weave_call_bound"], self.__func__, self.args[0])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.func.__dict__["_weave_op_object"], name)

    def __eq__(self, other: object) -> bool:
        if type(other) is not BoundOp:
            return NotImplemented
        return self.func is other.func and self.args[0] is other.args[0]

    def __hash__(self) -> int:
        return hash((id(self.args[0]), self.func))

    def __repr__(self) -> str:
        return f"<bound op {self.func.__qualname__}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (getattr, (self.args[0], self.func.__name__))


class ClassOp(classmethod):  # type: ignore[type-arg]
    """What ``@weave.op`` makes of a ``classmethod``: ``K.m.call()`` knows the class."""

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self.__func__.__get__(type(instance) if owner is None else owner)


class StaticOp(staticmethod):  # type: ignore[type-arg]
    """What ``@weave.op`` makes of a ``staticmethod``."""
