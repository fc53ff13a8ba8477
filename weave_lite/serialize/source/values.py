"""The value of a global as a Python expression: deterministic, bounded in size, without secrets.

Plain values come back equal when the expression runs. What has no such form becomes a text.
"""

from __future__ import annotations

import dataclasses
import enum
import logging
import types
import typing
from typing import TYPE_CHECKING, Any

from weave_lite.core.digest import digest_bytes
from weave_lite.core.refs import CallRef, ObjectRef, TableRef, is_ref_text
from weave_lite.serialize.introspect import (
    MISSING,
    base_names,
    class_attribute,
    class_name,
    derives_from,
    instance_fields,
    is_loaded_class,
)
from weave_lite.serialize.registry import is_op
from weave_lite.serialize.source.atoms import atom_writer, class_module, cut_text, imported, quoted
from weave_lite.serialize.source.sensitive import REDACTED, is_secret_name, is_token_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["MAX_VALUE_CHARS", "Renderer", "default_text"]

MAX_VALUE_CHARS = 50_000
_MAX_DEFAULT_CHARS = 1_000
_MAX_DEPTH = 50  # the parser of Python stops at 100 to 200 brackets
_INDENT = "    "


class _TooLargeError(Exception):
    """A value needs more text than one global may have."""


class Renderer:
    """Writes values as expressions.

    Args:
        reference: Gives the URI of a value that is stored on its own, else None.
        express: Gives an expression for a function, class, op, method or module, else None.
    """

    def __init__(
        self, reference: Callable[[Any], str | None], express: Callable[[Any], str | None]
    ) -> None:
        self._reference = reference
        self._express = express
        self._left = 0
        self._active: set[int] = set()
        self._written: list[str] = []
        self._is_ordered = True

    def assigned(self, name: str, value: Any) -> str:
        """Return the right side of ``name = …``. A secret is not shown, a huge value left out."""
        if _is_hidden(name, value):
            return quoted(REDACTED)
        self._left = MAX_VALUE_CHARS
        self._active.clear()
        self._written.clear()
        self._is_ordered = True
        try:
            return self._render(value, 0)
        except _TooLargeError:
            return quoted(self._left_out(value))

    def tuple_class(self, cls: type) -> str | None:
        """Return an expression that makes a ``collections.namedtuple`` class; None for others."""
        names = class_attribute(cls, "_fields")
        if not derives_from(cls, tuple) or type(names) is not tuple:
            return None
        defaults = class_attribute(cls, "_field_defaults")
        given = list(defaults.values()) if type(defaults) is dict else []
        more = f", defaults={self.assigned('', given)}" if given else ""
        listed = ", ".join(map(quoted, names))
        made = '__import__("collections").namedtuple'
        return f"{made}({quoted(class_name(cls))}, [{listed}], rename=True{more})"

    def _left_out(self, value: Any) -> str:
        """Say what was left out; the digest lets the op's version follow the value."""
        kind = type(value)
        if kind in {str, bytes}:
            content = value.encode(errors="surrogatepass") if kind is str else value
            return f"<left out: {kind.__name__} of length {len(value)}, digest {digest_bytes(content)}>"
        what = class_name(kind) + (f" of length {len(value)}" if kind in _SIZED else "")
        if not self._is_ordered:  # a set of mixed values: what was written first is left to chance
            return f"<left out: {what}>"
        start = digest_bytes("".join(self._written).encode(errors="surrogatepass"))
        return f"<left out: {what}, its beginning has the digest {start}>"

    def _render(self, value: Any, depth: int) -> str:
        kind = type(value)
        write = atom_writer(kind)
        if write is not None:
            if kind in _SIZED and len(value) > self._left:
                raise _TooLargeError
            return self._count(write(value))
        if depth > _MAX_DEPTH:
            return self._count(quoted(f"<depth: {class_name(kind)}>"))
        if id(value) in self._active:
            return self._count(quoted(f"<cycle: {class_name(kind)}>"))
        self._active.add(id(value))
        try:
            return self._other(value, depth)
        finally:
            self._active.discard(id(value))

    def _count(self, text: str) -> str:
        self._left -= len(text) + 1
        self._written.append(text)
        if self._left < 0:
            raise _TooLargeError
        return text

    def _other(self, value: Any, depth: int) -> str:
        kind = type(value)
        if kind in _SIZED:
            return self._container(value, depth)
        uri = self._reference(value)
        if uri is not None:
            return self._count(f"weave.ref({uri!r}).get()" if is_ref_text(uri) else quoted(uri))
        if any(derives_from(kind, ref) for ref in (ObjectRef, TableRef, CallRef)):
            return self._count(f"weave.ref({value.uri()!r})")
        expression = self._express(value) if _is_code(value) else _special(value)
        if expression is not None:
            return self._count(expression)
        known = self._known_class(value, depth)
        if known is not None:
            return known
        for base, plain in _BASES:
            if derives_from(kind, base):
                return self._render(plain(value), depth)
        if any(derives_from(kind, base) for base in (tuple, list, dict)):
            return self._container(value, depth)
        return self._count(cut_text(value))

    # --- containers ---

    def _container(self, value: Any, depth: int) -> str:
        kind = type(value)
        self._count("")
        if derives_from(kind, dict):
            items = [self._item(key, one, depth) for key, one in list(dict.items(value))]
            return _block("{", items, "}", depth)
        if derives_from(kind, list):
            return _block("[", self._each(list(list.__iter__(value)), depth), "]", depth)
        if derives_from(kind, tuple):
            parts = self._each(tuple.__iter__(value), depth)
            return _block("(", parts, ",)" if len(parts) == 1 else ")", depth)
        parts = self._members(list(value), depth)
        text = _block("{", parts, "}", depth) if parts else ""
        return text if parts and kind is set else f"{kind.__name__}({text})"

    def _members(self, values: list[Any], depth: int) -> list[str]:
        """Write the members of a set in an order that does not depend on the process."""
        kinds = {type(value) for value in values}
        if len(kinds) <= 1 and kinds <= _ORDERED:
            return self._each(sorted(values), depth)
        self._is_ordered = False
        return sorted(self._each(values, depth))

    def _each(self, values: Iterable[Any], depth: int) -> list[str]:
        return [self._render(value, depth + 1) for value in values]

    def _item(self, key: Any, value: Any, depth: int) -> str:
        left = self._render(key, depth + 1)
        if derives_from(type(key), str) and _is_hidden(str.__str__(key), value):
            return f"{left}: {quoted(REDACTED)}"
        return f"{left}: {self._render(value, depth + 1)}"

    # --- instances of classes that can be made again ---

    def _known_class(self, value: Any, depth: int) -> str | None:
        kind = type(value)
        if derives_from(kind, enum.Enum):
            made = self._express(kind)
            plain = instance_fields(value).get("_value_")
            if made is None:
                return self._render(plain, depth)
            name = instance_fields(value).get("_name_")
            is_member = isinstance(name, str) and name.isidentifier()
            return f"{made}.{name}" if is_member else f"{made}({self._render(plain, depth)})"
        fields = _fields_of(value)
        if fields is None:
            return None
        how, values = fields
        made = self._express(kind)
        if made is not None and how is not None:
            parts = [
                f"{name}={quoted(REDACTED) if _is_hidden(name, one) else self._render(one, depth + 1)}"
                for name, one in values.items()
            ]
            return _block(f"{made}{how}(", parts, ")", depth)
        if derives_from(kind, tuple):
            return self._container(value, depth)
        name = class_name(kind)
        record = {"_type": name, **values, "_class_name": name, "_bases": base_names(kind)}
        return self._container(record, depth)


