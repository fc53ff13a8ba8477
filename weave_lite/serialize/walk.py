"""Values to JSON text; ``read`` is the way back. Side effects go through a ``Sink`` only; knows no server.

Most values are plain JSON, and one call of the C writer (orjson) does them. It must not meet
anything else, because it ends the process when Python code that runs in the middle of it changes a
container it is reading (so it gets no ``default`` function), when the ``value`` of an Enum raises,
and at some 2,000 nested tuples. So ``marshal``, which takes exact built-in types only, runs no code
and stops at a depth of 2,000, is asked first. What either refuses is walked here, exactly, on
snapshots, and the C writer does the plain parts of that.
"""

from __future__ import annotations

import logging
import marshal
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from weave_lite.core import jsontext
from weave_lite.serialize import codecs, registry
from weave_lite.serialize.codecs.safe_text import key_text, safe_text
from weave_lite.serialize.introspect import class_name, derives_from
from weave_lite.serialize.redact import collect_refs, find_notable, has_key
from weave_lite.serialize.redact import redact as redact_tree
from weave_lite.serialize.registry import Sink, encoder_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MAX_DEPTH", "Encoded", "Sink", "encode"]

logger = logging.getLogger("weave_lite")

MAX_DEPTH = 200
_OPTIONS = (
    orjson.OPT_PASSTHROUGH_SUBCLASS
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
)
_MIN_INT = -(2**63)
_MAX_INT = 2**64 - 1
# The longest number that Python's own reader takes; digits of longer ones are kept as text.
_MAX_DIGITS = 4300
_MAX_DIGITS_BITS = 14_280
# A codec's form may need another codec (an Enum's value, say), but not without end.
_MAX_CHAIN = 16
_MAX_WARNINGS = 100

registry.install(codecs.FIRST, codecs.LAST)

_dumps = orjson.dumps
_check_plain = marshal.dumps


class Encoded(NamedTuple):
    """A written value.

    Args:
        text: Compact JSON.
        refs: The ref texts in it, at any depth, in order, each once.
    """

    text: str
    refs: tuple[str, ...]


def encode(value: Any, sink: Sink, *, redact: bool = True) -> Encoded:
    """Write any value as JSON text. Never fails for a value, and never changes it.

    Args:
        value: Anything.
        sink: Where objects, ops, tables and files inside the value are saved.
        redact: Replace the values of sensitive keys (``api_key``, ``authorization`` ...).

    Example:
        >>> encode({"a": (1, 2.5), "api_key": "x"}, sink=None).text
        '{"a":[1,2.5],"api_key":"REDACTED"}'
    """
    try:
        _check_plain(value)
        data = _dumps(value, None, _OPTIONS)
    except (TypeError, ValueError):
        return _encode_exactly(value, sink, redact)
    if len(data) > MAX_DEPTH * 2 and _goes_deeper(data, MAX_DEPTH):
        return _encode_exactly(value, sink, redact)
    text = data.decode()
    return Encoded(text, ()) if find_notable(data) is None else _finish(text, data, redact)


def _encode_exactly(value: Any, sink: Sink, redact: bool) -> Encoded:
    """Write a value by the exact walk."""
    data, is_wide = _walk(value, sink)
    text = (b" " + data if is_wide else data).decode()
    return Encoded(text, ()) if find_notable(data) is None else _finish(text, data, redact)


def _finish(text: str, data: bytes, redact: bool) -> Encoded:
    """Redact, and collect the refs of what is left."""
    if redact and has_key(data) is not None:
        text = jsontext.compact(redact_tree(jsontext.parse(text)))
        data = text.encode()
    return Encoded(text, collect_refs(data))


def _goes_deeper(data: bytes, levels: int) -> bool:
    """Tell whether JSON has more levels of brackets; ones inside texts may raise a false alarm."""
    brackets = data.translate(_ONE_KIND, _NO_BRACKETS)
    if len(brackets) <= levels * 2:
        return False
    for _ in range(levels):  # each round takes the innermost pairs away
        inner = brackets.replace(b"[]", b"")
        if not inner:
            return False
        if len(inner) == len(brackets):
            return True
        brackets = inner
    return True


_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


# --- the exact walk ---


class _Frame:
    """A container that is being written: what is left of its items, and where they go."""

    __slots__ = ("into", "is_quick", "items", "owners", "size")

    def __init__(
        self, items: Iterator[tuple[Any, Any]], into: Any, owners: tuple[Any, ...], size: int
    ) -> None:
        self.items = items
        self.into = into
        # The values that this container was made of; held, so that their ids stay their own.
        self.owners = owners
        self.is_quick = True
        self.size = size


