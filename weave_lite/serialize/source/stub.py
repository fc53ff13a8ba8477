"""What is stored for a function whose code is not: a stub of the same name and signature.

A digest of the code stands in its comment, so that versions still change with the code.
"""

from __future__ import annotations

import functools
import inspect
from types import CodeType, FunctionType
from typing import Any

from weave_lite.core.digest import digest_bytes
from weave_lite.serialize.introspect import class_attribute, class_name, derives_from
from weave_lite.serialize.source import syntax
from weave_lite.serialize.source.lookup import function_text, lambda_parts, plain_function
from weave_lite.serialize.source.syntax import identifier
from weave_lite.serialize.source.values import default_text

__all__ = ["disabled_stub", "unavailable_stub"]

_MAX_STEPS = 10
_ANY = "(*args, **kwargs)"
# Annotations that mean the same everywhere.
_PLAIN_TYPES = (int, float, str, bool, bytes, list, dict, tuple, set, frozenset, object, None)


def disabled_stub(function: Any) -> str:
    """Return what is stored when capture is off: nothing of the code but a digest."""
    return (
        f"import weave\n\n@weave.op()\ndef func{_ANY}:\n"
        f"    ...  # Code capture was off when this op was stored ({_digest(function)})\n"
    )


def unavailable_stub(function: Any, name: str) -> str:
    """Return what is stored for a callable without source: its name and signature."""
    own_name = _text_attribute(function, "__name__")
    defined = identifier(own_name or "", identifier(name, "func"))
    comment = f"    ...  # The source of this op was not available ({_digest(function)})\n"
    keyword = "async def" if _is_async(function) else "def"
    for signature in (_signature(function), _ANY):
        text = f"import weave\n\n@weave.op()\n{keyword} {defined}{signature}:\n{comment}"
        if syntax.parse(text) is not None:
            break
    return text


def _is_async(function: Any) -> bool:
    plain = plain_function(function)
    return plain is not None and bool(plain.__code__.co_flags & inspect.CO_COROUTINE)


def _text_attribute(value: Any, name: str) -> str | None:
    try:
        found = getattr(value, name, None)
    except Exception:  # the attributes of a user's object can do anything
        return None
    return found if type(found) is str else None


def _signature(function: Any) -> str:
    try:
        found = inspect.signature(function)
        parameters = [
            one.replace(annotation=_plain(one.annotation), default=_default(one))
            for one in found.parameters.values()
        ]
        returned = _plain(found.return_annotation)
        return str(found.replace(parameters=parameters, return_annotation=returned))
    except Exception:  # builtins have none, and a user's __signature__ can be anything
        return _ANY


def _plain(annotation: Any) -> Any:
    is_plain = any(annotation is one for one in _PLAIN_TYPES)
    return annotation if is_plain else inspect.Parameter.empty


def _default(parameter: inspect.Parameter) -> Any:
    if parameter.default is inspect.Parameter.empty:
        return parameter.default
    return _Code(default_text(parameter.name, parameter.default))


class _Code:
    """A default value that prints as the code for it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _digest(function: Any) -> str:
    """Say what code it is, by a digest that is the same in every process."""
    try:
        return _digest_of(_code_of(function), function)
    except Exception:  # its module can be anything
        return "its code cannot be read"


def _digest_of(plain: FunctionType | None, function: Any) -> str:
    if plain is None:
        return f"it runs no Python code of its own: {class_name(type(function))}"
    parts = lambda_parts(plain)
    text = f"lambda {parts.parameters}: {parts.body}" if parts is not None else function_text(plain)
    if text is not None:
        return f"digest of its source: {digest_bytes(text.encode(errors='surrogatepass'))}"
    # The line tables are left out, and sets and code inside of constants are put in order.
    content = repr(_content(plain.__code__)).encode(errors="surrogatepass")
    return f"digest of its byte code: {digest_bytes(content)}"


def _code_of(function: Any) -> FunctionType | None:
    """Return the Python function that a call of a value runs: of a partial, of an instance."""
    for _ in range(_MAX_STEPS):
        plain = plain_function(function)
        if plain is not None:
            return plain
        if derives_from(type(function), functools.partial):
            function = function.func
        else:
            function = class_attribute(type(function), "__call__")
    return None


def _content(code: CodeType) -> tuple[Any, ...]:
    return (
        code.co_name,
        code.co_code,
        code.co_names,
        code.co_varnames,
        tuple(_constant(one) for one in code.co_consts),
    )


def _constant(value: Any) -> Any:
    if isinstance(value, CodeType):
        return _content(value)
    if isinstance(value, frozenset):
        return ("frozenset", sorted(map(repr, value)))
    return value