def _fields_of(value: Any) -> tuple[str | None, dict[str, Any]] | None:
    """Return how an instance is made and from what fields; None when it has no declared fields.

    The way is ``""`` for a call of the class, and None when no call makes the same instance.
    """
    kind = type(value)
    if derives_from(kind, tuple):
        names = class_attribute(kind, "_fields")
        if type(names) is not tuple:
            return None
        return "", dict(zip(names, tuple.__iter__(value), strict=False))
    declared = class_attribute(kind, "__dataclass_fields__")
    if type(declared) is dict:
        fields = dataclasses.fields(kind)
        values = {one.name: _read(value, one.name) for one in fields}
        is_whole = all(one.init and values[one.name] is not MISSING for one in fields)
        found = {name: one for name, one in values.items() if one is not MISSING}
        return "" if is_whole else None, found
    if is_loaded_class(kind, "pydantic.main", "BaseModel"):
        own = instance_fields(value)
        known = class_attribute(kind, "__pydantic_fields__")
        return ".model_construct", {name: own[name] for name in known if name in own}
    return None


def _read(value: Any, name: str) -> Any:
    try:
        return object.__getattribute__(value, name)
    except Exception:  # a slot that is not set, or a property of the user that fails
        return MISSING


def default_text(name: str, value: Any) -> str:
    """Write the default of a parameter: a plain value as it is, ``...`` for any other."""
    write = atom_writer(type(value))
    if write is None or _is_hidden(name, value):
        return "..."
    text = write(value)
    return text if len(text) <= _MAX_DEFAULT_CHARS else "..."


def _is_hidden(name: str, value: Any) -> bool:
    return is_secret_name(name) or (is_token_name(name) and type(value) in {str, bytes})


def _block(left: str, parts: list[str], right: str, depth: int) -> str:
    """Set parts one a line, as JSON with an indent of 4."""
    comma, right = ("," if right.startswith(",") else ""), right.lstrip(",")
    if not parts:
        return left + right
    inner = "\n" + _INDENT * (depth + 1)
    return f"{left}{inner}{f',{inner}'.join(parts)}{comma}\n{_INDENT * depth}{right}"


def _special(value: Any) -> str | None:
    """Write loggers, type variables and type expressions."""
    kind = type(value)
    if derives_from(kind, logging.Logger):
        name = "" if derives_from(kind, logging.RootLogger) else quoted(value.name)
        return f'__import__("logging").getLogger({name})'
    if kind is typing.TypeVar:
        return f'__import__("typing").TypeVar({quoted(value.__name__)})'
    if class_module(kind) not in {"typing", "types"}:
        return None
    text = imported(value)
    try:
        # The repr of a type expression is one itself, unless it names classes of the user.
        same = eval(text, {}) == value  # noqa: S307 - a repr of the typing module
    except Exception:
        return None
    return text if same else None


def _is_code(value: Any) -> bool:
    return is_op(value) or any(derives_from(type(value), kind) for kind in _CODE)


_CODE = (
    type,
    types.FunctionType,
    types.MethodType,
    types.ModuleType,
    types.BuiltinFunctionType,
)
_ORDERED = frozenset({str, int, bytes, bool})
_SIZED = frozenset({str, bytes, list, tuple, dict, set, frozenset})
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (int, int.__int__),
    (float, float.__float__),
)