def _walk(value: Any, sink: Sink) -> tuple[bytes, bool]:
    """Write a value item by item; tell whether a number in it is beyond 64 bits.

    Without recursion: the user's stack may be nearly full, and a value as deep as it likes.
    """
    top: list[Any] = [None]
    first = _Frame(iter(((0, value),)), top, (), 1)
    first.is_quick = False  # the C writer has refused it
    frames = [first]
    on_path: set[int] = set()
    is_wide = False
    while frames:
        frame = frames[-1]
        for slot, item in frame.items:
            plain: Any = item
            kind = type(item)
            if id(kind) in _EASY_TYPES or (kind is str and item.isascii()):
                frame.into[slot] = item
                continue
            if id(kind) not in _PLAIN_TYPES:
                plain, owners = _shape(item, sink, on_path)
                kind = type(plain)
            else:
                owners = ()
            if kind is int:
                frame.into[slot] = plain = _number(plain)
                is_wide |= type(plain) is orjson.Fragment
            elif kind is dict or kind is list or kind is tuple:
                if id(plain) in on_path:
                    frame.into[slot] = f"<cycle: {class_name(type(item))}>"
                elif len(frames) > MAX_DEPTH:
                    frame.into[slot] = f"<depth: {class_name(type(item))}>"
                elif not plain:
                    # Not the value itself: another thread may fill it before this is written.
                    frame.into[slot] = {} if kind is dict else []
                elif frame.is_quick and (part := _quick(plain, len(frames) - 1)) is not None:
                    frame.into[slot] = part
                else:
                    # In a list the next items are likely of the same kind: do not try in vain.
                    frame.is_quick = frame.is_quick and type(frame.into) is dict
                    inner = _open(plain, (*owners, plain))
                    frame.into[slot] = inner.into
                    on_path.update(map(id, inner.owners))
                    frames.append(inner)
                    break
            else:
                frame.into[slot] = plain
        else:
            frames.pop()
            if frame.size != len(frame.into):
                _warn_of_keys()
            on_path.difference_update(map(id, frame.owners))
    return _dumps(top[0]), is_wide


def _open(container: Any, owners: tuple[Any, ...]) -> _Frame:
    """Take a snapshot of a container and begin to write it."""
    if type(container) is dict:
        items = [(_key(key), item) for key, item in list(container.items())]
        return _Frame(iter(items), {}, owners, len(items))
    snapshot = list(container)
    size = len(snapshot)
    return _Frame(iter(enumerate(snapshot)), [None] * size, owners, size)


def _quick(container: Any, level: int) -> orjson.Fragment | None:
    """Let the C writer do a part that is plain; None when it is not."""
    try:
        _check_plain(container)
        data = _dumps(container, None, _OPTIONS)
    except (TypeError, ValueError):
        return None
    return None if _goes_deeper(data, MAX_DEPTH - level) else orjson.Fragment(data)


def _shape(value: Any, sink: Sink, on_path: set[int]) -> tuple[Any, tuple[Any, ...]]:
    """Bring a value to a plain scalar or an exact container of raw items.

    Returns:
        The plain value, and what it was made of, outermost first.
    """
    owners: tuple[Any, ...] = ()
    while True:
        kind = type(value)
        if kind is str:
            return (value if value.isascii() else _utf8(value)), owners
        if id(kind) in _PLAIN_TYPES:
            return value, owners
        if id(value) in on_path:
            return f"<cycle: {class_name(kind)}>", ()
        if len(owners) == _MAX_CHAIN:
            return _utf8(safe_text(value)), ()
        owners = (*owners, value)
        value = _encode_level(value, sink)


# By id: a class may refuse to hash.
_EASY_TYPES = frozenset(map(id, (float, bool, type(None))))
_PLAIN_TYPES = frozenset(map(id, (int, float, bool, type(None), dict, list, tuple)))


def _encode_level(value: Any, sink: Sink) -> Any:
    """Ask the codec for one level of a value; what its codec cannot write becomes text."""
    try:
        return encoder_of(type(value))(value, sink)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # codecs run code of the value, which may raise anything
        _warn_once(class_name(type(value)), class_name(type(error)))
        return safe_text(value)


_warned: set[str] = set()
_EQUAL_KEYS = "keys"


def _warn_once(kind: str, error: str) -> None:
    if kind not in _warned and len(_warned) < _MAX_WARNINGS:
        _warned.add(kind)
        logger.warning("values of type %s are stored as text: writing one raised %s", kind, error)


def _warn_of_keys() -> None:
    if _EQUAL_KEYS not in _warned:
        _warned.add(_EQUAL_KEYS)
        logger.warning(
            "keys of a dict are equal as text, such as 1 and '1'; the last value is stored"
        )


def _number(number: int) -> Any:
    """Return an integer in the form that the C writer takes, with all its digits."""
    if _MIN_INT <= number <= _MAX_INT:
        return number
    digits = _digits(number)
    if number.bit_length() > _MAX_DIGITS_BITS and len(digits.lstrip("-")) > _MAX_DIGITS:
        return digits
    return orjson.Fragment(digits)


def _key(key: Any) -> str:
    """Write a dict key: a text as it is, None, bool and numbers as JSON words, else ``str``."""
    kind = type(key)
    if kind is str:
        return key if key.isascii() else _utf8(key)
    if derives_from(kind, str):
        return _utf8(str.__str__(key))
    if key is None:
        return "null"
    if kind is bool:
        return "true" if key else "false"
    if derives_from(kind, int):
        return _digits(int.__int__(key))
    if derives_from(kind, float):
        return _FLOAT_WORDS.get(text := float.__repr__(key), text)
    return _utf8(key_text(key))


_FLOAT_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _digits(number: int) -> str:
    if -_MAX_INT < number < _MAX_INT:
        return int.__repr__(number)
    # Decimal, since Python refuses to make digits of a long integer (CVE-2020-10735).
    from decimal import Decimal  # noqa: PLC0415 - kept out of the import of the decorators

    return format(Decimal(number), "f")


def _utf8(text: str) -> str:
    """Write lone surrogates, which UTF-8 cannot hold, as their escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode()
    return text
